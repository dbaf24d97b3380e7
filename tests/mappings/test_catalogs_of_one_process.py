"""Catalogs of one process share what is made of the same files, and see every file that is another."""

from __future__ import annotations

from pathlib import Path

from mappings.catalog import KEPT, MAP_FILE, SHIPPED, MapCatalog
from translators.x12 import guide
from translators.x12.guide import GuideLibrary

GUIDES = Path(guide.__file__).parent / "guides"
OVERLAY = "extends: base/850.in\npartner: mine\nlines:\n  sku: pair('{}')\n"


def write(root: Path, qualifier: str, *, name: str = "mine") -> None:
    folder = root / name / "850.in"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MAP_FILE).write_text(OVERLAY.format(qualifier))


def test_the_same_files_are_compiled_once(tmp_path: Path) -> None:
    write(tmp_path, "IN")
    first, second = MapCatalog([tmp_path, SHIPPED]), MapCatalog([tmp_path, SHIPPED])
    assert first.find("mine/850.in") is second.find("mine/850.in")


def test_a_changed_file_is_seen_by_a_new_catalog(tmp_path: Path) -> None:
    write(tmp_path, "IN")
    before = MapCatalog([tmp_path, SHIPPED]).find("mine/850.in")
    write(tmp_path, "VN")
    after = MapCatalog([tmp_path, SHIPPED]).find("mine/850.in")
    assert before.revision != after.revision
    write(tmp_path, "IN")
    assert MapCatalog([tmp_path, SHIPPED]).find("mine/850.in").revision == before.revision


def test_a_changed_file_below_is_seen_too(tmp_path: Path) -> None:
    write(tmp_path, "IN")
    before = MapCatalog([tmp_path, SHIPPED]).find("mine/850.in")
    base = tmp_path / "base" / "850.in"
    base.mkdir(parents=True)
    text = (SHIPPED / "base" / "850.in" / MAP_FILE).read_text()
    (base / MAP_FILE).write_text(text.replace("'CCYYMMDD'", "'YYMMDD'", 1))
    after = MapCatalog([tmp_path, SHIPPED]).find("mine/850.in")
    assert before.revision != after.revision


def test_other_guides_make_another_map(tmp_path: Path) -> None:
    write(tmp_path, "IN")
    shipped = MapCatalog([tmp_path, SHIPPED]).find("mine/850.in")
    own = MapCatalog([tmp_path, SHIPPED], guides=GuideLibrary([GUIDES])).find("mine/850.in")
    assert own is not shipped


def test_a_map_to_be_mutated_is_nobody_elses(tmp_path: Path) -> None:
    catalog = MapCatalog([SHIPPED])
    assert catalog.mutable("base/850.in") is not catalog.mutable("base/850.in")
    assert catalog.mutable("base/850.in") is not catalog.find("base/850.in")


def test_no_more_than_so_many_are_kept(tmp_path: Path) -> None:
    write(tmp_path, "IN", name="first")
    oldest = MapCatalog([tmp_path, SHIPPED]).find("first/850.in")
    for number in range(KEPT):
        write(tmp_path, "IN", name=f"p{number}")
    catalog = MapCatalog([tmp_path, SHIPPED])
    assert catalog.load([f"p{number}/850.in" for number in range(KEPT)]) == []
    assert MapCatalog([tmp_path, SHIPPED]).find("first/850.in") is not oldest
