"""What nobody reports is looked for: told once when it begins, and resolved when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.alerts.watches import GAP_PATIENCE, RUNS_SHOWN, Watches
from gateway.settings import SETTINGS_FILE
from gateway.store import destinations, exceptions
from gateway.store.engine import Store
from gateway.store.tables import exception
from sftp.ports import Account, Area, Place, Received
from tests.gateway.inbound_line import Line, file_of

SETTINGS = "alerts: {silent: {acme: 24h}, gaps: [acme], paused_after: 20m, stalled_after: 20m, disk_below: 15}\n"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class Watched:
    """A gateway whose clock is turned, and what was opened in it."""

    def __init__(self, store: Store, home: Path) -> None:
        (home / SETTINGS_FILE).write_text(SETTINGS, encoding="utf-8")
        self.line = Line(store, home)
        self.store, self.clock = store, self.line.clock
        self.free = 0.5
        self.watches: Watches = replace(self.line.gateway.watches(), free=lambda: self.free, node="edi-1")

    def fails(self, destination: str = "erp") -> None:
        with self.store.begin() as conn:
            destinations.failed(conn, destination, at=self.clock.now(), reason="503")

    def answers(self, destination: str = "erp") -> None:
        with self.store.begin() as conn:
            destinations.answered(conn, destination, at=self.clock.now())

    def found(self) -> list[tuple[str, str]]:
        """Exceptions of these codes in the order they were opened, with their state."""
        columns = exception.c
        wanted = columns.code.in_(
            (
                "destination.down",
                "lane.stalled",
                "partner.silent",
                "control_numbers.missing",
                "disk.low",
                "mailbox.waiting",
            )
        )
        with self.store.begin() as conn:
            rows = conn.execute(select(columns.reason, columns.state).where(wanted).order_by(columns.opened_at)).all()
        return [(row.reason, row.state) for row in rows]

    def states(self) -> list[str]:
        return [state for _, state in self.found()]

    def a_person_resolves(self) -> None:
        with self.store.begin() as conn:
            for id in conn.execute(select(exception.c.id).where(exception.c.state == "open")).scalars().all():
                exceptions.resolve(conn, id, by="cli:eva", at=self.clock.now())


@pytest.fixture
def watched(fresh_store: Store, tmp_path: Path) -> Watched:
    return Watched(fresh_store, tmp_path)


def test_a_destination_is_told_of_when_it_has_failed_for_long_and_resolved_when_it_answers(watched: Watched) -> None:
    watched.fails()
    for _ in range(20):
        watched.watches.look_at_destinations()
        assert watched.found() == []
        watched.clock.advance(MINUTE)
    watched.fails()
    for _ in range(3):
        watched.watches.look_at_destinations()
    reason = "erp has not taken anything since 2026-01-05 09:00 UTC, 2 failures: 503"
    assert watched.found() == [(reason, "open")]
    watched.answers()
    watched.watches.look_at_destinations()
    assert watched.found() == [(reason, "resolved")]


def test_what_a_person_resolved_is_told_again_only_when_it_begins_anew(watched: Watched) -> None:
    watched.fails()
    watched.clock.advance(HOUR)
    watched.watches.look_at_destinations()
    watched.a_person_resolves()
    watched.clock.advance(HOUR)
    watched.watches.look_at_destinations()
    assert watched.states() == ["resolved"]
    watched.answers()
    watched.clock.advance(MINUTE)
    watched.fails()
    watched.clock.advance(HOUR)
    watched.watches.look_at_destinations()
    assert watched.states() == ["resolved", "open"]


def test_a_destination_that_is_gone_from_the_settings_is_told_of_no_more(watched: Watched) -> None:
    watched.fails("old-erp")
    watched.clock.advance(HOUR)
    watched.watches.look_at_destinations()
    assert watched.found() == []


def test_a_lane_whose_next_row_is_not_begun_is_stalled_until_it_is(watched: Watched) -> None:
    watched.line.drop(file_of("PO-1"))
    [lane] = watched.line.due()
    for _ in range(20):
        watched.watches.look_at_lanes()
        assert watched.found() == []
        watched.clock.advance(MINUTE)
    watched.watches.look_at_lanes()
    reason = f"nothing in lane {lane} was begun since 2026-01-05 09:00 UTC"
    assert watched.found() == [(reason, "open")]
    another = replace(watched.watches, _heads={})  # a node that leads from now on has not seen it before
    another.look_at_lanes()
    assert watched.found() == [(reason, "open")]
    watched.line.run()
    another.look_at_lanes()
    assert watched.found() == [(reason, "resolved")]


def test_a_lane_that_moves_on_is_not_stalled_however_long_it_is(watched: Watched) -> None:
    for number in range(1, 4):
        watched.line.drop(file_of(f"PO-{number}", control=f"{number:09}"), name=f"{number}.edi")
    for _ in range(3):
        [lane] = [one for one in watched.line.due() if one.startswith("in:")]
        watched.watches.look_at_lanes()
        watched.clock.advance(19 * MINUTE)
        with watched.store.begin() as conn:
            conn.exec_driver_sql(
                "UPDATE transmission SET state = 'processed', finished_at = now() WHERE id = "
                "(SELECT id FROM transmission WHERE state = 'received' ORDER BY seq LIMIT 1)"
            )
        watched.watches.look_at_lanes()
    assert watched.found() == []
    assert lane.startswith("in:acme")


def test_a_partner_who_sent_before_and_is_silent_is_told_of_until_he_sends(watched: Watched) -> None:
    watched.clock.advance(48 * HOUR)
    watched.watches.look_at_partners()
    assert watched.found() == [], "a partner who never sent anything is new"
    watched.line.sent(file_of("PO-1"))
    watched.clock.advance(24 * HOUR - MINUTE)
    watched.watches.look_at_partners()
    assert watched.found() == []
    watched.clock.advance(MINUTE)
    for _ in range(2):
        watched.watches.look_at_partners()
    reason = "nothing from acme since 2026-01-07 09:00 UTC"
    assert watched.found() == [(reason, "open")]
    watched.line.sent(file_of("PO-2", control="000000018"), name="2.edi")
    watched.watches.look_at_partners()
    assert watched.found() == [(reason, "resolved")]


def test_a_test_file_does_not_break_a_partners_silence(watched: Watched) -> None:
    watched.line.sent(file_of("PO-1"))
    watched.clock.advance(25 * HOUR)
    watched.line.sent(file_of("PO-2", control="000000018", usage="T"), name="2.edi")
    watched.watches.look_at_partners()
    assert watched.states() == ["open"]


def test_missing_control_numbers_are_told_after_a_while_and_resolved_when_they_came_late(watched: Watched) -> None:
    for control in (1, 2, 5, 7):
        watched.line.sent(file_of(f"PO-{control}", control=f"{control:09}"), name=f"{control}.edi")
    watched.watches.look_at_numbers()
    assert watched.found() == [], "they may come late"
    watched.clock.advance(GAP_PATIENCE)
    for _ in range(2):
        watched.watches.look_at_numbers()
    reason = "ISA13 from acme: 3-4, 6 missing"
    assert (reason, "open") in watched.found()
    for control in (3, 4, 6):
        watched.line.sent(file_of(f"PO-{control}", control=f"{control:09}"), name=f"{control}.edi")
    watched.watches.look_at_numbers()
    assert (reason, "resolved") in watched.found()


def test_only_so_many_gaps_are_spelled_out_and_a_new_one_is_told_after_the_old_were_resolved(watched: Watched) -> None:
    for control in range(1, 2 * RUNS_SHOWN + 6, 2):
        watched.line.sent(file_of(f"PO-{control}", control=f"{control:09}"), name=f"{control}.edi")
    watched.clock.advance(GAP_PATIENCE)
    watched.watches.look_at_numbers()
    assert ("ISA13 from acme: 2, 4, 6, 8, 10 and 2 more missing", "open") in watched.found()
    watched.a_person_resolves()
    watched.watches.look_at_numbers()
    assert "open" not in watched.states()
    watched.line.sent(file_of("PO-99", control="000000099"), name="99.edi")
    watched.clock.advance(GAP_PATIENCE)
    watched.watches.look_at_numbers()
    assert "open" in watched.states()


def test_dropped_files_that_never_count_are_told_of_until_they_do_or_are_gone(watched: Watched) -> None:
    box, account, place = watched.line.box, Account("acme"), Place(Area.IN)

    def drop(name: str, *, part: bool = False) -> None:
        received = Received(place, name, BytesIO(b"ISA"), 3, counts=False, began_at=watched.clock.now())
        (box.keep_partial if part else box.receive)(account, received)

    drop("po.tmp")
    watched.clock.advance(HOUR)
    drop("half.edi", part=True)
    watched.watches.look_at_mailboxes()
    watched.clock.advance(23 * HOUR)
    for _ in range(2):
        watched.watches.look_at_mailboxes()
    since = "since 2026-01-05 09:00 UTC: its rename or its flag file is missing"
    assert watched.found() == [(f"1 file(s) in /in of acme do not count; the oldest, po.tmp, {since}", "open")]
    watched.a_person_resolves()
    watched.watches.look_at_mailboxes()
    assert watched.states() == ["resolved"], "known to a person"
    watched.clock.advance(HOUR)
    watched.watches.look_at_mailboxes()
    assert watched.found()[1:] == [(f"2 file(s) in /in of acme do not count; the oldest, po.tmp, {since}", "open")]
    box.rename(account, place, "po.tmp", "po.edi", replace=False, counts=True)
    watched.watches.look_at_mailboxes()
    box.remove(account, place, "half.edi")
    watched.watches.look_at_mailboxes()
    assert watched.states() == ["resolved", "resolved"]


def test_a_disk_that_fills_up_is_told_of_until_there_is_room(watched: Watched) -> None:
    watched.watches.look_at_disk()
    assert watched.found() == []
    watched.free = 0.149
    for _ in range(2):
        watched.watches.look_at_disk()
    assert watched.found() == [("14.9 % of the disk of edi-1 is free; want 15 %", "open")]
    other = replace(watched.watches, free=lambda: 0.9, node="edi-2")
    other.look_at_disk()
    assert watched.states() == ["open"], "another node's disk says nothing of this one's"
    watched.free = 0.15
    watched.watches.look_at_disk()
    assert watched.states() == ["resolved"]
