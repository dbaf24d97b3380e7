"""A destination that fails is paused for all, tried by one delivery, and goes on in order when it is back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select

from gateway.adapters.protocol import Rejected, Retry, Uncertain
from gateway.delivery_policy import DeliveryPolicy
from gateway.lane_work import LaneWork
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.deliver import OutboundLine
from gateway.store import destinations
from gateway.store.crashes import give_back
from gateway.store.engine import Store
from gateway.store.tables import audit, delivery, exception
from tests.gateway.inbound_line import Line, file_of
from tests.gateway.pipeline.scripted_adapter import Killed, ScriptedAdapter, Step, soon

WORKER = "test/w1"
BACKOFF = Backoff(random=lambda: 0.0)
POLICY = DeliveryPolicy(
    first=timedelta(seconds=10), longest=timedelta(minutes=10), breaker_after=3, breaker_pause=timedelta(minutes=5)
)


def down(seconds: int = 0) -> Retry:
    return Retry(timedelta(seconds=seconds), "target", "503")


class Erp:
    """Routed orders, a scripted business system with a policy, and a clock."""

    def __init__(self, store: Store, home: Path) -> None:
        self.line = Line(store, home)
        self.store, self.clock = store, self.line.clock
        self.adapter = ScriptedAdapter()
        self.policy = POLICY
        self.rates: dict[str, tuple[int, timedelta]] = {}

    def route(self, *numbers: str) -> None:
        self.line.drop(file_of(*numbers))
        for lane in self.line.due():
            self.line.lane_work().run(lane)

    def run(self) -> None:
        """One worker works every due lane, and again those that an answer made due, until none is."""
        outbound = OutboundLine(self.store, {"erp": self.adapter}, self.clock, WORKER, BACKOFF, {"erp": self.policy})
        runner = LaneWork(
            self.store,
            outbound.work,
            worker=WORKER,
            clock=self.clock,
            backoff=BACKOFF,
            stop=Event(),
            rates=self.rates,
        )
        while due := self.line.due():
            for lane in due:
                runner.run(lane)

    def later(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.run()

    def states(self) -> list[str]:
        with self.store.begin() as conn:
            return list(conn.execute(select(delivery.c.state).order_by(delivery.c.seq)).scalars())

    def trouble(self) -> list[destinations.Trouble]:
        with self.store.begin() as conn:
            return destinations.in_trouble(conn)

    def actions(self) -> list[str]:
        about = audit.c.subject == "destination"
        with self.store.begin() as conn:
            return list(conn.execute(select(audit.c.action).where(about).order_by(audit.c.seq)).scalars())


@pytest.fixture
def erp(fresh_store: Store, tmp_path: Path) -> Erp:
    return Erp(fresh_store, tmp_path)


def test_a_target_that_is_down_is_asked_once_and_no_further_delivery_is_tried(erp: Erp) -> None:
    erp.route("PO-1", "PO-2", "PO-3")
    erp.adapter.steps = [down()]
    erp.run()
    assert erp.adapter.numbers == ["PO-1"]
    assert erp.states() == ["retrying", "ready", "ready"]
    [trouble] = erp.trouble()
    assert (trouble.destination, trouble.failures, trouble.reason) == ("erp", 1, "503")
    assert trouble.paused_until == erp.clock.now() + timedelta(seconds=10)
    assert erp.line.due() == []


def test_after_the_pause_one_delivery_tries_and_all_others_follow_in_order(erp: Erp) -> None:
    erp.route("PO-1", "PO-2", "PO-3")
    erp.adapter.steps = [down(), down()]
    erp.run()
    erp.later(10)
    assert erp.adapter.numbers == ["PO-1", "PO-1"]
    assert erp.trouble()[0].paused_until == erp.clock.now() + timedelta(seconds=20)
    erp.later(19)
    assert len(erp.adapter.numbers) == 2
    erp.later(1)
    assert erp.adapter.numbers[2] == "PO-1"
    assert sorted(erp.adapter.numbers[3:]) == ["PO-2", "PO-3"]
    assert erp.states() == ["delivered"] * 3
    assert erp.trouble() == []
    assert erp.actions() == ["destination.paused", "destination.paused", "destination.resumed"]


def test_a_worker_that_dies_while_it_tries_a_destination_keeps_nobody_from_it(erp: Erp) -> None:
    erp.route("PO-1")
    erp.adapter.steps = [down(), Killed()]
    erp.run()
    with pytest.raises(Killed):
        erp.later(10)
    assert erp.line.due() == []
    with erp.store.begin() as conn:
        give_back(conn, WORKER, now=erp.clock.now())
    erp.later(30)
    assert erp.states() == ["delivered"]


def test_a_target_may_say_itself_how_long_it_is_away(erp: Erp) -> None:
    erp.route("PO-1")
    erp.adapter.steps = [down(900)]
    erp.run()
    assert erp.trouble()[0].paused_until == erp.clock.now() + timedelta(seconds=900)


@pytest.mark.parametrize("fault", [soon(), Uncertain("no answer"), OSError("reset")], ids=["retry", "silent", "raised"])
def test_failures_on_end_open_the_breaker_whosesoever_they_are(erp: Erp, fault: Step) -> None:
    erp.route("PO-1", "PO-2", "PO-3", "PO-4", "PO-5")
    erp.adapter.steps = [fault] * 3
    erp.run()
    assert len(set(erp.adapter.numbers)) == len(erp.adapter.numbers) == 3
    assert erp.trouble()[0].paused_until == erp.clock.now() + timedelta(minutes=5)
    erp.later(299)
    assert len(erp.adapter.numbers) == 3
    erp.later(1)
    assert set(erp.adapter.numbers) == {"PO-1", "PO-2", "PO-3", "PO-4", "PO-5"}
    assert erp.trouble() == []


def test_an_answer_in_between_keeps_the_breaker_shut(erp: Erp) -> None:
    erp.route("PO-1", "PO-2", "PO-3", "PO-4", "PO-5")
    refused = Rejected("unknown_item", "no item TL-100", path="lines[0].sku", fix="data")
    erp.adapter.steps = [soon(), soon(), refused, soon(), soon()]
    erp.run()
    assert sorted(erp.adapter.numbers) == ["PO-1", "PO-2", "PO-3", "PO-4", "PO-5"]
    [trouble] = erp.trouble()
    assert (trouble.failures, trouble.paused_until) == (2, None)


def test_without_a_deadline_it_is_tried_for_ever(erp: Erp) -> None:
    erp.route("PO-1")
    erp.adapter.steps = [down()] * 30
    erp.run()
    for _ in range(30):
        erp.later(600)
    assert erp.states() == ["delivered"]


def test_at_its_deadline_a_delivery_is_given_up_and_a_person_told(erp: Erp) -> None:
    erp.policy = DeliveryPolicy(first=timedelta(minutes=10), deadline=timedelta(hours=1))
    erp.route("PO-1", "PO-2")
    erp.adapter.steps = [down()] * 20
    erp.run()
    for _ in range(8):
        erp.later(600)
    assert "rejected" in erp.states()
    with erp.store.begin() as conn:
        found: Any = conn.execute(select(exception.c.code, exception.c.reason)).first()
    assert found.code == "delivery.deadline"
    assert "503" in found.reason


def test_a_destination_is_given_no_more_than_its_rate(erp: Erp) -> None:
    erp.rates = {"erp": (2, timedelta(seconds=60))}
    erp.route("PO-1", "PO-2", "PO-3", "PO-4", "PO-5")
    erp.run()
    assert len(erp.adapter.numbers) == 2
    assert erp.line.due() == []
    erp.later(59)
    assert len(erp.adapter.numbers) == 2
    erp.later(1)
    assert len(erp.adapter.numbers) == 4
    erp.later(60)
    assert erp.states() == ["delivered"] * 5
