"""Whether a value is one of its data element: type, length, code list, calendar and clock.

Source: X12.6 (data element types). Choices where the standard is wide or silent: R takes no exponent; characters are
the printable ones of latin-1 (the extended set, without the C0 and C1 controls); ISA dates have no century.
"""

from __future__ import annotations

import re
from calendar import monthrange

from translators.x12.guide import ElementGuide

CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f]")
"""What no text may hold."""

MONTH_DAYS = frozenset(
    f"{month:02d}{day:02d}" for month in range(1, 13) for day in range(1, monthrange(2023, month)[1] + 1)
)
"""MMDD of every day but the leap day."""

HOURS_MINUTES = frozenset(f"{hour:02d}{minute:02d}" for hour in range(24) for minute in range(60))
"""HHMM of a day; 2400 is not among them."""

FEW_CODES = 6
"""Codes of a list that a message names."""

_INTEGER = re.compile("-?[0-9]+")
_REAL = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_LEAP_DAY = "0229"
_TIME_LENGTHS = (4, 6, 7, 8)


def is_date(value: str) -> bool:
    """A day of the calendar, CCYYMMDD or YYMMDD (where 00 counts as a leap year)."""
    if not value.isdecimal() or len(value) not in (6, 8):
        return False
    year = int(value[:-4])
    if len(value) == 8 and year == 0:
        return False
    if value[-4:] == _LEAP_DAY:
        return year % 4 == 0 and (len(value) == 6 or year % 100 != 0 or year % 400 == 0)
    return value[-4:] in MONTH_DAYS


def is_time(value: str) -> bool:
    """A time of the day, HHMM, HHMMSS, HHMMSSd or HHMMSSdd."""
    if not value.isdecimal() or len(value) not in _TIME_LENGTHS or value[:4] not in HOURS_MINUTES:
        return False
    return len(value) == 4 or value[4:6] < "60"


def value_fault(value: str, element: ElementGuide) -> tuple[str, str] | None:
    """The first thing that is wrong with a value that is not empty.

    Args:
        value: as sent, delimiters already taken apart.
        element: what it should be.

    Returns:
        (fault code, what was wanted), or None where the value is good.
    """
    kind = element.type
    length = len(value)
    if kind[0] == "N":
        if not _INTEGER.fullmatch(value):
            return ("x12.element.character", "want digits, with a minus sign at most")
        length -= value[0] == "-"
    elif kind == "R":
        if not _REAL.fullmatch(value):
            return ("x12.element.character", "want digits, with a minus sign and a decimal point at most")
        length -= (value[0] == "-") + ("." in value)
    elif kind != "B" and CONTROL_CHARACTERS.search(value):
        return ("x12.element.character", "want no control characters")
    if length < element.min:
        return ("x12.element.too_short", f"want at least {_counted(element.min, kind)}")
    if length > element.max:
        return ("x12.element.too_long", f"want at most {_counted(element.max, kind)}")
    if kind == "DT" and not is_date(value):
        return ("x12.element.date", f"want a date {'YYMMDD' if element.max == 6 else 'CCYYMMDD'}")
    if kind == "TM" and not is_time(value):
        return ("x12.element.time", "want a time HHMM" + ("" if element.max == 4 else ", HHMMSS or HHMMSSdd"))
    if element.codes is not None and value not in element.codes:
        few = " or ".join(sorted(element.codes)) if len(element.codes) <= FEW_CODES else ""
        return ("x12.element.code", f"want {few or f'a code of element {element.number}'}")
    if kind == "AN" and value.isspace():
        return ("x12.element.blank", "want a character that is no blank, or nothing")
    return None


def _counted(limit: int, kind: str) -> str:
    unit = "digit" if kind[0] in "NR" else "character"
    return f"{limit} {unit}" + ("" if limit == 1 else "s")
