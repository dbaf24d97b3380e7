"""A document that kills whoever reads or delivers it, amid others: quarantined the third time, and the others go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from uuid import UUID

import pytest
from sqlalchemy import select

from gateway.chores import Chores, lane_chores
from gateway.lanes import Lanes
from gateway.ports import SystemClock
from gateway.store.engine import Store
from gateway.store.tables import delivery, exception, transmission
from gateway.workers import Workers
from tests.figures import Figures
from tests.gateway.inbound_line import Line, file_of
from tests.gateway.worker_factories import POISON
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

WITHIN = 240.0
"""Seconds; each of the three crashes costs the start of a process, which takes long where much else runs."""
FACTORY = "tests.gateway.worker_factories:poisoned"
OTHERS = 12


@contextmanager
def working(store: Store, **options: str) -> Iterator[None]:
    """One worker process and its parent, as on a node."""
    lanes, stop = Lanes(store), Event()
    workers = Workers(store, lanes, SystemClock(), node="test", factory=FACTORY, count=1, options=options)
    chores = Chores(store, lane_chores(store, lanes, SystemClock()))
    threads = [Thread(target=run, args=(stop,)) for run in (workers.run, chores.run)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        lanes.close()


def file_place(place: int, *numbers: str) -> bytes:
    return file_of(*numbers, control=f"{place:09}")


def quarantined(store: Store) -> list[tuple[str, float]]:
    """What was put into quarantine, and how many seconds later the next of the others came to its end."""
    with store.begin() as conn:
        found = conn.execute(
            select(exception.c.code, exception.c.opened_at, exception.c.delivery_id, exception.c.transmission_id)
        ).all()
        told = []
        for row in found:
            rows = delivery if row.delivery_id is not None else transmission
            ends = select(rows.c.finished_at).where(rows.c.finished_at > row.opened_at).order_by(rows.c.finished_at)
            following = conn.execute(ends.limit(1)).scalar_one_or_none()
            told.append((row.code, -1.0 if following is None else (following - row.opened_at).total_seconds()))
    return told


def are_through(store: Store, orders: int) -> bool:
    """Whether so many orders are delivered, and no more: whatever kills must not arrive."""
    delivered = states(store)["delivered"]
    assert delivered <= orders
    return delivered == orders


def states(store: Store) -> Counter[str]:
    with store.begin() as conn:
        return Counter(conn.execute(select(delivery.c.state)).scalars())


def test_a_file_that_kills_its_readers_is_set_aside_and_those_behind_it_are_read(
    fresh_store: Store, tmp_path: Path, figures: Figures
) -> None:
    (tmp_path / "erp").mkdir()
    line = Line(fresh_store, tmp_path)
    fatal: UUID | None = None
    for place in range(1, OTHERS + 1):
        if place == OTHERS // 3:
            fatal = line.drop(file_place(999, POISON), name="poison.edi")
        line.drop(file_place(place, f"PO-{place}"), name=f"{place}.edi")
    with working(fresh_store, home=str(tmp_path), at="in"):
        wait_until(lambda: are_through(fresh_store, OTHERS), within=WITHIN, what="the others delivered")
        wait_until(lambda: len(quarantined(fresh_store)) == 1, within=WITHIN)
        line.drop(file_place(1000, "PO-LATER"), name="later.edi")
        wait_until(lambda: are_through(fresh_store, OTHERS + 1), within=WITHIN, what="one that came later")
    [(code, seconds)] = quarantined(fresh_store)
    assert code == "work.poison"
    assert sorted(line.numbers()) == sorted([*(f"PO-{place}" for place in range(1, OTHERS + 1)), "PO-LATER"])
    with fresh_store.begin() as conn:
        rows = conn.execute(select(transmission.c.id, transmission.c.state, transmission.c.crashes)).all()
    assert [(row.id, row.crashes) for row in rows if row.state == "quarantined"] == [(fatal, 3)]
    figures("A file that kills its reader", {"from quarantine to the next file read": f"{seconds:.2f} s"})


def test_a_document_that_kills_its_deliverers_is_set_aside_and_the_lane_goes_on(
    fresh_store: Store, tmp_path: Path, figures: Figures
) -> None:
    (tmp_path / "erp").mkdir()
    line = Line(fresh_store, tmp_path)
    numbers = [f"PO-{place}" for place in range(OTHERS)]
    line.drop(file_place(1, *numbers[: OTHERS // 3], POISON, *numbers[OTHERS // 3 :]))
    with working(fresh_store, home=str(tmp_path), at="out"):
        wait_until(lambda: are_through(fresh_store, OTHERS), within=WITHIN, what="the others delivered")
        wait_until(lambda: states(fresh_store)["quarantined"] == 1, within=WITHIN)
        line.drop(file_place(2, "PO-LATER"), name="later.edi")
        wait_until(lambda: are_through(fresh_store, OTHERS + 1), within=WITHIN, what="one that came later")
    [(code, seconds)] = quarantined(fresh_store)
    assert code == "work.poison"
    assert sorted(line.numbers()) == sorted([*numbers, "PO-LATER"])
    with fresh_store.begin() as conn:
        rows = conn.execute(select(delivery.c.state, delivery.c.crashes)).all()
    assert [row.crashes for row in rows if row.state == "quarantined"] == [3]
    figures("A document that kills its deliverer", {"from quarantine to the next delivered": f"{seconds:.2f} s"})
