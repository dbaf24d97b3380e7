"""Records of business systems of which no document could be made.

Revision: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "unread_record",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("exception_id", sa.Uuid(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["exception_id"], ["exception.id"], name=op.f("unread_record_exception_id_fk")),
        sa.PrimaryKeyConstraint("source", "record", name=op.f("unread_record_pk")),
    )
    op.create_index(op.f("unread_record_exception_id"), "unread_record", ["exception_id"])
