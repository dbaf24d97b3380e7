"""Every change of state is one event of the log, with its transmission's id, once it is committed."""

from __future__ import annotations

import logging
from pathlib import Path

import structlog
from structlog.testing import capture_logs

from gateway.change_log import ChangeLog
from gateway.store import audit
from gateway.store.engine import Store
from tests.gateway.inbound_line import Line, file_of


def changed(line: Line, log: ChangeLog) -> list[dict[str, object]]:
    audit.Sealer(line.store).seal_pending()
    with capture_logs() as events:
        log.tell()
    return [dict(one) for one in events]


def test_an_orders_whole_life_is_told_with_its_transmissions_ids_and_once(fresh_store: Store, tmp_path: Path) -> None:
    line, log = Line(fresh_store, tmp_path), ChangeLog(fresh_store)
    assert changed(line, log) == []
    life = line.sent(file_of("PO-1"))
    [answer] = [one["transmission_id"] for found in life["interchanges"] for one in found["acknowledgments"]]
    events = changed(line, log)
    assert [one["event"] for one in events] == [
        "transmission.received",
        "transmission.made",
        "transmission.processed",
        "delivery.delivered",
    ]
    mine = life["transmission"]["id"]
    assert [one["transmission"] for one in events] == [mine, str(answer), mine, mine]
    [delivered] = [one for one in events if one["event"] == "delivery.delivered"]
    assert delivered["delivery"] == str(life["documents"][0]["deliveries"][0]["id"])
    assert delivered["actor"] == "destination:erp"
    assert changed(line, log) == []


def test_what_was_before_it_began_and_what_was_rolled_back_is_not_told(fresh_store: Store, tmp_path: Path) -> None:
    line = Line(fresh_store, tmp_path)
    line.sent(file_of("PO-1"))
    log = ChangeLog(fresh_store)
    assert changed(line, log) == []
    try:
        with fresh_store.begin() as conn:
            audit.record(
                conn, at=line.clock.now(), actor="test", action="x.y", subject="nothing", subject_id="1", detail={}
            )
            raise LookupError
    except LookupError:
        pass
    assert changed(line, log) == []


def test_more_than_fit_one_look_are_all_told(fresh_store: Store, tmp_path: Path) -> None:
    line, log = Line(fresh_store, tmp_path), ChangeLog(fresh_store)
    changed(line, log)
    with fresh_store.begin() as conn:
        for number in range(1001):
            audit.record(
                conn,
                at=line.clock.now(),
                actor="test",
                action="thing.happened",
                subject="thing",
                subject_id=str(number),
                detail={"n": number},
            )
    assert [one["thing"] for one in changed(line, log)] == [str(number) for number in range(1001)]


def test_nothing_is_read_where_nobody_would_see_it(fresh_store: Store, tmp_path: Path) -> None:
    line, log = Line(fresh_store, tmp_path), ChangeLog(fresh_store)
    changed(line, log)
    line.sent(file_of("PO-1"))
    audit.Sealer(line.store).seal_pending()
    before = structlog.get_config()
    try:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        assert log.tell() == 0
    finally:
        structlog.configure(**before)
