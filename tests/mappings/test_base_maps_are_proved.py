"""Base maps of X12 are proved by their samples: no part of a rule can be gone, or other, and every sample pass."""

from __future__ import annotations

import pytest

from mappings.catalog import SHIPPED, MapCatalog
from mappings.coverage import map_coverage

CATALOG = MapCatalog([SHIPPED])
PROVED = [name for name in CATALOG.names() if name.startswith("base/") and name[len("base/")].isdigit()]


@pytest.mark.parametrize("name", PROVED)
def test_no_part_of_a_rule_can_be_other_without_a_sample_failing(name: str) -> None:
    coverage = map_coverage(CATALOG, name)
    assert [survivor.as_json() for survivor in coverage.survivors] == []
    assert coverage.proved
