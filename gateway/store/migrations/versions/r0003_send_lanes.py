"""What we bring to partners is work on lanes: outbound transmissions are queued, sent, awaited, refused or uncertain.

Revision: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BEFORE = (
    "'received', 'working', 'retrying', 'processed', 'duplicate', 'parked', 'quarantined', 'ready', 'collected', "
    "'withdrawn'"
)
ADDED = "'queued', 'sending', 'awaiting', 'sent', 'refused', 'uncertain'"
CLAIMABLE = "'received', 'queued', 'retrying', 'sending', 'awaiting'"
BLOCKING = "'received', 'queued', 'working', 'retrying', 'sending', 'quarantined'"


def upgrade() -> None:
    """Add the states, and to the indexes those in which a row is due or in the way."""
    op.drop_constraint(op.f("transmission_state_known"), "transmission", type_="check")
    op.create_check_constraint(op.f("transmission_state_known"), "transmission", f"state IN ({BEFORE}, {ADDED})")
    op.drop_index("transmission_due", "transmission")
    op.create_index(
        "transmission_due",
        "transmission",
        ["lane", "seq", sa.text("coalesce(next_at, '-infinity'::timestamptz)")],
        postgresql_where=sa.text(f"state IN ({CLAIMABLE})"),
    )
    op.drop_index("transmission_order", "transmission")
    op.create_index(
        "transmission_order",
        "transmission",
        ["lane", "ordering_key", "seq"],
        postgresql_where=sa.text(f"ordering_key IS NOT NULL AND state IN ({BLOCKING})"),
    )
