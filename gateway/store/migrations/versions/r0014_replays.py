"""A transmission whose sets were sent before, and the acknowledgment nobody waits for any more.

Revision: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATES = "'waiting', 'overdue', 'accepted', 'accepted_with_errors', 'partial', 'rejected', 'unknown', 'replaced'"


def upgrade() -> None:
    """Add the column and the word."""
    op.add_column("transmission", sa.Column("replay_of", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("transmission_replay_of_fk"), "transmission", "transmission", ["replay_of"], ["id"])
    name = op.f("expected_acknowledgment_state_known")
    op.drop_constraint(name, "expected_acknowledgment", type_="check")
    op.create_check_constraint(name, "expected_acknowledgment", f"state IN ({STATES})")
