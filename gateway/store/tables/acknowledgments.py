"""Acknowledgments, made and awaited, and the control numbers that they answer."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from gateway.model import AcknowledgmentKind, Direction, Environment, ExpectedState
from gateway.store.tables.columns import id_column, metadata, time_column, word_columns

acknowledgment = Table(
    "acknowledgment",
    metadata,
    id_column(),
    *word_columns("kind", AcknowledgmentKind),
    *word_columns("direction", Direction),  # out: ours, about what we received; in: a partner's, about what we sent
    Column("interchange_id", Uuid, ForeignKey("interchange.id"), nullable=False, index=True),  # that it is about
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=False, index=True),  # that carries it
    Column("status", Text, nullable=False),  # out: TA104, or the AK901s of its groups joined by commas; in: an outcome
    Column("control_number", Text, nullable=False),
    time_column("created_at"),
    # of a partner's alone:
    Column("functional_group_id", Uuid, ForeignKey("functional_group.id"), nullable=True),  # None: of the interchange
    Column("content_sha256", LargeBinary, nullable=True),
    Column("duplicate_of", Uuid, ForeignKey("acknowledgment.id"), nullable=True),
)

expected_acknowledgment = Table(
    "expected_acknowledgment",
    metadata,
    id_column(),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=False),
    Column("interchange_id", Uuid, ForeignKey("interchange.id"), nullable=False, index=True),
    Column("functional_group_id", Uuid, ForeignKey("functional_group.id"), nullable=True),  # None: a TA1
    *word_columns("kind", AcknowledgmentKind),
    Column("partner", Text, nullable=False),
    *word_columns("state", ExpectedState),
    time_column("created_at"),
    time_column("due_at"),
    time_column("closed_at", optional=True),
    Column("exception_id", Uuid, ForeignKey("exception.id"), nullable=True),  # opened when it was overdue
)
Index(
    "expected_acknowledgment_open",
    expected_acknowledgment.c.due_at,
    postgresql_where=text("state IN ('waiting', 'overdue')"),
)

control_counter = Table(
    "control_counter",
    metadata,
    Column("sender", Text, primary_key=True),  # "qualifier:id"
    Column("receiver", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # ISA13, GS06
    Column("last", BigInteger, nullable=False),
    Column("cycle", Integer, nullable=False, server_default=text("0")),  # + 1 each time 999999999 wraps to 1
)

control_number = Table(
    "control_number",
    metadata,
    id_column(),
    Column("sender", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    *word_columns("environment", Environment),
    *word_columns("direction", Direction),
    Column("kind", Text, nullable=False),
    Column("cycle", Integer, nullable=False, server_default=text("0")),
    Column("number", Text, nullable=False),
    # deferred: a number is taken before the bytes that carry it, and so their row, can exist
    Column(
        "transmission_id", Uuid, ForeignKey("transmission.id", deferrable=True, initially="DEFERRED"), nullable=True
    ),
    Column("interchange_id", Uuid, ForeignKey("interchange.id", deferrable=True, initially="DEFERRED"), nullable=True),
    Column("content_sha256", LargeBinary, nullable=True),  # inbound: None while the interchange is being read
    Column("void_reason", Text, nullable=True),
    time_column("used_at"),
    UniqueConstraint("sender", "receiver", "environment", "direction", "kind", "cycle", "number"),
)
