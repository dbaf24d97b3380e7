"""Which objects of the database are Tradelane's; the queue's own tables live beside them and are not compared."""

from __future__ import annotations

from typing import Any


def is_ours(name: str | None, kind: str, parents: Any) -> bool:
    """Alembic's `include_name`: False for what Procrastinate's own SQL makes."""
    table = name if kind == "table" else parents.get("table_name")
    return not (table or "").startswith("procrastinate_")
