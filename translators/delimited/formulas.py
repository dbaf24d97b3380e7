"""Values that a spreadsheet would run as formulas, made plain text in everything we export."""

from __future__ import annotations

import re

_LEADS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?")


def neutralised(value: str) -> str:
    """The value, with an apostrophe before it where a spreadsheet would take it for a formula.

    A plain number is none, with its sign. Source: OWASP, CSV Injection.
    """
    if value.startswith(_LEADS) and _PLAIN_NUMBER.fullmatch(value) is None:
        return "'" + value
    return value
