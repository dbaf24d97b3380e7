"""Documents go out, too: their direction tells them apart, a delivery keeps what was chosen; cross references.

Revision: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; an order of ours and one of the partner's may have the same number."""
    op.add_column("document", sa.Column("direction", sa.Text(), nullable=False, server_default=sa.text("'in'")))
    op.create_check_constraint(op.f("document_direction_known"), "document", "direction IN ('in', 'out')")
    op.drop_index("document_identity", "document")
    op.create_index(
        "document_identity",
        "document",
        ["partner", "direction", "kind", "environment", "identity", "revision"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('duplicate', 'held')"),
    )
    op.add_column("delivery", sa.Column("choices", postgresql.JSONB(), nullable=True))
    op.create_table(
        "cross_reference",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("first_day <= last_day", name=op.f("cross_reference_days_in_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("cross_reference_pk")),
    )
    op.create_index(
        "cross_reference_row",
        "cross_reference",
        ["table_name", "value", "partner", "first_day"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
