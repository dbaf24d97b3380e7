"""Deliveries that go together arrive once each; what goes wrong among them is finished one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import update

from gateway.adapters.files import LocalFiles
from gateway.adapters.folder import FolderAdapter, FolderConfig
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.deliver import OutboundLine
from gateway.pipeline.deliver_together import deliver_together
from gateway.pipeline.translate import identity_number, identity_text
from gateway.store import work
from gateway.store.tables import delivery
from gateway.store.work import Claim
from tests.gateway.inbound_line import Line, file_of
from translators.canonical.purchase_order import PurchaseOrder


class BreaksWhileMoving(LocalFiles):
    """Moves one file of several, then the disk is gone; whole again the next time."""

    def move_all(self, source: Path, target: Path, names: Mapping[str, str]) -> None:
        if len(names) > 1:
            old, new = next(iter(names.items()))
            super().move_all(source, target, {old: new})
            raise OSError(5, "Input/output error")
        super().move_all(source, target, names)


def outbound(line: Line, files: LocalFiles | None = None) -> OutboundLine:
    adapter = FolderAdapter(FolderConfig(path=line.home / "erp", create=True), files=files)
    return OutboundLine(line.store, {"erp": adapter}, line.clock, "test/w1", Backoff(random=lambda: 0.0))


def claimed(line: Line, orders: int) -> list[Claim]:
    """A batch of claimed deliveries: those of so many orders that share a lane."""
    line.drop(file_of(*(f"PO-{number}" for number in range(orders))))
    line.lane_work().run("in:acme:flow")
    with line.store.begin() as conn:
        [lane, *_] = [name for name in work.due_lanes(conn, line.clock.now()) if name.startswith("out:")]
        claims = work.claim(conn, lane, worker="test/w1", now=line.clock.now())
    assert len(claims) > 2
    return claims


def published(line: Line) -> list[str]:
    return sorted(path.name for path in (line.home / "erp").glob("*.json"))


def states(line: Line, claims: list[Claim]) -> set[str]:
    with line.store.begin() as conn:
        rows = conn.execute(delivery.select().where(delivery.c.id.in_([claim.id for claim in claims])))
        return {row.state for row in rows}


def test_a_batch_arrives_once_each_and_nothing_is_left(line: Line) -> None:
    claims = claimed(line, 20)
    assert deliver_together(outbound(line), claims) == []
    assert len(published(line)) == len(claims)
    assert states(line, claims) == {"delivered"}
    assert not list((line.home / "erp" / ".staging").iterdir())


def test_the_files_of_a_batch_hold_the_canonical_form(line: Line) -> None:
    claims = claimed(line, 20)
    deliver_together(outbound(line), claims)
    for name in published(line):
        content = (line.home / "erp" / name).read_bytes()
        order = PurchaseOrder.from_json_bytes(content)
        assert content == order.to_json_bytes()
        assert name.split(".")[1] == order.number


@given(st.lists(st.text(max_size=6), min_size=1, max_size=3).map(tuple))
@example(("a|b\\", "|c"))
@example(("", "x"))
def test_the_number_of_a_document_is_found_in_the_text_of_its_identity(identity: tuple[str, ...]) -> None:
    assert identity_number(identity_text(identity)) == identity[0]


def test_every_delivery_of_a_batch_has_its_attempt_and_its_audit_row(line: Line) -> None:
    life = line.sent(file_of(*(f"PO-{number}" for number in range(20))))
    deliveries = [one for document in life["documents"] for one in document["deliveries"]]
    assert [one["state"] for one in deliveries] == ["delivered"] * 20
    assert [[attempt["outcome"] for attempt in one["tries"]] for one in deliveries] == [["accepted"]] * 20
    assert len(line.erp()) == 20


def test_a_batch_that_breaks_while_moving_is_finished_one_by_one(line: Line) -> None:
    claims = claimed(line, 20)
    outward = outbound(line, BreaksWhileMoving())
    left = deliver_together(outward, claims)
    assert [claim.state for claim in left] == ["sending"] * len(claims)
    assert len(published(line)) == 1
    (line.home / "erp" / published(line)[0]).unlink()  # the receiver takes what it sees
    for claim in left:
        outward.work(claim)
    assert states(line, claims) == {"delivered"}
    assert len(published(line)) == len(claims) - 1


def test_a_batch_with_one_row_overtaken_publishes_nothing_together(line: Line) -> None:
    claims = claimed(line, 20)
    stale = [replace(claims[0], claim_no=0), *claims[1:]]
    first_is_not_ours = deliver_together(outbound(line), stale)
    assert first_is_not_ours == stale[:1]
    assert len(published(line)) == len(claims) - 1


def test_a_row_claimed_before_is_left_alone(line: Line) -> None:
    """A worker may have died with it: it must not take others with it again."""
    claims = claimed(line, 20)
    again = replace(claims[1], claim_no=2)
    with line.store.begin() as conn:
        conn.execute(update(delivery).where(delivery.c.id == again.id).values(claim_no=2))
    assert deliver_together(outbound(line), [claims[0], again, *claims[2:]]) == [again]


@pytest.mark.parametrize("before", ["a first try", "a later try"])
def test_what_follows_in_its_key_waits_for_the_one_before(line: Line, before: str) -> None:
    claims = claimed(line, 20)
    first = claims[0] if before == "a first try" else replace(claims[0], claim_no=2)
    second = replace(claims[1], ordering_key=first.ordering_key)
    left = deliver_together(outbound(line), [first, second, *claims[2:]])
    assert left == ([second] if before == "a first try" else [first, second])
