"""What a map's program calls to find values in canonical documents, through lists and what picks parts of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Picks = tuple[tuple[str, str, bool], ...]
"""Fields, the values they must have, and whether they must not."""
Walk = tuple[tuple[str, Picks, int | None], ...]
"""Steps: the name of a field, the values its parts must have, and which of them is meant (from 1)."""
Found = list[tuple[str, Any]]
"""Things and their paths."""


def walked(part: Any, path: str, steps: Walk) -> Found:
    """Everything at the end of some steps that is there, each with its path.

    Args:
        part: where the steps begin; None for nothing.
        path: its own path, with the dot, or "".
        steps: names of parts, lists or values.
    """
    found: Found = [] if part is None else [(path, part)]
    for name, picks, index in steps:
        below: Found = []
        for prefix, held in found:
            value = held.get(name) if isinstance(held, dict) else getattr(held, name)
            here = f"{prefix}{name}"
            if isinstance(value, tuple):
                members = [
                    (f"{here}[{at}].", member)
                    for at, member in enumerate(value)
                    if all((getattr(member, field) == wanted) is not negated for field, wanted, negated in picks)
                ]
                below += members if index is None else members[index - 1 : index]
            elif value is not None:
                below.append((f"{here}.", value))
        found = below
    return found


def indexed(found: Found, name: str) -> dict[Any, Found]:
    """Parts by the value of one of their fields."""
    table: dict[Any, Found] = {}
    for path, part in found:
        table.setdefault(getattr(part, name), []).append((path, part))
    return table


def values(found: Iterable[tuple[str, Any]]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The values of a walk, and their origins as flat pairs."""
    held = [(path.removesuffix("."), value) for path, value in found if value not in (None, "")]
    origins: list[Any] = []
    for path, _ in held:
        origins += (path, 0)
    return tuple(value for _, value in held), tuple(origins)


def numbered(path: str, listed: Sequence[Any]) -> Found:
    """The members of a list with their paths."""
    return [(f"{path}[{at}].", member) for at, member in enumerate(listed)]
