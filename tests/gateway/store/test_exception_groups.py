"""Exceptions of one matter are one group: told once when it opens and once when it is over, whoever causes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from gateway.errors import NoSuchGroup
from gateway.model import ExceptionState
from gateway.ports import new_id
from gateway.store import exception_groups, exceptions
from gateway.store.engine import Store
from gateway.store.tables import alert, audit

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GROUP = exceptions.fingerprint("acme", "purchase_order", "erp", "unknown_item")
HOUR = timedelta(hours=1)


class Matters:
    """Exceptions of a store, and a clock that goes on an hour with each thing done."""

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, START

    def open(self, *, group: str = GROUP, code: str = "unknown_item", reason: str = "no item") -> UUID:
        id = new_id()
        self.now += HOUR
        with self.store.begin() as conn:
            exceptions.open_exception(conn, id=id, at=self.now, code=code, reason=reason, group=group)
        return id

    def resolve(self, id: UUID) -> None:
        self.now += HOUR
        with self.store.begin() as conn:
            exceptions.resolve(conn, id, by="cli:eva", at=self.now)

    def group(self) -> exception_groups.Group:
        with self.store.begin() as conn:
            return exception_groups.find(conn, GROUP)

    def told(self) -> list[tuple[str, str]]:
        with self.store.begin() as conn:
            rows = conn.execute(select(alert.c.event, alert.c.code).order_by(alert.c.at)).all()
        return [(row.event, row.code) for row in rows]

    def listed(self, **wanted: object) -> list[str]:
        with self.store.begin() as conn:
            found = exception_groups.listed(conn, now=self.now, **wanted)  # type: ignore[arg-type] as each test says
        return [one.fingerprint for one in found]


@pytest.fixture
def matters(fresh_store: Store) -> Matters:
    return Matters(fresh_store)


def test_a_thousand_exceptions_of_one_matter_are_told_once(matters: Matters) -> None:
    ids = [matters.open() for _ in range(5)]
    assert matters.told() == [("opened", "unknown_item")]
    for id in ids[:-1]:
        matters.resolve(id)
    assert (matters.group().open, matters.group().ever) == (1, 5)
    assert matters.told() == [("opened", "unknown_item")]
    matters.resolve(ids[-1])
    assert matters.group().state == ExceptionState.RESOLVED
    assert matters.group().resolved_by == "cli:eva"
    assert matters.told() == [("opened", "unknown_item"), ("resolved", "unknown_item")]


def test_a_matter_that_comes_back_opens_anew_and_keeps_its_owner(matters: Matters) -> None:
    matters.resolve(matters.open())
    with matters.store.begin() as conn:
        exception_groups.assign(conn, GROUP, "eva", by="cli:eva", at=matters.now)
    matters.open(reason="again")
    group = matters.group()
    assert (group.state, group.owner, group.opened_at, group.reason) == ("open", "eva", matters.now, "again")
    assert (group.resolved_at, group.resolved_by) == (None, None)
    assert [event for event, _ in matters.told()] == ["opened", "resolved", "opened"]


def test_other_matters_are_other_groups_the_oldest_first(matters: Matters) -> None:
    matters.open()
    other = exceptions.fingerprint("globex", "acknowledgment.overdue")
    matters.open(group=other, code="acknowledgment.overdue")
    assert matters.listed() == [GROUP, other]
    assert matters.listed(code="acknowledgment.overdue") == [other]
    assert matters.listed(owner="") == [GROUP, other]
    with matters.store.begin() as conn:
        exception_groups.assign(conn, other, "eva", by="cli:max", at=matters.now)
    assert matters.listed(owner="eva") == [other]
    assert matters.listed(owner="") == [GROUP]


def test_what_is_snoozed_is_not_listed_until_it_wakes_or_comes_back(matters: Matters) -> None:
    id = matters.open()
    with matters.store.begin() as conn:
        exception_groups.snooze(conn, GROUP, matters.now + 5 * HOUR, by="cli:eva", at=matters.now)
    assert matters.listed() == []
    assert matters.listed(snoozed=True) == [GROUP]
    matters.now += 5 * HOUR
    assert matters.listed() == [GROUP]
    with matters.store.begin() as conn:
        exception_groups.snooze(conn, GROUP, matters.now + 500 * HOUR, by="cli:eva", at=matters.now)
    matters.resolve(id)
    matters.open()
    assert matters.listed() == [GROUP]


def test_what_was_resolved_last_is_opened_again_and_nothing_older(matters: Matters) -> None:
    matters.resolve(matters.open())
    last = matters.open()
    matters.resolve(last)
    with matters.store.begin() as conn:
        assert exception_groups.reopen(conn, GROUP, by="cli:eva", at=matters.now, reason="too early") == 1
        assert exception_groups.open_members(conn, GROUP) == [last]
        with pytest.raises(NoSuchGroup, match="is open"):
            exception_groups.reopen(conn, GROUP, by="cli:eva", at=matters.now, reason="again")


def test_every_change_by_a_person_is_audited(matters: Matters) -> None:
    matters.open()
    with matters.store.begin() as conn:
        exception_groups.assign(conn, GROUP, "eva", by="cli:max", at=matters.now)
        exception_groups.comment(conn, GROUP, "asked Acme for the item number", by="cli:eva", at=matters.now)
        exception_groups.snooze(conn, GROUP, None, by="cli:eva", at=matters.now)
        about = (audit.c.subject == "exception_group") & (audit.c.subject_id == GROUP)
        rows = conn.execute(select(audit.c.actor, audit.c.action).where(about).order_by(audit.c.seq)).all()
        said = exception_groups.comments(conn, GROUP)
    assert [tuple(row) for row in rows] == [
        ("cli:max", "exception.assigned"),
        ("cli:eva", "exception.commented"),
        ("cli:eva", "exception.snoozed"),
    ]
    assert [(one["by"], one["text"]) for one in said] == [("cli:eva", "asked Acme for the item number")]


def test_a_group_is_found_by_its_beginning_and_only_one(matters: Matters) -> None:
    matters.open()
    matters.open(group=GROUP[:4] + "0" * 12)
    with matters.store.begin() as conn:
        assert exception_groups.find(conn, GROUP[:8]).fingerprint == GROUP
        with pytest.raises(NoSuchGroup, match="more than one"):
            exception_groups.find(conn, GROUP[:4])
        with pytest.raises(NoSuchGroup, match="no group"):
            exception_groups.find(conn, "%")
