"""What was on the wire: interchanges, functional groups, transaction sets, and the issues found in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from gateway.model import Direction, Environment
from gateway.ports import new_id
from gateway.store import documents
from gateway.store.rows import NewRows, Target, insert_rows
from gateway.store.tables import (
    control_number,
    document,
    functional_group,
    interchange,
    issue,
    transaction_set,
)
from gateway.store.texts import storable
from gateway.store.vault import StoredPayload
from translators.errors import Issue
from translators.formats import Format
from translators.tree import Node
from translators.x12.model import GroupEnd, InterchangeHeader, TransactionSet
from translators.x12.writer import ControlNumbers, OutboundInterchange

Row = dict[str, Any]


def issue_row(
    found: Issue,
    *,
    id: UUID,
    transmission_id: UUID,
    stage: str,
    transaction_set_id: UUID | None = None,
) -> Row:
    """The row of one issue; `stage` is identify, validate, map or route."""
    return {
        "id": id,
        "transmission_id": transmission_id,
        "transaction_set_id": transaction_set_id,
        "stage": stage,
        "code": found.code,
        "severity": found.severity.value,
        "level": found.level,
        "message": found.message,
        "position": found.position.as_json(),
        "value": found.value,
    }


def interchange_row(
    header: InterchangeHeader,
    *,
    id: UUID,
    transmission_id: UUID,
    end: int,
    partner: str | None,
    accepted: bool,
    duplicate_of: UUID | None = None,
    content_sha256: bytes | None = None,
) -> Row:
    """The row of one X12 interchange; `end` is the byte after its last."""
    return {
        "id": id,
        "transmission_id": transmission_id,
        "ordinal": header.ordinal,
        "syntax": Format.X12.value,
        "control_number": header.control_number,
        "sender_qualifier": header.sender[0],
        "sender_id": header.sender[1],
        "receiver_qualifier": header.receiver[0],
        "receiver_id": header.receiver[1],
        "version": header.version,
        "usage": header.usage,
        "partner": partner,
        "accepted": accepted,
        "duplicate_of": duplicate_of,
        "content_sha256": content_sha256,
        "start_offset": header.offset,
        "end_offset": end,
    }


def group_row(group: GroupEnd, *, id: UUID, interchange_id: UUID, status: str, received: int, accepted: int) -> Row:
    """The row of one functional group; `status` as AK901 says it."""
    header = group.header
    return {
        "id": id,
        "interchange_id": interchange_id,
        "ordinal": header.ordinal,
        "functional_id": header.functional_id,
        "control_number": header.control_number,
        "sender": header.sender,
        "receiver": header.receiver,
        "version": header.version,
        "status": status,
        "sets_included": group.sets_included,
        "sets_received": received,
        "sets_accepted": accepted,
    }


def set_row(found: TransactionSet, *, id: UUID, transmission_id: UUID, accepted: bool) -> Row:
    """The row of one transaction set."""
    return {
        "id": id,
        "transmission_id": transmission_id,
        "interchange_ordinal": found.interchange.ordinal,
        "group_ordinal": found.group.ordinal,
        "ordinal": found.ordinal,
        "code": found.code,
        "control_number": found.control_number,
        "accepted": accepted,
        "segments": found.segments,
        "start_offset": found.offset,
        "end_offset": found.end,
    }


def file_row(
    *,
    id: UUID,
    transmission_id: UUID,
    syntax: str,
    sender: str,
    receiver: str,
    environment: Environment,
    partner: str,
    accepted: bool,
    payload: StoredPayload,
) -> Row:
    """The row that stands for a whole file that is not X12, where an interchange's would."""
    return {
        "id": id,
        "transmission_id": transmission_id,
        "ordinal": 1,
        "syntax": syntax,
        "control_number": "",
        "sender_qualifier": "",
        "sender_id": sender,
        "receiver_qualifier": "",
        "receiver_id": receiver,
        "version": "",
        "usage": "T" if environment is Environment.TEST else "P",
        "partner": partner,
        "accepted": accepted,
        "duplicate_of": None,
        "content_sha256": payload.sha256,
        "start_offset": 0,
        "end_offset": payload.size,
    }


def document_row(*, id: UUID, transmission_id: UUID, ordinal: int, code: str, root: Node | None, accepted: bool) -> Row:
    """The row of one document of a file that is not X12, where a transaction set's would; `root` as it was read."""
    return {
        "id": id,
        "transmission_id": transmission_id,
        "interchange_ordinal": 1,
        "group_ordinal": 1,
        "ordinal": ordinal,
        "code": code,
        "control_number": "",
        "accepted": accepted,
        "segments": 0 if root is None else 1 + len(root.children),
        "start_offset": 0 if root is None else root.offset,
        "end_offset": 0 if root is None else root.end,
    }


def answer_rows(
    answer: OutboundInterchange, *, numbers: ControlNumbers, transmission_id: UUID, partner: str, size: int
) -> tuple[Row, list[Row]]:
    """The rows of an interchange of acknowledgments of ours, and of its groups: a TA1 may speak of it."""
    id = new_id()
    interchange = {
        "id": id,
        "transmission_id": transmission_id,
        "ordinal": 1,
        "syntax": Format.X12.value,
        "control_number": f"{numbers.interchange:09d}",
        "sender_qualifier": answer.sender[0],
        "sender_id": answer.sender[1],
        "receiver_qualifier": answer.receiver[0],
        "receiver_id": answer.receiver[1],
        "version": answer.version,
        "usage": answer.usage,
        "partner": partner,
        "accepted": True,
        "start_offset": 0,
        "end_offset": size,
    }
    groups = [
        {
            "id": new_id(),
            "interchange_id": id,
            "ordinal": ordinal,
            "functional_id": group.functional_id,
            "control_number": str(number),
            "sender": group.sender,
            "receiver": group.receiver,
            "version": group.version,
            "status": "A",
            "sets_included": len(group.sets),
            "sets_received": len(group.sets),
            "sets_accepted": len(group.sets),
        }
        for ordinal, (group, number) in enumerate(zip(answer.groups, numbers.groups, strict=True), 1)
    ]
    return interchange, groups


def add_rows(
    target: Target,
    *,
    interchanges: Sequence[Row] = (),
    groups: Sequence[Row] = (),
    sets: Sequence[Row] = (),
    issues: Sequence[Row] = (),
) -> None:
    """Write prepared rows, parents first; an interchange written when it was open is brought up to date.

    Rows are collected only for a transmission that is written at once: none of its interchanges was written before.

    A NUL in a partner's text, which PostgreSQL's text cannot hold, is shown as U+2400; the vault has the bytes.
    """
    if isinstance(target, NewRows):
        insert_rows(target, interchange, [storable(row) for row in interchanges])
    elif interchanges:
        putting = insert_or_update(interchange)
        changed = {
            name: putting.excluded[name] for name in ("accepted", "duplicate_of", "content_sha256", "end_offset")
        }
        putting = putting.on_conflict_do_update(index_elements=[interchange.c.id], set_=changed)
        target.execute(putting, [storable(row) for row in interchanges])
    for table, rows in ((functional_group, groups), (transaction_set, sets), (issue, issues)):
        insert_rows(target, table, [storable(row) for row in rows])


def discard_staged(conn: Connection, transmission_id: UUID) -> None:
    """Forget what an interrupted reading of this transmission left: it is read again from its first byte.

    Called only while the transmission is unfinished: none of these rows took effect, since a finished transmission
    is never read again.
    """
    made = select(document.c.id).where(document.c.transmission_id == transmission_id)
    documents.remove(conn, list(conn.execute(made).scalars()))
    conn.execute(delete(issue).where(issue.c.transmission_id == transmission_id))
    conn.execute(delete(transaction_set).where(transaction_set.c.transmission_id == transmission_id))
    conn.execute(
        delete(control_number).where(
            control_number.c.transmission_id == transmission_id, control_number.c.direction == Direction.IN
        )
    )
    mine = select(interchange.c.id).where(interchange.c.transmission_id == transmission_id)
    conn.execute(delete(functional_group).where(functional_group.c.interchange_id.in_(mine)))
    conn.execute(delete(interchange).where(interchange.c.transmission_id == transmission_id))


def any_staged(conn: Connection, transmission_id: UUID) -> bool:
    """Whether an earlier, interrupted reading left chunks behind."""
    left = [exists().where(table.c.transmission_id == transmission_id) for table in (interchange, issue)]
    return bool(conn.execute(select(or_(*left))).scalar_one())
