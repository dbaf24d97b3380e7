"""The tables, one place for all of them. Rows move only through the named functions of this package.

Ids are UUIDv7, times UTC, quantities and money live inside canonical JSON as text of a Decimal. A row of `transmission`
or `delivery` is itself the work: `lane`, `ordering_key`, `seq`, `state`, `next_at`, and `claim_no` for fencing.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gateway.model import (
    AcknowledgmentKind,
    AlertEvent,
    AlertState,
    AttemptOutcome,
    DeliveryState,
    Direction,
    DocumentState,
    Environment,
    ExceptionState,
    ExpectedState,
    FileState,
    NodeEnding,
    TransmissionState,
)
from translators.x12.acknowledged import Outcome

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_unique",
        "fk": "%(table_name)s_%(column_0_name)s_fk",
        "ck": "%(table_name)s_%(constraint_name)s",
    }
)


def _id() -> Column[object]:
    return Column("id", Uuid, primary_key=True)


def _time(name: str, *, optional: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=optional)


def _word(name: str, words: type[StrEnum], *, optional: bool = False) -> list[Column[object] | CheckConstraint]:
    allowed = ", ".join(f"'{word.value}'" for word in words)
    return [Column(name, Text, nullable=optional), CheckConstraint(f"{name} IN ({allowed})", name=f"{name}_known")]


def _work_columns() -> list[Column[object]]:
    """What makes a row a piece of work (architecture, "Work")."""
    return [
        Column("lane", Text, nullable=True),
        Column("ordering_key", Text, nullable=True),
        Column("seq", BigInteger, Identity(always=True), nullable=False),
        _time("next_at", optional=True),
        Column("claim_no", Integer, nullable=False, server_default=text("0")),
        Column("claimed_by", Text, nullable=True),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("crashes", Integer, nullable=False, server_default=text("0")),
    ]


def _work_indexes(table: Table, *, claimable: str, blocking: str) -> None:
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


payload = Table(
    "payload",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=True),
    Column("location", Text, nullable=True),
    _time("stored_at"),
    CheckConstraint("(body IS NULL) <> (location IS NULL)", name="one_place"),
)

transmission = Table(
    "transmission",
    metadata,
    _id(),
    *_word("direction", Direction),
    *_word("environment", Environment),
    *_word("state", TransmissionState),
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
    _time("received_at"),  # outbound: when it was made
    _time("finished_at", optional=True),
    _time("purged_at", optional=True),
    Column(
        "payload_kept",
        LargeBinary,
        Computed("CASE WHEN purged_at IS NULL THEN payload_sha256 ELSE NULL::bytea END", persisted=True),
        ForeignKey("payload.sha256"),
        nullable=True,
    ),
    *_work_columns(),
)
_work_indexes(
    transmission,
    claimable="'received', 'queued', 'retrying', 'sending', 'awaiting'",
    blocking="'received', 'queued', 'working', 'retrying', 'sending', 'quarantined'",
)
Index("transmission_newest", transmission.c.received_at.desc(), transmission.c.id.desc())
Index("transmission_same_content", transmission.c.payload_kept)
Index("transmission_to_purge", transmission.c.received_at, postgresql_where=text("purged_at IS NULL"))

interchange = Table(
    "interchange",
    metadata,
    _id(),
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
    *_word("outcome", Outcome, optional=True),  # of ours: what the partner's TA1 said
    UniqueConstraint("transmission_id", "ordinal"),
)

functional_group = Table(
    "functional_group",
    metadata,
    _id(),
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
    *_word("outcome", Outcome, optional=True),  # of ours: what the partner said last
    UniqueConstraint("interchange_id", "ordinal"),
)

transaction_set = Table(
    "transaction_set",
    metadata,
    _id(),
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
    *_word("outcome", Outcome, optional=True),  # of ours: what the partner said last
    UniqueConstraint("transmission_id", "interchange_ordinal", "group_ordinal", "ordinal"),
)

document = Table(
    "document",
    metadata,
    _id(),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=True, index=True),
    Column("kind", Text, nullable=False),  # purchase_order
    Column("schema", Text, nullable=False),  # purchase_order/v1
    Column("partner", Text, nullable=False),
    Column("direction", Text, nullable=False, server_default=text("'in'")),  # out: of ours, for the partner
    CheckConstraint("direction IN ('in', 'out')", name="direction_known"),
    *_word("environment", Environment),
    *_word("state", DocumentState),
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
    _time("created_at"),
    _time("purged_at", optional=True),  # canonical and lineage are empty then
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

issue = Table(
    "issue",
    metadata,
    _id(),
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

delivery = Table(
    "delivery",
    metadata,
    _id(),
    Column("document_id", Uuid, ForeignKey("document.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("destination", Text, nullable=False),
    *_word("state", DeliveryState),
    Column("reference", Text, nullable=False),  # permanent: what the business system knows the document by
    Column("request_key", Text, nullable=False),  # for one try; a new one only after a definite rejection
    Column("external_ref", Text, nullable=True),
    Column("reason", Text, nullable=True),
    _time("created_at"),
    _time("finished_at", optional=True),
    Column("choices", JSONB, nullable=True),  # of a document of ours: what was chosen when it was handed in
    *_work_columns(),
    UniqueConstraint("reference"),
)
_work_indexes(
    delivery,
    claimable="'ready', 'retrying', 'sending'",
    blocking="'staged', 'ready', 'working', 'sending', 'retrying', 'rejected', 'uncertain', 'quarantined'",
)

attempt = Table(
    "attempt",
    metadata,
    _id(),
    Column("delivery_id", Uuid, ForeignKey("delivery.id", ondelete="CASCADE"), nullable=True, index=True),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=True, index=True),
    Column("number", Integer, nullable=False),
    Column("worker", Text, nullable=False),
    *_word("outcome", AttemptOutcome),
    Column("detail", Text, nullable=False, server_default=text("''")),
    _time("started_at"),
    _time("ended_at"),
)

acknowledgment = Table(
    "acknowledgment",
    metadata,
    _id(),
    *_word("kind", AcknowledgmentKind),
    *_word("direction", Direction),  # out: ours, about what we received; in: a partner's, about what we sent
    Column("interchange_id", Uuid, ForeignKey("interchange.id"), nullable=False, index=True),  # that it is about
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=False, index=True),  # that carries it
    Column("status", Text, nullable=False),  # out: TA104, or the AK901s of its groups joined by commas; in: an outcome
    Column("control_number", Text, nullable=False),
    _time("created_at"),
    # of a partner's alone:
    Column("functional_group_id", Uuid, ForeignKey("functional_group.id"), nullable=True),  # None: of the interchange
    Column("content_sha256", LargeBinary, nullable=True),
    Column("duplicate_of", Uuid, ForeignKey("acknowledgment.id"), nullable=True),
)

expected_acknowledgment = Table(
    "expected_acknowledgment",
    metadata,
    _id(),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=False),
    Column("interchange_id", Uuid, ForeignKey("interchange.id"), nullable=False, index=True),
    Column("functional_group_id", Uuid, ForeignKey("functional_group.id"), nullable=True),  # None: a TA1
    *_word("kind", AcknowledgmentKind),
    Column("partner", Text, nullable=False),
    *_word("state", ExpectedState),
    _time("created_at"),
    _time("due_at"),
    _time("closed_at", optional=True),
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
    _id(),
    Column("sender", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    *_word("environment", Environment),
    *_word("direction", Direction),
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
    _time("used_at"),
    UniqueConstraint("sender", "receiver", "environment", "direction", "kind", "cycle", "number"),
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

as2_message = Table(
    "as2_message",
    metadata,
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), primary_key=True),
    *_word("direction", Direction),
    Column("account", Text, nullable=False),
    Column("message_id", Text, nullable=False),  # as it stands in the header, brackets included
    Column("headers", JSONB, nullable=False),  # in: of the request; out: of the last try. Pairs, in order
    Column("body_sha256", LargeBinary, ForeignKey("payload.sha256"), nullable=True),  # in: as it came over the wire
    Column("mics", JSONB, nullable=False),  # digest -> hexadecimal
    Column("receipt", Text, nullable=False),  # out: asked for; in: wanted of us: none, unsigned, signed
    Column("receipt_url", Text, nullable=False),  # in: where an asynchronous MDN goes; "" for a synchronous one
    Column("mdn_status", Integer, nullable=True),  # in: the status it was answered with
    Column("mdn_headers", JSONB, nullable=True),  # in: ours; out: the partner's, as received
    Column("mdn_body", LargeBinary, nullable=True),
    Column("mdn_transmission_id", Uuid, ForeignKey("transmission.id"), nullable=True),  # in: that brings it, if async
    Column("verdict", Text, nullable=True),  # out: what the MDN means: delivered, rejected
    Column("tries", Integer, nullable=False),
    _time("at"),
    UniqueConstraint("direction", "account", "message_id"),
)
Index("as2_message_body_sha256", as2_message.c.body_sha256)
Index("as2_message_mdn_transmission_id", as2_message.c.mdn_transmission_id)

mailbox_file = Table(
    "mailbox_file",
    metadata,
    _id(),
    Column("account", Text, nullable=False),
    Column("folder", Text, nullable=False),  # in, out, archive/YYYYMMDD, error, test
    Column("name", Text, nullable=False),
    Column("payload_sha256", LargeBinary, ForeignKey("payload.sha256"), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=True, index=True),
    *_word("state", FileState),
    _time("modified_at"),
    _time("removed_at", optional=True),
)
Index(
    "mailbox_file_name",
    mailbox_file.c.account,
    mailbox_file.c.folder,
    mailbox_file.c.name,
    unique=True,
    postgresql_where=text("removed_at IS NULL"),
)

folder_file = Table(
    "folder_file",
    metadata,
    # A file of a watched folder that was taken in and is not moved away yet; the row goes when it is.
    Column("account", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("inode", BigInteger, primary_key=True),
    Column("changed_ns", BigInteger, primary_key=True),
    Column("sha256", LargeBinary, primary_key=True),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=False, index=True),
    _time("taken_at"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Text, primary_key=True),  # the part of the key that may be shown
    Column("account", Text, nullable=False, index=True),
    Column("label", Text, nullable=False),
    Column("secret_sha256", LargeBinary, nullable=False),  # the secret itself is nowhere
    _time("created_at"),
    _time("expires_at"),
    _time("revoked_at", optional=True),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("account", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_sha256", LargeBinary, nullable=False),  # of what was sent under it
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=False, index=True),
    _time("created_at"),
)

Index(
    "mailbox_file_taken_in",
    mailbox_file.c.account,
    mailbox_file.c.folder,
    mailbox_file.c.name,
    mailbox_file.c.removed_at,
    postgresql_where=text("removed_at IS NOT NULL AND transmission_id IS NOT NULL"),
)

exception = Table(
    "exception",
    metadata,
    _id(),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=True, index=True),
    Column("document_id", Uuid, ForeignKey("document.id"), nullable=True),
    Column("delivery_id", Uuid, ForeignKey("delivery.id"), nullable=True),
    *_word("state", ExceptionState),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("fingerprint", Text, nullable=False, index=True),
    _time("opened_at"),
    _time("resolved_at", optional=True),
    Column("resolved_by", Text, nullable=True),
)

exception_group = Table(
    "exception_group",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("code", Text, nullable=False),
    *_word("state", ExceptionState),
    _time("opened_at"),  # the last time it opened
    Column("owner", Text, nullable=True),
    _time("snoozed_until", optional=True),
    _time("resolved_at", optional=True),
    Column("resolved_by", Text, nullable=True),
)

exception_comment = Table(
    "exception_comment",
    metadata,
    _id(),
    Column("fingerprint", Text, ForeignKey("exception_group.fingerprint"), nullable=False, index=True),
    _time("at"),
    Column("by", Text, nullable=False),
    Column("text", Text, nullable=False),
)

alert = Table(
    "alert",
    metadata,
    _id(),
    Column("fingerprint", Text, ForeignKey("exception_group.fingerprint"), nullable=False),
    *_word("event", AlertEvent),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

alert_channel = Table(
    "alert_channel",
    metadata,
    Column("name", Text, primary_key=True),
    _time("since"),  # alerts from then on are told there
    Column("failures", Integer, nullable=False),  # on end
    _time("next_at", optional=True),  # nothing is tried before
    Column("reason", Text, nullable=True),  # of the last failure
)

alert_message = Table(
    "alert_message",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),
    Column("alert_id", Uuid, ForeignKey("alert.id"), nullable=False),
    Column("channel", Text, nullable=False),
    *_word("state", AlertState),
    Column("refusals", Integer, nullable=False),  # of this one, not of the channel's reach
    _time("ended_at", optional=True),
    UniqueConstraint("alert_id", "channel"),
    Index("alert_message_waiting", "channel", "seq", postgresql_where=text("state = 'waiting'")),
)

destination_state = Table(
    "destination_state",
    metadata,
    Column("destination", Text, primary_key=True),
    Column("failures", Integer, nullable=False),  # on end, whosesoever; 0: it answers
    _time("since", optional=True),
    _time("paused_until", optional=True),
    _time("tried_until", optional=True),  # one delivery tries how it is; the others wait for its answer
    Column("reason", Text, nullable=True),
    _time("rate_until", optional=True),
    Column("rate_left", Integer, nullable=True),  # before rate_until
)

legal_hold = Table(
    "legal_hold",
    metadata,
    _id(),
    # one of three:
    Column("partner", Text, nullable=True),
    Column("business_key", Text, nullable=True),  # its value: whatever is found by it
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=True),
    Column("reason", Text, nullable=False),
    _time("placed_at"),
    Column("placed_by", Text, nullable=False),
    _time("lifted_at", optional=True),
    Column("lifted_by", Text, nullable=True),
    CheckConstraint("num_nonnulls(partner, business_key, transmission_id) = 1", name="one_scope"),
)

cross_reference = Table(
    "cross_reference",
    metadata,
    _id(),
    Column("table_name", Text, nullable=False),
    Column("partner", Text, nullable=True),  # None: for every partner
    Column("value", Text, nullable=False),  # theirs
    Column("word", Text, nullable=False),  # ours
    Column("first_day", Date, nullable=True),
    Column("last_day", Date, nullable=True),
    _time("added_at"),
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
    _time("seen_at"),
)

map_revision = Table(
    "map_revision",
    metadata,
    Column("map_name", Text, primary_key=True),
    Column("revision", Text, primary_key=True),
    Column("resolved", Text, nullable=False),
    Column("sources", Text, nullable=True),  # JSON: map name -> text of its file; none before 0012
    _time("seen_at"),
)

map_decision = Table(
    "map_decision",
    metadata,
    _id(),
    Column("map_name", Text, nullable=False, index=True),
    Column("revision", Text, nullable=True),  # none: retired
    _time("active_from"),
    _time("decided_at"),
    Column("decided_by", Text, nullable=False),
)

node = Table(
    "node",
    metadata,
    Column("name", Text, primary_key=True),
    _time("started_at"),
    _time("heartbeat_at"),  # by the database's clock
    Column("roles", JSONB, nullable=False, server_default=text("'[]'")),
    Column("version", Text, nullable=False, server_default=text("''")),
    Column("schema", Text, nullable=False, server_default=text("''")),  # the newest its program knows
    Column("workers", Integer, nullable=False, server_default=text("0")),
    Column("vault", Text, nullable=True),  # the mark of its folder of large payloads
    Column("leads", JSONB, nullable=False, server_default=text("'[]'")),
    _time("ended_at", optional=True),
    *_word("ending", NodeEnding, optional=True),
)

remote_file = Table(
    "remote_file",
    metadata,
    _id(),
    Column("account", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    _time("modified_at", optional=True),  # as the partner's server says it
    Column("payload_sha256", LargeBinary, nullable=False),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=False, index=True),
    _time("taken_at"),
    _time("cleared_at", optional=True),  # moved, deleted or replaced there
)
Index(
    "remote_file_there",
    remote_file.c.account,
    remote_file.c.path,
    remote_file.c.size,
    remote_file.c.modified_at,
    unique=True,
    postgresql_where=text("cleared_at IS NULL"),
    postgresql_nulls_not_distinct=True,
)

remote_state = Table(
    "remote_state",
    metadata,
    Column("account", Text, primary_key=True),
    _time("next_at"),  # of the next poll
    _time("polled_at", optional=True),
    _time("succeeded_at", optional=True),
    Column("failures", Integer, nullable=False),  # in a row
    Column("reason", Text, nullable=True),  # of the last failure
    Column("stopped_for", Text, nullable=True),  # the host keys that were pinned when another was shown
    Column("exception_id", Uuid, ForeignKey("exception.id"), nullable=True),  # opened for the failures
)

poll_state = Table(
    "poll_state",
    metadata,
    Column("destination", Text, primary_key=True),
    Column("cursor", Text, nullable=True),  # the adapter's; none: from the beginning
    _time("polled_at", optional=True),  # to the end of what there was
    _time("failing_since", optional=True),
    Column("exception_id", Uuid, ForeignKey("exception.id"), nullable=True),  # opened for that
)

told_event = Table(
    "told_event",
    metadata,
    Column("source", Text, primary_key=True),  # the destination that told it
    Column("event_id", Text, primary_key=True),
    Column("transmission_id", Uuid, ForeignKey("transmission.id", ondelete="SET NULL"), nullable=True, index=True),
    _time("told_at"),
)

sftp_session = Table(
    "sftp_session",
    metadata,
    Column("id", Text, primary_key=True),  # the server's name for the connection
    Column("node", Text, nullable=False, index=True),
    Column("account", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("client", Text, nullable=False),  # what the partner's program calls itself
    Column("proofs", JSONB, nullable=False),  # a key's fingerprint under publickey, "right" under password
    Column("sessions", Integer, nullable=False),
    Column("busy", Boolean, nullable=False),
    _time("began_at"),
    _time("active_at"),  # its last request or answer
    _time("seen_at"),  # when its node last said that it is there
    Column("kicked_by", Text, nullable=True),  # who wants it cut; its node does so
)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    _time("at"),
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
