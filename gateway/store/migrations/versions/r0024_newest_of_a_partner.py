"""An index by which the newest file of a partner is found.

Revision: 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
compatible_from = "0023"


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "transmission_of_partner",
        "transmission",
        ["partner", "received_at"],
        postgresql_where=sa.text("direction = 'in'"),
    )
