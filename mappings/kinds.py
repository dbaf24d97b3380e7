"""What a map's expressions work on: kinds of value, the value that was bad, and readers that remember."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class Kind(StrEnum):
    """The kind of value an expression gives, known when the map is loaded."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    DATETIME = "moment"
    BOOL = "true or false"
    TEXTS = "list of texts"
    SEGMENTS = "segments"
    NOTHING = "nothing"
    UNKNOWN = "unknown"
    """The expression has a fault of its own; nothing more is said about it."""


class _Bad:
    """See BAD."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "BAD"


BAD: Final = _Bad()
"""Stands for a value whose Issue is already made; whatever is made from it is BAD too, without a second Issue."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What a function gives for a value it cannot read: the code of the Issue to make, and what was wanted."""

    code: str
    wanted: str
    found: str = ""


REMEMBERED_VALUES = 20_000
REMEMBERED_LENGTH = 40


class Memo(dict[str, Any]):
    """A reader of texts that remembers what it has read, within bounds: `memo[text]`."""

    def __init__(self, read: Callable[[str], Any], *, absent: Any) -> None:
        super().__init__()
        self._read = read
        self._absent = absent
        self[""] = absent

    def __missing__(self, text: str) -> Any:
        value = self._read(text)
        if len(text) <= REMEMBERED_LENGTH:
            if len(self) > REMEMBERED_VALUES:
                self.clear()
                self[""] = self._absent
            self[text] = value
        return value
