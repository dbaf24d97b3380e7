"""What was on the wire: interchanges, functional groups, transaction sets, and the issues found in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from gateway.model import Direction
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
from translators.errors import Issue

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
