"""What happened in Tryton since a cursor: three feeds, each in the order in which its records were last written.

Tryton stamps a record with the beginning of its transaction, which may commit after a later one. So a poll looks back
over `overlap_seconds`, and the cursor names what it has told of in that time; what was told is not told again, but for
a record that could not be read and was written since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from gateway.adapters.events import Page, Told, Unread
from gateway.adapters.tryton_books import Books
from gateway.adapters.tryton_client import Record
from gateway.adapters.tryton_events import FEEDS, Feed

ROWS_AT_ONCE = 200


@dataclass(slots=True)
class _Position:
    """How far a feed was told: the newest moment, and what of the time before it."""

    until: datetime | None = None
    told: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Feeds:
    """The feeds of one shop.

    Args:
        overlap_seconds: how far a poll looks back.
    """

    books: Books
    overlap_seconds: int

    def page(self, cursor: str | None, limit: int) -> Page[Told]:
        """See `gateway.adapters.events.Pollable.poll`."""
        positions = _read(cursor)
        told: list[Told] = []
        more = False
        for feed in FEEDS:
            position = positions.setdefault(feed.name, _Position())
            rows, left = self._fresh(feed, position, limit - len(told))
            more = more or left
            if not rows:
                continue
            made = feed.told(self.books, [row["id"] for row in rows])
            told += [made[row["id"]] for row in rows if row["id"] in made]
            self._moved(feed, position, rows, made)
            if len(told) >= limit:
                more = True
                break
        return Page(tuple(told), _written(positions), more)

    def again(self, records: Sequence[str]) -> list[Told]:
        """See `gateway.adapters.events.TellsAgain.tell_again`."""
        told: list[Told] = []
        for feed in FEEDS:
            ids = [int(record.partition(":")[2]) for record in records if record.startswith(f"{feed.name}:")]
            if ids:
                rows = self._rows(feed, [("id", "in", ids)])
                told += feed.told(self.books, [row["id"] for row in rows]).values()
        return told

    def _fresh(self, feed: Feed, position: _Position, limit: int) -> tuple[list[Record], bool]:
        """At most so many rows that were not told of, and whether there are more."""
        since: list[object] = []
        if position.until is not None:
            since.append(("write_date", ">=", position.until - timedelta(seconds=self.overlap_seconds)))
        fresh: list[Record] = []
        for offset in range(0, 1_000_000_000, ROWS_AT_ONCE):
            rows = self._rows(feed, since, offset=offset)
            for row in rows:
                id = feed.event_id(row)
                if id in position.told:
                    position.told[id] = row["write_date"]
                elif _as_written(feed, row) not in position.told:
                    fresh.append(row)
            if len(fresh) > limit or len(rows) < ROWS_AT_ONCE:
                break
        return fresh[:limit], len(fresh) > limit

    def _rows(self, feed: Feed, more: Sequence[object], *, offset: int = 0) -> list[Record]:
        return self.books.client.search(
            feed.model,
            [*feed.domain(self.books.shop.id), ("write_date", "!=", None), *more],
            ("write_date", "state"),
            company=self.books.shop.company,
            order=(("write_date", "ASC"), ("id", "ASC")),
            limit=ROWS_AT_ONCE,
            offset=offset,
        )

    def _moved(self, feed: Feed, position: _Position, rows: Sequence[Record], made: Mapping[int, Told]) -> None:
        for row in rows:
            is_unread = isinstance(made.get(row["id"]), Unread)
            position.told[_as_written(feed, row) if is_unread else feed.event_id(row)] = row["write_date"]
        newest = max(row["write_date"] for row in rows)
        position.until = newest if position.until is None else max(newest, position.until)
        begin = position.until - timedelta(seconds=self.overlap_seconds)
        position.told = {id: at for id, at in position.told.items() if at >= begin}


def _as_written(feed: Feed, row: Record) -> str:
    """Another one whenever the record is written again."""
    return f"{feed.event_id(row)}@{row['write_date'].isoformat()}"


def _read(cursor: str | None) -> dict[str, _Position]:
    found: dict[str, Any] = {} if cursor is None else orjson.loads(cursor)
    return {
        name: _Position(
            datetime.fromisoformat(held["until"]) if held["until"] else None,
            {id: datetime.fromisoformat(at) for id, at in held["told"].items()},
        )
        for name, held in found.items()
    }


def _written(positions: Mapping[str, _Position]) -> str:
    plain = {
        name: {
            "until": held.until.isoformat() if held.until else None,
            "told": {id: at.isoformat() for id, at in held.told.items()},
        }
        for name, held in positions.items()
    }
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()
