"""What is odd in the runs of control numbers: gaps, repeats and resets of those received, holes in those given out.

Received: read from the envelopes in the order they came, so that it tells of every number whatever the window for
duplicates. Sent: read from the ledger, in which every number that was ever given out has its row.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

HIGHEST = 999_999_999
ROWS_AT_ONCE = 1_000


class Oddity(StrEnum):
    """What is told of control numbers."""

    GAP = "gap"
    """Received: numbers left out, as far as they did not come later."""
    DUPLICATE = "duplicate"
    """Received: the same number with the same content again."""
    REUSED = "reused"
    """Received: the same number with other content."""
    RESET = "reset"
    """Received: the count began again lower."""
    MISSING = "missing"
    """Sent: a number that nobody has; never seen unless rows were lost."""
    VOID = "void"
    """Sent: given out, and never to reach the partner; the reason says why."""
    WITHDRAWN = "withdrawn"
    """Sent: removed from /out before the partner took it."""
    UNDELIVERED = "undelivered"
    """Sent: the partner refused the file, or nobody knows whether it has it."""


@dataclass(slots=True)
class Finding:
    """Numbers `first` to `last` of one scope.

    Args:
        kind: ISA13, GS06, or `GS06 PR` where each GS01 is counted apart.
        sender: qualifier and id, for GS06 also GS02.
        receiver: likewise.
        count: how many numbers, or for repeats and resets how many times.
        at: when it was seen first.
        transmission_id: where.
        reason: of a void number.
    """

    oddity: Oddity
    direction: str
    kind: str
    partner: str
    environment: str
    sender: str
    receiver: str
    first: int
    last: int
    count: int
    at: datetime | None
    transmission_id: UUID | None
    reason: str = ""


_ISA13 = """
    SELECT 'ISA13' AS kind, i.partner, i.sender_qualifier || ':' || i.sender_id AS sender,
           i.receiver_qualifier || ':' || i.receiver_id AS receiver,
           CASE WHEN i.usage = 'T' OR t.environment = 'test' THEN 'test' ELSE 'live' END AS environment,
           i.control_number AS number, i.duplicate_of IS NOT NULL AS same, t.received_at AS at, t.id AS transmission_id,
           t.seq, i.ordinal, 0 AS group_ordinal
      FROM interchange i JOIN transmission t ON t.id = i.transmission_id
     WHERE t.direction = 'in' AND i.partner IS NOT NULL
       AND (CAST(:partner AS text) IS NULL OR i.partner = :partner)
"""

_GS06 = """
    SELECT CASE WHEN i.partner = ANY(:by_kind) THEN 'GS06 ' || g.functional_id ELSE 'GS06' END, i.partner,
           i.sender_qualifier || ':' || i.sender_id || ' ' || g.sender,
           i.receiver_qualifier || ':' || i.receiver_id || ' ' || g.receiver,
           CASE WHEN i.usage = 'T' OR t.environment = 'test' THEN 'test' ELSE 'live' END,
           g.control_number, false, t.received_at, t.id, t.seq, i.ordinal, g.ordinal
      FROM functional_group g JOIN interchange i ON i.id = g.interchange_id
      JOIN transmission t ON t.id = i.transmission_id
     WHERE t.direction = 'in' AND i.partner IS NOT NULL
       AND (CAST(:partner AS text) IS NULL OR i.partner = :partner)
"""

_RECEIVED = text(f"""
    SELECT * FROM ({_ISA13} UNION ALL {_GS06}) AS seen
     ORDER BY kind DESC, partner, sender, receiver, environment, at, seq, ordinal, group_ordinal
""")  # noqa: S608 our own two queries

_SENT = text("""
    WITH numbered AS (
        SELECT c.kind, c.sender, c.receiver, c.environment, c.cycle, c.number::bigint AS number, c.void_reason,
               c.used_at, c.transmission_id, t.state, t.partner,
               lag(c.number::bigint) OVER (
                   PARTITION BY c.sender, c.receiver, c.environment, c.kind, c.cycle ORDER BY c.number::bigint
               ) AS before
          FROM control_number c LEFT JOIN transmission t ON t.id = c.transmission_id
         WHERE c.direction = 'out'
    ), ends AS (
        SELECT n.kind, n.sender, n.receiver, n.environment, max(n.partner) AS partner, max(n.number) AS number,
               CASE WHEN n.cycle < k.cycle THEN :highest ELSE k.last END AS wanted
          FROM numbered n JOIN control_counter k USING (sender, receiver, environment, kind)
         GROUP BY n.kind, n.sender, n.receiver, n.environment, n.cycle, k.cycle, k.last
    ), found AS (
        SELECT 'missing' AS oddity, kind, partner, environment, sender, receiver, coalesce(before, 0) + 1 AS first,
               number - 1 AS last, used_at, transmission_id, 'no row in the ledger' AS reason
          FROM numbered WHERE number > coalesce(before, 0) + 1
        UNION ALL
        SELECT 'missing', kind, partner, environment, sender, receiver, number + 1, wanted, NULL, NULL,
               'no row in the ledger'
          FROM ends WHERE wanted > number
        UNION ALL
        SELECT 'void', kind, partner, environment, sender, receiver, number, number, used_at, transmission_id,
               void_reason
          FROM numbered WHERE void_reason IS NOT NULL
        UNION ALL
        SELECT 'withdrawn', kind, partner, environment, sender, receiver, number, number, used_at, transmission_id,
               'removed from /out before the partner took it'
          FROM numbered WHERE state = 'withdrawn' AND void_reason IS NULL
        UNION ALL
        SELECT 'undelivered', kind, partner, environment, sender, receiver, number, number, used_at, transmission_id,
               'the file is ' || state
          FROM numbered WHERE state IN ('refused', 'quarantined', 'uncertain') AND void_reason IS NULL
    )
    SELECT * FROM found WHERE CAST(:partner AS text) IS NULL OR partner = :partner
     ORDER BY kind DESC, partner, sender, receiver, environment, first
""")


def findings(conn: Connection, *, partner: str | None = None, by_kind: Collection[str] = ()) -> list[Finding]:
    """All that is odd, received before sent, ISA13 before GS06, by scope and in order.

    Args:
        partner: only this partner's.
        by_kind: partners that count their GS06 for each GS01 apart.
    """
    streamed = {"stream_results": True, "yield_per": ROWS_AT_ONCE}
    rows = conn.execute(
        _RECEIVED, {"partner": partner, "by_kind": list(by_kind)}, execution_options=streamed
    ).mappings()
    found: list[Finding] = []
    scope = ("kind", "partner", "environment", "sender", "receiver")
    for key, seen in groupby(rows, key=lambda row: tuple(row[name] for name in scope)):
        found += _Run(dict(zip(scope, key, strict=True))).over(seen)
    sent = conn.execute(_SENT, {"partner": partner, "highest": HIGHEST}).all()
    for row in sent:
        found.append(
            Finding(
                Oddity(row.oddity),
                "out",
                row.kind,
                row.partner or "",
                row.environment,
                row.sender,
                row.receiver,
                row.first,
                row.last,
                row.last - row.first + 1,
                row.used_at,
                row.transmission_id,
                row.reason,
            )
        )
    return found


@dataclass(slots=True)
class _Run:
    """Numbers of one scope as they came: from `_first` to `_high` all were seen but those in the gaps."""

    _scope: dict[str, str]
    _first: int | None = None
    _high: int = 0
    _gaps: list[Finding] = field(default_factory=list)  # of the run that goes on, by number
    _others: list[Finding] = field(default_factory=list)

    def over(self, seen: Iterator[Any]) -> list[Finding]:
        for row in seen:
            digits = row["number"]
            if digits.isascii() and digits.isdigit() and len(digits) <= len(str(HIGHEST)):
                self._take(int(digits), row)
        found = [*self._gaps, *self._others]
        return sorted(found, key=lambda one: (one.at is None, one.at, one.first))

    def _take(self, number: int, row: Any) -> None:
        if self._first is None or (self._high == HIGHEST and number <= 1):
            self._begin(number)
            return
        if number > self._high:
            if number > self._high + 1:
                self._gaps.append(self._finding(Oddity.GAP, self._high + 1, number - 1, row))
            self._high = number
        elif row["same"]:
            self._again(Oddity.DUPLICATE, number, row)
        elif number < self._first or (number <= 1 and self._high > 1):
            self._again(Oddity.RESET, number, row)
            self._begin(number)
        elif not self._came_late(number):
            self._again(Oddity.REUSED, number, row)

    def _begin(self, number: int) -> None:
        """A run ends here, its gaps for good, and another begins."""
        self._others += self._gaps
        self._gaps = []
        self._first = self._high = number

    def _came_late(self, number: int) -> bool:
        """Whether it was missing in this run; then it is no more."""
        at = bisect_right(self._gaps, number, key=lambda gap: gap.first) - 1
        if at < 0 or not self._gaps[at].first <= number <= self._gaps[at].last:
            return False
        gap = self._gaps.pop(at)
        for first, last in ((number + 1, gap.last), (gap.first, number - 1)):
            if first <= last:
                part = self._finding(Oddity.GAP, first, last, {"at": gap.at, "transmission_id": gap.transmission_id})
                self._gaps.insert(at, part)
        return True

    def _again(self, oddity: Oddity, number: int, row: Any) -> None:
        """One more of a kind: told together with the one before, where that was of the same kind."""
        last = next((one for one in reversed(self._others) if one.oddity is not Oddity.GAP), None)
        if last is not None and last.oddity is oddity:
            last.last, last.count = number, last.count + 1
        else:
            self._others.append(self._finding(oddity, number, number, row))

    def _finding(self, oddity: Oddity, first: int, last: int, row: Any) -> Finding:
        return Finding(
            oddity,
            "in",
            **self._scope,
            first=first,
            last=last,
            count=last - first + 1,
            at=row["at"],
            transmission_id=row["transmission_id"],
        )
