"""Partners' own servers: the ledger of what was fetched from them, and how the visits there go.

Revision: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "remote_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payload_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("transmission_id", sa.Uuid(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["transmission_id"], ["transmission.id"], name=op.f("remote_file_transmission_id_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("remote_file_pk")),
    )
    op.create_index(op.f("remote_file_transmission_id"), "remote_file", ["transmission_id"])
    op.create_index(
        "remote_file_there",
        "remote_file",
        ["account", "path", "size", "modified_at"],
        unique=True,
        postgresql_where=sa.text("cleared_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "remote_state",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("stopped_for", sa.Text(), nullable=True),
        sa.Column("exception_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["exception_id"], ["exception.id"], name=op.f("remote_state_exception_id_fk")),
        sa.PrimaryKeyConstraint("account", name=op.f("remote_state_pk")),
    )
