"""Writers of values as X12 elements: numbers, dates and times become the text their element wants, or Unreadable."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Any

from mappings.kinds import Kind, Unreadable
from mappings.readers import EXACT
from translators.canonical.common import decimal_text
from translators.x12.guide import ElementGuide

UNFIT = "map.value.unfit"

ElementWriter = Callable[[Any], "str | Unreadable"]


def number_writer(decimals: int | None, *, digits: int = 0) -> ElementWriter:
    """A writer of numbers.

    Args:
        decimals: digits after a decimal point that is not written (X12 N2: 2); None where it is written (X12 R).
        digits: at least so many, filled up with zeros on the left.

    Source: X12.6 types R and N0 to N9: a leading minus sign, no plus sign, no thousands separator, no exponent.
    """

    def write(value: Decimal) -> str | Unreadable:
        text = decimal_text(value)
        if decimals is not None:
            try:
                shifted = EXACT.scaleb(value, decimals)
                whole = shifted.to_integral_exact(context=EXACT)
            except decimal.DecimalException:
                return Unreadable(UNFIT, f"at most {decimals} decimals; round() says how to round", text)
            text = f"{whole:f}"
        sign, plain = ("-", text[1:]) if text.startswith("-") else ("", text)
        missing = digits - len(plain.replace(".", ""))
        return sign + "0" * missing + plain if missing > 0 else text

    return write


def date_writer(pattern: str) -> Callable[[date], str]:
    """A writer of dates as `pattern`, one of DATE_PATTERNS."""

    def write(value: date) -> str:
        century, year = divmod(value.year, 100)
        text = pattern
        for name, number in (("CC", century), ("YY", year), ("MM", value.month), ("DD", value.day)):
            text = text.replace(name, f"{number:02d}")
        return text

    return write


def time_writer(longest: int = 8) -> ElementWriter:
    """A writer of times: HHMM, with seconds and hundredths where the time has them and they fit `longest` characters.

    Source: X12.6 type TM.
    """

    def write(value: time) -> str | Unreadable:
        text = f"{value:%H%M}"
        hundredths, rest = divmod(value.microsecond, 10_000)
        if value.second or hundredths:
            text += f"{value:%S}"
        if hundredths:
            text += f"{hundredths:02d}"
        if rest or len(text) > longest:
            return Unreadable(UNFIT, f"a time of at most {longest} digits, to the hundredth", value.isoformat())
        return text

    return write


def element_writer(element: ElementGuide, kind: Kind) -> ElementWriter | None:
    """What writes values of a kind into an element; None where nothing does without being told how."""
    numeric = element.type[0] == "N" or element.type == "R"
    if kind is Kind.NUMBER and (numeric or element.type == "AN"):
        decimals = int(element.type[1:]) if element.type[0] == "N" else None
        return number_writer(decimals, digits=element.min if numeric else 0)
    if kind is Kind.DATE and element.type == "DT":
        return date_writer("YYMMDD" if element.max == 6 else "CCYYMMDD")
    if kind is Kind.TIME and element.type == "TM":
        return time_writer(element.max)
    return None
