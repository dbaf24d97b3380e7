"""Values of a map's program as the compiler knows them: the name that holds each, its kind, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from mappings.kinds import Kind


class Value(NamedTuple):
    """One value in the program.

    Args:
        code: the name (or literal) that holds it.
        kind: its kind.
        bad: it may be BAD.
        absent: it may be absent.
        sources: pairs `segment, element` as program text, or `*name` of a tuple of such pairs.
        decimals: how many are implied, where it is a plain reference to a number without a point.
        spot: program text of its holder (a segment), and the part (element), where there is one to point at.
        choices: the values it can have, where the map writes them all out.
        sound: it is exactly of its kind, unless absent or BAD: text that any field of text takes, a finite Decimal, a
            date or time of Python's own types.
    """

    code: str
    kind: Kind
    bad: bool = False
    absent: bool = True
    sources: tuple[str, ...] = ()
    decimals: int | None = None
    spot: tuple[str, Any] | None = None
    choices: frozenset[Any] | None = None
    sound: bool = False


@dataclass(frozen=True, slots=True)
class BlockParts:
    """A block as expressions see it: the program's name of the list of its parts, and the kinds of their fields.

    `count` is program text of their number, where it is not that of the list. `made`: the parts are no dicts any more
    but parts of their model.
    """

    code: str
    fields: Mapping[str, Kind]
    count: str = ""
    made: bool = False


UNKNOWN = Value("None", Kind.UNKNOWN)


def tuple_code(sources: tuple[str, ...]) -> str:
    """Program text of the tuple of a value's sources."""
    if len(sources) == 1 and sources[0].startswith("*"):
        return sources[0][1:]
    return f"({', '.join(sources)},)" if sources else "()"


def absence(value: Value) -> str:
    """Program text that is true where the value is absent."""
    return f"not {value.code}" if value.kind in (Kind.TEXT, Kind.TEXTS) else f"{value.code} is None"
