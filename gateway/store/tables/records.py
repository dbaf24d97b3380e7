"""What must outlast the work: the audit log with its seals, and legal holds."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from gateway.store.tables.columns import id_column, metadata, time_column

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    time_column("at"),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),  # "transmission", "document", "delivery" ...
    Column("subject_id", Text, nullable=False),
    Column("detail", Text, nullable=False),  # canonical JSON, stored and sealed as these very bytes
)
Index("audit_subject", audit.c.subject_id)

audit_seal = Table(
    "audit_seal",
    metadata,
    Column("position", BigInteger, primary_key=True),  # 1, 2, 3 ... without a gap
    Column("audit_seq", BigInteger, nullable=False, unique=True),  # no foreign key: its check would write to audit rows
    Column("seal", LargeBinary, nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=text("true")),  # one row: how far the chain reaches
    Column("position", BigInteger, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    Column("settled_seq", BigInteger, nullable=False),  # at or below it every audit row that will ever be is sealed
    CheckConstraint("singleton", name="one_row"),
)

legal_hold = Table(
    "legal_hold",
    metadata,
    id_column(),
    # one of three:
    Column("partner", Text, nullable=True),
    Column("business_key", Text, nullable=True),  # its value: whatever is found by it
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=True),
    Column("reason", Text, nullable=False),
    time_column("placed_at"),
    Column("placed_by", Text, nullable=False),
    time_column("lifted_at", optional=True),
    Column("lifted_by", Text, nullable=True),
    CheckConstraint("num_nonnulls(partner, business_key, transmission_id) = 1", name="one_scope"),
)
