"""Cross references: a partner's values and ours, by table and day; a partner's own rows come before those for all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as insert_or_change

from gateway.ports import new_id
from gateway.store import audit
from gateway.store.tables import cross_reference
from mappings.cross_references import CrossReference, CrossReferences

AUDIT_SUBJECT = "cross_reference"


class StoredReferences:
    """The `Lookup` of one partner and day, inside one transaction; what was asked once is remembered.

    Args:
        conn: the transaction.
        partner: whose values are looked up.
        on: the day rows must hold on.
    """

    def __init__(self, conn: Connection, *, partner: str, on: date) -> None:
        self._conn = conn
        self._partner = partner
        self._on = on
        self._known: dict[tuple[str, str], str | None] = {}

    def find(self, table: str, value: str) -> str | None:
        """See `mappings.cross_references.Lookup`."""
        asked = (table, value)
        if asked not in self._known:
            rows = read(self._conn, table=table, value=value)
            self._known[asked] = CrossReferences(rows, partner=self._partner, on=self._on).find(table, value)
        return self._known[asked]


def read(
    conn: Connection, *, table: str | None = None, value: str | None = None, partner: str | None = None
) -> list[CrossReference]:
    """Rows, by table, value, partner and first day.

    Args:
        table: only this table's.
        value: only this value's.
        partner: only this partner's own.
    """
    columns = cross_reference.c
    wanted = select(
        columns.table_name, columns.value, columns.word, columns.partner, columns.first_day, columns.last_day
    )
    for column, found in ((columns.table_name, table), (columns.value, value), (columns.partner, partner)):
        if found is not None:
            wanted = wanted.where(column == found)
    ordered = wanted.order_by(
        columns.table_name, columns.value, columns.partner.nulls_first(), columns.first_day.nulls_first()
    )
    return [CrossReference(*row) for row in conn.execute(ordered)]


def put(conn: Connection, rows: Sequence[CrossReference], *, by: str, at: datetime) -> int:
    """Add rows, or change those there are of the same table, value, partner and first day; audited.

    Args:
        conn: the transaction.
        rows: no two of the same table, value, partner and first day.
        by: who does it.
        at: the moment, aware.

    Returns:
        How many were new or changed.
    """
    changed = 0
    for row in rows:
        values: dict[str, Any] = {
            "table_name": row.table,
            "partner": row.partner,
            "value": row.value,
            "word": row.word,
            "first_day": row.first,
            "last_day": row.last,
        }
        putting = insert_or_change(cross_reference).values(id=new_id(), added_at=at, **values)
        columns, excluded = cross_reference.c, putting.excluded
        done = conn.execute(
            putting.on_conflict_do_update(
                index_elements=[columns.table_name, columns.value, columns.partner, columns.first_day],
                set_={"word": excluded.word, "last_day": excluded.last_day, "added_at": excluded.added_at},
                where=columns.word.is_distinct_from(excluded.word)
                | columns.last_day.is_distinct_from(excluded.last_day),
            ).returning(columns.id)
        ).first()
        if done is not None:
            changed += 1
            detail = {name: str(value) for name, value in values.items() if value is not None}
            audit.record(
                conn,
                at=at,
                actor=by,
                action="cross_reference.put",
                subject=AUDIT_SUBJECT,
                subject_id=row.table,
                detail=detail,
            )
    return changed
