"""Text of partners as the database can keep it."""

from __future__ import annotations

from typing import Any

NUL_SHOWN = "\u2400"


def storable(value: Any) -> Any:
    """Text, also inside a dict, without NUL, the one character PostgreSQL keeps nowhere; anything else as it is."""
    match value:
        case str():
            return value.replace("\x00", NUL_SHOWN)
        case dict():
            return {name: storable(held) for name, held in value.items()}
        case _:
            return value
