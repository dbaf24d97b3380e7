"""What is in force and was: revisions of profiles and maps, what people decided, partners' values and ours."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, Index, Table, Text

from gateway.store.tables.columns import id_column, metadata, time_column

cross_reference = Table(
    "cross_reference",
    metadata,
    id_column(),
    Column("table_name", Text, nullable=False),
    Column("partner", Text, nullable=True),  # None: for every partner
    Column("value", Text, nullable=False),  # theirs
    Column("word", Text, nullable=False),  # ours
    Column("first_day", Date, nullable=True),
    Column("last_day", Date, nullable=True),
    time_column("added_at"),
    CheckConstraint("first_day <= last_day", name="days_in_order"),
)
Index(
    "cross_reference_row",
    cross_reference.c.table_name,
    cross_reference.c.value,
    cross_reference.c.partner,
    cross_reference.c.first_day,
    unique=True,
    postgresql_nulls_not_distinct=True,
)

partner_revision = Table(
    "partner_revision",
    metadata,
    Column("partner", Text, primary_key=True),
    Column("revision", Text, primary_key=True),
    time_column("seen_at"),
    Column("resolved", Text, nullable=True),  # JSON, its SHA-256 the revision; none before 0022
)

map_revision = Table(
    "map_revision",
    metadata,
    Column("map_name", Text, primary_key=True),
    Column("revision", Text, primary_key=True),
    Column("resolved", Text, nullable=False),
    Column("sources", Text, nullable=True),  # JSON: map name -> text of its file; none before 0012
    time_column("seen_at"),
)

map_decision = Table(
    "map_decision",
    metadata,
    id_column(),
    Column("map_name", Text, nullable=False, index=True),
    Column("revision", Text, nullable=True),  # none: retired
    time_column("active_from"),
    time_column("decided_at"),
    Column("decided_by", Text, nullable=False),
)
