"""Readers of single texts: numbers, dates, times and codes. Each gives a value or Unreadable, and never a guess."""

from __future__ import annotations

import decimal
import re
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal

from mappings.kinds import Unreadable

MAX_DIGITS = 40
"""Digits of a number that is read; arithmetic keeps 100 and never rounds unless told to."""

EXACT = decimal.Context(
    prec=100,
    Emin=-999,
    Emax=999,
    traps=[decimal.Inexact, decimal.Overflow, decimal.InvalidOperation, decimal.DivisionByZero, decimal.Subnormal],
)
"""Decimal arithmetic that raises rather than rounds."""

DATE_PATTERNS = ("CCYYMMDD", "YYMMDD", "CCYY-MM-DD", "MM/DD/CCYY", "DD.MM.CCYY", "MMDDCCYY", "DDMMCCYY", "MMDDYY")
"""The date patterns maps may name."""

_EXPLICIT = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_WHOLE = re.compile(r"-?[0-9]+")
_TIME = re.compile(r"([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{1,2})?)?")
_ZERO = Decimal(0)


def number_reader(implied: int | None) -> Callable[[str], Decimal | Unreadable]:
    """A reader of numbers.

    Args:
        implied: digits after a decimal point that is not sent (X12 N2: 2); None where the point is sent (X12 R).

    Source: X12.6 types R and N0 to N9: a leading minus sign, no plus sign, no thousands separator.
    """
    shape = _EXPLICIT if implied is None else _WHOLE
    wanted = "digits, perhaps a minus sign and a decimal point" if implied is None else "digits, perhaps a minus sign"
    if implied:
        wanted += f" (the last {implied} digits are decimals; write implied=off where the point is sent)"

    def read(text: str) -> Decimal | Unreadable:
        if shape.fullmatch(text) is None:
            return Unreadable("map.number.unreadable", f"a number: {wanted}")
        if len(text) > MAX_DIGITS:
            return Unreadable("map.number.unreadable", f"a number of at most {MAX_DIGITS} digits")
        value = Decimal(text)
        if implied:
            value = EXACT.scaleb(value, -implied)
        return value or _ZERO

    return read


def date_reader(pattern: str) -> Callable[[str], date | Unreadable]:
    """A reader of dates written as `pattern`, one of DATE_PATTERNS.

    Where the pattern has no century, years 00 to 49 are of 2000 and 50 to 99 of 1900.
    """
    shape = re.escape(pattern)
    for part in ("CC", "YY", "MM", "DD"):
        shape = shape.replace(part, f"(?P<{part}>[0-9]{{2}})")
    compiled = re.compile(shape)

    def read(text: str) -> date | Unreadable:
        found = compiled.fullmatch(text)
        if found is None:
            return Unreadable("map.date.unreadable", f"a date {pattern}")
        parts = found.groupdict()
        year = int(parts["YY"])
        century = int(parts["CC"]) if "CC" in parts else (20 if year < 50 else 19)
        try:
            return date(century * 100 + year, int(parts["MM"]), int(parts["DD"]))
        except ValueError:
            return Unreadable("map.date.unreadable", f"a date of the calendar, {pattern}")

    return read


def time_reader() -> Callable[[str], time | Unreadable]:
    """A reader of times HHMM, HHMMSS, HHMMSSD or HHMMSSDD (D: tenths, DD: hundredths of a second); 0000 to 2359.

    Source: X12.6 type TM.
    """
    wanted = "a time of the day, HHMM or HHMMSS"

    def read(text: str) -> time | Unreadable:
        found = _TIME.fullmatch(text)
        if found is None:
            return Unreadable("map.time.unreadable", wanted)
        hours, minutes, seconds, fraction = found.groups()
        try:
            return time(int(hours), int(minutes), int(seconds or 0), int((fraction or "0").ljust(6, "0")))
        except ValueError:
            return Unreadable("map.time.unreadable", wanted)

    return read


def code_reader(table: Mapping[str, str], name: str) -> Callable[[str], str | Unreadable]:
    """A reader of codes by a table of the map."""
    known = ", ".join(sorted(table)[:12]) + (" ..." if len(table) > 12 else "")

    def read(text: str) -> str | Unreadable:
        found = table.get(text)
        return Unreadable("map.code.unknown", f"a code of table {name}: {known}") if found is None else found

    return read
