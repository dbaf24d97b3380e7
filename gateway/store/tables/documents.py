"""Documents: the business objects, where they come from, how they belong together and what they are found by."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB

from gateway.model import DocumentState, Environment
from gateway.store.tables.columns import id_column, metadata, time_column, word_columns

document = Table(
    "document",
    metadata,
    id_column(),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=True, index=True),
    Column("kind", Text, nullable=False),  # purchase_order
    Column("schema", Text, nullable=False),  # purchase_order/v1
    Column("partner", Text, nullable=False),
    Column("direction", Text, nullable=False, server_default=text("'in'")),  # out: of ours, for the partner
    CheckConstraint("direction IN ('in', 'out')", name="direction_known"),
    *word_columns("environment", Environment),
    *word_columns("state", DocumentState),
    Column("identity", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content_sha256", LargeBinary, nullable=False),
    Column("canonical", JSONB, nullable=False),
    Column("lineage", JSONB, nullable=False),
    Column("map_name", Text, nullable=False),
    Column("map_revision", Text, nullable=False),
    Column("duplicate_of", Uuid, ForeignKey("document.id"), nullable=True),
    Column("reason", Text, nullable=True),
    time_column("created_at"),
    time_column("purged_at", optional=True),  # canonical and lineage are empty then
)
Index(
    "document_identity",
    document.c.partner,
    document.c.direction,
    document.c.kind,
    document.c.environment,
    document.c.identity,
    document.c.revision,
    unique=True,
    postgresql_where=text("state NOT IN ('duplicate', 'held')"),
)

document_source = Table(
    "document_source",
    metadata,
    Column("document_id", Uuid, ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
    Column("transaction_set_id", Uuid, ForeignKey("transaction_set.id"), primary_key=True, index=True),
)

document_link = Table(
    "document_link",
    metadata,
    Column("from_document", Uuid, ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
    Column("to_document", Uuid, ForeignKey("document.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("relation", Text, primary_key=True),
)

business_key = Table(
    "business_key",
    metadata,
    Column("name", Text, primary_key=True),  # order_number, isa13, gs06, filename ...
    Column("value", Text, primary_key=True),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), primary_key=True),
    Column("document_id", Uuid, ForeignKey("document.id", ondelete="CASCADE"), nullable=True),
)
Index("business_key_value", business_key.c.value, postgresql_ops={"value": "text_pattern_ops"})
Index(
    "business_key_suffix",
    func.reverse(business_key.c.value).label("reversed"),
    postgresql_ops={"reversed": "text_pattern_ops"},
)
