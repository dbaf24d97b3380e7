"""The audit log: one row for every change, in the transaction that made it; sealed into a chain soon after.

A seal is SHA-256(previous seal || link), and the link SHA-256(position || row), so that no row can be changed, taken
out or slipped in without all later seals failing, and a piece of the chain can be shown to somebody who may not read
all of its rows. Rows commit in another order than their `seq`; the chain has an order of its own, `position`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import orjson
from sqlalchemy import Connection, Row, text

from gateway.errors import StoreError
from gateway.store.audit_chain import GENESIS, link_of, seal_after
from gateway.store.engine import Store
from gateway.store.rows import Target, insert_rows
from gateway.store.tables import audit

BATCH = 5000
SEALER_LOCK = 0x7472_7365  # an advisory lock key of ours, beside the migrations'

_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")
_HEAD = text("SELECT position, seal, settled_seq FROM audit_head")
_LAST_SEQ = text(
    "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM audit_seq_seq"  # before any row last_value says 1
)
# Who may still commit a row with a seq that was given out already: every writer holds this lock until it has ended.
_WRITERS = text("""
    SELECT virtualtransaction FROM pg_locks
     WHERE locktype = 'relation' AND relation = 'audit'::regclass AND mode = 'RowExclusiveLock' AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")
_UNSEALED = text("""
    SELECT a.seq, a.at, a.actor, a.action, a.subject, a.subject_id, a.detail FROM audit a
     WHERE a.seq > :settled AND NOT EXISTS (SELECT FROM audit_seal s WHERE s.audit_seq = a.seq)
     ORDER BY a.seq LIMIT :batch
""")
_SEAL = text("""
    INSERT INTO audit_seal (position, audit_seq, seal)
    SELECT * FROM unnest(CAST(:positions AS bigint[]), CAST(:seqs AS bigint[]), CAST(:seals AS bytea[]))
""")
_MOVE_HEAD = text("UPDATE audit_head SET position = :position, seal = :seal, settled_seq = :settled")
_CHAIN = text("""
    SELECT s.position, s.audit_seq, s.seal, a.seq, a.at, a.actor, a.action, a.subject, a.subject_id, a.detail
      FROM audit_seal s LEFT JOIN audit a ON a.seq = s.audit_seq ORDER BY s.position
""")
_SLIPPED_IN = text("""
    SELECT a.seq FROM audit a
     WHERE a.seq <= :settled AND NOT EXISTS (SELECT FROM audit_seal s WHERE s.audit_seq = a.seq) ORDER BY a.seq
""")
_COUNT = text("SELECT count(*), coalesce(max(seq), 0) FROM audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One thing that happened.

    Args:
        at: the moment, aware.
        actor: who did it: `gateway`, `sftp:account`, a person's name.
        action: what, as `transmission.received`.
        subject: to what kind of thing.
        subject_id: to which.
        detail: small facts; never a payload or a secret.
    """

    at: datetime
    actor: str
    action: str
    subject: str
    subject_id: str
    detail: Mapping[str, object]


class AuditFaultKind(StrEnum):
    """What `verify` can find."""

    CHANGED = "changed"
    """A row differs from what was sealed, or its seal was changed."""
    DELETED = "deleted"
    """A sealed row, or a seal inside the chain, is gone."""
    TRUNCATED = "truncated"
    """The end of the log is gone: the head or the sequence reaches further than what is there."""
    INSERTED = "inserted"
    """A row was slipped in behind the chain's back, below what was settled."""
    REWRITTEN = "rewritten"
    """The chain holds, but it is not the one of a checkpoint that was kept outside."""


@dataclass(frozen=True, slots=True)
class ChainPoint:
    """A place in the chain and the seal that stands there."""

    position: int
    seal: bytes


@dataclass(frozen=True, slots=True)
class AuditFault:
    """One finding.

    Args:
        kind: what happened.
        seq: the row's number in the audit table, where it is known.
        position: the place in the chain, where it is known.
    """

    kind: AuditFaultKind
    seq: int | None
    position: int | None


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What `verify` found.

    Args:
        rows: in the audit table.
        sealed: of them in the chain; the others are younger than the last sealing.
        head: the last seal, hexadecimal: what a checkpoint outside the database would sign.
        faults: in the order of the chain; empty when all is well.
    """

    rows: int
    sealed: int
    head: str
    faults: tuple[AuditFault, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


def record(
    target: Target,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    subject_id: str,
    detail: Mapping[str, object],
) -> None:
    """Write one row in the transaction that makes the change it tells of; the arguments are AuditEntry's."""
    entry = AuditEntry(at=at, actor=actor, action=action, subject=subject, subject_id=subject_id, detail=detail)
    record_many(target, [entry])


def record_many(target: Target, entries: Iterable[AuditEntry]) -> None:
    """Write several rows in one go."""
    made = [
        {
            "at": entry.at,
            "actor": entry.actor,
            "action": entry.action,
            "subject": entry.subject,
            "subject_id": entry.subject_id,
            "detail": _canonical(entry.detail),
        }
        for entry in entries
    ]
    insert_rows(target, audit, made)


class Sealer:
    """Seals what was committed. Any number may run; the database lets one at a time.

    `settled_seq` says up to where nothing more can come: every transaction that might still commit a smaller seq has
    ended and its rows are sealed. It keeps each pass short, and shows rows that were slipped in below it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._candidate = 0
        self._writers: set[str] = set()

    def seal_pending(self) -> int:
        """Seal all rows committed by now.

        Returns:
            How many; 0 as well when another sealer is at work.

        Raises:
            StoreUnavailable: the database is gone; the next pass goes on where the last commit stood.
            StoreError: the head of the chain was deleted.
        """
        sealed = 0
        while True:
            batch = self._seal_batch()
            sealed += batch
            if batch < BATCH:
                return sealed

    def _seal_batch(self) -> int:
        with self._store.begin() as conn:
            if not conn.execute(_LOCK, {"key": SEALER_LOCK}).scalar_one():
                return 0
            # The order matters: the last number first, then who holds numbers up to it, then what they have committed.
            last = conn.execute(_LAST_SEQ).scalar_one()
            head = conn.execute(_HEAD).one_or_none()
            if head is None:
                raise StoreError(
                    "the audit log has no head: somebody deleted it; nothing can be sealed, run audit verify"
                )
            if last <= head.settled_seq:
                return 0
            writers = set(conn.execute(_WRITERS).scalars())
            if self._candidate <= head.settled_seq:
                self._candidate, self._writers = last, writers
            else:
                self._writers &= writers
            rows = conn.execute(_UNSEALED, {"settled": head.settled_seq, "batch": BATCH}).all()
            settled = head.settled_seq
            if not self._writers and len(rows) < BATCH:
                settled = self._candidate
            if not rows and settled == head.settled_seq:
                return 0
            seals = list(_chain(head.seal, rows, first=head.position + 1))
            if rows:
                positions = range(head.position + 1, head.position + 1 + len(rows))
                conn.execute(_SEAL, {"positions": list(positions), "seqs": [row.seq for row in rows], "seals": seals})
            conn.execute(
                _MOVE_HEAD,
                {
                    "position": head.position + len(rows),
                    "seal": seals[-1] if seals else head.seal,
                    "settled": settled,
                },
            )
        return len(rows)


def verify(store: Store, *, known: ChainPoint | None = None) -> AuditReport:
    """Recompute the chain from the rows as they stand, all at one moment.

    It finds rows changed, deleted, cut off at the end or slipped in below the settled mark. Whoever rewrites rows,
    chain and head alike is found only by a checkpoint kept outside the database; a row that was never sealed
    (younger than the last pass) is not yet protected.

    Args:
        store: whose log.
        known: what a checkpoint that was kept outside says of the chain.

    Raises:
        StoreUnavailable: the database is gone.
    """
    with store.snapshot() as conn:
        return verify_on(conn, known=known)


def verify_on(conn: Connection, *, known: ChainPoint | None = None) -> AuditReport:
    """As `verify`, in the caller's transaction, whose statements should see one moment."""
    faults: list[AuditFault] = []
    head = conn.execute(_HEAD).one_or_none()
    rows, highest = conn.execute(_COUNT).one()
    last_seq = conn.execute(_LAST_SEQ).scalar_one()
    sealed, position, seal = 0, 0, GENESIS
    for link in conn.execute(_CHAIN, execution_options={"yield_per": BATCH}):
        sealed += 1
        if link.position != position + 1:
            faults.append(AuditFault(AuditFaultKind.DELETED, None, position + 1))
        elif link.seq is None:
            faults.append(AuditFault(AuditFaultKind.DELETED, link.audit_seq, link.position))
        elif seal_after(seal, link_of(link.position, link)) != link.seal:
            faults.append(AuditFault(AuditFaultKind.CHANGED, link.audit_seq, link.position))
        position, seal = link.position, bytes(link.seal)
        if known is not None and position == known.position and seal != known.seal:
            faults.append(AuditFault(AuditFaultKind.REWRITTEN, link.audit_seq, position))
    faults += _faults_at_end(head, position=position, seal=seal, last_seq=last_seq, highest=highest)
    if known is not None and position < known.position:
        faults.append(AuditFault(AuditFaultKind.TRUNCATED, None, position + 1))
    settled = head.settled_seq if head else 0
    for seq in conn.execute(_SLIPPED_IN, {"settled": settled}).scalars():
        faults.append(AuditFault(AuditFaultKind.INSERTED, seq, None))
    return AuditReport(rows, sealed, seal.hex(), tuple(dict.fromkeys(faults)))


def head_of_chain(conn: Connection) -> ChainPoint:
    """How far the chain reaches.

    Raises:
        StoreError: somebody deleted the head.
    """
    head = conn.execute(_HEAD).one_or_none()
    if head is None:
        raise StoreError("the audit log has no head: somebody deleted it; run audit verify")
    return ChainPoint(head.position, bytes(head.seal))


def _faults_at_end(
    head: Row[tuple[int, bytes, int]] | None, *, position: int, seal: bytes, last_seq: int, highest: int
) -> Iterator[AuditFault]:
    if head is None:
        yield AuditFault(AuditFaultKind.TRUNCATED, None, None)
        return
    if head.position > position:
        yield AuditFault(AuditFaultKind.TRUNCATED, None, position + 1)
    elif head.position < position:
        yield AuditFault(AuditFaultKind.INSERTED, None, head.position + 1)
    elif bytes(head.seal) != seal:
        yield AuditFault(AuditFaultKind.CHANGED, None, position)
    if last_seq < max(highest, head.settled_seq):  # the sequence was set back, as TRUNCATE RESTART IDENTITY does
        yield AuditFault(AuditFaultKind.TRUNCATED, last_seq + 1, None)


def _chain(seal: bytes, rows: Sequence[Row[tuple[object, ...]]], *, first: int) -> Iterator[bytes]:
    for position, row in enumerate(rows, first):
        seal = seal_after(seal, link_of(position, row))
        yield seal


def _canonical(detail: Mapping[str, object]) -> str:
    return orjson.dumps(dict(detail), option=orjson.OPT_SORT_KEYS).decode("utf-8")
