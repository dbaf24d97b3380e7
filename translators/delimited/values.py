"""What the value of a column must be: there, as long as it may be, a number, a date, one of its codes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache

from translators.delimited.layout import Column, ColumnType
from translators.errors import shown

_NUMBERS = {mark: re.compile(rf"[+-]?(?:[0-9]+(?:{re.escape(mark)}[0-9]*)?|{re.escape(mark)}[0-9]+)") for mark in ".,"}
_INTEGER = re.compile(r"[+-]?[0-9]+")
_PARTS = {
    "CCYY": r"(?P<year>[0-9]{4})",
    "YY": r"(?P<short>[0-9]{2})",
    "MM": r"(?P<month>[0-9]{1,2})",
    "DD": r"(?P<day>[0-9]{1,2})",
}
_CODES_SHOWN = 12


def normal(value: str, column: Column) -> str:
    """The value as maps read it: a good number with a point for the column's decimal mark, anything else as sent."""
    if column.decimal == "," and column.type is ColumnType.NUMBER and _NUMBERS[","].fullmatch(value):
        return value.replace(",", ".")
    return value


def fault_of(value: str, column: Column) -> tuple[str, str] | None:
    """What is wrong with a value that is there: (code, message); None for nothing.

    Args:
        value: as sent, or as it is to be written.
        column: what it must be.
    """
    said = f"{column.name} is {shown(value)}"
    if column.shortest is not None and len(value) < column.shortest:
        return "delimited.value.length", f"{said}; want at least {column.shortest} characters"
    if column.longest is not None and len(value) > column.longest:
        return "delimited.value.length", f"{said}; want at most {column.longest} characters"
    match column.type:
        case ColumnType.NUMBER if _NUMBERS[column.decimal].fullmatch(value) is None:
            return (
                "delimited.value.number",
                f"{said}; want digits, perhaps a sign, and {column.decimal} as decimal mark",
            )
        case ColumnType.INTEGER if _INTEGER.fullmatch(value) is None:
            return "delimited.value.number", f"{said}; want digits, perhaps a sign"
        case ColumnType.DATE if not _date_reader(column.pattern)(value):
            return "delimited.value.date", f"{said}; want a date {column.pattern}"
    if column.codes and value not in column.codes:
        known = sorted(column.codes)
        listed = ", ".join(known[:_CODES_SHOWN]) + (" ..." if len(known) > _CODES_SHOWN else "")
        return "delimited.value.code", f"{said}; want one of {listed}"
    return None


@lru_cache(maxsize=256)
def _date_reader(pattern: str) -> Callable[[str], bool]:
    """Whether a text is a day of the calendar, written as the pattern says."""
    shape = re.compile(re.sub(r"CCYY|YY|MM|DD|.", lambda found: _part(found.group(), pattern), pattern))

    def reads(value: str) -> bool:
        found = shape.fullmatch(value)
        if found is None:
            return False
        parts = found.groupdict()
        try:
            date(int(parts.get("year") or 2000 + int(parts.get("short") or 0)), int(parts["month"]), int(parts["day"]))
        except ValueError:
            return False
        return True

    return reads


def _part(word: str, pattern: str) -> str:
    if word in ("MM", "DD") and not re.search("[-/. ]", pattern):
        return _PARTS[word].replace("{1,2}", "{2}")
    return _PARTS.get(word, re.escape(word))
