"""Units of measure: factors between those of one dimension, by their codes of UN/ECE Recommendation 20.

Source: UN/ECE Recommendation 20 (codes and conversion factors); the inch is 25.4 mm and the pound 0.45359237 kg exactly
(international yard and pound, 1959), the US gallon 231 cubic inches.
"""

from __future__ import annotations

import decimal
from decimal import Decimal

from mappings.kinds import Unreadable
from mappings.readers import EXACT

UNITS: dict[str, tuple[str, Decimal]] = {
    "GRM": ("mass", Decimal("0.001")),
    "KGM": ("mass", Decimal(1)),
    "TNE": ("mass", Decimal(1000)),
    "ONZ": ("mass", Decimal("0.028349523125")),
    "LBR": ("mass", Decimal("0.45359237")),
    "STN": ("mass", Decimal("907.18474")),
    "MMT": ("length", Decimal("0.001")),
    "CMT": ("length", Decimal("0.01")),
    "MTR": ("length", Decimal(1)),
    "KMT": ("length", Decimal(1000)),
    "INH": ("length", Decimal("0.0254")),
    "FOT": ("length", Decimal("0.3048")),
    "YRD": ("length", Decimal("0.9144")),
    "SMI": ("length", Decimal("1609.344")),
    "CMK": ("area", Decimal("0.0001")),
    "MTK": ("area", Decimal(1)),
    "INK": ("area", Decimal("0.00064516")),
    "FTK": ("area", Decimal("0.09290304")),
    "YDK": ("area", Decimal("0.83612736")),
    "MLT": ("volume", Decimal("0.000001")),
    "LTR": ("volume", Decimal("0.001")),
    "MTQ": ("volume", Decimal(1)),
    "INQ": ("volume", Decimal("0.000016387064")),
    "FTQ": ("volume", Decimal("0.028316846592")),
    "ONF": ("volume", Decimal("0.0000295735295625")),
    "PTL": ("volume", Decimal("0.000473176473")),
    "QTL": ("volume", Decimal("0.000946352946")),
    "GLL": ("volume", Decimal("0.003785411784")),
    "C62": ("count", Decimal(1)),
    "EA": ("count", Decimal(1)),
    "H87": ("count", Decimal(1)),
    "PR": ("count", Decimal(2)),
    "DZN": ("count", Decimal(12)),
    "GRO": ("count", Decimal(144)),
    "CEN": ("count", Decimal(100)),
    "MIL": ("count", Decimal(1000)),
}
"""Code -> its dimension, and how many of the dimension's first unit it is."""

DIGITS = 20
"""Significant digits of a conversion whose result has no end."""

_CONTEXT = decimal.Context(prec=DIGITS, Emin=-999, Emax=999, rounding=decimal.ROUND_HALF_EVEN)


def converted(value: Decimal, unit: str, *, to: str) -> Decimal | Unreadable:
    """An amount in another unit; exact where it can be, else to 20 significant digits.

    Args:
        value: how many.
        unit: of what.
        to: in what; of UNITS.
    """
    if unit == to:
        return value
    found, wanted = UNITS.get(unit), UNITS[to]
    if found is None or found[0] != wanted[0]:
        known = ", ".join(sorted(code for code, (dimension, _) in UNITS.items() if dimension == wanted[0]))
        return Unreadable("map.unit.unknown", f"a unit of {wanted[0]}: {known}", unit)
    try:
        return _CONTEXT.divide(EXACT.multiply(value, found[1]), wanted[1]).normalize(_CONTEXT) + 0
    except decimal.DecimalException:
        return Unreadable("map.number.inexact", "a result of at most 100 digits", unit)
