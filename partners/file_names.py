"""How files of ours that are not X12 are called: a pattern of an agreement, `INV_{key}_{date}.xml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

LONGEST_VALUE = 60
LONGEST_NAME = 150

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "document": "what the agreement calls it",
        "key": "the number the document is known by",
        "date": "the day it is sent, CCYYMMDD, in the partner's zone",
        "time": "the time it is sent, HHMMSS, in the partner's zone",
        "id": "twelve characters no other file of ours has",
    }
)
"""What may stand in braces in a name, and what it stands for."""

_PART = re.compile(r"\{([^{}]*)\}|([^{}]+)")
_LITERAL = re.compile(r"[0-9A-Za-z._ -]+")
_NOT_IN_A_NAME = re.compile(r"[^0-9A-Za-z._-]")


def fault_of(pattern: str) -> str | None:
    """What is wrong with a pattern; None where it is good."""
    parts = list(_PART.finditer(pattern))
    if "".join(part[0] for part in parts) != pattern:
        return "has a brace without its other one"
    for part in parts:
        if part[2] is None and part[1] not in WORDS:
            return f"has {{{part[1]}}}; want one of {', '.join(f'{{{word}}}' for word in WORDS)}"
        if part[2] is not None and not _LITERAL.fullmatch(part[2]):
            return "has a character that is no letter, digit, blank, ., _ or -"
    return None if pattern[0] not in ". -" else "begins with a dot, a blank or a hyphen"


def words_in(pattern: str) -> frozenset[str]:
    """The words in braces of a good pattern."""
    return frozenset(part[1] for part in _PART.finditer(pattern) if part[2] is None)


def file_name(pattern: str, *, document: str, key: str, at: datetime, mark: str) -> str:
    """The name of one file, of letters, digits, `.`, `_`, `-` and the pattern's own blanks.

    Args:
        pattern: a good one.
        document: what the agreement calls what is in it.
        key: the number the document is known by.
        at: when it is sent, in the partner's zone.
        mark: what no other file has.
    """
    values = {"document": document, "key": key, "date": f"{at:%Y%m%d}", "time": f"{at:%H%M%S}", "id": mark}

    def filled(part: re.Match[str]) -> str:
        if part[2] is not None:
            return part[2]
        return _NOT_IN_A_NAME.sub("_", values[part[1]])[:LONGEST_VALUE]

    return _PART.sub(filled, pattern)[-LONGEST_NAME:].lstrip(". -") or mark
