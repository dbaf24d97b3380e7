"""Acknowledgment documents of files that are not X12.

Revision: 0008
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_BEFORE = "'TA1', '997', '999', '824'"
_TABLES = ("acknowledgment", "expected_acknowledgment")


def upgrade() -> None:
    """Let the kind be `file`."""
    for table in _TABLES:
        op.drop_constraint(op.f(f"{table}_kind_known"), table, type_="check")
        op.create_check_constraint(op.f(f"{table}_kind_known"), table, f"kind IN ({_BEFORE}, 'file')")


def downgrade() -> None:
    """Forget them."""
    op.execute("DELETE FROM acknowledgment WHERE kind = 'file'")
    for table in _TABLES:
        op.drop_constraint(op.f(f"{table}_kind_known"), table, type_="check")
        op.create_check_constraint(op.f(f"{table}_kind_known"), table, f"kind IN ({_BEFORE})")
