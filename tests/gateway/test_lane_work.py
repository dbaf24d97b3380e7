"""A batch of a lane: worked in order, and nothing lost whatever the work raises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Event
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from gateway.errors import NotYet, StoreUnavailable
from gateway.lane_work import LaneWork
from gateway.pipeline.backoff import Backoff
from gateway.ports import FakeClock
from gateway.store import work
from gateway.store.crashes import RESTS_AFTER_CRASHES, give_back
from gateway.store.engine import Store
from gateway.store.tables import attempt
from gateway.store.work import Claim
from tests.gateway.work_rows import START, add_deliveries, add_delivery, row_of, states


@pytest.fixture
def out() -> str:
    return f"out:{uuid4()}#0"


class Deliverer:
    """Delivers, noting the order; does something else first for rows it was told about."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.done: list[UUID] = []
        self.instead: dict[UUID, Callable[[Claim], None]] = {}

    def __call__(self, claim: Claim) -> None:
        if claim.id in self.instead:
            self.instead[claim.id](claim)
            return
        self.end(claim, "delivered")
        self.done.append(claim.id)

    def end(self, claim: Claim, state: str) -> None:
        with self.store.begin() as conn:
            work.release(conn, claim, state=state)


def raising(error: Exception) -> Callable[[Claim], None]:
    def do(claim: Claim) -> None:
        raise error

    return do


@pytest.fixture
def deliverer(store: Store) -> Deliverer:
    return Deliverer(store)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
def stop() -> Event:
    return Event()


@pytest.fixture
def runner(store: Store, deliverer: Deliverer, clock: FakeClock, stop: Event) -> LaneWork:
    backoff = Backoff(random=lambda: 0.0)
    return LaneWork(store, deliverer, worker=f"{uuid4()}/w", clock=clock, backoff=backoff, stop=stop)


def test_a_batch_is_twenty_and_the_lane_says_that_more_is_due(
    store: Store, runner: LaneWork, deliverer: Deliverer, out: str
) -> None:
    ids = add_deliveries(store, out, 21)
    assert runner.run(out) is True
    assert deliverer.done == ids[:20]
    assert runner.run(out) is False
    assert deliverer.done == ids
    assert runner.run(out) is False


@pytest.mark.parametrize("error", [ConnectionResetError("by peer"), NotYet("being read"), StoreUnavailable("gone")])
def test_a_broken_world_postpones_a_row_and_the_others_go_on(
    store: Store, runner: LaneWork, deliverer: Deliverer, clock: FakeClock, out: str, error: Exception
) -> None:
    ids = add_deliveries(store, out, 3)
    deliverer.instead[ids[1]] = raising(error)
    assert runner.run(out) is False
    assert states(store, ids) == ["delivered", "retrying", "delivered"]
    found = row_of(store, ids[1])
    assert (found.next_at, found.crashes) == (START + timedelta(seconds=1), 0)
    assert found.reason == f"{type(error).__name__}: {error}"
    with store.begin() as conn:
        tries = conn.execute(select(attempt.c.outcome).where(attempt.c.delivery_id == ids[1])).scalars().all()
    assert tries == ["retry"]
    clock.advance(timedelta(seconds=1))
    del deliverer.instead[ids[1]]
    runner.run(out)
    assert row_of(store, ids[1]).state == "delivered"


def test_the_rest_between_tries_is_doubled(
    store: Store, runner: LaneWork, deliverer: Deliverer, clock: FakeClock, out: str
) -> None:
    row = add_delivery(store, out)
    deliverer.instead[row] = raising(OSError("no route"))
    for seconds in (1, 2, 4, 8):
        runner.run(out)
        assert row_of(store, row).next_at == clock.now() + timedelta(seconds=seconds)
        clock.advance(timedelta(seconds=seconds))
    assert row_of(store, row).crashes == 0


def test_a_fault_of_ours_is_quarantined_the_third_time(
    store: Store, runner: LaneWork, deliverer: Deliverer, clock: FakeClock, out: str
) -> None:
    poison, innocent = add_deliveries(store, out, 2)
    deliverer.instead[poison] = raising(KeyError("N1"))
    for state in ("retrying", "retrying", "quarantined"):
        runner.run(out)
        assert row_of(store, poison).state == state
        clock.advance(max(RESTS_AFTER_CRASHES))
    assert row_of(store, innocent).state == "delivered"


def test_a_change_in_the_same_batch_waits_for_its_order_that_did_not_end(
    store: Store, runner: LaneWork, deliverer: Deliverer, clock: FakeClock, out: str
) -> None:
    order, change, other, change_of_change = (add_delivery(store, out, key=key) for key in ("A", "A", "B", "A"))
    deliverer.instead[order] = raising(OSError("no route"))
    assert runner.run(out) is False
    assert deliverer.done == [other]
    assert (row_of(store, change).state, row_of(store, change).attempts) == ("ready", 0)
    clock.advance(timedelta(seconds=1))
    deliverer.instead.clear()
    runner.run(out)
    assert deliverer.done == [other, order, change, change_of_change]


def test_a_change_in_the_same_batch_waits_for_its_order_that_was_rejected(
    store: Store, runner: LaneWork, deliverer: Deliverer, out: str
) -> None:
    order, change = (add_delivery(store, out, key="A") for _ in range(2))
    deliverer.instead[order] = lambda claim: deliverer.end(claim, "rejected")
    assert runner.run(out) is False
    assert states(store, [order, change]) == ["rejected", "ready"]


def test_rows_without_a_key_wait_for_none(store: Store, runner: LaneWork, deliverer: Deliverer, out: str) -> None:
    ids = add_deliveries(store, out, 3)
    deliverer.instead[ids[0]] = raising(OSError("no route"))
    runner.run(out)
    assert deliverer.done == ids[1:]


def test_a_worker_asked_to_stop_ends_its_row_and_puts_the_rest_back(
    store: Store, runner: LaneWork, deliverer: Deliverer, stop: Event, out: str
) -> None:
    ids = add_deliveries(store, out, 4)

    def ask_to_stop(claim: Claim) -> None:
        stop.set()
        deliverer.end(claim, "delivered")

    deliverer.instead[ids[1]] = ask_to_stop
    runner.run(out)
    assert states(store, ids) == ["delivered", "delivered", "ready", "ready"]
    assert row_of(store, ids[2]).attempts == 0


def test_a_worker_that_was_overtaken_writes_nothing_and_goes_on(
    store: Store, runner: LaneWork, deliverer: Deliverer, out: str
) -> None:
    ids = add_deliveries(store, out, 2)

    def fall_asleep(claim: Claim) -> None:
        worker = row_of(store, claim.id).claimed_by
        with store.begin() as conn:
            give_back(conn, worker, now=START, blame=False)
        deliverer.end(claim, "delivered")

    deliverer.instead[ids[0]] = fall_asleep
    assert runner.run(out) is True
    assert states(store, ids) == ["ready", "ready"]


def test_a_fault_after_the_last_commit_changes_nothing(
    store: Store, runner: LaneWork, deliverer: Deliverer, out: str
) -> None:
    row = add_delivery(store, out)

    def lose_the_answer(claim: Claim) -> None:
        deliverer.end(claim, "delivered")
        raise StoreUnavailable("the commit's answer was lost")

    deliverer.instead[row] = lose_the_answer
    runner.run(out)
    assert row_of(store, row).state == "delivered"


def test_a_row_the_work_forgot_is_blamed_and_not_left_in_hand(
    store: Store, runner: LaneWork, deliverer: Deliverer, out: str
) -> None:
    row = add_delivery(store, out)
    deliverer.instead[row] = lambda claim: None
    runner.run(out)
    found = row_of(store, row)
    assert (found.state, found.crashes, found.claimed_by) == ("retrying", 1, None)


def test_what_was_worked_together_is_not_worked_again(
    store: Store, deliverer: Deliverer, clock: FakeClock, out: str
) -> None:
    ids = add_deliveries(store, out, 3)
    ends: list[list[UUID]] = []

    def first_two(claims: Sequence[Claim]) -> Sequence[Claim]:
        for claim in claims[:2]:
            deliverer.end(claim, "delivered")
        return claims[2:]

    runner = LaneWork(
        store,
        deliverer,
        worker="n/w",
        clock=clock,
        backoff=Backoff(),
        stop=Event(),
        together=first_two,
        ended=lambda: ends.append(list(deliverer.done)),
    )
    runner.run(out)
    assert states(store, ids) == ["delivered"] * 3
    assert ends == [ids[2:]]


def test_the_watchdog_is_told_each_row(store: Store, deliverer: Deliverer, clock: FakeClock, out: str) -> None:
    ids = add_deliveries(store, out, 2)
    told: list[UUID | None] = []
    runner = LaneWork(
        store,
        deliverer,
        worker="n/w",
        clock=clock,
        backoff=Backoff(),
        stop=Event(),
        begun=lambda claim: told.append(claim and claim.id),
    )
    runner.run(out)
    assert told == [ids[0], None, ids[1], None]
