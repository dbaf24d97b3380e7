"""The ledger of watched folders: what was taken in and still lies there, so that a crash takes nothing in twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, select

from gateway.store.rows import Target, insert_rows
from gateway.store.tables import folder_file


@dataclass(frozen=True, slots=True)
class FolderFile:
    """One version of a file: another inode, time or content is another.

    Args:
        name: as text; what is not UTF-8 in it is escaped.
        changed_ns: its modification time in nanoseconds.
    """

    account: str
    name: str
    inode: int
    changed_ns: int
    sha256: bytes


def find(conn: Connection, file: FolderFile) -> UUID | None:
    """What this file became, if it was taken in."""
    return conn.execute(select(folder_file.c.transmission_id).where(_same(file))).scalar_one_or_none()


def remember(target: Target, file: FolderFile, *, transmission_id: UUID, at: datetime) -> None:
    """It is taken in by this transaction. Of two at the same moment the commit of one fails with StoreConflict."""
    row = {
        "account": file.account,
        "name": file.name,
        "inode": file.inode,
        "changed_ns": file.changed_ns,
        "sha256": file.sha256,
        "transmission_id": transmission_id,
        "taken_at": at,
    }
    insert_rows(target, folder_file, [row])


def forget(conn: Connection, file: FolderFile) -> None:
    """It is moved away: what comes under its name from now on is new."""
    conn.execute(delete(folder_file).where(_same(file)))


def forget_taken_before(conn: Connection, *, account: str, names: frozenset[str], before: datetime) -> None:
    """Forget what was taken before that moment and has no file of its name any more: moved away right before a crash.

    Args:
        conn: the transaction.
        account: whose folder.
        names: what lies in it.
        before: the moment at which the folder was listed.
    """
    columns = folder_file.c
    conn.execute(
        delete(folder_file).where(columns.account == account, columns.name.not_in(names), columns.taken_at < before)
    )


def _same(file: FolderFile) -> ColumnElement[bool]:
    columns = folder_file.c
    return (
        (columns.account == file.account)
        & (columns.name == file.name)
        & (columns.inode == file.inode)
        & (columns.changed_ns == file.changed_ns)
        & (columns.sha256 == file.sha256)
    )
