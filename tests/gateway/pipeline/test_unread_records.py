"""A record of a business system that cannot be read is one exception until it can be; it keeps nothing else waiting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.adapters.events import Event, Page, Told, Unread
from gateway.pipeline import told_events
from gateway.pipeline.polling import Polling
from gateway.pipeline.replay import Replayed, Verb
from gateway.store import exception_groups, exceptions
from gateway.store.engine import Store
from gateway.store.replayable import Selection
from gateway.store.tables import audit, exception
from tests.gateway.pipeline.test_polling import Shop, acknowledgment
from tests.gateway.pipeline.test_replay import replay_of

RECORD = "sale:7"
GROUP = exceptions.fingerprint("erp", told_events.UNREAD)


@dataclass(slots=True)
class System:
    """Tells of everything it was given since it was asked last; `now` is what it says when it is asked again."""

    told: list[Told] = field(default_factory=list)
    now: list[Told] = field(default_factory=list)
    asked_again: list[list[str]] = field(default_factory=list)

    def poll(self, cursor: str | None, limit: int) -> Page[Told]:
        begin = int(cursor or 0)
        return Page(tuple(self.told[begin : begin + limit]), str(min(len(self.told), begin + limit)))

    def tell_again(self, records: Sequence[str]) -> Sequence[Told]:
        self.asked_again.append(list(records))
        return self.now


class Asked(Shop):
    """A shop whose business system may be asked again."""

    def __init__(self, store: Store, home: Path) -> None:
        super().__init__(store, home)
        self.says = System()

    def poll(self) -> int:
        told = self.line.gateway.told_events("erp", self.woken.extend)
        return Polling(self.line.store, self.line.clock, "erp", self.says, told).run()

    def confirms(self, number: str, *, record: str = RECORD) -> Event:
        return Event(record, acknowledgment(number), about=self.order(number), record=record)

    def retry(self) -> list[Replayed]:
        replay = replay_of(self.line)
        return [replay.replay(Verb.RESEND, one) for one in replay.find(Verb.RESEND, Selection(group=GROUP), most=10)]

    def reasons(self) -> list[tuple[str, str, str | None]]:
        with self.line.store.begin() as conn:
            rows = conn.execute(select(exception).order_by(exception.c.opened_at, exception.c.id))
            return [(row.state, row.reason, row.resolved_by) for row in rows]


@pytest.fixture
def asked(fresh_store: Store, tmp_path: Path) -> Asked:
    return Asked(fresh_store, tmp_path)


def unread(reason: str = "its unit is unknown") -> Unread:
    return Unread(RECORD, "sale S-7", reason)


def test_what_cannot_be_read_is_an_exception_by_its_name_and_the_others_go_on(asked: Asked) -> None:
    asked.says.told = [unread(), asked.confirms("PO-1", record="sale:8")]
    assert asked.poll() == 2
    asked.line.run()
    assert asked.sets() == ["ST*855", "ST*997"]
    assert asked.exceptions() == [(told_events.UNREAD, "open")]
    [(_, reason, _)] = asked.reasons()
    assert reason == "sale S-7 of erp cannot be told of: its unit is unknown"
    assert asked.poll() == 0
    assert asked.says.asked_again == []


def test_what_stays_unread_after_it_was_changed_is_still_one_exception(asked: Asked) -> None:
    asked.says.told = [unread(), unread("its price is missing")]
    assert asked.poll() == 1
    assert asked.exceptions() == [(told_events.UNREAD, "open")]


def test_what_was_changed_and_can_be_read_is_sent_and_its_exception_over(asked: Asked) -> None:
    asked.says.told = [unread()]
    asked.poll()
    asked.says.told.append(asked.confirms("PO-1"))
    assert asked.poll() == 1
    asked.line.run()
    assert asked.sets() == ["ST*855", "ST*997"]
    [(state, _, by)] = asked.reasons()
    assert (state, by) == ("resolved", "gateway")


def test_a_retry_has_it_asked_for_once_more(asked: Asked) -> None:
    asked.says.told = [unread()]
    asked.poll()
    asked.says.now = [unread()]
    [done] = asked.retry()
    assert (done.done, done.says) == (True, "erp is asked for it again")
    assert asked.poll() == 0
    assert asked.exceptions() == [(told_events.UNREAD, "open")]
    asked.poll()
    assert asked.says.asked_again == [[RECORD]]
    asked.says.now = [asked.confirms("PO-1")]
    asked.retry()
    assert asked.poll() == 1
    asked.line.run()
    assert asked.sets() == ["ST*855", "ST*997"]
    assert asked.exceptions() == [(told_events.UNREAD, "resolved")]
    with asked.line.store.begin() as conn:
        acts = conn.execute(select(audit.c.actor).where(audit.c.action == "exception.replayed")).scalars().all()
    assert acts == ["cli:anna", "cli:anna"]


def test_what_is_gone_when_it_is_asked_for_again_is_over(asked: Asked) -> None:
    asked.says.told = [unread()]
    asked.poll()
    asked.retry()
    assert asked.poll() == 0
    assert asked.exceptions() == [(told_events.UNREAD, "resolved")]
    assert asked.retry() == []


def test_one_that_was_dismissed_by_a_person_is_told_of_anew_when_it_fails_again(asked: Asked) -> None:
    asked.says.told = [unread()]
    asked.poll()
    with asked.line.store.begin() as conn:
        [id] = exception_groups.open_members(conn, GROUP)
        exceptions.resolve(conn, id, by="cli:eva", at=asked.line.clock.now())
    assert asked.retry() == []
    asked.says.told.append(unread())
    assert asked.poll() == 1
    assert sorted(state for state, _, _ in asked.reasons()) == ["open", "resolved"]


def test_a_wish_that_came_too_late_is_refused(asked: Asked) -> None:
    asked.says.told = [unread()]
    asked.poll()
    replay = replay_of(asked.line)
    [item] = replay.find(Verb.RESEND, Selection(group=GROUP), most=10)
    asked.says.told.append(asked.confirms("PO-1"))
    asked.poll()
    done = replay.replay(Verb.RESEND, item)
    assert (done.done, done.says) == (False, "it was read meanwhile")
