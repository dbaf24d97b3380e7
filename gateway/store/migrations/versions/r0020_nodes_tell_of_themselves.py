"""What nodes say of themselves, and how they ended.

Revision: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; nodes of before say nothing until their next start."""
    op.add_column("node", sa.Column("roles", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("node", sa.Column("version", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("node", sa.Column("schema", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("node", sa.Column("workers", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("node", sa.Column("vault", sa.Text(), nullable=True))
    op.add_column("node", sa.Column("leads", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("node", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("node", sa.Column("ending", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("node_ending_known"), "node", "ending IN ('stopped', 'dead')")
