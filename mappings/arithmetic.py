"""Exact Decimal arithmetic of maps: a result is exact, rounded as the map says, or Unreadable."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from mappings.kinds import BAD, Unreadable
from mappings.readers import EXACT


def add(left: Decimal, right: Decimal) -> Decimal | Unreadable:
    """The exact sum."""
    return _exact(EXACT.add, left, right)


def subtract(left: Decimal, right: Decimal) -> Decimal | Unreadable:
    """The exact difference."""
    return _exact(EXACT.subtract, left, right)


def multiply(left: Decimal, right: Decimal) -> Decimal | Unreadable:
    """The exact product."""
    return _exact(EXACT.multiply, left, right)


ROUNDINGS: dict[str, str] = {
    "half_up": decimal.ROUND_HALF_UP,
    "half_even": decimal.ROUND_HALF_EVEN,
    "up": decimal.ROUND_UP,
    "down": decimal.ROUND_DOWN,
}
"""Words round() knows."""

_QUOTIENT = decimal.Context(prec=100, Emin=-999, Emax=999, rounding=decimal.ROUND_05UP, traps=[decimal.Overflow])
# ROUND_05UP keeps a quotient that has no end distinguishable from a tie, so that it can be rounded a second time.


def rounded(value: Decimal, *, places: int, mode: str) -> Decimal | Unreadable:
    """The value with `places` decimal places, rounded as ROUNDINGS[mode] says."""
    context = decimal.Context(prec=100, Emin=-999, Emax=999, rounding=ROUNDINGS[mode])
    try:
        return value.quantize(Decimal(1).scaleb(-places), context=context) or Decimal(0)
    except decimal.InvalidOperation:
        return Unreadable("map.number.inexact", "a result of at most 100 digits")


def rounded_quotient(left: Decimal, right: Decimal, *, places: int, mode: str) -> Decimal | Unreadable:
    """`left / right` with `places` decimal places, rounded once."""
    if not right:
        return Unreadable("map.number.division", "a divisor that is not zero")
    return rounded(_QUOTIENT.divide(left, right), places=places, mode=mode)


def total(values: Iterable[Any]) -> Decimal | Unreadable | Any:
    """The exact sum of numbers; what is absent counts nothing, BAD makes it BAD."""
    found: Any = Decimal(0)
    for value in values:
        if value is BAD:
            return BAD
        if value is not None:
            found = add(found, value)
            if isinstance(found, Unreadable):
                return found
    return found


def smallest(values: Iterable[Any]) -> Any:
    """The smallest of numbers; None where there is none, BAD where one is BAD."""
    return _extreme(values, min)


def largest(values: Iterable[Any]) -> Any:
    """The largest of numbers; None where there is none, BAD where one is BAD."""
    return _extreme(values, max)


def _extreme(values: Iterable[Any], choose: Callable[..., Any]) -> Any:
    found = [value for value in values if value is not None]
    return BAD if BAD in found else choose(found, default=None)


def _exact(operation: Callable[[Decimal, Decimal], Decimal], left: Decimal, right: Decimal) -> Decimal | Unreadable:
    try:
        return operation(left, right)
    except decimal.DecimalException:
        return Unreadable("map.number.inexact", "an exact result within 100 digits; round() says how to round")
