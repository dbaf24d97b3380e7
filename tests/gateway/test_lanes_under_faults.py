"""Lanes while databases, workers and nodes are killed and stopped: everything once, in order, to the last row."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest
from sqlalchemy import select

from gateway.chores import Chores, lane_chores
from gateway.errors import StoreUnavailable
from gateway.lanes import Lanes
from gateway.ports import SystemClock
from gateway.store import nodes
from gateway.store.embedded import EmbeddedPostgres
from gateway.store.engine import Store, migrate, open_store
from gateway.store.tables import delivery
from gateway.worker_process import Patience
from gateway.workers import Workers
from tests.gateway.work_rows import add_deliveries
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

FACTORY = "tests.gateway.worker_factories:delivering"
WITHIN = 60.0
KILLS = 15


@contextmanager
def node(store: Store, name: str, *, count: int, options: dict[str, str], silence: float = 10.0) -> Iterator[Workers]:
    lanes = Lanes(store, silent_after=3.0)
    workers = Workers(
        store,
        lanes,
        SystemClock(),
        node=name,
        factory=FACTORY,
        count=count,
        options=options,
        patience=Patience(silence=silence),
    )
    chores = Chores(store, lane_chores(store, lanes, SystemClock()))
    stop = Event()
    threads = [Thread(target=run, args=(stop,)) for run in (workers.run, chores.run)]
    for thread in threads:
        thread.start()
    try:
        yield workers
    finally:
        stop.set()
        for thread in threads:
            thread.join(WITHIN)
        lanes.close()


def finished(store: Store) -> int:
    """How many rows are delivered; fewer than that while the database is away."""
    with suppress(StoreUnavailable), store.begin() as conn:
        rows = conn.execute(select(delivery.c.id).where(delivery.c.state == "delivered"))
        return len(rows.all())
    return -1


def effects(path: str) -> list[str]:
    file = Path(path)
    return [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []


def test_eight_workers_under_kills_work_one_key_in_order_and_every_row_once(fresh_store: Store, tmp_path: Path) -> None:
    done = str(tmp_path / "done")
    one_key = add_deliveries(fresh_store, "out:erp#0", 300, key="4500012")
    others = [row for number in range(1, 5) for row in add_deliveries(fresh_store, f"out:erp#{number}", 300)]
    chance = random.Random(20260105)
    with node(fresh_store, "n", count=8, options={"done": done}) as workers:
        for kill in range(KILLS):
            wait_until(lambda kill=kill: len(effects(done)) >= 80 * kill, within=WITHIN)
            pids = wait_until(workers.pids, within=WITHIN)
            with suppress(ProcessLookupError):
                os.kill(chance.choice(pids), signal.SIGKILL)
        wait_until(lambda: finished(fresh_store) == 1500, within=WITHIN)
    # A worker killed between its commit and its note leaves no note: at most one for each kill.
    noted = effects(done)
    assert max(Counter(noted).values()) == 1
    assert len(noted) >= len(one_key) + len(others) - KILLS
    wanted = [str(one) for one in one_key]
    assert [one for one in noted if one in wanted] == [one for one in wanted if one in noted]


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path)
    yield server
    server.remove()


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_database_that_goes_and_comes_back_costs_no_row(
    own_server: EmbeddedPostgres, tmp_path: Path, how: str
) -> None:
    url = own_server.start()
    migrate(url)
    store = open_store(url)
    done = str(tmp_path / "done")
    ids = [row for number in range(3) for row in add_deliveries(store, f"out:erp#{number}", 400)]
    with node(store, "n", count=2, options={"done": done}):
        for least in (50, 300, 600):
            wait_until(lambda least=least: len(effects(done)) > least, within=WITHIN)
            if how == "killed":
                pid = own_server.pid()
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
            else:
                own_server.stop()
            assert own_server.start() == url
        wait_until(lambda: finished(store) == len(ids), within=WITHIN)
    noted = effects(done)
    assert max(Counter(noted).values()) == 1
    assert set(noted) <= {str(one) for one in ids}
    store.close()


def test_a_node_that_slept_and_wakes_delivers_nothing_twice(fresh_store: Store, tmp_path: Path) -> None:
    """Its node is taken for dead and its row worked elsewhere; what it does after it wakes is refused."""
    options = {"done": str(tmp_path / "done"), "begun": str(tmp_path / "begun"), "gate": str(tmp_path / "gate")}
    (row,) = add_deliveries(fresh_store, "out:erp#0", 1, key="gate")
    with node(fresh_store, "sleeper", count=1, options=options, silence=WITHIN) as sleeper:
        wait_until(lambda: effects(options["begun"]), within=WITHIN)
        (pid,) = sleeper.pids()
        psutil.Process(pid).suspend()
        try:
            with fresh_store.begin() as conn:
                nodes.leave(conn, "sleeper", now=SystemClock().now())
            with node(fresh_store, "heir", count=1, options=options):
                wait_until(lambda: len(effects(options["begun"])) == 2, within=WITHIN)
                Path(options["gate"]).touch()
                wait_until(lambda: finished(fresh_store) == 1, within=WITHIN)
        finally:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(pid).resume()
        other = add_deliveries(fresh_store, "out:erp#0", 1)
        wait_until(lambda: finished(fresh_store) == 2, within=WITHIN)
    assert Counter(effects(options["done"])) == {str(row): 1, str(other[0]): 1}
