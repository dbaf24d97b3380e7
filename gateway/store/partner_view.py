"""The log as one partner may see it: only what passed through its own accounts. JSON-ready dicts.

Every function takes the accounts; what belongs to another account is not there, as if it did not exist.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, select, tuple_

from gateway.model import Direction
from gateway.store.tables import (
    acknowledgment,
    functional_group,
    interchange,
    issue,
    mailbox_file,
    payload,
    transaction_set,
    transmission,
)

Row = dict[str, Any]

_HEAD = (
    transmission.c.id,
    transmission.c.direction,
    transmission.c.state,
    transmission.c.environment,
    transmission.c.account,
    transmission.c.filename,
    transmission.c.size,
    transmission.c.payload_sha256.label("sha256"),
    transmission.c.received_at,
    transmission.c.finished_at,
    transmission.c.duplicate_of,
)


def transmissions(
    conn: Connection,
    accounts: Collection[str],
    *,
    direction: str | None = None,
    state: str | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Row]:
    """The newest transmissions, newest first.

    Args:
        conn: the transaction.
        accounts: whose.
        direction: `in` or `out`; both when None.
        state: only those; any when None.
        before: the id of one of theirs: only what is older than that one.
        limit: at most so many.
    """
    columns = transmission.c
    query = _heads(accounts).order_by(columns.received_at.desc(), columns.id.desc()).limit(limit)
    if direction is not None:
        query = query.where(columns.direction == direction)
    if state is not None:
        query = query.where(columns.state == state)
    if before is not None:
        edge = select(columns.received_at, columns.id).where(columns.id == before, columns.account.in_(accounts))
        query = query.where(tuple_(columns.received_at, columns.id) < edge.scalar_subquery())
    return _rows(conn, query)


def one(conn: Connection, accounts: Collection[str], id: UUID) -> Row | None:
    """One transmission, or None where they have none of this id."""
    found = _rows(conn, _heads(accounts).where(transmission.c.id == id))
    return found[0] if found else None


def contents(conn: Connection, id: UUID) -> list[Row]:
    """The interchanges of a transmission that `one` found, each with its groups, each with its sets."""
    interchanges = _rows(
        conn,
        select(
            interchange.c.id,
            interchange.c.ordinal,
            interchange.c.control_number,
            interchange.c.accepted,
            interchange.c.outcome,
        )
        .where(interchange.c.transmission_id == id)
        .order_by(interchange.c.ordinal),
    )
    groups = _rows(
        conn,
        select(
            functional_group.c.interchange_id,
            functional_group.c.ordinal,
            functional_group.c.functional_id,
            functional_group.c.control_number,
            functional_group.c.status,
            functional_group.c.outcome,
        )
        .where(functional_group.c.interchange_id.in_([row["id"] for row in interchanges]))
        .order_by(functional_group.c.ordinal),
    )
    sets = _rows(
        conn,
        select(
            transaction_set.c.interchange_ordinal,
            transaction_set.c.group_ordinal,
            transaction_set.c.code,
            transaction_set.c.control_number,
            transaction_set.c.accepted,
            transaction_set.c.outcome,
        )
        .where(transaction_set.c.transmission_id == id)
        .order_by(transaction_set.c.ordinal),
    )
    for row in interchanges:
        row["groups"] = [each for each in groups if each["interchange_id"] == row["id"]]
        for each in row["groups"]:
            place = (row["ordinal"], each["ordinal"])
            each["sets"] = [one for one in sets if (one["interchange_ordinal"], one["group_ordinal"]) == place]
    return interchanges


def issues(conn: Connection, id: UUID) -> list[Row]:
    """What was found wrong in a transmission that `one` found."""
    columns = issue.c
    return _rows(
        conn,
        select(columns.stage, columns.code, columns.severity, columns.message, columns.position, columns.value)
        .where(columns.transmission_id == id)
        .order_by(columns.id),
    )


def acknowledgments(conn: Connection, accounts: Collection[str], id: UUID) -> list[Row]:
    """What answers a transmission that `one` found: ours to what they sent, theirs to what we sent.

    The transmission that carries an answer is named only where it went through their own accounts.
    """
    about = select(interchange.c.id).where(interchange.c.transmission_id == id)
    carrier = transmission.alias("carrier")
    return _rows(
        conn,
        select(
            acknowledgment.c.kind,
            acknowledgment.c.direction,
            acknowledgment.c.status,
            acknowledgment.c.control_number,
            acknowledgment.c.created_at,
            interchange.c.control_number.label("interchange"),
            carrier.c.id.label("carried_by"),
        )
        .join(interchange, interchange.c.id == acknowledgment.c.interchange_id)
        .outerjoin(carrier, (carrier.c.id == acknowledgment.c.transmission_id) & carrier.c.account.in_(accounts))
        .where(acknowledgment.c.interchange_id.in_(about))
        .order_by(acknowledgment.c.created_at, acknowledgment.c.id),
    )


def waiting(conn: Connection, accounts: Collection[str], *, folder: str, limit: int) -> list[Row]:
    """The files of ours that wait to be collected, oldest first."""
    columns = transmission.c
    return _rows(
        conn,
        _heads(accounts)
        .join(mailbox_file, mailbox_file.c.transmission_id == columns.id)
        .where(
            columns.direction == Direction.OUT,
            mailbox_file.c.folder == folder,
            mailbox_file.c.account.in_(accounts),
            mailbox_file.c.removed_at.is_(None),
        )
        .distinct()
        .order_by(columns.received_at, columns.id)
        .limit(limit),
    )


def _heads(accounts: Collection[str]) -> Select[Any]:
    joined = transmission.join(payload, payload.c.sha256 == transmission.c.payload_sha256)
    return select(*_HEAD).select_from(joined).where(transmission.c.account.in_(accounts))


def _rows(conn: Connection, query: Select[Any]) -> list[Row]:
    return [dict(row) for row in conn.execute(query).mappings()]
