"""Deliveries to business systems and what is known of these: tries, how a destination is, what it told."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from gateway.model import AttemptOutcome, DeliveryState
from gateway.store.tables.columns import id_column, metadata, time_column, word_columns, work_columns, work_indexes

delivery = Table(
    "delivery",
    metadata,
    id_column(),
    Column("document_id", Uuid, ForeignKey("document.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("destination", Text, nullable=False),
    *word_columns("state", DeliveryState),
    Column("reference", Text, nullable=False),  # permanent: what the business system knows the document by
    Column("request_key", Text, nullable=False),  # for one try; a new one only after a definite rejection
    Column("external_ref", Text, nullable=True),
    Column("reason", Text, nullable=True),
    time_column("created_at"),
    time_column("finished_at", optional=True),
    Column("choices", JSONB, nullable=True),  # of a document of ours: what was chosen when it was handed in
    *work_columns(),
    UniqueConstraint("reference"),
)
work_indexes(
    delivery,
    claimable="'ready', 'retrying', 'sending'",
    blocking="'staged', 'ready', 'working', 'sending', 'retrying', 'rejected', 'uncertain', 'quarantined'",
)

attempt = Table(
    "attempt",
    metadata,
    id_column(),
    Column("delivery_id", Uuid, ForeignKey("delivery.id", ondelete="CASCADE"), nullable=True, index=True),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=True, index=True),
    Column("number", Integer, nullable=False),
    Column("worker", Text, nullable=False),
    *word_columns("outcome", AttemptOutcome),
    Column("detail", Text, nullable=False, server_default=text("''")),
    time_column("started_at"),
    time_column("ended_at"),
)

destination_state = Table(
    "destination_state",
    metadata,
    Column("destination", Text, primary_key=True),
    Column("failures", Integer, nullable=False),  # on end, whosesoever; 0: it answers
    time_column("since", optional=True),
    time_column("paused_until", optional=True),
    time_column("tried_until", optional=True),  # one delivery tries how it is; the others wait for its answer
    Column("reason", Text, nullable=True),
    time_column("rate_until", optional=True),
    Column("rate_left", Integer, nullable=True),  # before rate_until
)

poll_state = Table(
    "poll_state",
    metadata,
    Column("destination", Text, primary_key=True),
    Column("cursor", Text, nullable=True),  # the adapter's; none: from the beginning
    time_column("polled_at", optional=True),  # to the end of what there was
    time_column("failing_since", optional=True),
    Column("exception_id", Uuid, ForeignKey("exception.id"), nullable=True),  # opened for that
)

told_event = Table(
    "told_event",
    metadata,
    Column("source", Text, primary_key=True),  # the destination that told it
    Column("event_id", Text, primary_key=True),
    Column("transmission_id", Uuid, ForeignKey("transmission.id", ondelete="SET NULL"), nullable=True, index=True),
    time_column("told_at"),
)

unread_record = Table(
    "unread_record",
    metadata,
    Column("source", Text, primary_key=True),  # the destination that has it
    Column("record", Text, primary_key=True),  # what the adapter calls it
    Column("exception_id", Uuid, ForeignKey("exception.id"), nullable=False, index=True),  # opened for it
    Column("again", Boolean, nullable=False),  # somebody wants it asked for once more
)
