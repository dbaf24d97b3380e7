"""`tradelane route FILE` says where its documents would go, by which rule and why, and does nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.cli.conftest import Tradelane, objects
from tests.gateway.inbound_line import file_of

SETTINGS = """\
destinations:
  erp: {kind: folder, path: erp}
  wms: {kind: folder, path: wms}
  sandbox: {kind: folder, path: sandbox, environment: test}
"""
RULES = """\
rules:
  - {name: west, when: {warehouse: ["00042"]}, deliver_to: [wms]}
  - {name: orders, when: {document: [purchase_order]}, deliver_to: [wms, sandbox], also_agreed: true}
"""


@pytest.fixture
def order_file(tmp_path: Path) -> Path:
    path = tmp_path / "order.edi"
    path.write_bytes(file_of("PO-7"))
    (tmp_path / "tradelane.yaml").write_text(SETTINGS)
    return path


def test_the_rule_its_place_and_the_reasons_of_others_are_told(
    tradelane: Tradelane, tmp_path: Path, order_file: Path
) -> None:
    (tmp_path / "routing.yaml").write_text(RULES)
    done = tradelane("route", order_file, "--json")
    assert done.exit_code == 0, done.output
    [told] = objects(done)
    assert told == {
        "document": "purchase_order",
        "identity": told["identity"],
        "partner": "acme",
        "entity": "us",
        "environment": "live",
        "ship_to": None,
        "ship_from": None,
        "warehouse": None,
        "rule": "orders",
        "place": f"{tmp_path}/routing.yaml:3:5",
        "destinations": [{"name": "wms", "kind": "folder"}, {"name": "erp", "kind": "folder"}],
        "shown_only": [],
        "not_for_live": ["sandbox"],
        "passed_over": [{"rule": "west", "why": "warehouse is not known, not 00042"}],
    }
    assert told["identity"][0] == "PO-7"
    shown = tradelane("route", order_file).stdout
    for line in (
        "not by rule west: warehouse is not known, not 00042",
        "by rule orders",
        "goes to wms",
        "does not go to sandbox: that is for test documents",
    ):
        assert line in shown
    assert sorted(path.name for path in tmp_path.iterdir()) == ["order.edi", "routing.yaml", "tradelane.yaml"]


@pytest.mark.parametrize("how", ["--test", "usage"])
def test_a_test_says_what_is_only_shown(tradelane: Tradelane, tmp_path: Path, order_file: Path, how: str) -> None:
    (tmp_path / "routing.yaml").write_text(RULES)
    if how == "usage":
        order_file.write_bytes(order_file.read_bytes().replace(b"*0*P*>", b"*0*T*>"))
    [told] = objects(tradelane("route", order_file, "--json", *(["--test"] if how == "--test" else [])))
    assert (told["environment"], told["shown_only"]) == ("test", ["wms", "erp"])
    assert told["destinations"] == [{"name": "sandbox", "kind": "folder"}]


def test_without_rules_the_agreement_decides(tradelane: Tradelane, order_file: Path) -> None:
    [told] = objects(tradelane("route", order_file, "--json"))
    assert told["rule"] is None
    assert "acme/profile.yaml" in told["place"]
    assert "as agreed" in tradelane("route", order_file).stdout


def test_what_cannot_be_read_is_told_and_ends_with_1(tradelane: Tradelane, tmp_path: Path) -> None:
    path = tmp_path / "foreign.edi"
    path.write_bytes(file_of("PO-1").replace(b"ACME           ", b"NOBODY         "))
    done = tradelane("route", path)
    assert done.exit_code == 1
    assert "partner." in done.stderr


def test_a_file_that_names_no_sender_needs_a_partner(tradelane: Tradelane, tmp_path: Path) -> None:
    path = tmp_path / "order.xml"
    path.write_text("<Order/>")
    assert tradelane("route", path).exit_code == 2
