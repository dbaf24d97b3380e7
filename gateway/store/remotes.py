"""Partners' own servers: the ledger of what was fetched from them, and how the visits there go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from gateway.ports import new_id
from gateway.store import exceptions
from gateway.store.rows import NewRows, insert_rows
from gateway.store.tables import remote_file, remote_state
from gateway.store.texts import storable


@dataclass(frozen=True, slots=True)
class Taken:
    """One version of a file that was fetched."""

    account: str
    folder: str
    path: str
    size: int
    modified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Visits:
    """How the visits to one server go.

    Args:
        next_at: when it is polled next.
        failures: in a row, up to the last visit.
        stopped_for: the host keys that were pinned when the server showed another; None while it did not.
        exception_id: the open exception about it.
    """

    next_at: datetime
    failures: int = 0
    stopped_for: str | None = None
    exception_id: UUID | None = None


def is_taken(conn: Connection, found: Taken) -> bool:
    """Whether this version was taken, and not cleared away since."""
    columns = remote_file.c
    same = (columns.size == found.size) & columns.modified_at.is_not_distinct_from(found.modified_at)
    row = conn.execute(
        select(columns.id).where(
            columns.account == found.account, columns.path == found.path, columns.cleared_at.is_(None), same
        )
    )
    return row.first() is not None


def same_bytes(conn: Connection, found: Taken, sha256: bytes) -> UUID | None:
    """The transmission of the same bytes under the same path that were not cleared away; its row gets the new time."""
    columns = remote_file.c
    row = conn.execute(
        update(remote_file)
        .where(columns.account == found.account, columns.path == found.path, columns.cleared_at.is_(None))
        .where(columns.payload_sha256 == sha256)
        .values(size=found.size, modified_at=found.modified_at)
        .returning(columns.transmission_id)
    ).first()
    return None if row is None else row.transmission_id


def add_taken(
    conn: Connection, rows: NewRows, found: Taken, *, sha256: bytes, transmission_id: UUID, at: datetime
) -> None:
    """Note a version beside its transmission; an older one under the same path is there no more."""
    columns = remote_file.c
    conn.execute(
        update(remote_file)
        .where(columns.account == found.account, columns.path == found.path, columns.cleared_at.is_(None))
        .values(cleared_at=at)
    )
    row = {
        "id": new_id(),
        "account": found.account,
        "folder": found.folder,
        "path": found.path,
        "size": found.size,
        "modified_at": found.modified_at,
        "payload_sha256": sha256,
        "transmission_id": transmission_id,
        "taken_at": at,
    }
    insert_rows(rows, remote_file, [row])


def clear(conn: Connection, *, account: str, path: str, at: datetime) -> None:
    """What was under this path is there no more."""
    columns = remote_file.c
    conn.execute(
        update(remote_file)
        .where(columns.account == account, columns.path == path, columns.cleared_at.is_(None))
        .values(cleared_at=at)
    )


def clear_missing(conn: Connection, *, account: str, folder: str, there: Collection[str], at: datetime) -> None:
    """What was taken from a folder is there no more, but for these paths."""
    columns = remote_file.c
    known = conn.execute(
        select(columns.path).where(columns.account == account, columns.folder == folder, columns.cleared_at.is_(None))
    ).scalars()
    for path in sorted(set(known) - set(there)):
        clear(conn, account=account, path=path, at=at)


def visits(conn: Connection, account: str) -> Visits | None:
    """How the visits to a server go; None before the first."""
    columns = remote_state.c
    row = conn.execute(
        select(columns.next_at, columns.failures, columns.stopped_for, columns.exception_id).where(
            columns.account == account
        )
    ).one_or_none()
    return None if row is None else Visits(row.next_at, row.failures, row.stopped_for, row.exception_id)


def begin(conn: Connection, account: str, *, next_at: datetime) -> None:
    """Say when the first visit is; nothing where there was one."""
    conn.execute(insert(remote_state).values(account=account, next_at=next_at, failures=0).on_conflict_do_nothing())


def note_success(
    conn: Connection,
    account: str,
    *,
    at: datetime,
    next_at: datetime,
    partner: str,
    code: str,
    trouble: str | None = None,
) -> None:
    """A visit went well; an exception about those before is resolved.

    Args:
        conn: the transaction.
        account: whose server.
        at: the moment, aware.
        next_at: when the next visit is.
        partner: whose account.
        code: of the exception that is opened for a trouble.
        trouble: what could not be done with single files: a person is told once, until a visit goes without.
    """
    before = visits(conn, account)
    about = None if before is None else before.exception_id
    if trouble is not None and about is None:
        about = new_id()
        group = exceptions.fingerprint(partner, account, code)
        exceptions.open_exception(conn, id=about, at=at, code=code, reason=trouble, group=group)
    elif trouble is None and about is not None:
        exceptions.resolve(conn, about, by="gateway", at=at)
        about = None
    _write(
        conn,
        account,
        next_at=next_at,
        polled_at=at,
        succeeded_at=at,
        failures=0,
        reason=None if trouble is None else storable(trouble),
        stopped_for=None,
        exception_id=about,
    )


def note_failure(
    conn: Connection,
    account: str,
    *,
    at: datetime,
    next_at: datetime,
    reason: str,
    code: str | None,
    partner: str,
    stopped_for: str | None = None,
) -> None:
    """A visit failed.

    Args:
        conn: the transaction.
        account: whose server.
        at: the moment, aware.
        next_at: when the next visit may be.
        reason: why, for people.
        code: of the exception that is opened, unless one is open; None for none yet.
        partner: whose account.
        stopped_for: the host keys pinned now: there is no visit until others are.
    """
    before = visits(conn, account)
    about = None if before is None else before.exception_id
    if code is not None and about is None:
        about = new_id()
        group = exceptions.fingerprint(partner, account, code)
        exceptions.open_exception(conn, id=about, at=at, code=code, reason=reason, group=group)
    _write(
        conn,
        account,
        next_at=next_at,
        polled_at=at,
        failures=(0 if before is None else before.failures) + 1,
        reason=storable(reason),
        stopped_for=stopped_for,
        exception_id=about,
    )


def _write(conn: Connection, account: str, **values: object) -> None:
    new = insert(remote_state)
    conn.execute(new.values(account=account, **values).on_conflict_do_update(index_elements=["account"], set_=values))
