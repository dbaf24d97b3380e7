"""The nodes that do the work, and which programs theirs may be."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from gateway.model import NodeEnding
from gateway.store.tables.columns import metadata, time_column, word_columns

schema_floor = Table(
    "schema_floor",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=text("true")),  # one row, written by migrations
    Column("compatible_from", Text, nullable=False),  # the oldest schema whose programs may work on this database
    CheckConstraint("singleton", name="one_row"),
)

node = Table(
    "node",
    metadata,
    Column("name", Text, primary_key=True),
    time_column("started_at"),
    time_column("heartbeat_at"),  # by the database's clock
    Column("roles", JSONB, nullable=False, server_default=text("'[]'")),
    Column("version", Text, nullable=False, server_default=text("''")),
    Column("schema", Text, nullable=False, server_default=text("''")),  # the newest its program knows
    Column("workers", Integer, nullable=False, server_default=text("0")),
    Column("vault", Text, nullable=True),  # the mark of its folder of large payloads
    Column("leads", JSONB, nullable=False, server_default=text("'[]'")),
    time_column("ended_at", optional=True),
    *word_columns("ending", NodeEnding, optional=True),
)
