"""`tradelane table`: the code tables of maps out to CSV and back, all or none, and only into maps that then load."""

from __future__ import annotations

from pathlib import Path

import pytest

from mappings.catalog import SHIPPED, MapCatalog
from tests.gateway.cli.conftest import Tradelane, objects

MAP = """\
# What differs.
extends: base/850.in
partner: acorn

tables:
  uom: {CT: XCT}      # theirs

order:
  contract: BEG08
"""
HEAD = "map,table,value,word\n"


@pytest.fixture
def map_file(tmp_path: Path) -> Path:
    path = tmp_path / "mappings" / "maps" / "acorn" / "850.in" / "map.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(MAP)
    return path


def rows(folder: Path, text: str) -> Path:
    path = folder / "rows.csv"
    path.write_text(HEAD + text)
    return path


def words(tmp_path: Path, table: str) -> dict[str, str]:
    found: dict[str, str] = (
        MapCatalog([tmp_path / "mappings" / "maps", SHIPPED]).find("acorn/850.in").resolved["tables"][table]
    )
    return found


def test_a_table_goes_out_and_comes_back_unchanged(tradelane: Tradelane, tmp_path: Path, map_file: Path) -> None:
    out = tradelane("table", "export", "--map", "acorn/850.in").stdout
    assert "acorn/850.in,uom,CT,XCT\n" in out
    assert "acorn/850.in,uom,EA,EA\n" in out
    path = tmp_path / "rows.csv"
    path.write_text(out)
    assert tradelane("table", "import", path).exit_code == 0
    assert map_file.read_text() == MAP
    listed = objects(tradelane("table", "list", "--map", "acorn/850.in", "--table", "uom", "--json"))
    assert {row["value"]: row["word"] for row in listed} == words(tmp_path, "uom")


def test_rows_are_added_and_changed_and_the_rest_of_the_file_stays(
    tradelane: Tradelane, tmp_path: Path, map_file: Path
) -> None:
    done = tradelane("table", "import", rows(tmp_path, "acorn/850.in,uom,BX,XBX\nacorn/850.in,uom,CT,XBX\n"), "--json")
    assert (done.exit_code, objects(done)) == (0, [{"changed": ["acorn/850.in"]}])
    found = words(tmp_path, "uom")
    assert (found["BX"], found["CT"], found["EA"]) == ("XBX", "XBX", "EA")
    text = map_file.read_text()
    assert text.startswith("# What differs.\nextends: base/850.in\npartner: acorn\n")
    assert text.endswith("order:\n  contract: BEG08\n")
    assert list(map_file.parent.iterdir()) == [map_file]


def test_a_map_without_tables_gets_them(tradelane: Tradelane, tmp_path: Path, map_file: Path) -> None:
    map_file.write_text("extends: base/850.in\npartner: acorn\n")
    assert tradelane("table", "import", rows(tmp_path, "acorn/850.in,uom,BX,XBX\n")).exit_code == 0
    assert words(tmp_path, "uom")["BX"] == "XBX"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("acorn/850.in,uom,BX\n", "line 3: want a map, a table's name, a value and its word"),
        ("acorn/850.in,u m,BX,XBX\n", "line 3: want a map"),
        ("acorn/850.in,uom,BX,XBX\nacorn/850.in,uom,BX,XCT\n", "line 4: uom of acorn/850.in has BX twice"),
        ("base/850.in,uom,BX,XBX\n", "the workspace has no map file for base/850.in"),
        ('acorn/850.in,uom,"BX,XBX\n', "not CSV"),
    ],
)
def test_nothing_is_changed_where_a_row_is_wrong(
    tradelane: Tradelane, tmp_path: Path, map_file: Path, text: str, told: str
) -> None:
    done = tradelane("table", "import", rows(tmp_path, f"acorn/850.in,uom,ZZ,ZZZ\n{text}"))
    assert done.exit_code == 1
    assert told in done.stderr
    assert map_file.read_text() == MAP


def test_bytes_that_are_no_text_are_refused(tradelane: Tradelane, tmp_path: Path, map_file: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(HEAD.encode() + b"acorn/850.in,uom,\xff,X\n")
    done = tradelane("table", "import", path)
    assert (done.exit_code, "byte" in done.stderr) == (1, True)
    path.write_text("table,value\n")
    assert tradelane("table", "import", path).exit_code == 1
    assert map_file.read_text() == MAP


def test_a_map_that_is_not_there_has_no_tables(tradelane: Tradelane, map_file: Path) -> None:
    assert tradelane("table", "list", "--map", "acorn/860.in").exit_code == 2
