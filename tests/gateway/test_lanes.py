"""The queue wakes lanes and may forget everything; the rows do not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Lock, Thread
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import make_url, text, update

from gateway.chores import Chore, Chores, bury_dead_nodes, sweep
from gateway.errors import StoreUnavailable
from gateway.lane_work import LaneWork
from gateway.lanes import LaneRunner, Lanes
from gateway.pipeline.backoff import Backoff
from gateway.ports import Clock, FakeClock
from gateway.store import nodes, work
from gateway.store.engine import Store
from gateway.store.locks import SessionLock
from gateway.store.nodes import NodeFacts
from gateway.store.tables import node
from gateway.store.work import Claim
from tests.gateway.work_rows import START, add_deliveries, add_transmission, row_of, states
from tests.waiting import wait_until

WITHIN = 20.0
OFTEN = timedelta(milliseconds=20)


@pytest.fixture
def lanes(fresh_store: Store) -> Iterator[Lanes]:
    opened = Lanes(fresh_store)
    yield opened
    opened.close()


class Noting:
    """A runner that notes its lanes, and how many ran at the same time; `more` are due again so often."""

    def __init__(self, *, more: int = 0) -> None:
        self.ran: list[str] = []
        self.together: set[str] = set()
        self.overlapped = False
        self._more = more
        self._lock = Lock()

    def run(self, lane: str) -> bool:
        with self._lock:
            self.overlapped = self.overlapped or lane in self.together
            self.together.add(lane)
            self.ran.append(lane)
            self._more -= 1
            more = self._more >= 0
        with self._lock:
            self.together.discard(lane)
        return more


@contextmanager
def working(lanes: Lanes, runner: LaneRunner, *, workers: int = 1) -> Iterator[None]:
    stop = Event()
    threads = [Thread(target=lanes.run_worker, args=(runner,), kwargs={"stop": stop}) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(WITHIN)


def jobs(store: Store) -> list[tuple[str, str]]:
    with store.begin() as conn:
        return [tuple(row) for row in conn.execute(text("SELECT lock, status::text FROM procrastinate_jobs"))]


def execute(store: Store, statement: str) -> None:
    with store.begin() as conn:
        conn.execute(text(statement))


def deliver_all(store: Store, clock: Clock | None = None) -> LaneWork:
    def deliver(claim: Claim) -> None:
        with store.begin() as conn:
            work.release(conn, claim, state="delivered")

    return LaneWork(store, deliver, worker="n/w", clock=clock or FakeClock(START), backoff=Backoff(), stop=Event())


def all_delivered(store: Store, ids: list[UUID]) -> bool:
    return set(states(store, ids)) == {"delivered"}


def test_one_job_waits_per_lane_however_often_it_is_woken(fresh_store: Store, lanes: Lanes) -> None:
    lanes.wake(["out:a#0", "out:b#0", "out:a#0"])
    lanes.wake(["out:b#0"])
    assert sorted(jobs(fresh_store)) == [("out:a#0", "todo"), ("out:b#0", "todo")]
    assert lanes.asleep(["out:a#0", "out:c#0"]) == ["out:c#0"]


def test_a_wake_up_without_a_database_is_lost_quietly_and_found_later(postgres_url: str, fresh_store: Store) -> None:
    lanes = Lanes(fresh_store, connect_within=0.3)
    database = make_url(fresh_store.url).database
    plain = make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    lanes.wake(["out:a#0"])
    add_deliveries(fresh_store, "out:b#0", 1)
    with psycopg.connect(plain, autocommit=True) as conn:
        conn.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        conn.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [database])
        lanes.wake(["out:b#0"])
        for asking in (lanes.free_dead, lanes.forget_silent, lambda: lanes.asleep(["out:b#0"])):
            with pytest.raises(StoreUnavailable):
                asking()
        conn.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
    assert jobs(fresh_store) == [("out:a#0", "todo")]
    assert sweep(fresh_store, lanes, FakeClock(START)) == ["out:b#0"]
    lanes.close()


def test_a_woken_lane_runs_and_its_job_is_gone(fresh_store: Store, lanes: Lanes) -> None:
    runner = Noting()
    with working(lanes, runner):
        lanes.wake(["out:a#0"])
        wait_until(lambda: runner.ran, within=WITHIN)
        wait_until(lambda: not jobs(fresh_store), within=WITHIN)
    assert runner.ran == ["out:a#0"]


def test_a_lane_runs_again_as_long_as_more_is_due(lanes: Lanes) -> None:
    runner = Noting(more=3)
    with working(lanes, runner):
        lanes.wake(["out:a#0"])
        wait_until(lambda: len(runner.ran) >= 4, within=WITHIN)
    assert runner.ran == ["out:a#0"] * 4


def test_a_lane_is_never_run_twice_at_once(lanes: Lanes) -> None:
    runner = Noting(more=40)
    with working(lanes, runner, workers=3):
        lanes.wake(["out:a#0", "out:b#0"])
        wait_until(lambda: len(runner.ran) >= 42, within=WITHIN)
    assert not runner.overlapped


def test_a_runner_that_fails_stops_neither_the_worker_nor_the_lane(fresh_store: Store, lanes: Lanes) -> None:
    class Failing(Noting):
        def run(self, lane: str) -> bool:
            super().run(lane)
            raise RuntimeError("a bug")

    runner = Failing()
    with working(lanes, runner):
        for times in (1, 2):
            lanes.wake(["out:a#0"])
            wait_until(lambda times=times: len(runner.ran) == times, within=WITHIN)
            wait_until(lambda: not jobs(fresh_store), within=WITHIN)


def test_a_worker_asked_to_stop_ends_its_job_first(fresh_store: Store, lanes: Lanes) -> None:
    begun, may_end = Event(), Event()

    class Waiting(Noting):
        def run(self, lane: str) -> bool:
            begun.set()
            may_end.wait(WITHIN)
            return super().run(lane)

    runner = Waiting()
    stop = Event()
    thread = Thread(target=lanes.run_worker, args=(runner,), kwargs={"stop": stop})
    thread.start()
    lanes.wake(["out:a#0"])
    assert begun.wait(WITHIN)
    stop.set()
    may_end.set()
    thread.join(WITHIN)
    assert runner.ran == ["out:a#0"]
    assert jobs(fresh_store) == []


def test_rows_are_worked_to_the_last_and_the_queue_is_empty_again(fresh_store: Store, lanes: Lanes) -> None:
    ids = add_deliveries(fresh_store, "out:a#0", 90)
    with working(lanes, deliver_all(fresh_store)):
        lanes.wake(["out:a#0"])
        wait_until(lambda: all_delivered(fresh_store, ids), within=WITHIN)
        wait_until(lambda: not jobs(fresh_store), within=WITHIN)


def test_a_lost_wake_up_is_found_by_the_sweep(fresh_store: Store, lanes: Lanes) -> None:
    ids = add_deliveries(fresh_store, "out:a#0", 2)
    lane = "in:acme:orders"
    add_transmission(fresh_store, lane)
    clock = FakeClock(START)
    assert sweep(fresh_store, lanes, clock) == [lane, "out:a#0"]
    assert sweep(fresh_store, lanes, clock) == []
    with working(lanes, deliver_all(fresh_store)):
        wait_until(lambda: all_delivered(fresh_store, ids), within=WITHIN)


def test_the_queue_may_be_emptied_under_a_worker_at_any_time(fresh_store: Store, lanes: Lanes) -> None:
    ids = add_deliveries(fresh_store, "out:a#0", 200)
    clock = FakeClock(START)
    with working(lanes, deliver_all(fresh_store)):
        for least in (0, 40, 80, 120):
            sweep(fresh_store, lanes, clock)
            wait_until(lambda least=least: states(fresh_store, ids).count("delivered") > least, within=WITHIN)
            execute(fresh_store, "TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")

        def swept_to_the_end() -> bool:
            sweep(fresh_store, lanes, clock)
            return all_delivered(fresh_store, ids)

        wait_until(swept_to_the_end, within=WITHIN)
        wait_until(lambda: not jobs(fresh_store), within=WITHIN)


def test_a_worker_whose_connections_are_cut_goes_on(fresh_store: Store, lanes: Lanes) -> None:
    ids = add_deliveries(fresh_store, "out:a#0", 200)
    clock = FakeClock(START)
    cut = (
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with working(lanes, deliver_all(fresh_store, clock), workers=2):
        lanes.wake(["out:a#0"])
        for least in (0, 60, 120):
            wait_until(lambda least=least: states(fresh_store, ids).count("delivered") > least, within=WITHIN)
            execute(fresh_store, cut)

        def swept_to_the_end() -> bool:
            clock.advance(timedelta(seconds=1))  # for rows that were postponed
            sweep(fresh_store, lanes, clock)
            return all_delivered(fresh_store, ids)

        wait_until(swept_to_the_end, within=WITHIN)


def test_a_job_whose_worker_is_gone_is_found_and_its_lane_runs(fresh_store: Store, lanes: Lanes) -> None:
    lanes.wake(["out:a#0", "out:b#0"])
    execute(fresh_store, "INSERT INTO procrastinate_workers DEFAULT VALUES")
    execute(
        fresh_store,
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)"
        " WHERE lock = 'out:a#0'",
    )
    execute(fresh_store, "UPDATE procrastinate_jobs SET status = 'doing' WHERE lock = 'out:b#0'")
    assert lanes.free_dead() == ["out:a#0", "out:b#0"]
    assert jobs(fresh_store) == []
    assert lanes.free_dead() == []


def test_a_worker_that_says_nothing_is_gone_though_its_connections_stand(fresh_store: Store, lanes: Lanes) -> None:
    lanes.wake(["out:a#0"])
    execute(
        fresh_store,
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute')",
    )
    execute(
        fresh_store,
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)",
    )
    with fresh_store.begin() as conn:
        number = conn.execute(text("SELECT max(id) FROM procrastinate_workers")).scalar_one()
    life = SessionLock(fresh_store, f"queue-worker:{number}")
    assert life.held()
    assert lanes.free_dead() == []
    assert lanes.forget_silent() == ["out:a#0"]
    assert jobs(fresh_store) == []
    life.release()


def test_the_job_of_a_living_worker_is_left_alone(fresh_store: Store, lanes: Lanes) -> None:
    begun, may_end = Event(), Event()

    class Waiting(Noting):
        def run(self, lane: str) -> bool:
            begun.set()
            may_end.wait(WITHIN)
            return super().run(lane)

    with working(lanes, Waiting()):
        lanes.wake(["out:a#0"])
        assert begun.wait(WITHIN)
        assert lanes.free_dead() == []
        assert jobs(fresh_store) == [("out:a#0", "doing")]
        may_end.set()
        wait_until(lambda: not jobs(fresh_store), within=WITHIN)


def test_a_silent_node_is_buried_and_its_lanes_are_woken(fresh_store: Store, lanes: Lanes) -> None:
    (row,) = add_deliveries(fresh_store, "out:a#0", 1)
    clock = FakeClock(START)
    with fresh_store.begin() as conn:
        nodes.arrive(conn, NodeFacts("gone"), now=clock.now())
        work.claim(conn, "out:a#0", worker="gone/w", now=clock.now())
    assert bury_dead_nodes(fresh_store, lanes, clock) == []
    with fresh_store.begin() as conn:
        conn.execute(update(node).values(heartbeat_at=node.c.heartbeat_at - nodes.DEAD_AFTER))
    assert bury_dead_nodes(fresh_store, lanes, clock) == ["gone"]
    assert row_of(fresh_store, row).state == "ready"
    assert jobs(fresh_store) == [("out:a#0", "todo")]


def test_chores_are_done_by_one_leader_and_everywhere_chores_by_all(fresh_store: Store) -> None:
    done: list[tuple[str, str]] = []

    def crew(node: str) -> Chores:
        led = Chore("led", OFTEN, lambda: done.append((node, "led")))
        beat = Chore("beat", OFTEN, lambda: done.append((node, "beat")), everywhere=True)
        return Chores(fresh_store, [led, beat])

    stops = {node: Event() for node in ("a", "b")}
    threads = {node: Thread(target=crew(node).run, args=(stops[node],)) for node in stops}
    for thread in threads.values():
        thread.start()
    try:
        wait_until(lambda: {("a", "beat"), ("b", "beat")} <= set(done), within=WITHIN)
        leader = wait_until(lambda: [node for node, chore in done if chore == "led"], within=WITHIN)[0]
        assert {node for node, chore in done if chore == "led"} == {leader}
        stops[leader].set()
        heir = next(node for node in stops if node != leader)
        wait_until(lambda: (heir, "led") in done, within=WITHIN, what="the other to lead")
    finally:
        for node in stops:
            stops[node].set()
            threads[node].join(WITHIN)


def test_a_chore_that_fails_is_tried_again_at_its_next_time(fresh_store: Store) -> None:
    calls: list[int] = []
    stop = Event()

    def fail_twice() -> None:
        calls.append(1)
        if len(calls) == 3:
            stop.set()
            return
        raise OSError("no space")

    Chores(fresh_store, [Chore("failing", OFTEN, fail_twice)]).run(stop)
    assert len(calls) == 3
