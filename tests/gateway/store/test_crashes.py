"""Rows of workers that are gone: given back, and the one that brings them down put aside."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from gateway.errors import Overtaken, StoreUnavailable
from gateway.store import nodes, work
from gateway.store.crashes import RESTS_AFTER_CRASHES, GivenBack, give_back, give_back_node, record_fault
from gateway.store.engine import Store
from gateway.store.nodes import NodeFacts
from gateway.store.tables import attempt, audit, exception
from gateway.store.work import Claim
from tests.gateway.work_rows import START, add_deliveries, add_delivery, add_transmission, row_of, states


@pytest.fixture
def out() -> str:
    return f"out:{uuid4()}#0"


@pytest.fixture
def dead() -> str:
    return f"{uuid4()}/w1"


def take(store: Store, lane: str, worker: str) -> list[Claim]:
    with store.begin() as conn:
        return work.claim(conn, lane, worker=worker, now=START + timedelta(days=1))


def bury(store: Store, worker: str, *, blame: bool = True) -> GivenBack:
    with store.begin() as conn:
        return give_back(conn, worker, now=START, blame=blame)


def audited(store: Store, row: UUID) -> list[str]:
    with store.begin() as conn:
        return list(conn.execute(select(audit.c.action).where(audit.c.subject_id == str(row))).scalars())


def test_a_dead_workers_rows_return_and_only_the_first_is_blamed(store: Store, out: str, dead: str) -> None:
    ids = add_deliveries(store, out, 3)
    take(store, out, dead)
    given = bury(store, dead)
    assert given.lanes == (out,)
    assert [(one.id, one.crashes, one.quarantined) for one in given.crashes] == [(ids[0], 1, False)]
    rows = [row_of(store, one) for one in ids]
    assert [(row.state, row.crashes, row.attempts, row.claim_no, row.claimed_by) for row in rows] == [
        ("retrying", 1, 1, 2, None),
        ("ready", 0, 0, 2, None),
        ("ready", 0, 0, 2, None),
    ]
    assert rows[0].next_at == START + RESTS_AFTER_CRASHES[0]
    assert audited(store, ids[0]) == ["work.crashed"]
    assert audited(store, ids[1]) == []


def test_rows_of_living_workers_and_ended_rows_are_left_alone(store: Store, out: str, dead: str) -> None:
    (ended,) = add_deliveries(store, out, 1)
    (claim,) = take(store, out, dead)
    with store.begin() as conn:
        work.guarded_update(conn, claim, state="delivered")
    (other,) = add_deliveries(store, out, 1)
    take(store, out, dead + "0")
    assert bury(store, dead) == GivenBack((), ())
    assert states(store, [ended, other]) == ["delivered", "working"]


def test_a_worker_that_ended_in_order_blames_nobody(store: Store, out: str, dead: str) -> None:
    (row,) = add_deliveries(store, out, 1)
    take(store, out, dead)
    assert bury(store, dead, blame=False) == GivenBack((out,), ())
    found = row_of(store, row)
    assert (found.state, found.crashes, found.attempts, found.next_at) == ("ready", 0, 0, None)


def test_a_transmission_returns_to_received(store: Store, dead: str) -> None:
    lane = f"in:{uuid4()}:orders"
    first, second = add_transmission(store, lane), add_transmission(store, lane)
    take(store, lane, dead)
    assert bury(store, dead).lanes == (lane,)
    assert states(store, [first, second]) == ["retrying", "received"]


def test_a_row_that_was_being_sent_stays_sending_and_can_be_claimed(store: Store, out: str, dead: str) -> None:
    (row,) = add_deliveries(store, out, 1)
    (claim,) = take(store, out, dead)
    with store.begin() as conn:
        work.guarded_update(conn, claim, state="sending")
    bury(store, dead)
    assert row_of(store, row).state == "sending"
    (again,) = take(store, out, "n/heir")
    assert (again.id, again.state, again.crashes) == (row, "sending", 1)


def test_the_dead_one_returning_writes_nothing(store: Store, out: str, dead: str) -> None:
    (row,) = add_deliveries(store, out, 1)
    (zombie,) = take(store, out, dead)
    bury(store, dead)
    with pytest.raises(Overtaken), store.begin() as conn:
        work.guarded_update(conn, zombie, state="delivered")
    assert row_of(store, row).state == "retrying"


def test_the_third_crash_quarantines_with_an_exception_and_the_lane_goes_on(store: Store, out: str, dead: str) -> None:
    poison = add_delivery(store, out)
    innocent = add_delivery(store, out)
    crashed = []
    for _ in range(3):
        assert take(store, out, dead)[0].id == poison
        crashed += bury(store, dead).crashes
    assert [(one.crashes, one.quarantined) for one in crashed] == [(1, False), (2, False), (3, True)]
    assert [one.id for one in take(store, out, dead)] == [innocent]
    found = row_of(store, poison)
    assert (found.state, found.next_at, found.attempts) == ("quarantined", None, 3)
    with store.begin() as conn:
        opened = conn.execute(select(exception).where(exception.c.delivery_id == poison)).one()
        tries = conn.execute(select(attempt.c.outcome).where(attempt.c.delivery_id == poison)).scalars().all()
    assert (opened.code, opened.state, opened.document_id) == ("work.poison", "open", found.document_id)
    assert tries == ["crashed"] * 3
    assert audited(store, poison) == ["work.crashed", "work.crashed", "work.quarantined", "exception.opened"]


def test_a_transmission_is_quarantined_as_well(store: Store, dead: str) -> None:
    lane = f"in:{uuid4()}:orders"
    poison = add_transmission(store, lane, crashes=2)
    take(store, lane, dead)
    (crash,) = bury(store, dead).crashes
    assert crash.quarantined
    assert row_of(store, poison).state == "quarantined"
    with store.begin() as conn:
        assert conn.execute(select(exception.c.code).where(exception.c.transmission_id == poison)).scalar_one()


def test_a_fault_of_our_own_counts_like_a_crash(store: Store, out: str) -> None:
    row = add_delivery(store, out, crashes=1)
    for crashes, state in ((2, "retrying"), (3, "quarantined")):
        (claim,) = take(store, out, "n/w")
        with store.begin() as conn:
            crash = record_fault(conn, claim, worker="n/w", now=START, reason="KeyError: 'N1'")
        assert (crash.crashes, row_of(store, row).state) == (crashes, state)
        assert row_of(store, row).reason == "KeyError: 'N1'"
    with pytest.raises(Overtaken), store.begin() as conn:
        record_fault(conn, claim, worker="n/w", now=START, reason="again")


def test_a_nodes_rows_return_together_each_worker_blaming_one(store: Store, out: str) -> None:
    name = f"node-{uuid4()}"
    ids = add_deliveries(store, out, 1)
    take(store, out, f"{name}/a")
    ids += add_deliveries(store, out, 2)
    take(store, out, f"{name}/b")
    with store.begin() as conn:
        given = give_back_node(conn, name, now=START)
    assert [one.id for one in given.crashes] == [ids[0], ids[1]]
    assert states(store, ids) == ["retrying", "retrying", "ready"]


def test_a_name_that_begins_alike_is_another_node(store: Store, out: str) -> None:
    name = f"node-{uuid4()}"
    (row,) = add_deliveries(store, out, 1)
    take(store, out, f"{name}2/a")
    with store.begin() as conn:
        assert give_back_node(conn, name, now=START).lanes == ()
    assert row_of(store, row).state == "working"


def test_a_node_that_returns_finds_its_earlier_rows_given_back(store: Store, out: str) -> None:
    name = f"node-{uuid4()}"
    (row,) = add_deliveries(store, out, 1)
    take(store, out, f"{name}/a")
    with store.begin() as conn:
        assert nodes.arrive(conn, NodeFacts(name), now=START).lanes == (out,)
    assert (row_of(store, row).state, row_of(store, row).crashes) == ("ready", 0)


def test_a_row_that_a_stopped_worker_keeps_locked_is_given_back_later(store: Store, out: str, dead: str) -> None:
    add_delivery(store, out)
    (claim,) = take(store, out, dead)
    with store.begin() as stopped:
        work.confirm(stopped, claim)
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            bury(store, dead)
    assert bury(store, dead).lanes == (out,)
