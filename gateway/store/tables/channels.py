"""What the channels keep: mailboxes, watched folders, partners' servers, AS2 messages, sessions, keys of the API."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
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
from sqlalchemy.dialects.postgresql import JSONB

from gateway.model import Direction, FileState
from gateway.store.tables.columns import id_column, metadata, time_column, word_columns

as2_message = Table(
    "as2_message",
    metadata,
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), primary_key=True),
    *word_columns("direction", Direction),
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
    time_column("at"),
    UniqueConstraint("direction", "account", "message_id"),
)
Index("as2_message_body_sha256", as2_message.c.body_sha256)
Index("as2_message_mdn_transmission_id", as2_message.c.mdn_transmission_id)

mailbox_file = Table(
    "mailbox_file",
    metadata,
    id_column(),
    Column("account", Text, nullable=False),
    Column("folder", Text, nullable=False),  # in, out, archive/YYYYMMDD, error, test
    Column("name", Text, nullable=False),
    Column("payload_sha256", LargeBinary, ForeignKey("payload.sha256"), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=True, index=True),
    *word_columns("state", FileState),
    time_column("modified_at"),
    time_column("removed_at", optional=True),
)
Index(
    "mailbox_file_name",
    mailbox_file.c.account,
    mailbox_file.c.folder,
    mailbox_file.c.name,
    unique=True,
    postgresql_where=text("removed_at IS NULL"),
)
Index(
    "mailbox_file_taken_in",
    mailbox_file.c.account,
    mailbox_file.c.folder,
    mailbox_file.c.name,
    mailbox_file.c.removed_at,
    postgresql_where=text("removed_at IS NOT NULL AND transmission_id IS NOT NULL"),
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
    time_column("taken_at"),
)

remote_file = Table(
    "remote_file",
    metadata,
    id_column(),
    Column("account", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    time_column("modified_at", optional=True),  # as the partner's server says it
    Column("payload_sha256", LargeBinary, nullable=False),
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=False, index=True),
    time_column("taken_at"),
    time_column("cleared_at", optional=True),  # moved, deleted or replaced there
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
    time_column("next_at"),  # of the next poll
    time_column("polled_at", optional=True),
    time_column("succeeded_at", optional=True),
    Column("failures", Integer, nullable=False),  # in a row
    Column("reason", Text, nullable=True),  # of the last failure
    Column("stopped_for", Text, nullable=True),  # the host keys that were pinned when another was shown
    Column("exception_id", Uuid, ForeignKey("exception.id"), nullable=True),  # opened for the failures
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
    time_column("began_at"),
    time_column("active_at"),  # its last request or answer
    time_column("seen_at"),  # when its node last said that it is there
    Column("kicked_by", Text, nullable=True),  # who wants it cut; its node does so
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Text, primary_key=True),  # the part of the key that may be shown
    Column("account", Text, nullable=False, index=True),
    Column("label", Text, nullable=False),
    Column("secret_sha256", LargeBinary, nullable=False),  # the secret itself is nowhere
    time_column("created_at"),
    time_column("expires_at"),
    time_column("revoked_at", optional=True),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("account", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_sha256", LargeBinary, nullable=False),  # of what was sent under it
    Column("transmission_id", Uuid, ForeignKey("transmission.id"), nullable=False, index=True),
    time_column("created_at"),
)
