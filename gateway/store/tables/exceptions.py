"""What waits for a person, by matter, and the alerts that tell of it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from gateway.model import AlertEvent, AlertState, ExceptionState
from gateway.store.tables.columns import id_column, metadata, time_column, word_columns

exception = Table(
    "exception",
    metadata,
    id_column(),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=True, index=True),
    Column("document_id", Uuid, ForeignKey("document.id"), nullable=True),
    Column("delivery_id", Uuid, ForeignKey("delivery.id"), nullable=True),
    *word_columns("state", ExceptionState),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("fingerprint", Text, nullable=False, index=True),
    time_column("opened_at"),
    time_column("resolved_at", optional=True),
    Column("resolved_by", Text, nullable=True),
    Column("fix", Text, nullable=True),  # where a business system's refusal is put right: data, mapping, config
)

exception_group = Table(
    "exception_group",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("code", Text, nullable=False),
    *word_columns("state", ExceptionState),
    time_column("opened_at"),  # the last time it opened
    Column("owner", Text, nullable=True),
    time_column("snoozed_until", optional=True),
    time_column("resolved_at", optional=True),
    Column("resolved_by", Text, nullable=True),
)

exception_comment = Table(
    "exception_comment",
    metadata,
    id_column(),
    Column("fingerprint", Text, ForeignKey("exception_group.fingerprint"), nullable=False, index=True),
    time_column("at"),
    Column("by", Text, nullable=False),
    Column("text", Text, nullable=False),
)

alert = Table(
    "alert",
    metadata,
    id_column(),
    Column("fingerprint", Text, ForeignKey("exception_group.fingerprint"), nullable=False),
    *word_columns("event", AlertEvent),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

alert_channel = Table(
    "alert_channel",
    metadata,
    Column("name", Text, primary_key=True),
    time_column("since"),  # alerts from then on are told there
    Column("failures", Integer, nullable=False),  # on end
    time_column("next_at", optional=True),  # nothing is tried before
    Column("reason", Text, nullable=True),  # of the last failure
)

alert_message = Table(
    "alert_message",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),
    Column("alert_id", Uuid, ForeignKey("alert.id"), nullable=False),
    Column("channel", Text, nullable=False),
    *word_columns("state", AlertState),
    Column("refusals", Integer, nullable=False),  # of this one, not of the channel's reach
    time_column("ended_at", optional=True),
    UniqueConstraint("alert_id", "channel"),
    Index("alert_message_waiting", "channel", "seq", postgresql_where=text("state = 'waiting'")),
)
