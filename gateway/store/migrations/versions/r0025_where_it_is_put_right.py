"""Where what a business system refused is put right.

Revision: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None
compatible_from = "0023"


def upgrade() -> None:
    """Add the column; of exceptions of before nobody knows."""
    op.add_column("exception", sa.Column("fix", sa.Text(), nullable=True))
