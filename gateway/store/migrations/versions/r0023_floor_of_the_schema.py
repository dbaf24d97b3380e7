"""The oldest schema whose programs may work on this database.

Revision: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; its row is written after the migrations."""
    op.create_table(
        "schema_floor",
        sa.Column("singleton", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("compatible_from", sa.Text(), nullable=False),
        sa.CheckConstraint("singleton", name=op.f("schema_floor_one_row")),
        sa.PrimaryKeyConstraint("singleton", name=op.f("schema_floor_pk")),
    )
