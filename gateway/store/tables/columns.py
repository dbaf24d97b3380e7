"""What the tables share: one metadata with its names of constraints, and columns that many of them have."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_unique",
        "fk": "%(table_name)s_%(column_0_name)s_fk",
        "ck": "%(table_name)s_%(constraint_name)s",
    }
)


def id_column() -> Column[object]:
    """The id of a row, a UUIDv7 that the program makes."""
    return Column("id", Uuid, primary_key=True)


def time_column(name: str, *, optional: bool = False) -> Column[object]:
    """A moment, in UTC."""
    return Column(name, DateTime(timezone=True), nullable=optional)


def word_columns(name: str, words: type[StrEnum], *, optional: bool = False) -> list[Column[object] | CheckConstraint]:
    """One word of a closed set, and the constraint that the database holds it to."""
    allowed = ", ".join(f"'{word.value}'" for word in words)
    return [Column(name, Text, nullable=optional), CheckConstraint(f"{name} IN ({allowed})", name=f"{name}_known")]


def work_columns() -> list[Column[object]]:
    """What makes a row a piece of work (architecture, "Work")."""
    return [
        Column("lane", Text, nullable=True),
        Column("ordering_key", Text, nullable=True),
        Column("seq", BigInteger, Identity(always=True), nullable=False),
        time_column("next_at", optional=True),
        Column("claim_no", Integer, nullable=False, server_default=text("0")),
        Column("claimed_by", Text, nullable=True),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("crashes", Integer, nullable=False, server_default=text("0")),
    ]


def work_indexes(table: Table, *, claimable: str, blocking: str) -> None:
    """What keeps a claim cheap at any backlog: due rows in order, what blocks a key, and who has what in hand."""
    name = table.name
    Index(
        f"{name}_due",
        table.c.lane,
        table.c.seq,
        text("coalesce(next_at, '-infinity'::timestamptz)"),
        postgresql_where=text(f"state IN ({claimable})"),
    )
    Index(
        f"{name}_order",
        table.c.lane,
        table.c.ordering_key,
        table.c.seq,
        postgresql_where=text(f"ordering_key IS NOT NULL AND state IN ({blocking})"),
    )
    Index(f"{name}_claimed", table.c.claimed_by, postgresql_where=text("claimed_by IS NOT NULL"))
