"""Cross references: partner's value to ours, by table and day; a partner's own row comes before one for all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from mappings.kinds import Unreadable


class Lookup(Protocol):
    """What maps ask: `xref(value, 'table')`."""

    def find(self, table: str, value: str) -> str | None:
        """Our value, or None where there is no row."""


@dataclass(frozen=True, slots=True)
class CrossReference:
    """One row; it holds from `first` to `last`, both included, or without limit where they are None.

    `partner` is None for a row that holds for all.
    """

    table: str
    value: str
    word: str
    partner: str | None = None
    first: date | None = None
    last: date | None = None

    def holds(self, day: date) -> bool:
        """The row holds on a day."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


class CrossReferences:
    """The rows that hold for one partner on one day, ready to be asked.

    Of several rows for one value, a partner's own comes before one for all, and a later `first` before an earlier one.
    """

    def __init__(self, rows: Iterable[CrossReference], *, partner: str | None, on: date) -> None:
        holding = [row for row in rows if row.partner in (None, partner) and row.holds(on)]
        holding.sort(key=lambda row: (row.partner is not None, row.first or date.min))
        self._words = {(row.table, row.value): row.word for row in holding}

    def find(self, table: str, value: str) -> str | None:
        """See Lookup."""
        return self._words.get((table, value))


NOTHING: Lookup = CrossReferences((), partner=None, on=date.min)
"""No rows at all."""


def looked_up(value: str, lookup: Lookup, *, table: str) -> str | Unreadable:
    """Our value for a partner's; a value without a row is Unreadable, and adding the row releases the document."""
    found = lookup.find(table, value)
    if found is None:
        return Unreadable("map.xref.unknown", f"a value of the cross reference {table}; add the row", value)
    return found
