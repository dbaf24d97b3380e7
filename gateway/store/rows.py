"""Inserting rows: at once, or collected and written together, in one statement however many tables they go to.

A round trip to the database costs more than most inserts, and one transmission makes rows in a dozen tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection, Dialect, Executable, Insert, Table, insert, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert as insert_or_keep

from gateway.store.engine import Store

Row = Mapping[str, Any]

_DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


class NewRows:
    """Rows of one transaction that nothing reads before `write`."""

    def __init__(self) -> None:
        self._groups: dict[_Group, list[Row]] = {}
        self._marks: list[tuple[_Mark, Row]] = []

    def collect(self, table: Table, rows: Sequence[Row], *, keep: bool) -> None:
        """Add rows; those of a table are inserted in the order they came. See `insert_rows`."""
        for row in rows:
            self._groups.setdefault((table, tuple(row), keep), []).append(row)

    def mark(self, table: Table, column: str, value: object, *, where: Row) -> None:
        """Give a column its value in the rows where it is empty, before the new rows of that table are inserted.

        Args:
            table: whose rows.
            column: the one that is empty.
            value: what it gets.
            where: column -> value that the rows have.
        """
        self._marks.append(((table, column, tuple(where)), {**where, column: value}))

    def write(self, conn: Connection) -> None:
        """Write all that was collected, in one statement. Rows may refer to one another whatever their order."""
        if not self._groups and not self._marks:
            return
        conn.execute(*self._statement())
        self._groups, self._marks = {}, []

    def write_at_once(self, store: Store) -> None:
        """The same as a transaction of its own: one round trip.

        Raises:
            StoreConflict: a constraint refused a row; nothing is written, and all may be tried again.
            StoreUnavailable: as of `Store.begin`.
        """
        if self._groups or self._marks:
            store.run(*self._statement())
        self._groups, self._marks = {}, []

    def _statement(self) -> tuple[Executable, dict[str, object]]:
        parameters: dict[str, object] = {
            f"rows{place}": as_json(rows) for place, rows in enumerate(self._groups.values())
        }
        for place, (_, values) in enumerate(self._marks):
            parameters |= {f"mark{place}_{column}": value for column, value in values.items()}
        return _together(tuple(mark for mark, _ in self._marks), tuple(self._groups)), parameters


Target = Connection | NewRows
"""Where rows are added: a transaction, at once; or a collection, to be written later."""

_Group = tuple[Table, tuple[str, ...], bool]
"""Rows that have the same columns, and whether one that is there already is kept."""

_Mark = tuple[Table, str, tuple[str, ...]]
"""The table, the column that is empty and gets a value, and the columns by which its rows are found."""


def insert_rows(target: Target, table: Table, rows: Sequence[Row], *, keep: bool = False) -> None:
    """Insert rows.

    Args:
        target: now or later.
        table: where they go.
        rows: column name -> value, as SQLAlchemy takes it.
        keep: a row that is there already stays as it is.
    """
    if isinstance(target, NewRows):
        target.collect(table, rows, keep=keep)
    elif rows:
        target.execute(_alone(table, keep), list(rows))


def as_json(rows: Sequence[Row]) -> str:
    """Rows as `json_to_recordset` takes them; bytes as PostgreSQL writes them."""
    return orjson.dumps(rows, default=_bytea).decode()


@cache
def _alone(table: Table, keep: bool) -> Insert:
    return insert_or_keep(table).on_conflict_do_nothing() if keep else insert(table)


@cache
def _together(marks: tuple[_Mark, ...], groups: tuple[_Group, ...]) -> Executable:
    """One statement for all; its parameters are the values of the marks, and the groups' rows as JSON arrays."""
    parts = {f"mark{place}": _marking(mark, place) for place, mark in enumerate(marks)}
    for place, group in enumerate(groups):
        after = [f"mark{number}" for number, (table, _, _) in enumerate(marks) if table is group[0]]
        parts[f"insert{place}"] = _inserting(group, place, after=after)
    *first, last = parts.items()
    before = ", ".join(f"{name} AS ({statement})" for name, statement in first)
    return text(f"WITH {before} {last[1]}" if first else last[1])


def _marking(mark: _Mark, place: int) -> str:
    table, column, found_by = mark
    values = {name: f"CAST(:mark{place}_{name} AS {_type(table, name)})" for name in (column, *found_by)}
    wanted = " AND ".join(f'"{name}" = {values[name]}' for name in found_by)
    return (
        f'UPDATE "{table.name}" SET "{column}" = {values[column]}'  # noqa: S608 names of our own tables
        f' WHERE {wanted} AND "{column}" IS NULL RETURNING 1'
    )


def _inserting(group: _Group, place: int, *, after: Sequence[str]) -> str:
    """Parts of one statement run in no order, but for one that reads another to its end."""
    table, columns, keep = group
    names = ", ".join(f'"{name}"' for name in columns)
    typed = ", ".join(f'"{name}" {_type(table, name)}' for name in columns)
    given = f"json_to_recordset(CAST(:rows{place} AS json)) AS ({typed})"
    once = " AND ".join(f"(SELECT count(*) FROM {name}) >= 0" for name in after)  # noqa: S608 names of our own
    statement = (
        f'INSERT INTO "{table.name}" ({names})'  # noqa: S608 names of our own tables
        f" SELECT {names} FROM ROWS FROM ({given}) WITH ORDINALITY AS given({names}, the_place)"
        f"{f' WHERE {once}' if once else ''} ORDER BY the_place"
    )
    return f"{statement} ON CONFLICT DO NOTHING" if keep else statement


def _type(table: Table, column: str) -> str:
    return str(table.c[column].type.compile(dialect=_DIALECT))


def _bytea(value: object) -> str:
    """Bytes as PostgreSQL writes them."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(f"no column takes a {type(value).__name__}")
