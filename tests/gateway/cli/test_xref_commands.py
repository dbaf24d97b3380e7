"""`tradelane xref`: rows come from CSV whole or not at all, and go back to CSV as they were."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.store import cross_references
from tests.gateway.cli.conftest import Workspace, objects
from tests.gateway.inbound_line import Line, file_of
from tests.gateway.outbound_line import write_map

HEAD = "table,partner,value,word,from,to\n"
MAP_850 = """\
extends: base/850.in
partner: acme
lines:
  sku: xref(pair('IN', 'BP'), 'item')
"""


def test_rows_are_imported_listed_and_exported_as_they_were(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(HEAD + 'item,,A-1,OUR-1,,\nitem,acme,A-1,"OUR,2",2026-01-01,2026-12-31\nitem,,"\'=1+1",x,,\n')
    [told] = objects(workspace("xref", "import", path, "--json"))
    assert (told["rows"], told["changed"]) == (3, 3)
    [again] = objects(workspace("xref", "import", path, "--json"))
    assert again["changed"] == 0
    rows = objects(workspace("xref", "list", "--partner", "acme", "--json"))
    assert rows == [
        {"table": "item", "partner": "acme", "value": "A-1", "word": "OUR,2", "from": "2026-01-01", "to": "2026-12-31"}
    ]
    exported = workspace("xref", "export").stdout
    assert sorted(exported.splitlines()) == sorted(path.read_text().replace('"\'=1+1"', "'=1+1").splitlines())
    with workspace.line.store.begin() as conn:
        assert [row.value for row in cross_references.read(conn, value="=1+1")] == ["=1+1"]
    assert "OUR-1" in workspace("xref", "list", "--table", "item").stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n", "1: the columns are a, b"),
        (HEAD + "item,,A-1\n", "2: 3 cells; want 6"),
        (HEAD + "item,,,x,,\n", "2: value is empty"),
        (HEAD + "item,acne,A,x,,\n", "2: there is no partner acne"),
        (HEAD + "item,,A,x,2026-13-01,\n", "2: from is 2026-13-01; want a day"),
        (HEAD + "item,,A,x,2026-02-01,2026-01-01\n", "2: to is 2026-01-01, before from"),
        (HEAD + "item,,A,x,,\nitem,,A,y,,\n", "3: item has A twice"),
        (HEAD + f"item,,{'A' * 501},x,,\n", "2: a cell is longer than 500"),
        (HEAD + 'item,,"A\n', "not CSV"),
    ],
)
def test_a_file_with_a_mistake_changes_nothing(workspace: Workspace, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    done = workspace("xref", "import", path)
    assert done.exit_code == 1
    assert message in done.stderr
    assert workspace("xref", "export").stdout == HEAD


def test_an_import_lets_go_all_that_waited_for_its_rows(workspace: Workspace, tmp_path: Path) -> None:
    write_map(tmp_path, MAP_850, name="acme/850.in")
    line = Line(workspace.line.store, tmp_path)
    line.sent(file_of("PO-1"), name="one.edi")
    line.sent(file_of("PO-2", control="000000018"), name="two.edi")
    assert line.erp() == []
    file = tmp_path / "rows.csv"
    file.write_text("table,partner,value,word,from,to\nitem,acme,A-20415,OUR-1,,\n")
    [done] = objects(workspace("xref", "import", file, "--json"))
    assert done["changed"] == 1
    line.clock.advance(datetime.now(tz=UTC) - line.clock.now())
    line.run()
    assert [(one["number"], one["lines"][0]["sku"]) for one in line.erp()] == [("PO-1", "OUR-1"), ("PO-2", "OUR-1")]
    assert "nothing waits" in workspace("exceptions", "list").stdout


def test_text_that_is_not_utf_8_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\xff\xfe")
    done = workspace("xref", "import", path)
    assert (done.exit_code, "not UTF-8" in done.stderr) == (1, True)
