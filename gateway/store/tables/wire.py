"""What was on the wire: the bytes, the transmission that brought or took them, and what it was made of."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
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
from sqlalchemy.dialects.postgresql import JSONB

from gateway.model import Direction, Environment, TransmissionState
from gateway.store.tables.columns import id_column, metadata, time_column, word_columns, work_columns, work_indexes
from translators.x12.acknowledged import Outcome

payload = Table(
    "payload",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=True),
    Column("location", Text, nullable=True),
    time_column("stored_at"),
    CheckConstraint("(body IS NULL) <> (location IS NULL)", name="one_place"),
)

transmission = Table(
    "transmission",
    metadata,
    id_column(),
    *word_columns("direction", Direction),
    *word_columns("environment", Environment),
    *word_columns("state", TransmissionState),
    Column("channel", Text, nullable=False),  # sftp, folder, https, as2, cli
    Column("account", Text, nullable=True),  # who brought it, or in whose /out it stands
    Column("partner", Text, nullable=True),  # known once identified
    Column("filename", Text, nullable=False),  # a label, never a path
    Column("format", Text, nullable=True),
    Column("payload_sha256", LargeBinary, nullable=False),  # stays when the bytes are purged
    Column("size", BigInteger, nullable=False),
    Column("reason", Text, nullable=True),  # why it is parked, retrying or quarantined
    Column("duplicate_of", Uuid, ForeignKey("transmission.id"), nullable=True),
    Column("replay_of", Uuid, ForeignKey("transmission.id"), nullable=True),  # its sets went out in that one before
    time_column("received_at"),  # outbound: when it was made
    time_column("finished_at", optional=True),
    time_column("purged_at", optional=True),
    Column(
        "payload_kept",
        LargeBinary,
        Computed("CASE WHEN purged_at IS NULL THEN payload_sha256 ELSE NULL::bytea END", persisted=True),
        ForeignKey("payload.sha256"),
        nullable=True,
    ),
    *work_columns(),
)
work_indexes(
    transmission,
    claimable="'received', 'queued', 'retrying', 'sending', 'awaiting'",
    blocking="'received', 'queued', 'working', 'retrying', 'sending', 'quarantined'",
)
Index("transmission_newest", transmission.c.received_at.desc(), transmission.c.id.desc())
Index("transmission_same_content", transmission.c.payload_kept)
Index(
    "transmission_of_partner",
    transmission.c.partner,
    transmission.c.received_at,
    postgresql_where=text("direction = 'in'"),
)
Index("transmission_to_purge", transmission.c.received_at, postgresql_where=text("purged_at IS NULL"))

interchange = Table(
    "interchange",
    metadata,
    id_column(),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=False, index=True),
    Column("ordinal", Integer, nullable=False),
    Column("syntax", Text, nullable=False),
    Column("control_number", Text, nullable=False),
    Column("sender_qualifier", Text, nullable=False),
    Column("sender_id", Text, nullable=False),
    Column("receiver_qualifier", Text, nullable=False),
    Column("receiver_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("usage", Text, nullable=False),
    Column("partner", Text, nullable=True),
    Column("accepted", Boolean, nullable=False),
    Column("duplicate_of", Uuid, ForeignKey("interchange.id"), nullable=True),
    Column("content_sha256", LargeBinary, nullable=True),
    Column("start_offset", BigInteger, nullable=False),
    Column("end_offset", BigInteger, nullable=False),
    *word_columns("outcome", Outcome, optional=True),  # of ours: what the partner's TA1 said
    UniqueConstraint("transmission_id", "ordinal"),
)

functional_group = Table(
    "functional_group",
    metadata,
    id_column(),
    Column("interchange_id", Uuid, ForeignKey("interchange.id"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("functional_id", Text, nullable=False),
    Column("control_number", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("status", Text, nullable=False),  # A E P R, as AK901 says it
    Column("sets_included", Integer, nullable=True),
    Column("sets_received", Integer, nullable=False),
    Column("sets_accepted", Integer, nullable=False),
    *word_columns("outcome", Outcome, optional=True),  # of ours: what the partner said last
    UniqueConstraint("interchange_id", "ordinal"),
)

transaction_set = Table(
    "transaction_set",
    metadata,
    id_column(),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=False, index=True),
    Column("interchange_ordinal", Integer, nullable=False),
    Column("group_ordinal", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("control_number", Text, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("start_offset", BigInteger, nullable=False),
    Column("end_offset", BigInteger, nullable=False),
    *word_columns("outcome", Outcome, optional=True),  # of ours: what the partner said last
    UniqueConstraint("transmission_id", "interchange_ordinal", "group_ordinal", "ordinal"),
)

issue = Table(
    "issue",
    metadata,
    id_column(),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=False, index=True),
    Column("transaction_set_id", Uuid, ForeignKey("transaction_set.id"), nullable=True),
    Column("stage", Text, nullable=False),  # identify, validate, map, route
    Column("code", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("position", JSONB, nullable=False),
    Column("value", Text, nullable=True),
)
