"""What the revisions of partners' profiles say.

Revision: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what revisions of before said is not known any more."""
    op.add_column("partner_revision", sa.Column("resolved", sa.Text(), nullable=True))
