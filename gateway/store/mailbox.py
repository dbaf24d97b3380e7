"""Mailbox files: what a partner's SFTP account shows, as rows. There is no path on disk behind a name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Connection, Row, Uuid, bindparam, func, select, text, union_all, update

from gateway.model import FileState
from gateway.store.engine import Store
from gateway.store.rows import NewRows, Target, as_json, insert_rows
from gateway.store.tables import mailbox_file
from gateway.store.vault import StoredPayload


@dataclass(frozen=True, slots=True)
class MailboxFile:
    """One visible file."""

    id: UUID
    account: str
    folder: str
    name: str
    sha256: bytes
    size: int
    transmission_id: UUID | None
    state: FileState
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """What lies in an account's drop folders."""

    files: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Uncounted:
    """Files of one drop folder that do not count.

    Args:
        account: whose.
        folder: as `in`.
        name: of the one that has lain longest.
        state: its state.
        since: when it changed last.
        files: how many there are.
        newest_at: when the last of them changed.
    """

    account: str
    folder: str
    name: str
    state: FileState
    since: datetime
    files: int
    newest_at: datetime


_COLUMNS = [
    mailbox_file.c.id,
    mailbox_file.c.account,
    mailbox_file.c.folder,
    mailbox_file.c.name,
    mailbox_file.c.payload_sha256.label("sha256"),
    mailbox_file.c.size,
    mailbox_file.c.transmission_id,
    mailbox_file.c.state,
    mailbox_file.c.modified_at,
]

_NAMED = (
    (mailbox_file.c.account == bindparam("of_account"))
    & (mailbox_file.c.folder == bindparam("of_folder"))
    & (mailbox_file.c.name == bindparam("of_name"))
)
_FIND = select(*_COLUMNS).where(_NAMED, mailbox_file.c.removed_at.is_(None))
_LAST_TAKEN_IN = (
    select(*_COLUMNS)
    .where(_NAMED, mailbox_file.c.removed_at.is_not(None), mailbox_file.c.transmission_id.is_not(None))
    .order_by(mailbox_file.c.removed_at.desc())
    .limit(1)
)
# The first arm is read first, and where it has a row the second is not looked at.
_FIND_TAKEN_IN = union_all(_FIND, _LAST_TAKEN_IN.subquery().select()).limit(1)
_REMOVE = (
    update(mailbox_file)
    .where(
        mailbox_file.c.account == bindparam("of_account"),
        mailbox_file.c.folder == bindparam("of_folder"),
        mailbox_file.c.name == bindparam("of_name"),
        mailbox_file.c.removed_at.is_(None),
    )
    .values(removed_at=bindparam("at"))
)
_WAITING = text("""
    SELECT count(*) AS files, coalesce(sum(size), 0) AS total_bytes FROM (
        SELECT size FROM mailbox_file
         WHERE account = :of_account AND folder IN ('in', 'test') AND removed_at IS NULL
           AND (folder, name) <> (:folder, :name)
         LIMIT :most) AS waiting
""")
_TAKE_AWAY = (
    update(mailbox_file)
    .where(
        mailbox_file.c.transmission_id == func.any(bindparam("of_transmissions", type_=ARRAY(Uuid))),
        mailbox_file.c.folder.in_(["in", "test"]),
        mailbox_file.c.removed_at.is_(None),
    )
    .values(removed_at=bindparam("at"))
    .returning(*_COLUMNS)
)


_TAKEN = text("""
    SELECT wanted.place FROM ROWS FROM (
        json_to_recordset(CAST(:wanted AS json)) AS (account text, folder text, name text)
    ) WITH ORDINALITY AS wanted (account, folder, name, place)
     WHERE EXISTS (SELECT FROM mailbox_file m
                    WHERE m.account = wanted.account AND m.folder = wanted.folder AND m.name = wanted.name
                      AND m.removed_at IS NULL)
""")


def put_file(
    target: Target,
    *,
    id: UUID,
    at: datetime,
    account: str,
    folder: str,
    name: str,
    payload: StoredPayload,
    transmission_id: UUID | None,
    state: FileState = FileState.COMPLETE,
) -> None:
    """Show a file; one of the same name that stood there is a version of the past (its row stays, removed)."""
    if isinstance(target, NewRows):
        target.mark(mailbox_file, "removed_at", at, where={"account": account, "folder": folder, "name": name})
    else:
        remove_file(target, account=account, folder=folder, name=name, at=at)
    show_new(
        target,
        id=id,
        at=at,
        account=account,
        folder=folder,
        name=name,
        payload=payload,
        transmission_id=transmission_id,
        state=state,
    )


def show_new(
    target: Target,
    *,
    id: UUID,
    at: datetime,
    account: str,
    folder: str,
    name: str,
    payload: StoredPayload,
    transmission_id: UUID | None,
    state: FileState = FileState.COMPLETE,
) -> None:
    """Show a file under a name that is free."""
    row = {
        "id": id,
        "account": account,
        "folder": folder,
        "name": name,
        "payload_sha256": payload.sha256,
        "size": payload.size,
        "transmission_id": transmission_id,
        "state": state,
        "modified_at": at,
    }
    insert_rows(target, mailbox_file, [row])


def free_name(conn: Connection, *, account: str, folder: str, name: str, beside: Collection[str] = ()) -> str:
    """`name`, or `name` with -2, -3 ... before its ending where it is taken: by a file there, or `beside`."""
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    taken = set(
        conn.execute(
            select(mailbox_file.c.name).where(
                mailbox_file.c.account == account,
                mailbox_file.c.folder == folder,
                mailbox_file.c.removed_at.is_(None),
                mailbox_file.c.name.startswith(stem, autoescape=True),
            )
        ).scalars()
    ).union(beside)
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{stem}-{number}{dot}{ending}"
    return candidate


def free_names(conn: Connection, wanted: Sequence[tuple[str, str, str]]) -> list[str]:
    """Of several files of (account, folder, name) that are about to be shown, a free name each; see `free_name`."""
    taken = set(conn.execute(_TAKEN, {"wanted": as_json([_place(*one) for one in wanted])}).scalars())
    given: set[tuple[str, str, str]] = set()
    names = []
    for place, (account, folder, name) in enumerate(wanted, 1):
        if place in taken or (account, folder, name) in given:
            beside = {other for of, within, other in given if (of, within) == (account, folder)}
            name = free_name(conn, account=account, folder=folder, name=name, beside=beside)
        given.add((account, folder, name))
        names.append(name)
    return names


def waiting(conn: Connection, *, account: str, besides: tuple[str, str], most: int) -> Waiting:
    """What lies in the drop folders, whole or not, and was not taken in yet.

    Args:
        account: whose.
        besides: folder and name of a file that is not counted.
        most: more files than this need not be counted.
    """
    found = conn.execute(_WAITING, {"of_account": account, "folder": besides[0], "name": besides[1], "most": most})
    row = found.one()
    return Waiting(row.files, int(row.total_bytes))


def list_files(conn: Connection, *, account: str, folder: str) -> Sequence[MailboxFile]:
    """The visible files of one folder, by name."""
    rows = conn.execute(
        select(*_COLUMNS)
        .where(mailbox_file.c.account == account, mailbox_file.c.folder == folder, mailbox_file.c.removed_at.is_(None))
        .order_by(mailbox_file.c.name)
    )
    return [_file(row) for row in rows]


def held_files(
    conn: Connection, *, account: str, folders: Sequence[str], until: datetime | None = None
) -> Sequence[MailboxFile]:
    """The files that wait to count, oldest first; with `until`, those unchanged since then that no other has in hand.

    Args:
        account: whose.
        folders: as `in`.
        until: the latest moment of their last change.
    """
    columns = mailbox_file.c
    wanted = (
        select(*_COLUMNS)
        .where(columns.account == account, columns.folder.in_(folders), columns.removed_at.is_(None))
        .where(columns.state == FileState.HELD)
        .order_by(columns.modified_at, columns.id)
    )
    if until is not None:
        wanted = wanted.where(columns.modified_at <= until).with_for_update(skip_locked=True)
    return [_file(row) for row in conn.execute(wanted)]


def uncounted(conn: Connection, *, folders: Sequence[str], until: datetime) -> list[Uncounted]:
    """Each drop folder with files that are held or partial and have not changed since `until`."""
    columns = mailbox_file.c
    of_folder = [columns.account, columns.folder]
    every = (
        select(
            *of_folder,
            columns.name,
            columns.state,
            columns.modified_at,
            func.row_number().over(partition_by=of_folder, order_by=[columns.modified_at, columns.id]).label("nth"),
            func.count().over(partition_by=of_folder).label("files"),
            func.max(columns.modified_at).over(partition_by=of_folder).label("newest_at"),
        )
        .where(columns.folder.in_(folders), columns.removed_at.is_(None), columns.modified_at <= until)
        .where(columns.state.in_((FileState.HELD, FileState.PARTIAL)))
        .subquery()
    )
    oldest = select(every).where(every.c.nth == 1).order_by(every.c.account, every.c.folder)
    return [
        Uncounted(
            account=row.account,
            folder=row.folder,
            name=row.name,
            state=FileState(row.state),
            since=row.modified_at,
            files=row.files,
            newest_at=row.newest_at,
        )
        for row in conn.execute(oldest)
    ]


def count_file(conn: Connection, found: MailboxFile, *, transmission_id: UUID) -> None:
    """A held file counts from now on, or is the flag of one that does."""
    conn.execute(
        update(mailbox_file)
        .where(mailbox_file.c.id == found.id)
        .values(state=FileState.COMPLETE, transmission_id=transmission_id)
    )


def old_files(conn: Connection, *, account: str, folder: str, until: datetime, most: int) -> Sequence[MailboxFile]:
    """The files of a folder that have lain there since `until`, oldest first, locked; others' are passed over."""
    columns = mailbox_file.c
    wanted = (
        select(*_COLUMNS)
        .where(columns.account == account, columns.folder == folder, columns.removed_at.is_(None))
        .where(columns.modified_at <= until)
        .order_by(columns.modified_at, columns.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return [_file(row) for row in conn.execute(wanted)]


def move_file(
    conn: Connection, found: MailboxFile, *, to_folder: str, at: datetime, new_id: Callable[[], UUID]
) -> None:
    """Show a file in another folder, no longer where it was; there it gets a name that is free."""
    conn.execute(update(mailbox_file).where(mailbox_file.c.id == found.id).values(removed_at=at))
    put_file(
        conn,
        id=new_id(),
        at=at,
        account=found.account,
        folder=to_folder,
        name=free_name(conn, account=found.account, folder=to_folder, name=found.name),
        payload=StoredPayload(found.sha256, found.size),
        transmission_id=found.transmission_id,
    )


def list_folders(conn: Connection, *, account: str, under: str) -> list[str]:
    """The names of the folders below `under` (as `archive`) that hold a visible file."""
    rows = conn.execute(
        select(mailbox_file.c.folder)
        .where(
            mailbox_file.c.account == account,
            mailbox_file.c.folder.startswith(under + "/", autoescape=True),
            mailbox_file.c.removed_at.is_(None),
        )
        .distinct()
    ).scalars()
    return sorted(folder.removeprefix(under + "/") for folder in rows)


def find_file(conn: Connection, *, account: str, folder: str, name: str, ingested: bool = False) -> MailboxFile | None:
    """One visible file, or None; `ingested` also finds the last of this name that was taken in and archived."""
    values = {"of_account": account, "of_folder": folder, "of_name": name}
    row = conn.execute(_FIND_TAKEN_IN if ingested else _FIND, values).first()
    return None if row is None else _file(row)


def look_up_file(store: Store, *, account: str, folder: str, name: str, ingested: bool = False) -> MailboxFile | None:
    """`find_file` by itself, outside any transaction; clients ask for each file, before they send it."""
    values = {"of_account": account, "of_folder": folder, "of_name": name}
    rows = store.run(_FIND_TAKEN_IN if ingested else _FIND, values)
    if not rows:
        return None
    named = {column.name: value for column, value in zip(_COLUMNS, rows[0], strict=True)}
    return MailboxFile(**{**named, "state": FileState(named["state"])})


def is_offered(conn: Connection, *, transmission_id: UUID, folder: str) -> bool:
    """Whether a copy of a transmission is still visible in a folder."""
    found = select(mailbox_file.c.id).where(
        mailbox_file.c.transmission_id == transmission_id,
        mailbox_file.c.folder == folder,
        mailbox_file.c.removed_at.is_(None),
    )
    return conn.execute(found.limit(1)).first() is not None


def remove_file(conn: Connection, *, account: str, folder: str, name: str, at: datetime) -> bool:
    """Take a file out of sight; False where there was none."""
    values = {"of_account": account, "of_folder": folder, "of_name": name, "at": at}
    return conn.execute(_REMOVE, values).rowcount > 0


def remove_copies(conn: Connection, *, transmission_id: UUID, folder: str, at: datetime) -> None:
    """Take every visible copy of a transmission out of a folder."""
    conn.execute(
        update(mailbox_file)
        .where(
            mailbox_file.c.transmission_id == transmission_id,
            mailbox_file.c.folder == folder,
            mailbox_file.c.removed_at.is_(None),
        )
        .values(removed_at=at)
    )


def archive_files(
    conn: Connection, folders: Mapping[UUID, str], *, at: datetime, new_id: Callable[[], UUID], later: NewRows
) -> None:
    """Show the files of finished transmissions in other folders, no longer where they were put.

    The dropped rows stay as removed ones, so that a client that looks at its upload afterwards still finds it.

    Args:
        conn: the transaction.
        folders: transmission -> where its file goes: archive/YYYYMMDD, error.
        at: the moment, aware.
        new_id: makes ids.
        later: collects the new rows.
    """
    rows = conn.execute(_TAKE_AWAY, {"of_transmissions": list(folders), "at": at})
    found = sorted((_file(row) for row in rows), key=lambda file: file.id)
    if not found:
        return
    wanted = [(file.account, folders[file.transmission_id], file.name) for file in found if file.transmission_id]
    for file, (_, folder, _), name in zip(found, wanted, free_names(conn, wanted), strict=True):
        show_new(
            later,
            id=new_id(),
            at=at,
            account=file.account,
            folder=folder,
            name=name,
            payload=StoredPayload(file.sha256, file.size),
            transmission_id=file.transmission_id,
        )


def rename_file(
    conn: Connection,
    found: MailboxFile,
    *,
    to_name: str,
    transmission_id: UUID | None,
    state: FileState,
    at: datetime,
) -> None:
    """Give a visible file another name in its folder; a file of that name is replaced.

    Args:
        transmission_id: what it became, where it counts from now on; else as it was.
        state: likewise.
    """
    if to_name != found.name:
        remove_file(conn, account=found.account, folder=found.folder, name=to_name, at=at)
    conn.execute(
        update(mailbox_file)
        .where(mailbox_file.c.id == found.id)
        .values(name=to_name, transmission_id=transmission_id, state=state, modified_at=at)
    )


def _place(account: str, folder: str, name: str) -> dict[str, str]:
    return {"account": account, "folder": folder, "name": name}


def _file(row: Row[Any]) -> MailboxFile:
    return MailboxFile(**{**row._mapping, "state": FileState(row.state)})
