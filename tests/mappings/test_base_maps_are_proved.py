"""Base maps are proved by their samples: no part of a rule can be gone, or other, without one of them failing."""

from __future__ import annotations

import pytest

from mappings.catalog import SHIPPED, MapCatalog
from mappings.coverage import map_coverage

CATALOG = MapCatalog([SHIPPED])
READ = ("204", "210", "214", "810", "820", "824", "846", "850", "855", "856", "860", "864", "990")
WRITTEN = ("204", "210", "214", "810", "812", "824", "846", "850", "855", "856", "860", "861", "864", "990")
PROVED = [
    *(f"base/{code}.in" for code in (*READ, "940", "943", "944", "945", "947")),
    *(f"base/{code}.out" for code in WRITTEN),
    *(f"base/{code}-005010.{way}" for code in ("824", "850", "855", "860") for way in ("in", "out")),
]


@pytest.mark.parametrize("name", PROVED)
def test_no_part_of_a_rule_can_be_other_without_a_sample_failing(name: str) -> None:
    coverage = map_coverage(CATALOG, name)
    assert [survivor.as_json() for survivor in coverage.survivors] == []
    assert coverage.proved
