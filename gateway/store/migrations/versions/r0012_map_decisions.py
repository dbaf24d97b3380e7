"""Which revision of a map is in force from when: every decision, and the files a revision was written in.

Revision: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("map_revision", sa.Column("sources", sa.Text(), nullable=True))
    op.create_table(
        "map_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("map_name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=True),
        sa.Column("active_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("map_decision_pk")),
    )
    op.create_index(op.f("map_decision_map_name"), "map_decision", ["map_name"])
