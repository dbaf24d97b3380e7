"""A file that was taken in is found by its name, however many there were.

Revision: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "mailbox_file_taken_in",
        "mailbox_file",
        ["account", "folder", "name", "removed_at"],
        postgresql_where=sa.text("removed_at IS NOT NULL AND transmission_id IS NOT NULL"),
    )
