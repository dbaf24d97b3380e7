"""Groups of exceptions with owners and comments, and the alerts they cause.

Revision: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; what is open already is a group, of which nobody is told again."""
    op.create_table(
        "exception_group",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'resolved')", name=op.f("exception_group_state_known")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("exception_group_pk")),
    )
    op.create_table(
        "exception_comment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fingerprint"], ["exception_group.fingerprint"], name=op.f("exception_comment_fingerprint_fk")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("exception_comment_pk")),
    )
    op.create_index(op.f("exception_comment_fingerprint"), "exception_comment", ["fingerprint"])
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("event IN ('opened', 'resolved')", name=op.f("alert_event_known")),
        sa.ForeignKeyConstraint(["fingerprint"], ["exception_group.fingerprint"], name=op.f("alert_fingerprint_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("alert_pk")),
    )
    op.create_index(op.f("alert_at"), "alert", ["at"])
    op.execute("""
        INSERT INTO exception_group (fingerprint, code, state, opened_at, resolved_at, resolved_by)
        SELECT fingerprint, min(code), CASE WHEN bool_or(state = 'open') THEN 'open' ELSE 'resolved' END,
               min(opened_at), CASE WHEN bool_or(state = 'open') THEN NULL ELSE max(resolved_at) END,
               CASE WHEN bool_or(state = 'open') THEN NULL ELSE max(resolved_by) END
          FROM exception GROUP BY fingerprint
    """)
