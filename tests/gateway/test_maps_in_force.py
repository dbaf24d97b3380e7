"""Which maps a gateway loads before it serves."""

from __future__ import annotations

from pathlib import Path

from gateway.workspace import map_roots, maps_in_force, profile_roots
from mappings.catalog import MapCatalog
from partners.registry import PartnerRegistry


def test_the_workspaces_own_maps_are_loaded_and_the_shipped_ones_only_where_an_agreement_names_them(
    tmp_path: Path,
) -> None:
    own = tmp_path / "mappings" / "maps" / "northside" / "850.in"
    own.mkdir(parents=True)
    (own / "map.yaml").write_text("extends: base/850.in\npartner: northside\n")
    names = MapCatalog(map_roots(tmp_path)).names()
    samples = PartnerRegistry.load(profile_roots(tmp_path, samples=True))
    alone = PartnerRegistry.load(profile_roots(tmp_path, samples=False))
    assert "base/850.in" in names
    assert maps_in_force(tmp_path, alone, names) == ["northside/850.in"]
    assert {"acme/850.in", "globex/850.in", "northside/850.in"} <= set(maps_in_force(tmp_path, samples, names))
    assert "base/850.in" not in maps_in_force(tmp_path, samples, names)
