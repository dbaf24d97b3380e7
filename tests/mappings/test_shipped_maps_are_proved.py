"""Every shipped map is proved by its samples: no part of a rule, and no row of a table, can be gone or other."""

from __future__ import annotations

import pytest

from mappings.catalog import SHIPPED, MapCatalog
from mappings.coverage import map_coverage

CATALOG = MapCatalog([SHIPPED])


@pytest.mark.parametrize("name", CATALOG.names())
def test_no_part_of_a_rule_can_be_other_without_a_sample_failing(name: str) -> None:
    coverage = map_coverage(CATALOG, name)
    assert [survivor.as_json() for survivor in coverage.survivors] == []
    assert coverage.proved
