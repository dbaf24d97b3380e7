"""Claims: in order, none past a key that waits, and no write of a worker that was overtaken."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from gateway.errors import Overtaken
from gateway.store import work
from gateway.store.engine import Store
from gateway.store.work import Claim, WorkTable
from tests.gateway.work_rows import START, add_deliveries, add_delivery, add_transmission, row_of, states

SOON = timedelta(seconds=10)


@pytest.fixture
def out() -> str:
    return f"out:{uuid4()}#0"


@pytest.fixture
def inbound() -> str:
    return f"in:{uuid4()}:orders"


def take(store: Store, lane: str, *, worker: str = "n/w1", now: datetime = START, limit: int = 20) -> list[Claim]:
    with store.begin() as conn:
        return work.claim(conn, lane, worker=worker, now=now, limit=limit)


def finish(store: Store, claim: Claim) -> None:
    state = "processed" if claim.table is WorkTable.TRANSMISSION else "delivered"
    with store.begin() as conn:
        work.guarded_update(conn, claim, state=state, finished_at=START)


def test_a_lane_is_claimed_in_the_order_its_rows_were_written(store: Store, inbound: str) -> None:
    ids = [add_transmission(store, inbound) for _ in range(5)]
    claims = take(store, inbound, limit=3)
    assert [one.id for one in claims] == ids[:3]
    assert {(one.table, one.lane, one.claim_no, one.attempts, one.state) for one in claims} == {
        (WorkTable.TRANSMISSION, inbound, 1, 1, "received")
    }
    assert states(store, ids) == ["working", "working", "working", "received", "received"]
    assert row_of(store, ids[0]).claimed_by == "n/w1"


def test_what_is_claimed_is_not_claimed_twice(store: Store, out: str) -> None:
    ids = add_deliveries(store, out, 4)
    assert [one.id for one in take(store, out, limit=3)] == ids[:3]
    assert [one.id for one in take(store, out, worker="n/w2")] == ids[3:]
    assert take(store, out) == []


def test_a_claim_takes_its_own_lane_only(store: Store, out: str) -> None:
    add_delivery(store, out + "1")
    mine = add_delivery(store, out)
    assert [one.id for one in take(store, out)] == [mine]


def test_a_lane_must_say_which_way_it_goes(store: Store) -> None:
    with store.begin() as conn, pytest.raises(ValueError, match="in:, send:, out: or dispatch:"):
        work.claim(conn, "acme", worker="n/w1", now=START)


def test_a_row_waits_for_its_time(store: Store, out: str) -> None:
    later = add_delivery(store, out, state="retrying", next_at=START + SOON)
    now = add_delivery(store, out, next_at=START)
    assert [one.id for one in take(store, out)] == [now]
    assert take(store, out, now=START + SOON - timedelta(microseconds=1)) == []
    assert [one.id for one in take(store, out, now=START + SOON)] == [later]


def test_a_batch_may_hold_an_order_and_its_change(store: Store, out: str) -> None:
    order, change = add_delivery(store, out, key="4500012"), add_delivery(store, out, key="4500012")
    assert [one.id for one in take(store, out)] == [order, change]


def test_a_change_waits_while_its_order_is_worked(store: Store, out: str) -> None:
    order, change, other = (add_delivery(store, out, key=key) for key in ("A", "A", "B"))
    (first,) = take(store, out, limit=1)
    assert first.id == order
    assert [one.id for one in take(store, out, worker="n/w2")] == [other]
    finish(store, first)
    assert [one.id for one in take(store, out)] == [change]


@pytest.mark.parametrize("state", ["staged", "rejected", "uncertain", "quarantined", "working"])
def test_a_change_never_overtakes_its_held_order(store: Store, out: str, state: str) -> None:
    add_delivery(store, out, key="A", state=state)
    change, other, free = (add_delivery(store, out, key=key) for key in ("A", "B", None))
    assert [one.id for one in take(store, out)] == [other, free]
    assert states(store, [change]) == ["ready"]


@pytest.mark.parametrize("state", ["delivered", "cancelled", "test"])
def test_a_change_goes_once_its_order_is_done(store: Store, out: str, state: str) -> None:
    add_delivery(store, out, key="A", state=state)
    change = add_delivery(store, out, key="A")
    assert [one.id for one in take(store, out)] == [change]


def test_a_change_waits_for_the_retry_of_its_order_and_then_follows_it(store: Store, out: str) -> None:
    order = add_delivery(store, out, key="A", state="retrying", next_at=START + SOON)
    change, other = add_delivery(store, out, key="A"), add_delivery(store, out, key="B")
    assert [one.id for one in take(store, out)] == [other]
    assert [one.id for one in take(store, out, now=START + SOON)] == [order, change]


def test_a_held_order_does_not_hold_what_came_before_it(store: Store, out: str) -> None:
    before = add_delivery(store, out, key="A")
    add_delivery(store, out, key="A", state="rejected")
    after = add_delivery(store, out, key="A")
    assert [one.id for one in take(store, out)] == [before]
    assert states(store, [after]) == ["ready"]


def test_a_key_waits_in_its_own_lane_only(store: Store, out: str) -> None:
    add_delivery(store, out + "1", key="A", state="rejected")
    mine = add_delivery(store, out, key="A")
    assert [one.id for one in take(store, out)] == [mine]


def test_neither_a_quarantined_nor_a_parked_transmission_holds_its_partners_flow(store: Store, inbound: str) -> None:
    add_transmission(store, inbound, key="A", state="quarantined")
    behind = add_transmission(store, inbound, key="A")
    add_transmission(store, inbound, key="B", state="parked")
    goes = add_transmission(store, inbound, key="B")
    assert [one.id for one in take(store, inbound)] == [behind, goes]


def test_many_blocked_rows_do_not_hide_a_free_one_behind_them(store: Store, out: str) -> None:
    add_delivery(store, out, key="A", state="uncertain")
    add_deliveries(store, out, 50, key="A")
    free = add_delivery(store, out, key="B")
    assert [one.id for one in take(store, out)] == [free]


def test_a_row_locked_by_someone_else_still_holds_its_key(store: Store, out: str) -> None:
    order, change, other = (add_delivery(store, out, key=key) for key in ("A", "A", "B"))
    (claimed,) = take(store, out, limit=1)
    with store.begin() as conn:
        work.put_back(conn, [claimed])
    with store.begin() as hand:
        work_rows = work.KINDS[WorkTable.DELIVERY].rows
        hand.execute(work_rows.select().where(work_rows.c.id == order).with_for_update())
        assert [one.id for one in take(store, out, worker="n/w2")] == [other]
    assert [one.id for one in take(store, out)] == [order, change]


def test_a_second_claim_makes_the_first_one_worthless(store: Store, out: str) -> None:
    row = add_delivery(store, out)
    (zombie,) = take(store, out)
    with store.begin() as conn:
        work.release(conn, zombie, state="ready")
    (heir,) = take(store, out, worker="n/w2")
    assert (heir.claim_no, heir.attempts) == (2, 2)
    for write in (
        lambda conn: work.guarded_update(conn, zombie, state="delivered"),
        lambda conn: work.release(conn, zombie, state="ready"),
        lambda conn: work.postpone(conn, zombie, next_at=START, reason="late"),
        lambda conn: work.confirm(conn, zombie),
    ):
        with pytest.raises(Overtaken), store.begin() as conn:
            write(conn)
    with store.begin() as conn:
        work.put_back(conn, [zombie])
        work.confirm(conn, heir)
    assert (row_of(store, row).state, row_of(store, row).claimed_by) == ("working", "n/w2")


def test_nothing_is_written_to_a_row_that_was_let_go(store: Store, out: str) -> None:
    row = add_delivery(store, out)
    (claim,) = take(store, out)
    finish(store, claim)
    with pytest.raises(Overtaken), store.begin() as conn:
        work.postpone(conn, claim, next_at=START, reason="the commit's answer was lost")
    assert row_of(store, row).state == "delivered"


def test_a_postponed_row_that_had_begun_to_send_asks_for_recovery(store: Store, out: str) -> None:
    row = add_delivery(store, out)
    (claim,) = take(store, out)
    with store.begin() as conn:
        work.guarded_update(conn, claim, state="sending")
    assert take(store, out, worker="n/w2") == []
    with store.begin() as conn:
        work.postpone(conn, claim, next_at=START + SOON, reason="connection reset")
    assert take(store, out) == []
    (again,) = take(store, out, now=START + SOON)
    assert (again.id, again.state, again.claim_no) == (row, "sending", 2)
    assert (row_of(store, row).state, row_of(store, row).claimed_by) == ("sending", "n/w1")


def test_a_postponed_row_that_had_sent_nothing_is_retrying(store: Store, out: str) -> None:
    row = add_delivery(store, out)
    (claim,) = take(store, out)
    with store.begin() as conn:
        work.postpone(conn, claim, next_at=START + SOON, reason="disk full")
    found = row_of(store, row)
    assert (found.state, found.next_at, found.reason, found.claimed_by) == (
        "retrying",
        START + SOON,
        "disk full",
        None,
    )


def test_a_row_put_back_was_never_tried(store: Store, out: str) -> None:
    row = add_delivery(store, out, state="retrying", next_at=START, attempts=3)
    claims = take(store, out)
    with store.begin() as conn:
        work.put_back(conn, claims)
    found = row_of(store, row)
    assert (found.state, found.attempts, found.claim_no, found.claimed_by) == ("retrying", 3, 1, None)


def test_held_and_open_tell_what_a_batch_left_undone(store: Store, out: str) -> None:
    add_deliveries(store, out, 3)
    done, rejected, forgotten = take(store, out)
    finish(store, done)
    with store.begin() as conn:
        work.release(conn, rejected, state="rejected")
    with store.begin() as conn:
        assert work.still_held(conn, [done, rejected, forgotten]) == [forgotten]
        assert work.still_held(conn, []) == []
        assert [work.is_open(conn, one) for one in (done, rejected, forgotten)] == [False, True, True]


def test_only_lanes_with_something_to_do_are_due(fresh_store: Store) -> None:
    store = fresh_store
    add_transmission(store, "in:acme:orders")
    add_transmission(store, "in:globex:orders", state="processed")
    add_transmission(store, "in:initech:orders", state="retrying", next_at=START + SOON)
    add_delivery(store, "out:erp#1")
    add_deliveries(store, "out:erp#2", 3, state="staged")
    add_delivery(store, "out:erp#3", key="A", state="rejected")
    add_delivery(store, "out:erp#3", key="A")
    add_delivery(store, "out:erp#4", state="sending", claimed_by="n/w1")
    add_delivery(store, "out:erp#5", state="sending")
    with store.begin() as conn:
        assert work.due_lanes(conn, START) == ["in:acme:orders", "out:erp#1", "out:erp#5"]
        assert work.due_lanes(conn, START + SOON) == [
            "in:acme:orders",
            "in:initech:orders",
            "out:erp#1",
            "out:erp#5",
        ]
        assert work.more_due(conn, "out:erp#1", START)
        assert not work.more_due(conn, "out:erp#3", START)


def test_lanes_are_found_whatever_their_number(fresh_store: Store) -> None:
    for number in range(30):
        add_deliveries(fresh_store, f"out:erp#{number:02}", 3)
    with fresh_store.begin() as conn:
        assert work.due_lanes(conn, START) == [f"out:erp#{number:02}" for number in range(30)]
