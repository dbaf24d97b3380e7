"""Files of watched folders that were taken in and are not moved away yet.

Revision: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "folder_file",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("changed_ns", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("transmission_id", sa.Uuid(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["transmission_id"], ["transmission.id"], name=op.f("folder_file_transmission_id_fk")),
        sa.PrimaryKeyConstraint("account", "name", "inode", "changed_ns", "sha256", name=op.f("folder_file_pk")),
    )
    op.create_index(op.f("folder_file_transmission_id"), "folder_file", ["transmission_id"])
