"""What was purged stays as a row with its hash, size and dates; what is under a legal hold is not purged.

Revision: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEPT = "CASE WHEN purged_at IS NULL THEN payload_sha256 ELSE NULL::bytea END"


def upgrade() -> None:
    """Let bytes go while their names stay, and add the holds."""
    op.add_column("transmission", sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "transmission",
        sa.Column("payload_kept", sa.LargeBinary(), sa.Computed(KEPT, persisted=True), nullable=True),
    )
    op.drop_constraint(op.f("transmission_payload_sha256_fk"), "transmission", type_="foreignkey")
    op.create_foreign_key(op.f("transmission_payload_kept_fk"), "transmission", "payload", ["payload_kept"], ["sha256"])
    op.drop_index("transmission_same_content", "transmission")
    op.create_index("transmission_same_content", "transmission", ["payload_kept"])
    op.create_index(
        "transmission_to_purge",
        "transmission",
        ["received_at"],
        postgresql_where=sa.text("purged_at IS NULL"),
    )
    op.create_index(op.f("mailbox_file_payload_sha256"), "mailbox_file", ["payload_sha256"])
    op.add_column("document", sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=True),
        sa.Column("business_key", sa.Text(), nullable=True),
        sa.Column("transmission_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(partner, business_key, transmission_id) = 1", name=op.f("legal_hold_one_scope")
        ),
        sa.ForeignKeyConstraint(["transmission_id"], ["transmission.id"], name=op.f("legal_hold_transmission_id_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("legal_hold_pk")),
    )
