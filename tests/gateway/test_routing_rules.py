"""Rules say where a document goes: the first that fits decides, else the agreement; mistakes have their place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.adapters.kit import awkward_order
from gateway.model import Environment
from gateway.routing import ROUTING_FILE, Facts, Routes, load_routes
from translators.datafile import LoadError

DESTINATIONS = {
    "erp": Environment.LIVE,
    "wms-west": Environment.LIVE,
    "archive": Environment.LIVE,
    "sandbox": Environment.TEST,
}
ORDER = Facts("purchase_order", "acme", "us", Environment.LIVE, ship_to="00042")
RULES = """\
rules:
  - name: tests
    when: {environment: test}
    deliver_to: [sandbox]
  - name: west
    when: {document: [purchase_order, order_change], warehouse: ["00042", "00043"]}
    deliver_to: [wms-west, erp]
  - name: theirs
    when: {partner: [globex], entity: [us]}
    deliver_to: [archive]
    also_agreed: true
"""


def load(home: Path, text: str) -> Routes:
    (home / ROUTING_FILE).write_text(text)
    return load_routes(home, destinations=DESTINATIONS, partners=["acme", "globex"], entities=["us"])


def test_the_first_rule_that_fits_decides(tmp_path: Path) -> None:
    chosen = load(tmp_path, RULES).choose(ORDER, ["erp"])
    assert chosen.destinations == ("wms-west", "erp")
    assert chosen.rule is not None
    assert (chosen.rule.name, chosen.rule.place.line) == ("west", 5)
    assert [(rule.name, why) for rule, why in chosen.passed] == [("tests", "environment is live, not test")]


def test_what_no_rule_fits_goes_as_agreed_and_each_says_why(tmp_path: Path) -> None:
    chosen = load(tmp_path, RULES).choose(replace(ORDER, ship_to="7"), ["archive"])
    assert (chosen.destinations, chosen.rule) == (("archive",), None)
    assert [why for _, why in chosen.passed] == [
        "environment is live, not test",
        "warehouse is 7, not 00042 or 00043",
        "partner is acme, not globex",
    ]


def test_a_warehouse_is_where_goods_go_to_or_come_from(tmp_path: Path) -> None:
    routes = load(tmp_path, RULES)
    from_there = replace(ORDER, ship_to="9", ship_from="00043")
    assert routes.choose(from_there, ["erp"]).destinations == ("wms-west", "erp")
    stored_there = replace(ORDER, ship_to="", warehouse="00042")
    assert routes.choose(stored_there, ["erp"]).destinations == ("wms-west", "erp")
    only = load(tmp_path, "rules: [{name: a, when: {ship_from: ['00043']}, deliver_to: [archive]}]")
    assert only.choose(from_there, ["erp"]).destinations == ("archive",)
    chosen = only.choose(replace(ORDER, ship_to="00043"), ["erp"])
    assert (chosen.destinations, chosen.passed[0][1]) == (("erp",), "ship_from is not known, not 00043")


def test_a_rule_may_add_to_what_is_agreed_each_destination_once(tmp_path: Path) -> None:
    chosen = load(tmp_path, RULES).choose(replace(ORDER, partner="globex", ship_to=""), ["erp", "archive"])
    assert chosen.destinations == ("archive", "erp")


def test_an_entity_that_is_not_known_fits_no_rule_that_names_one(tmp_path: Path) -> None:
    chosen = load(tmp_path, RULES).choose(replace(ORDER, partner="globex", ship_to="", entity=""), ["erp"])
    assert chosen.rule is None


def test_test_documents_never_reach_a_live_destination(tmp_path: Path) -> None:
    routes = load(tmp_path, "rules: [{name: all, deliver_to: [erp, sandbox]}]")
    test = routes.choose(replace(ORDER, environment=Environment.TEST), ["erp"])
    assert (test.destinations, test.withheld) == (("sandbox",), ("erp",))
    live = routes.choose(ORDER, ["erp"])
    assert (live.destinations, live.withheld) == (("erp",), ("sandbox",))
    agreed = load(tmp_path, RULES.replace("tests", "t")).choose(replace(ORDER, environment=Environment.TEST), ["erp"])
    assert agreed.destinations == ("sandbox",)


def test_without_a_file_everything_goes_as_agreed(tmp_path: Path) -> None:
    routes = load_routes(tmp_path, destinations=DESTINATIONS, partners=(), entities=())
    assert routes.choose(ORDER, ["erp"]).destinations == ("erp",)
    assert routes.for_tests == {"sandbox"}


def test_the_facts_are_those_of_the_document() -> None:
    order = awkward_order()
    assert Facts.of(order, partner="acme", entity="us", environment=Environment.LIVE) == ORDER


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("rule: []", [("1:1", 'routing.yaml has no key "rule"'), ("1:1", 'routing.yaml needs the key "rules"')]),
        ("rules: {}", [("1:8", "rules wants a list")]),
        ("rules: [{deliver_to: [erp]}]", [("1:9", 'a rule needs the key "name"')]),
        ("rules: [{name: a}]", [("1:9", 'a rule needs the key "deliver_to"')]),
        ("rules: [{name: a, deliver_to: []}]", [("1:19", "deliver_to names no destination")]),
        ("rules: [{name: a, deliver_to: [epr]}]", [("1:32", 'there is no destination "epr"; did you mean "erp"?')]),
        (
            "rules: [{name: a, deliver_to: [erp], when: {partner: [acne]}}]",
            [("1:55", 'there is no partner "acne"; did you mean "acme"?')],
        ),
        (
            "rules: [{name: a, deliver_to: [erp], when: {document: [order]}}]",
            [("1:56", 'there is no kind of document "order"')],
        ),
        ("rules: [{name: a, deliver_to: [erp], when: {entity: [them]}}]", [("1:54", "there is no legal entity")]),
        ("rules: [{name: a, deliver_to: [erp], when: {warehouse: []}}]", [("1:45", "warehouse names nothing")]),
        ("rules: [{name: a, deliver_to: [erp], when: {environment: tset}}]", [("1:58", "want live or test")]),
        ("rules: [{name: a, deliver_to: [erp], when: {city: [x]}}]", [("1:45", 'when has no key "city"')]),
        ("rules: [{name: a, deliver_to: [sandbox]}]", [("1:19", "all its destinations are for test documents")]),
        (
            "rules: [{name: a, deliver_to: [erp], when: {partner: [acme]}}, {name: a, deliver_to: [erp]}]",
            [("1:64", 'a rule "a" stands before')],
        ),
        (
            "rules: [{name: a, deliver_to: [erp]}, {name: b, deliver_to: [erp]}]",
            [("1:39", "a rule before it is meant for everything")],
        ),
    ],
)
def test_a_mistake_names_its_place(tmp_path: Path, text: str, places: list[tuple[str, str]]) -> None:
    with pytest.raises(LoadError) as caught:
        load(tmp_path, text)
    found = [
        (str(fault.place).removeprefix(f"{tmp_path / ROUTING_FILE}:"), fault.message) for fault in caught.value.faults
    ]
    assert len(found) == len(places), found
    for (place, message), (wanted, said) in zip(found, places, strict=True):
        assert place == wanted, found
        assert said in message
