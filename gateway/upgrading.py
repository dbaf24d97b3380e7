"""Upgrading the database while nodes work: those that cannot work on the new schema are let out first."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event
from time import monotonic

from gateway.errors import StoreRefused
from gateway.store import nodes, schema
from gateway.store.engine import Store, migrate, open_any
from gateway.store.locks import is_free
from gateway.store.schema import Schema

WAY_SECONDS = 120.0
"""A node looks every five seconds whether it may go on, and drains in half a minute."""
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade is about.

    Attributes:
        found: what the database has.
        wanted: the newest schema of this program.
        floor: the oldest schema whose programs may work on that.
        in_the_way: nodes that are alive and older.
    """

    found: Schema
    wanted: str
    floor: str
    in_the_way: tuple[str, ...]

    @property
    def needed(self) -> bool:
        """Whether the database is older than this program."""
        return self.found.revision != self.wanted and not schema.is_newer(self.found)


def planned(url: str) -> Upgrade:
    """What an upgrade of this database would be about.

    Raises:
        StoreUnavailable: it does not answer.
        StoreRefused: it is too old, or a pooler shares its sessions.
    """
    with ExitStack() as stack:
        store = open_any(url)
        stack.callback(store.close)
        return _planned(store)


def upgrade(
    url: str, *, make_way: bool, told: Callable[[str], None] = lambda _line: None, within: float = WAY_SECONDS
) -> Upgrade:
    """Bring a database to the newest schema; what it was about.

    Args:
        url: the database's.
        make_way: let nodes end that cannot work on the new schema, and wait for them; else they are a reason to refuse.
        told: how it goes, for people.
        within: seconds to wait for them.

    Raises:
        StoreUnavailable: it does not answer, or its tables are never free.
        StoreRefused: it is newer than this program and does not bear it, or older nodes are in the way.
    """
    with ExitStack() as stack:
        store = open_any(url)
        stack.callback(store.close)
        plan = _planned(store)
        if plan.needed and plan.in_the_way:
            if not make_way:
                raise StoreRefused(
                    f"schema {plan.wanted} is for programs that know {plan.floor} or a later one; these nodes are"
                    f" older: {', '.join(plan.in_the_way)}; stop them, or let them end with --stop-older"
                )
            _let_out(store, plan, told=told, within=within)
    migrate(url)
    return plan


def _planned(store: Store) -> Upgrade:
    wanted = schema.program_schema()
    floor = schema.floor_of(wanted)
    with store.begin() as conn:
        found = schema.found(conn)
        alive = nodes.schemas(conn) if found.floor is not None else {}
        older = [name for name, known in alive.items() if not schema.bears(floor, known)]
        return Upgrade(found, wanted, floor, tuple(name for name in older if not is_free(conn, nodes.lock_name(name))))


def _let_out(store: Store, plan: Upgrade, *, told: Callable[[str], None], within: float) -> None:
    """Raise the floor first: older nodes see it, drain and end; nothing has changed for them until they have."""
    with store.begin() as conn:
        schema.keep_floor(conn, plan.floor)
    deadline, between, waiting = monotonic() + within, Event(), plan.in_the_way
    told(f"waiting for {', '.join(waiting)} to end")
    while waiting:
        if monotonic() > deadline:
            with store.begin() as conn:
                schema.keep_floor(conn)
            raise StoreRefused(f"not ended within {within:.0f} s: {', '.join(waiting)}; nothing was changed")
        between.wait(LOOK_SECONDS)
        left = _planned(store).in_the_way
        for name in sorted(set(waiting) - set(left)):
            told(f"{name} has ended")
        waiting = left
