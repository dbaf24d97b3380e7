"""The report of odd control numbers: what came, by the envelopes; what was given out, by the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway.model import Environment, TransmissionState
from gateway.store import control_numbers, transmissions
from gateway.store.engine import Store
from gateway.store.gaps import findings
from tests.gateway.inbound_line import Line, file_of, group, interchange, order, orders
from tests.gateway.sending import Buyer, profile

US, BUYER = ("ZZ", "TRADELANE"), ("ZZ", "BUYER")


def told(store: Store, *, kind: str = "ISA13", direction: str = "in", **how: Any) -> list[tuple[str, int, int, int]]:
    with store.begin() as conn:
        return [
            (one.oddity.value, one.first, one.last, one.count)
            for one in findings(conn, **how)
            if (one.kind, one.direction) == (kind, direction)
        ]


def receive(line: Line, numbers: Iterable[int], *, same: str = "") -> None:
    """Interchanges with these ISA13 in this order, each with other content unless `same`."""
    for place, number in enumerate(numbers):
        line.sent(file_of(same or f"PO-{place}", control=f"{number:09}"), name=f"{place}.edi")


@pytest.fixture
def line(fresh_store: Store, tmp_path: Path) -> Line:
    folder = tmp_path / "partners" / "profiles" / "buyer"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text(profile())
    return Line(fresh_store, tmp_path)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([5, 6, 7], []),
        ([5, 6, 9], [("gap", 7, 8, 2)]),
        ([5, 9, 7], [("gap", 6, 6, 1), ("gap", 8, 8, 1)]),
        ([5, 9, 6, 7, 8], []),
        ([999999998, 999999999, 1, 2], []),
        ([999999999, 0, 1], []),
        ([50, 51, 1, 2], [("reset", 1, 1, 1)]),
        ([50, 53, 1, 3], [("gap", 2, 2, 1), ("gap", 51, 52, 2), ("reset", 1, 1, 1)]),
        ([5, 6, 5], [("reused", 5, 5, 1)]),
    ],
)
def test_runs_of_received_numbers_are_told(
    line: Line, numbers: list[int], expected: list[tuple[str, int, int, int]]
) -> None:
    receive(line, numbers)
    assert sorted(told(line.store)) == expected


def test_the_same_interchange_again_is_a_duplicate_however_often(line: Line) -> None:
    receive(line, [5, 5, 5], same="PO-1")
    assert told(line.store) == [("duplicate", 5, 5, 2)]


def test_test_and_live_and_partners_are_counted_apart(line: Line) -> None:
    receive(line, [5, 6])
    line.sent(file_of("PO-X", control="000000900", usage="T"), name="t.edi")
    line.sent(interchange([group(orders(["PO-Y"]))], sender="GLOBEX", control="000000400"), account="globex")
    receive(line, [8], same="PO-Z")
    assert told(line.store) == [("gap", 7, 7, 1)]
    assert told(line.store, partner="globex") == []


def test_group_numbers_are_told_for_each_pair_of_codes(line: Line) -> None:
    groups = [group(orders([f"PO-{number}"]), control=str(number)) for number in (1, 2, 5)]
    line.sent(interchange(groups))
    assert told(line.store, kind="GS06") == [("gap", 3, 4, 2)]


def test_what_was_sent_has_no_holes(line: Line) -> None:
    buyer = Buyer(line)
    for number in range(3):
        buyer.send_orders(f"PO-{number}")
    assert told(line.store, direction="out") == told(line.store, direction="out", kind="GS06") == []


def test_void_withdrawn_and_lost_numbers_are_told_with_their_reasons(line: Line) -> None:
    buyer = Buyer(line)
    lives = [buyer.send_orders(f"PO-{number}") for number in range(6)]
    with line.store.begin() as conn:
        scope = {"sender": US, "receiver": BUYER, "environment": Environment.LIVE, "kind": "ISA13"}
        control_numbers.void(conn, number=2, reason="the partner closed its mailbox", **scope)
        third = conn.execute(
            text("SELECT transmission_id FROM interchange WHERE control_number = '000000003'")
        ).scalar_one()
        transmissions.set_outbound_state(conn, third, TransmissionState.WITHDRAWN, at=line.clock.now())
        conn.execute(text("DELETE FROM control_number WHERE kind = 'ISA13' AND number IN ('1', '4', '6')"))
        found = [one for one in findings(conn, partner="buyer") if one.kind == "ISA13"]
    assert [(one.oddity.value, one.first, one.last, one.reason) for one in found] == [
        ("missing", 1, 1, "no row in the ledger"),
        ("void", 2, 2, "the partner closed its mailbox"),
        ("withdrawn", 3, 3, "removed from /out before the partner took it"),
        ("missing", 4, 4, "no row in the ledger"),
        ("missing", 6, 6, "no row in the ledger"),
    ]
    assert str(found[1].transmission_id) == lives[1]["transmission"]["id"]


def test_the_end_of_a_cycle_that_nobody_has_is_missing(line: Line) -> None:
    buyer = Buyer(line)
    buyer.send_orders("PO-1")
    with line.store.begin() as conn:
        conn.execute(text("UPDATE control_counter SET last = 999999999 WHERE kind = 'ISA13'"))
    buyer.send_orders("PO-2")
    assert told(line.store, direction="out") == [("missing", 2, 999999999, 999999998)]


def test_group_numbers_counted_for_each_kind_have_gaps_of_their_own(line: Line) -> None:
    for place, (functional_id, number) in enumerate([("PO", 7), ("PR", 1), ("PO", 8), ("PR", 3)]):
        code = {"PO": "850", "PR": "855"}[functional_id]
        inside = group([order(f"PO-{place}", code=code)], control=str(number), functional_id=functional_id)
        line.sent(interchange([inside], control=f"{place + 1:09}"), name=f"{place}.edi")
    assert told(line.store, kind="GS06") != []
    apart = [told(line.store, kind=kind, by_kind=["acme"]) for kind in ("GS06", "GS06 PO", "GS06 PR")]
    assert apart == [[], [], [("gap", 2, 2, 1)]]


@pytest.mark.parametrize("state", ["refused", "quarantined", "uncertain"])
def test_a_number_in_a_file_that_was_not_delivered_is_told(line: Line, state: str) -> None:
    life = Buyer(line).send_orders("PO-1")
    Buyer(line).send_orders("PO-2")
    with line.store.begin() as conn:
        id = life["transmission"]["id"]
        conn.execute(text("UPDATE transmission SET state = :state WHERE id = :id"), {"state": state, "id": id})
        found = [(one.kind, one.oddity.value, one.first, one.reason) for one in findings(conn)]
    assert found == [(kind, "undelivered", 1, f"the file is {state}") for kind in ("ISA13", "GS06")]
