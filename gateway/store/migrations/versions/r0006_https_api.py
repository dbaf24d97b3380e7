"""The HTTPS API: keys of accounts, and what was sent under an Idempotency-Key.

Revision: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables."""
    op.create_table(
        "api_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("api_key_pk")),
    )
    op.create_index(op.f("api_key_account"), "api_key", ["account"])
    op.create_table(
        "idempotency_key",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("transmission_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["transmission_id"], ["transmission.id"], name=op.f("idempotency_key_transmission_id_fk")
        ),
        sa.PrimaryKeyConstraint("account", "key", name=op.f("idempotency_key_pk")),
    )
    op.create_index(op.f("idempotency_key_transmission_id"), "idempotency_key", ["transmission_id"])
