"""The channels alerts are told on, and a message for each.

Revision: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; alerts of before are told to nobody."""
    op.create_table(
        "alert_channel",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("alert_channel_pk")),
    )
    op.create_table(
        "alert_message",
        sa.Column("seq", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'told', 'given_up')", name=op.f("alert_message_state_known")),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("alert_message_alert_id_fk")),
        sa.UniqueConstraint("alert_id", "channel", name=op.f("alert_message_alert_id_channel_unique")),
        sa.PrimaryKeyConstraint("seq", name=op.f("alert_message_pk")),
    )
    op.create_index(
        "alert_message_waiting",
        "alert_message",
        ["channel", "seq"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
