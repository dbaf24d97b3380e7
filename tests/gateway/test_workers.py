"""Worker processes under their parent: real processes, really killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from uuid import UUID

import psutil
import pytest
from sqlalchemy import select, text

from gateway.chores import Chores, lane_chores
from gateway.errors import WorkersFault
from gateway.lanes import Lanes
from gateway.ports import SystemClock
from gateway.store import nodes
from gateway.store.engine import Store
from gateway.store.tables import exception, node
from gateway.worker_process import Patience
from gateway.workers import Workers
from tests.gateway.work_rows import add_deliveries, add_delivery, row_of, states
from tests.waiting import wait_until

WITHIN = 30.0
FACTORY = "tests.gateway.worker_factories:delivering"


@pytest.fixture
def lanes(fresh_store: Store) -> Iterator[Lanes]:
    opened = Lanes(fresh_store)
    yield opened
    opened.close()


@pytest.fixture
def notes(tmp_path: Path) -> dict[str, str]:
    return {name: str(tmp_path / name) for name in ("gate", "begun", "done")}


@contextmanager
def running(
    store: Store, lanes: Lanes, *, count: int = 1, options: dict[str, str], **more: object
) -> Iterator[Workers]:
    workers = Workers(store, lanes, SystemClock(), node="test", factory=FACTORY, count=count, options=options, **more)  # type: ignore[arg-type]
    chores = Chores(store, lane_chores(store, lanes, SystemClock()))
    stop = Event()
    threads = [Thread(target=run, args=(stop,)) for run in (workers.run, chores.run)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: len(workers.pids()) == count, within=WITHIN, what="workers to come up")
        yield workers
    finally:
        stop.set()
        for thread in threads:
            thread.join(WITHIN)
            assert not thread.is_alive()


def noted(path: str) -> list[list[str]]:
    file = Path(path)
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


def delivered(store: Store, ids: list[UUID]) -> bool:
    return set(states(store, ids)) == {"delivered"}


def test_rows_are_worked_by_worker_processes_once_each(fresh_store: Store, lanes: Lanes, notes: dict[str, str]) -> None:
    ids = [row for number in range(3) for row in add_deliveries(fresh_store, f"out:erp#{number}", 50)]
    with running(fresh_store, lanes, count=2, options=notes) as workers:
        wait_until(lambda: delivered(fresh_store, ids), within=WITHIN)
        pids = {str(pid) for pid in workers.pids()}
    done = noted(notes["done"])
    assert sorted(line[0] for line in done) == sorted(map(str, ids))
    assert {line[2] for line in done} <= pids
    with fresh_store.begin() as conn:
        assert conn.execute(select(node.c.ending)).scalars().all() == ["stopped"]


def test_one_lane_is_worked_in_order_whatever_the_number_of_workers(
    fresh_store: Store, lanes: Lanes, notes: dict[str, str]
) -> None:
    ids = add_deliveries(fresh_store, "out:erp#0", 200)
    with running(fresh_store, lanes, count=2, options=notes):
        wait_until(lambda: delivered(fresh_store, ids), within=WITHIN)
    assert [line[0] for line in noted(notes["done"])] == [str(one) for one in ids]


def test_a_killed_workers_rows_are_worked_by_another_at_once(
    fresh_store: Store, lanes: Lanes, notes: dict[str, str]
) -> None:
    slow = add_delivery(fresh_store, "out:erp#0", key="gate")
    others = add_deliveries(fresh_store, "out:erp#0", 5)
    with running(fresh_store, lanes, options=notes) as workers:
        (pid,) = workers.pids()
        wait_until(lambda: noted(notes["begun"]), within=WITHIN)
        os.kill(pid, signal.SIGKILL)
        Path(notes["gate"]).touch()
        wait_until(lambda: delivered(fresh_store, [slow, *others]), within=WITHIN)
        assert pid not in workers.pids()
    assert {line[2] for line in noted(notes["done"])}.isdisjoint({str(pid)})
    assert row_of(fresh_store, slow).crashes == 1
    assert [row_of(fresh_store, one).crashes for one in others] == [0] * 5


def test_a_row_that_was_being_sent_comes_back_asking_for_recovery(
    fresh_store: Store, lanes: Lanes, notes: dict[str, str]
) -> None:
    row = add_delivery(fresh_store, "out:erp#0", key="sent")
    with running(fresh_store, lanes, options=notes) as workers:
        wait_until(lambda: row_of(fresh_store, row).state == "sending", within=WITHIN)
        os.kill(workers.pids()[0], signal.SIGKILL)
        Path(notes["gate"]).touch()
        wait_until(lambda: delivered(fresh_store, [row]), within=WITHIN)
    assert [line[1] for line in noted(notes["begun"])] == ["ready", "sending"]


@pytest.mark.faults
def test_poison_is_quarantined_at_its_third_crash_and_the_lane_goes_on(
    fresh_store: Store, lanes: Lanes, notes: dict[str, str]
) -> None:
    poison = add_delivery(fresh_store, "out:erp#0", key="poison")
    behind = add_delivery(fresh_store, "out:erp#0", key="poison")
    others = add_deliveries(fresh_store, "out:erp#0", 20)
    with running(fresh_store, lanes, options=notes):
        wait_until(lambda: delivered(fresh_store, others), within=WITHIN, what="the rows behind the poison")
        wait_until(lambda: row_of(fresh_store, poison).state == "quarantined", within=WITHIN)
        later = add_deliveries(fresh_store, "out:erp#0", 2)
        wait_until(lambda: delivered(fresh_store, later), within=WITHIN)
    assert len([line for line in noted(notes["begun"]) if line[0] == str(poison)]) == 3
    assert row_of(fresh_store, behind).state == "ready"
    assert [row_of(fresh_store, one).crashes for one in others] == [0] * 20
    with fresh_store.begin() as conn:
        assert conn.execute(select(exception.c.code)).scalars().all() == ["work.poison"]


def test_a_worker_drains_when_asked_to_stop(fresh_store: Store, lanes: Lanes, notes: dict[str, str]) -> None:
    slow = add_delivery(fresh_store, "out:erp#0", key="gate")
    rest = add_deliveries(fresh_store, "out:erp#0", 3)
    stop = Event()
    workers = Workers(fresh_store, lanes, SystemClock(), node="test", factory=FACTORY, count=1, options=notes)
    thread = Thread(target=workers.run, args=(stop,))
    thread.start()
    lanes.wake(["out:erp#0"])
    wait_until(lambda: noted(notes["begun"]), within=WITHIN)
    wait_until(lambda: _listening(fresh_store), within=WITHIN)
    stop.set()
    wait_until(lambda: not _listening(fresh_store), within=WITHIN, what="the worker to fetch no more")
    Path(notes["gate"]).touch()
    thread.join(WITHIN)
    assert states(fresh_store, [slow, *rest]) == ["delivered", "ready", "ready", "ready"]
    assert [row_of(fresh_store, one).crashes for one in rest] == [0, 0, 0]


def test_a_worker_that_does_not_drain_in_time_is_killed_and_blames_nobody(
    fresh_store: Store, lanes: Lanes, notes: dict[str, str]
) -> None:
    slow = add_delivery(fresh_store, "out:erp#0", key="gate")
    with running(fresh_store, lanes, options=notes, patience=Patience(drain=0.5)):
        wait_until(lambda: noted(notes["begun"]), within=WITHIN)
    assert (row_of(fresh_store, slow).state, row_of(fresh_store, slow).crashes) == ("ready", 0)


def test_a_worker_that_hangs_in_a_row_is_killed_and_replaced(
    fresh_store: Store, lanes: Lanes, notes: dict[str, str]
) -> None:
    add_delivery(fresh_store, "out:erp#0", key="gate")
    with running(fresh_store, lanes, options=notes, patience=Patience(row=1.0)) as workers:
        (pid,) = workers.pids()
        wait_until(lambda: noted(notes["begun"]), within=WITHIN)
        wait_until(lambda: workers.pids() not in ([pid], []), within=WITHIN)
        other = add_deliveries(fresh_store, "out:erp#1", 1)
        wait_until(lambda: delivered(fresh_store, other), within=WITHIN)


def test_a_stopped_worker_is_killed_for_its_silence(fresh_store: Store, lanes: Lanes, notes: dict[str, str]) -> None:
    with running(fresh_store, lanes, options=notes, patience=Patience(silence=2.0)) as workers:
        (pid,) = workers.pids()
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: workers.pids() not in ([pid], []), within=WITHIN)
        ids = add_deliveries(fresh_store, "out:erp#0", 1)
        wait_until(lambda: delivered(fresh_store, ids), within=WITHIN)


def test_an_unknown_factory_is_refused_before_anything_starts(fresh_store: Store, lanes: Lanes) -> None:
    for path in ("gateway.nowhere:build", "gateway.workers:nothing", "gateway.workers"):
        with pytest.raises(WorkersFault, match="module:function"):
            Workers(fresh_store, lanes, SystemClock(), node="n", factory=path, count=1)


def test_workers_that_do_not_come_up_are_not_started_in_a_storm(fresh_store: Store, lanes: Lanes) -> None:
    factory = "tests.gateway.worker_factories:broken"
    workers = Workers(
        fresh_store, lanes, SystemClock(), node="test", factory=factory, count=1, patience=Patience(restart=600)
    )
    stop = Event()
    parent = psutil.Process()
    before = set(parent.children())
    thread = Thread(target=workers.run, args=(stop,))
    thread.start()
    try:
        wait_until(lambda: set(parent.children()) - before, within=WITHIN, what="a start")
        wait_until(lambda: not set(_workers_of(parent)) - before, within=WITHIN, what="its end")
        assert workers.pids() == []
    finally:
        stop.set()
        thread.join(WITHIN)


PARENT = """
import sys
from threading import Event
from gateway.lanes import Lanes
from gateway.ports import SystemClock
from gateway.store.engine import open_store
from gateway.workers import Workers

store = open_store(sys.argv[1])
options = {"gate": sys.argv[2], "begun": sys.argv[3]}
factory = "tests.gateway.worker_factories:delivering"
Workers(store, Lanes(store), SystemClock(), node="test", factory=factory, count=2, options=options).run(Event())
"""


def test_workers_end_with_a_killed_parent_and_the_node_returns_to_its_rows(
    fresh_store: Store, lanes: Lanes, notes: dict[str, str]
) -> None:
    slow = add_delivery(fresh_store, "out:erp#0", key="gate")
    command = [sys.executable, "-c", PARENT, fresh_store.url, notes["gate"], notes["begun"]]
    with subprocess.Popen(command) as parent:
        lanes.wake(["out:erp#0"])
        wait_until(lambda: noted(notes["begun"]), within=WITHIN)
        children = psutil.Process(parent.pid).children()
        assert len(children) >= 2
        parent.kill()
    _, alive = psutil.wait_procs(children, timeout=WITHIN)
    assert alive == []
    assert row_of(fresh_store, slow).state == "working"
    Path(notes["gate"]).touch()
    with running(fresh_store, lanes, options=notes):
        wait_until(lambda: delivered(fresh_store, [slow]), within=WITHIN)
    assert row_of(fresh_store, slow).crashes == 0


def test_a_node_waits_while_another_of_its_name_lives(fresh_store: Store, lanes: Lanes, notes: dict[str, str]) -> None:
    slow = add_delivery(fresh_store, "out:erp#0", key="gate")
    twin = Workers(fresh_store, lanes, SystemClock(), node="test", factory=FACTORY, count=1, options=notes)
    stop = Event()
    thread = Thread(target=twin.run, args=(stop,))
    with running(fresh_store, lanes, options=notes):
        wait_until(lambda: noted(notes["begun"]), within=WITHIN)
        thread.start()
        other = add_deliveries(fresh_store, "out:erp#1", 1)
        assert twin.pids() == []
        Path(notes["gate"]).touch()
        wait_until(lambda: delivered(fresh_store, [slow, *other]), within=WITHIN)
        assert twin.pids() == []
    wait_until(twin.pids, within=WITHIN, what="the twin to take over")
    stop.set()
    thread.join(WITHIN)
    assert row_of(fresh_store, slow).crashes == 0


def test_a_node_says_that_it_is_alive(fresh_store: Store, lanes: Lanes, notes: dict[str, str]) -> None:
    with running(fresh_store, lanes, options=notes), fresh_store.begin() as conn:
        assert conn.execute(select(node.c.name)).scalars().all() == ["test"]
        assert nodes.bury_dead(conn, now=SystemClock().now()) == {}
        conn.execute(text("SELECT 1"))


def _workers_of(parent: psutil.Process) -> list[psutil.Process]:
    return [child for child in parent.children() if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


def _listening(store: Store) -> int:
    """How many workers listen for jobs."""
    with store.begin() as conn:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        return int(conn.execute(text(asked)).scalar_one())
