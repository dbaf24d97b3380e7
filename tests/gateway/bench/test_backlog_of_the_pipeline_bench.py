"""The backlog of the pipeline bench waits in the very lanes of the folders, and nothing of it is due."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from gateway.bench.pipeline_backlog import ROWS_AT_ONCE, put_off
from gateway.bench.pipeline_home import DESTINATIONS, destination
from gateway.store import work
from gateway.store.engine import Store
from gateway.store.tables import delivery, document
from tests.gateway.inbound_line import Line, file_of

IN_FLIGHT = 4
COUNT = ROWS_AT_ONCE + 10


def test_a_backlog_is_spread_over_all_lanes_and_waits_there_for_a_day(fresh_store: Store, tmp_path: Path) -> None:
    line = Line(fresh_store, tmp_path)
    line.sent(file_of("PO-1"))
    with fresh_store.begin() as conn:
        documents = conn.execute(select(document.c.id)).scalars().all()
    now = line.clock.now()
    put_off(fresh_store, COUNT, documents=documents, in_flight=IN_FLIGHT, at=now)
    with fresh_store.begin() as conn:
        rows = conn.execute(select(delivery.c.lane, delivery.c.state).where(delivery.c.attempts == 1)).all()
        held = Counter(row.lane for row in rows if row.state == "retrying")
        assert set(held) == {f"out:{destination(n)}#{lane}" for n in range(DESTINATIONS) for lane in range(IN_FLIGHT)}
        assert held.total() == COUNT
        assert max(held.values()) < 2 * min(held.values())
        assert work.due_lanes(conn, now + timedelta(hours=23)) == []
        assert set(work.due_lanes(conn, now + timedelta(days=1))) == set(held)
