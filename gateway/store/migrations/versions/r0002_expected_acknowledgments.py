"""What we sent is waited for: expected acknowledgments, and what partners said of what was in it.

Revision: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OUTCOMES = "'accepted', 'accepted_with_errors', 'partial', 'rejected', 'unknown'"


def upgrade() -> None:
    """Add what is missing; rows that are there stay as they are."""
    for table in ("interchange", "functional_group", "transaction_set"):
        op.add_column(table, sa.Column("outcome", sa.Text(), nullable=True))
        op.create_check_constraint(op.f(f"{table}_outcome_known"), table, f"outcome IN ({OUTCOMES})")
    op.drop_constraint(op.f("acknowledgment_kind_known"), "acknowledgment", type_="check")
    op.create_check_constraint(
        op.f("acknowledgment_kind_known"), "acknowledgment", "kind IN ('TA1', '997', '999', '824')"
    )
    op.add_column("acknowledgment", sa.Column("functional_group_id", sa.Uuid(), nullable=True))
    op.add_column("acknowledgment", sa.Column("content_sha256", sa.LargeBinary(), nullable=True))
    op.add_column("acknowledgment", sa.Column("duplicate_of", sa.Uuid(), nullable=True))
    for column, table in (("functional_group_id", "functional_group"), ("duplicate_of", "acknowledgment")):
        op.create_foreign_key(op.f(f"acknowledgment_{column}_fk"), "acknowledgment", table, [column], ["id"])
    op.create_table(
        "expected_acknowledgment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transmission_id", sa.Uuid(), nullable=False),
        sa.Column("interchange_id", sa.Uuid(), nullable=False),
        sa.Column("functional_group_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exception_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('TA1', '997', '999', '824')", name=op.f("expected_acknowledgment_kind_known")),
        sa.CheckConstraint(
            f"state IN ('waiting', 'overdue', {OUTCOMES})", name=op.f("expected_acknowledgment_state_known")
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"expected_acknowledgment_{column}_fk"))
            for column, table in (
                ("transmission_id", "transmission"),
                ("interchange_id", "interchange"),
                ("functional_group_id", "functional_group"),
                ("exception_id", "exception"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("expected_acknowledgment_pk")),
    )
    op.create_index(op.f("expected_acknowledgment_interchange_id"), "expected_acknowledgment", ["interchange_id"])
    op.create_index(
        "expected_acknowledgment_open",
        "expected_acknowledgment",
        ["due_at"],
        postgresql_where=sa.text("state IN ('waiting', 'overdue')"),
    )
