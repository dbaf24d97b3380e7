"""A business system is down for an hour and comes back: nothing lost, each order in its sequence, two alerts in all."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from threading import Event

from sqlalchemy import select

from gateway.adapters.protocol import Accepted, Checkpoint, ExternalRef, Outcome, Retry
from gateway.delivery_policy import DeliveryPolicy
from gateway.lane_work import LaneWork
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.deliver import OutboundLine
from gateway.store.engine import Store
from gateway.store.tables import delivery, exception
from tests.gateway.alerts.alerting import Desk, ScriptedChannel
from tests.gateway.inbound_line import Line, group, interchange, order
from tests.gateway.pipeline.scripted_adapter import ScriptedAdapter
from translators.canonical.common import Document

BACKOFF = Backoff(random=lambda: 0.0)
MINUTE = timedelta(minutes=1)
ORDERS = ("PO-1", "PO-2", "PO-3")
REVISIONS = ("24", "36", "48")


class Unreachable(ScriptedAdapter):
    """Down until somebody says otherwise; keeps what it took: number and quantity."""

    def __init__(self) -> None:
        super().__init__()
        self.is_down, self.tries = True, 0
        self.took: list[tuple[str, str]] = []

    def submit(
        self,
        document: Document,
        *,
        reference: str,
        request_key: str,
        resume: ExternalRef | None,
        checkpoint: Checkpoint,
    ) -> Outcome:
        self.tries += 1
        if self.is_down:
            return Retry(timedelta(0), "target", "503")
        if resume is None:
            checkpoint(None)
        self.took.append((document.identity[0], str(document.model_dump()["lines"][0]["qty"])))
        return Accepted(ExternalRef(reference), "created")


def test_an_hour_without_the_business_system_loses_nothing_and_tells_twice(fresh_store: Store, tmp_path: Path) -> None:
    line, erp, duty = Line(fresh_store, tmp_path), Unreachable(), ScriptedChannel()
    desk = Desk(fresh_store, line.clock)
    desk.channels("duty")
    watches = line.gateway.watches()
    policy = {"erp": DeliveryPolicy(longest=5 * MINUTE, breaker_after=3, breaker_pause=2 * MINUTE)}
    outbound = OutboundLine(fresh_store, {"erp": erp}, line.clock, "test/w1", BACKOFF, policy)
    runner = LaneWork(fresh_store, outbound.work, worker="test/w1", clock=line.clock, backoff=BACKOFF, stop=Event())
    for place, qty in enumerate(REVISIONS):
        sets = [
            order(number, purpose="05" if place else "00", qty=qty, st02=f"{at:04}")
            for at, number in enumerate(ORDERS, 1)
        ]
        line.drop(interchange([group(sets, control=f"{place + 1}")], control=f"{place + 1:09}"), name=f"{place}.edi")
    for lane in line.due():
        line.lane_work().run(lane)

    for minute in range(75):
        erp.is_down = minute < 60
        while due := line.due():
            for lane in due:
                runner.run(lane)
        watches.look_at_destinations()
        watches.look_at_lanes()
        desk.bring_out("duty", duty)
        if minute == 59:
            assert erp.took == []
            assert [event for event, _ in duty.told] == ["opened"]
            assert erp.tries < 60
        line.clock.advance(MINUTE)

    with fresh_store.begin() as conn:
        states = set(conn.execute(select(delivery.c.state)).scalars())
        opened = conn.execute(select(exception.c.code, exception.c.state, exception.c.resolved_by)).all()
    assert states == {"delivered"}
    assert sorted(erp.took) == sorted((number, qty) for number in ORDERS for qty in REVISIONS)
    for number in ORDERS:
        assert [qty for taken, qty in erp.took if taken == number] == list(REVISIONS)
    assert [tuple(row) for row in opened] == [("destination.down", "resolved", "gateway")]
    assert [event for event, _ in duty.told] == ["opened", "resolved"]
    assert duty.taken[0].reason.startswith("erp has not taken anything since 2026-01-05 09:00 UTC")
