"""What business systems told of, once each, and how far each was polled.

Revision: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "poll_state",
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exception_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["exception_id"], ["exception.id"], name=op.f("poll_state_exception_id_fk")),
        sa.PrimaryKeyConstraint("destination", name=op.f("poll_state_pk")),
    )
    op.create_table(
        "told_event",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("transmission_id", sa.Uuid(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["transmission_id"],
            ["transmission.id"],
            name=op.f("told_event_transmission_id_fk"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("source", "event_id", name=op.f("told_event_pk")),
    )
    op.create_index(op.f("told_event_transmission_id"), "told_event", ["transmission_id"])
