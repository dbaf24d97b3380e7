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

Row = Mapping[str, Any]

_DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


class NewRows:
    """Rows of one transaction that nothing reads before `write`."""

    def __init__(self) -> None:
        self._groups: dict[_Group, list[Row]] = {}

    def collect(self, table: Table, rows: Sequence[Row], *, keep: bool) -> None:
        """Add rows; those of a table are inserted in the order they came. See `insert_rows`."""
        for row in rows:
            self._groups.setdefault((table, tuple(row), keep), []).append(row)

    def write(self, conn: Connection) -> None:
        """Insert all that was collected. Rows may refer to one another whatever their order."""
        if self._groups:
            parameters = {f"rows{place}": _as_json(rows) for place, rows in enumerate(self._groups.values())}
            conn.execute(_together(tuple(self._groups)), parameters)
            self._groups = {}


Target = Connection | NewRows
"""Where rows are added: a transaction, at once; or a collection, to be written later."""

_Group = tuple[Table, tuple[str, ...], bool]
"""Rows that have the same columns, and whether one that is there already is kept."""


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


@cache
def _alone(table: Table, keep: bool) -> Insert:
    return insert_or_keep(table).on_conflict_do_nothing() if keep else insert(table)


@cache
def _together(groups: tuple[_Group, ...]) -> Executable:
    """One statement for all groups; its parameters are the groups' rows as JSON arrays."""
    *first, last = [_inserting(group, place) for place, group in enumerate(groups)]
    before = ", ".join(f"insert{place} AS ({statement})" for place, statement in enumerate(first))
    return text(f"WITH {before} {last}" if first else last)


def _inserting(group: _Group, place: int) -> str:
    table, columns, keep = group
    names = ", ".join(f'"{name}"' for name in columns)
    typed = ", ".join(f'"{name}" {_type(table, name)}' for name in columns)
    given = f"json_to_recordset(CAST(:rows{place} AS json)) AS ({typed})"
    statement = (
        f'INSERT INTO "{table.name}" ({names})'  # noqa: S608 names of our own tables
        f" SELECT {names} FROM ROWS FROM ({given}) WITH ORDINALITY AS given({names}, the_place) ORDER BY the_place"
    )
    return f"{statement} ON CONFLICT DO NOTHING" if keep else statement


def _type(table: Table, column: str) -> str:
    return str(table.c[column].type.compile(dialect=_DIALECT))


def _as_json(rows: list[Row]) -> str:
    return orjson.dumps(rows, default=_bytea).decode()


def _bytea(value: object) -> str:
    """Bytes as PostgreSQL writes them."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(f"no column takes a {type(value).__name__}")
