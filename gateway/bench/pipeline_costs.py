"""What a load costs `bench pipeline` beside time: CPU of each kind of process, statements, transactions, WAL.

Time depends on whatever else the machine does; these depend on it little. The CPU is that of Linux's /proc; where there
is none, it is told as nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import psycopg

from gateway.bench.figures import Row, row
from gateway.metrics import Totals
from gateway.store.embedded import EmbeddedPostgres

_PROC = Path("/proc")
_WORKER = b"gateway.worker_main"
_SETTLE_SECONDS = 1.5
"""Backends tell the statistics, and workers their metrics, after a second at the latest."""
_ASK = """
    SELECT (SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database), pg_current_wal_insert_lsn() - '0/0'::pg_lsn
"""


@dataclass(frozen=True, slots=True)
class Costs:
    """What was spent so far.

    Args:
        receiving: CPU seconds of the process that serves, the bench's own senders in it.
        working: CPU seconds of the worker processes.
        storing: CPU seconds of PostgreSQL.
        statements: sent by all of these.
        transactions: ended in the database, the queue's among them.
        wal: bytes of write-ahead log.
    """

    receiving: float
    working: float
    storing: float
    statements: float
    transactions: float
    wal: float

    def __sub__(self, other: Costs) -> Costs:
        return Costs(*(mine - theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    def rows(self, what: str, count: int) -> list[Row]:
        """The figures of each of `count` things."""
        milliseconds, each = 1000 / count, 1 / count
        cpu = self.receiving + self.working + self.storing
        return [
            row(f"CPU for {what}, all processes", cpu * milliseconds, "ms", better="lower"),
            row("  of the process that receives", self.receiving * milliseconds, "ms", better="lower"),
            row("  of the worker processes", self.working * milliseconds, "ms", better="lower"),
            row("  of PostgreSQL", self.storing * milliseconds, "ms", better="lower"),
            row(f"statements for {what}", self.statements * each, "statements", better="lower"),
            row(f"transactions for {what}", self.transactions * each, "transactions", better="lower"),
            row(f"write-ahead log for {what}", self.wal / 1024 * each, "KiB", better="lower"),
        ]


class Meter:
    """Reads what a gateway of this process has spent.

    Args:
        server: its database.
        conninfo: the same, for psycopg.
        totals: its metrics.
    """

    def __init__(self, server: EmbeddedPostgres, conninfo: str, totals: Totals) -> None:
        self._server = server
        self._conninfo = conninfo
        self._totals = totals

    def read(self) -> Costs:
        """So far."""
        time.sleep(_SETTLE_SECONDS)
        with psycopg.connect(self._conninfo, autocommit=True) as conn:
            [(transactions, wal)] = conn.execute(_ASK).fetchall()
        statements = sum(
            sample.value
            for metric in self._totals.collect()
            for sample in metric.samples
            if sample.name == "tradelane_statements_total"
        )
        own = os.getpid()
        workers = [pid for pid in _children(own) if _WORKER in _read(pid, "cmdline")]
        postmaster = self._server.pid()
        backends = [] if postmaster is None else [postmaster, *_children(postmaster)]
        return Costs(
            _cpu(own),
            sum(map(_cpu, workers)),
            # what has ended is counted by who waited for it
            sum(map(_cpu, backends)) + (0.0 if postmaster is None else _cpu(postmaster, ended=True)),
            statements,
            float(transactions),
            float(wal),
        )


def _children(parent: int) -> Iterator[int]:
    """The processes begun by one."""
    for found in _PROC.glob("[0-9]*"):
        fields = _stat(int(found.name))
        if fields and int(fields[1]) == parent:
            yield int(found.name)


def _cpu(pid: int, *, ended: bool = False) -> float:
    """CPU seconds of a process, or of its children that have ended."""
    fields = _stat(pid)
    first = 13 if ended else 11
    return sum(map(int, fields[first : first + 2])) / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[bytes]:
    """The fields of a process after its name, its state the first; none where it is gone."""
    return _read(pid, "stat").rpartition(b")")[2].split()


def _read(pid: int, name: str) -> bytes:
    try:
        return (_PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""
