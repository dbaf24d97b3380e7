"""Date or time periods: whether element 1251 is written as the qualifier before it, element 1250, says.

Source: X12 004010 data element 1250, the codes whose format is one of digits; a value under any other code (months in
words, days of the year, text without form) is taken as it is.
"""

from __future__ import annotations

from itertools import pairwise

from translators.x12.guide import ElementGuide, ElementUse, SegmentGuide
from translators.x12.values import is_date, is_time

QUALIFIER, PERIOD = "1250", "1251"

FORMATS = {
    "CM": "CCYYMM",
    "CY": "CCYY",
    "D6": "YYMMDD",
    "D8": "CCYYMMDD",
    "DB": "MMDDCCYY",
    "DT": "CCYYMMDDHHMM",
    "DTS": "CCYYMMDDHHMMSS-CCYYMMDDHHMMSS",
    "MD": "MMDD",
    "RD": "MMDDCCYY-MMDDCCYY",
    "RD4": "CCYY-CCYY",
    "RD5": "CCYYMM-CCYYMM",
    "RD6": "YYMMDD-YYMMDD",
    "RD8": "CCYYMMDD-CCYYMMDD",
    "RDT": "CCYYMMDDHHMM-CCYYMMDDHHMM",
    "RMD": "MMDD-MMDD",
    "RTM": "HHMM-HHMM",
    "RTS": "CCYYMMDDHHMMSS",
    "TM": "HHMM",
    "TS": "HHMMSS",
    "TT": "MMDDYY",
}
"""Code of element 1250 -> how element 1251 is then written."""

_LEAP_YEAR = "2000"


def period_fault(qualifier: str, value: str) -> tuple[str, str] | None:
    """What is wrong with a period.

    Args:
        qualifier: element 1250 as sent.
        value: element 1251 as sent, not empty.

    Returns:
        (fault code, what was wanted), or None where it is good or its form is not known.
    """
    form = FORMATS.get(qualifier)
    if form is None:
        return None
    parts, forms = value.split("-"), form.split("-")
    if len(parts) == len(forms) and all(map(_is_written_as, parts, forms)):
        return None
    if "Y" in form or "D" in form:
        return ("x12.element.date", f"want a date {form}, as {qualifier} before it says")
    return ("x12.element.time", f"want a time {form}, as {qualifier} before it says")


def is_period(qualifier: str, value: str) -> bool:
    """The period is written as the qualifier says, as far as its form is known."""
    return period_fault(qualifier, value) is None


def period_positions(guide: SegmentGuide) -> tuple[int, ...]:
    """The elements of a segment that are periods with their qualifier right before them."""
    return tuple(
        use.position
        for before, use in pairwise(guide.elements)
        if (_number(before), _number(use)) == (QUALIFIER, PERIOD)
    )


def _number(use: ElementUse) -> str:
    return use.element.number if isinstance(use.element, ElementGuide) else ""


def _is_written_as(text: str, form: str) -> bool:
    if len(text) != len(form) or not (text.isascii() and text.isdecimal()):
        return False
    day, hours, _ = form.partition("HH")
    if hours and not is_time(text[len(day) :]):
        return False
    date = text[: len(day)]
    match day:
        case "":
            return True
        case "CCYY":
            return date != "0000"
        case "CCYYMM":
            return is_date(f"{date}01")
        case "MMDD":
            return is_date(_LEAP_YEAR + date)
        case "MMDDCCYY" | "MMDDYY":
            return is_date(date[4:] + date[:4])
        case _:
            return is_date(date)
