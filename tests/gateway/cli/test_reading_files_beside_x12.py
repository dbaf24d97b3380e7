"""`check` and `translate` of XML, JSON and delimited files: exit codes and the JSON that programs rely on."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from mappings.catalog import SHIPPED
from tests.gateway.cli.conftest import Tradelane, objects

PROFILE = """\
name: Beech
sftp: [{user: beech}]
agreements:
  - {document: order, direction: in, syntax: csv, map: base/csv-order.in, deliver_to: [erp], currency: USD,
     file: {name: "orders*.csv"}}
  - {document: stock, direction: in, syntax: csv, pass_through: true, deliver_to: [erp], file: {name: "stock*"}}
"""
ROWS = b"order_number,order_date,sku,qty,unit\nP1,2026-03-02,A,1,EA\nP2,2026-03-02,A,x,EA\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "partners" / "profiles" / "beech" / "profile.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(PROFILE)
    return tmp_path / "home"


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders-1.csv"
    path.write_bytes(ROWS)
    return path


def test_check_of_xml_says_whether_it_is_well_formed(tradelane: Tradelane, tmp_path: Path) -> None:
    good, bad = tmp_path / "a.xml", tmp_path / "b.xml"
    good.write_bytes(b"<a/>")
    bad.write_bytes(b"<a>\n<b></a>")
    result = tradelane("check", good, bad, "--json")
    assert result.exit_code == 1
    first, second = objects(result)
    assert (first["accepted"], first["format"], first["documents"], first["issues"]) == (True, "xml", 1, [])
    assert (second["accepted"], second["rejected"]) == (False, 1)
    assert (second["issues"][0]["code"], second["issues"][0]["position"]["line"]) == ("xml.syntax", 2)


def test_check_of_json_names_a_member_that_stands_twice(tradelane: Tradelane, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{"a": 1, "a": 2}')
    result = tradelane("check", path)
    assert result.exit_code == 1
    assert "json.duplicate_name" in result.stdout


def test_check_with_a_partner_holds_a_file_to_its_layout(tradelane: Tradelane, home: Path, orders: Path) -> None:
    result = tradelane("check", orders, "--partner", "beech", "--home", home, "--json")
    assert result.exit_code == 1
    [found] = objects(result)
    assert (found["format"], found["partner"], found["document"]) == ("csv", "beech", "order")
    assert (found["documents"], found["rejected"]) == (2, 1)
    [issue] = found["issues"]
    assert (issue["code"], issue["position"]["path"], issue["position"]["line"]) == ("delimited.value.number", "qty", 3)


@pytest.mark.parametrize(("name", "code"), [("returns.csv", "partner.no_agreement"), ("a.xml", "partner.no_agreement")])
def test_check_says_that_nothing_was_agreed(
    tradelane: Tradelane, home: Path, tmp_path: Path, name: str, code: str
) -> None:
    path = tmp_path / name
    path.write_bytes(ROWS if name.endswith("csv") else b"<a/>")
    result = tradelane("check", path, "--partner", "beech", "--home", home, "--json")
    assert result.exit_code == 1
    [found] = objects(result)
    assert [issue["code"] for issue in found["issues"]] == [code]


def test_check_of_text_without_a_partner_wants_x12_as_ever(tradelane: Tradelane, orders: Path) -> None:
    result = tradelane("check", orders, "--json")
    assert result.exit_code == 1
    [found] = objects(result)
    assert [issue["code"] for issue in found["issues"]] == ["x12.file.not_x12"]


def test_translate_prints_the_documents_of_a_partners_file(tradelane: Tradelane, home: Path, orders: Path) -> None:
    result = tradelane("translate", orders, "--partner", "beech", "--home", home, "--json")
    assert result.exit_code == 1
    [order] = [orjson.loads(line) for line in result.stdout.splitlines()]
    assert (order["number"], order["currency"]) == ("P1", "USD")
    assert "delimited.value.number" in result.stderr


def test_translate_by_a_map_needs_no_partner(tradelane: Tradelane) -> None:
    path = SHIPPED / "base/ubl-order.in/samples/plain.xml"
    result = tradelane("translate", path, "--map", "base/ubl-order.in", "--json")
    assert result.exit_code == 0
    assert orjson.loads(result.stdout)["number"] == "4500012"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [((), "--partner"), (("--map", "base/850.in"), "reads x12/850@004010")],
)
def test_translate_says_what_it_needs(
    tradelane: Tradelane, orders: Path, arguments: tuple[str, ...], told: str
) -> None:
    result = tradelane("translate", orders, *arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_translate_says_that_a_file_passes_through(tradelane: Tradelane, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_bytes(ROWS)
    result = tradelane("translate", path, "--partner", "beech", "--home", home)
    assert result.exit_code == 1
    assert "partner.passes_through" in result.stderr
