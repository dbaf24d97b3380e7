"""The first schema: every table of the line, and the queue's own by its own SQL.

Revision: 0001
"""

from __future__ import annotations

from importlib.resources import files

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make what is missing. There is no way down: history rows are never dropped by a program."""
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("audit_pk")),
    )
    op.create_index("audit_subject", "audit", ["subject_id"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("singleton", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("settled_seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("singleton", name=op.f("audit_head_one_row")),
        sa.PrimaryKeyConstraint("singleton", name=op.f("audit_head_pk")),
    )
    op.create_table(
        "audit_seal",
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("audit_seq", sa.BigInteger(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("audit_seal_pk")),
        sa.UniqueConstraint("audit_seq", name=op.f("audit_seal_audit_seq_unique")),
    )
    op.create_table(
        "control_counter",
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("cycle", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("sender", "receiver", "environment", "kind", name=op.f("control_counter_pk")),
    )
    op.create_table(
        "map_revision",
        sa.Column("map_name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("resolved", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("map_name", "revision", name=op.f("map_revision_pk")),
    )
    op.create_table(
        "node",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("node_pk")),
    )
    op.create_table(
        "partner_revision",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("partner", "revision", name=op.f("partner_revision_pk")),
    )
    op.create_table(
        "payload",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(body IS NULL) <> (location IS NULL)", name=op.f("payload_one_place")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("payload_pk")),
    )
    op.create_table(
        "transmission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("partner", sa.Text(), nullable=True),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=True),
        sa.Column("payload_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("duplicate_of", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lane", sa.Text(), nullable=True),
        sa.Column("ordering_key", sa.Text(), nullable=True),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim_no", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("crashes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("transmission_direction_known")),
        sa.CheckConstraint("environment IN ('live', 'test')", name=op.f("transmission_environment_known")),
        sa.CheckConstraint(
            "state IN ("
            "'received', 'working', 'retrying', 'processed', 'duplicate', 'parked', 'quarantined', "
            "'ready', 'collected', 'withdrawn')",
            name=op.f("transmission_state_known"),
        ),
        sa.ForeignKeyConstraint(["duplicate_of"], ["transmission.id"], name=op.f("transmission_duplicate_of_fk")),
        sa.ForeignKeyConstraint(["payload_sha256"], ["payload.sha256"], name=op.f("transmission_payload_sha256_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("transmission_pk")),
    )
    op.create_index(
        "transmission_claimed",
        "transmission",
        ["claimed_by"],
        unique=False,
        postgresql_where=sa.text("claimed_by IS NOT NULL"),
    )
    op.create_index(
        "transmission_due",
        "transmission",
        ["lane", "seq", sa.literal_column("coalesce(next_at, '-infinity'::timestamptz)")],
        unique=False,
        postgresql_where=sa.text("state IN ('received', 'retrying')"),
    )
    op.create_index(
        "transmission_newest",
        "transmission",
        [sa.literal_column("received_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "transmission_order",
        "transmission",
        ["lane", "ordering_key", "seq"],
        unique=False,
        postgresql_where=sa.text(
            "ordering_key IS NOT NULL AND state IN ('received', 'working', 'retrying', 'quarantined')"
        ),
    )
    op.create_index("transmission_same_content", "transmission", ["payload_sha256"], unique=False)
    op.create_table(
        "document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transmission_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("canonical", postgresql.JSONB(), nullable=False),
        sa.Column("lineage", postgresql.JSONB(), nullable=False),
        sa.Column("map_name", sa.Text(), nullable=False),
        sa.Column("map_revision", sa.Text(), nullable=False),
        sa.Column("duplicate_of", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("environment IN ('live', 'test')", name=op.f("document_environment_known")),
        sa.CheckConstraint(
            "state IN ('staged', 'active', 'superseded', 'duplicate', 'held')", name=op.f("document_state_known")
        ),
        sa.ForeignKeyConstraint(["duplicate_of"], ["document.id"], name=op.f("document_duplicate_of_fk")),
        sa.ForeignKeyConstraint(["transmission_id"], ["transmission.id"], name=op.f("document_transmission_id_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("document_pk")),
    )
    op.create_index(
        "document_identity",
        "document",
        ["partner", "kind", "environment", "identity", "revision"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('duplicate', 'held')"),
    )
    op.create_index(op.f("document_transmission_id"), "document", ["transmission_id"], unique=False)
    op.create_table(
        "interchange",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transmission_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("syntax", sa.Text(), nullable=False),
        sa.Column("control_number", sa.Text(), nullable=False),
        sa.Column("sender_qualifier", sa.Text(), nullable=False),
        sa.Column("sender_id", sa.Text(), nullable=False),
        sa.Column("receiver_qualifier", sa.Text(), nullable=False),
        sa.Column("receiver_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("usage", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=True),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("duplicate_of", sa.Uuid(), nullable=True),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("start_offset", sa.BigInteger(), nullable=False),
        sa.Column("end_offset", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["duplicate_of"], ["interchange.id"], name=op.f("interchange_duplicate_of_fk")),
        sa.ForeignKeyConstraint(["transmission_id"], ["transmission.id"], name=op.f("interchange_transmission_id_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("interchange_pk")),
        sa.UniqueConstraint("transmission_id", "ordinal", name=op.f("interchange_transmission_id_ordinal_unique")),
    )
    op.create_index(op.f("interchange_transmission_id"), "interchange", ["transmission_id"], unique=False)
    op.create_table(
        "mailbox_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("transmission_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('complete', 'held', 'partial')", name=op.f("mailbox_file_state_known")),
        sa.ForeignKeyConstraint(["payload_sha256"], ["payload.sha256"], name=op.f("mailbox_file_payload_sha256_fk")),
        sa.ForeignKeyConstraint(["transmission_id"], ["transmission.id"], name=op.f("mailbox_file_transmission_id_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("mailbox_file_pk")),
    )
    op.create_index(
        "mailbox_file_name",
        "mailbox_file",
        ["account", "folder", "name"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(op.f("mailbox_file_transmission_id"), "mailbox_file", ["transmission_id"], unique=False)
    op.create_table(
        "transaction_set",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transmission_id", sa.Uuid(), nullable=False),
        sa.Column("interchange_ordinal", sa.Integer(), nullable=False),
        sa.Column("group_ordinal", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("control_number", sa.Text(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("start_offset", sa.BigInteger(), nullable=False),
        sa.Column("end_offset", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transmission_id"], ["transmission.id"], name=op.f("transaction_set_transmission_id_fk")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("transaction_set_pk")),
        sa.UniqueConstraint(
            "transmission_id",
            "interchange_ordinal",
            "group_ordinal",
            "ordinal",
            name=op.f("transaction_set_transmission_id_interchange_ordinal_group_ordinal_ordinal_unique"),
        ),
    )
    op.create_index(op.f("transaction_set_transmission_id"), "transaction_set", ["transmission_id"], unique=False)
    op.create_table(
        "acknowledgment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("interchange_id", sa.Uuid(), nullable=False),
        sa.Column("transmission_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("control_number", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("acknowledgment_direction_known")),
        sa.CheckConstraint("kind IN ('TA1', '997', '999')", name=op.f("acknowledgment_kind_known")),
        sa.ForeignKeyConstraint(["interchange_id"], ["interchange.id"], name=op.f("acknowledgment_interchange_id_fk")),
        sa.ForeignKeyConstraint(
            ["transmission_id"], ["transmission.id"], name=op.f("acknowledgment_transmission_id_fk")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("acknowledgment_pk")),
    )
    op.create_index(op.f("acknowledgment_interchange_id"), "acknowledgment", ["interchange_id"], unique=False)
    op.create_index(op.f("acknowledgment_transmission_id"), "acknowledgment", ["transmission_id"], unique=False)
    op.create_table(
        "business_key",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("transmission_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("business_key_document_id_fk"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["transmission_id"], ["transmission.id"], name=op.f("business_key_transmission_id_fk")),
        sa.PrimaryKeyConstraint("name", "value", "transmission_id", name=op.f("business_key_pk")),
    )
    op.create_index(
        "business_key_suffix",
        "business_key",
        [sa.literal_column("reverse(value)").label("reversed")],
        unique=False,
        postgresql_ops={"reversed": "text_pattern_ops"},
    )
    op.create_index(
        "business_key_value", "business_key", ["value"], unique=False, postgresql_ops={"value": "text_pattern_ops"}
    )
    op.create_table(
        "control_number",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cycle", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("transmission_id", sa.Uuid(), nullable=True),
        sa.Column("interchange_id", sa.Uuid(), nullable=True),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("control_number_direction_known")),
        sa.CheckConstraint("environment IN ('live', 'test')", name=op.f("control_number_environment_known")),
        sa.ForeignKeyConstraint(
            ["interchange_id"],
            ["interchange.id"],
            name=op.f("control_number_interchange_id_fk"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["transmission_id"],
            ["transmission.id"],
            name=op.f("control_number_transmission_id_fk"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("control_number_pk")),
        sa.UniqueConstraint(
            "sender",
            "receiver",
            "environment",
            "direction",
            "kind",
            "cycle",
            "number",
            name=op.f("control_number_sender_receiver_environment_direction_kind_cycle_number_unique"),
        ),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("request_key", sa.Text(), nullable=False),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lane", sa.Text(), nullable=True),
        sa.Column("ordering_key", sa.Text(), nullable=True),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim_no", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("crashes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "state IN ("
            "'staged', 'ready', 'working', 'sending', 'retrying', 'delivered', 'rejected', "
            "'uncertain', 'quarantined', 'cancelled', 'test')",
            name=op.f("delivery_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("delivery_document_id_fk"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("delivery_pk")),
        sa.UniqueConstraint("reference", name=op.f("delivery_reference_unique")),
    )
    op.create_index(
        "delivery_claimed", "delivery", ["claimed_by"], unique=False, postgresql_where=sa.text("claimed_by IS NOT NULL")
    )
    op.create_index(op.f("delivery_document_id"), "delivery", ["document_id"], unique=False)
    op.create_index(
        "delivery_due",
        "delivery",
        ["lane", "seq", sa.literal_column("coalesce(next_at, '-infinity'::timestamptz)")],
        unique=False,
        postgresql_where=sa.text("state IN ('ready', 'retrying', 'sending')"),
    )
    op.create_index(
        "delivery_order",
        "delivery",
        ["lane", "ordering_key", "seq"],
        unique=False,
        postgresql_where=sa.text(
            "ordering_key IS NOT NULL AND state IN ('staged', 'ready', 'working', 'sending', 'retrying', "
            "'rejected', 'uncertain', 'quarantined')"
        ),
    )
    op.create_table(
        "document_link",
        sa.Column("from_document", sa.Uuid(), nullable=False),
        sa.Column("to_document", sa.Uuid(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["from_document"], ["document.id"], name=op.f("document_link_from_document_fk"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["to_document"], ["document.id"], name=op.f("document_link_to_document_fk"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("from_document", "to_document", "relation", name=op.f("document_link_pk")),
    )
    op.create_index(op.f("document_link_to_document"), "document_link", ["to_document"], unique=False)
    op.create_table(
        "document_source",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_set_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("document_source_document_id_fk"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["transaction_set_id"], ["transaction_set.id"], name=op.f("document_source_transaction_set_id_fk")
        ),
        sa.PrimaryKeyConstraint("document_id", "transaction_set_id", name=op.f("document_source_pk")),
    )
    op.create_index(op.f("document_source_transaction_set_id"), "document_source", ["transaction_set_id"], unique=False)
    op.create_table(
        "functional_group",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("interchange_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("functional_id", sa.Text(), nullable=False),
        sa.Column("control_number", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("sets_included", sa.Integer(), nullable=True),
        sa.Column("sets_received", sa.Integer(), nullable=False),
        sa.Column("sets_accepted", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interchange_id"], ["interchange.id"], name=op.f("functional_group_interchange_id_fk")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("functional_group_pk")),
        sa.UniqueConstraint("interchange_id", "ordinal", name=op.f("functional_group_interchange_id_ordinal_unique")),
    )
    op.create_table(
        "issue",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transmission_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_set_id", sa.Uuid(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("position", postgresql.JSONB(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["transaction_set_id"], ["transaction_set.id"], name=op.f("issue_transaction_set_id_fk")
        ),
        sa.ForeignKeyConstraint(["transmission_id"], ["transmission.id"], name=op.f("issue_transmission_id_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("issue_pk")),
    )
    op.create_index(op.f("issue_transmission_id"), "issue", ["transmission_id"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("transmission_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('accepted', 'duplicate', 'rejected', 'retry', 'uncertain', 'crashed', 'superseded')",
            name=op.f("attempt_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("attempt_delivery_id_fk"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["transmission_id"], ["transmission.id"], name=op.f("attempt_transmission_id_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("attempt_pk")),
    )
    op.create_index(op.f("attempt_delivery_id"), "attempt", ["delivery_id"], unique=False)
    op.create_index(op.f("attempt_transmission_id"), "attempt", ["transmission_id"], unique=False)
    op.create_table(
        "exception",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transmission_id", sa.Uuid(), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'resolved')", name=op.f("exception_state_known")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("exception_delivery_id_fk")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("exception_document_id_fk")),
        sa.ForeignKeyConstraint(["transmission_id"], ["transmission.id"], name=op.f("exception_transmission_id_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("exception_pk")),
    )
    op.create_index(op.f("exception_fingerprint"), "exception", ["fingerprint"], unique=False)
    op.create_index(op.f("exception_transmission_id"), "exception", ["transmission_id"], unique=False)

    # The chain of the audit log begins here: 32 zero bytes before the first row.
    op.execute("INSERT INTO audit_head (position, seal, settled_seq) VALUES (0, decode(repeat('00', 32), 'hex'), 0)")
    _queue_schema()


def _queue_schema() -> None:
    """Procrastinate's tables, by the SQL of the installed (pinned) version, within this same transaction.

    The bare driver takes the many statements of the file at once and leaves their percent signs alone.
    """
    schema = files("procrastinate").joinpath("sql", "schema.sql").read_text("utf-8")
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(schema)
