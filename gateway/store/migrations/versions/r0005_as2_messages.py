"""AS2 messages beside their transmissions, with their MICs and MDNs.

Revision: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "as2_message",
        sa.Column("transmission_id", sa.Uuid(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("mics", postgresql.JSONB(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("receipt_url", sa.Text(), nullable=False),
        sa.Column("mdn_status", sa.Integer(), nullable=True),
        sa.Column("mdn_headers", postgresql.JSONB(), nullable=True),
        sa.Column("mdn_body", sa.LargeBinary(), nullable=True),
        sa.Column("mdn_transmission_id", sa.Uuid(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("as2_message_direction_known")),
        sa.ForeignKeyConstraint(["transmission_id"], ["transmission.id"], name=op.f("as2_message_transmission_id_fk")),
        sa.ForeignKeyConstraint(["body_sha256"], ["payload.sha256"], name=op.f("as2_message_body_sha256_fk")),
        sa.ForeignKeyConstraint(
            ["mdn_transmission_id"], ["transmission.id"], name=op.f("as2_message_mdn_transmission_id_fk")
        ),
        sa.PrimaryKeyConstraint("transmission_id", name=op.f("as2_message_pk")),
        sa.UniqueConstraint(
            "direction", "account", "message_id", name=op.f("as2_message_direction_account_message_id_unique")
        ),
    )
    op.create_index("as2_message_body_sha256", "as2_message", ["body_sha256"])
    op.create_index("as2_message_mdn_transmission_id", "as2_message", ["mdn_transmission_id"])
