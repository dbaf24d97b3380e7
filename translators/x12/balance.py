"""Level 3, balancing: counts and totals a set states of itself, against what it holds.

- **CTT01** is the number of the set's line items, CTT02 the hash total of their quantities: all values added without
  regard to sign and decimal point, the leftmost digits dropped past ten (X12 004010 data element 347). Many senders put
  the plain sum there, which is taken too. Which segments are counted is data, `guides/balances.json`; where it is not
  `certain`, a difference is a warning (the 856 counts HL, but senders are seen that count items). Sets that are not
  listed there are not balanced.
- **TDS01** of the 810 is lines plus charges less allowances plus taxes. A difference is a warning, and the sum is made
  only where nothing else has a say in it: see `InvoiceWatch`.
- **W76, W03, W14** of 940, 943, 945 and 944 state the quantity of all lines; compared, as a warning, where all lines
  are in one unit.

BPR02 of the 820 is not compared with its RMR: adjustments (ADX, and payments for others) change it in ways that
partners agree on. Source: notes on the summary area of these sets, 004010 and 005010.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from translators.errors import Severity, shown
from translators.x12.watch import Note, RuleFault, element_offset

HASH_LIMIT = 10**10
"""Data element 347 has ten digits at most; a longer sum loses its leftmost digits."""

_LONGEST_NUMBER = 40
"""Characters of a number that are added up; elements are shorter, and a longer text is a fault of its own."""

_BLOCK = 1_000
"""Quantities kept before they are added up."""

_COMPUTED_BASES = frozenset({"", "NT", "PE", "TE"})
"""IT105 with which the price is that of one unit: none, net, price for each, contract price for each."""
_DEDUCTED = frozenset({"", "02", "06"})
"""SAC12 with which the amount is part of the invoice: none, off invoice, charge to be paid by the customer."""
_INVOICES = frozenset({"", "DI", "PR"})
"""BIG07 of documents that charge; a credit memo's signs are the partners' affair."""


@dataclass(frozen=True, slots=True)
class CountRule:
    """What CTT states: CTT01 the number of segments `lines`, CTT02 the sum of an element (segment, number) or None."""

    lines: str
    quantity: tuple[str, int] | None
    certain: bool


@dataclass(frozen=True, slots=True)
class TotalRule:
    """An element states the sum of another: both as (segment, number); `unit` is the number of the lines' unit."""

    total: tuple[str, int]
    sum: tuple[str, int]
    unit: int


class CountWatch:
    """CTT01 and CTT02."""

    def __init__(self, rule: CountRule) -> None:
        self._rule = rule
        self._number = 0 if rule.quantity is None else rule.quantity[1]
        self._lines = 0
        self._quantities: list[str] = []
        self._hash = 0
        self._sum = Decimal(0)
        self._readable = True
        self._stated: list[tuple[list[str], int, int]] = []

    @property
    def notes(self) -> dict[str, Note]:
        """The lines, their quantities, CTT."""
        rule = self._rule
        found: dict[str, Note] = {rule.lines: self._note_line, "CTT": self._note_ctt}
        if rule.quantity is not None:
            name = rule.quantity[0]
            found[name] = self._note_line_and_quantity if name == rule.lines else self._note_quantity
        return found

    def faults(self) -> Iterator[RuleFault]:
        """A CTT that does not say what was counted. Where there is none, nothing is stated and nothing wrong."""
        severity = Severity.ERROR if self._rule.certain else Severity.WARNING
        for elements, ordinal, offset in self._stated:
            count = elements[1] if len(elements) > 1 else ""
            # six digits are all that CTT01 has
            if count.isdecimal() and int(count) != self._lines and self._lines < 1_000_000:
                message = f"CTT01 is {shown(count)}; the set has {self._lines} {self._rule.lines}"
                at = element_offset(elements, offset, 1)
                yield RuleFault("x12.balance.count", message, "CTT", ordinal, at, 1, count, severity)
            stated = elements[2] if len(elements) > 2 else ""
            found = _number(stated)
            if self._rule.quantity is None or found is None:
                continue
            self._add_up()
            if not self._readable:
                continue
            total = self._hash % HASH_LIMIT
            if found not in (total, self._sum):
                segment, number = self._rule.quantity
                plain = "" if self._sum == total else f" (their plain sum {self._sum})"
                message = f"CTT02 is {shown(stated)}; the hash total of {segment}{number:02d} is {total}{plain}"
                at = element_offset(elements, offset, 2)
                yield RuleFault("x12.balance.hash_total", message, "CTT", ordinal, at, 2, stated)

    def _note_line(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:  # noqa: ARG002 a Note
        self._lines += 1

    def _note_quantity(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:  # noqa: ARG002 a Note
        number = self._number
        self._quantities.append(elements[number] if number < len(elements) else "")
        if len(self._quantities) == _BLOCK:
            self._add_up()

    def _note_line_and_quantity(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:  # noqa: ARG002 a Note
        number = self._number
        self._quantities.append(elements[number] if number < len(elements) else "")
        self._lines += 1
        if len(self._quantities) == _BLOCK:
            self._add_up()

    def _add_up(self) -> None:
        """Add the quantities read since the last time: most sets state no sum and are not added up at all."""
        for text in self._quantities:
            found = _number(text)
            if found is not None:
                self._hash += int("".join(filter(str.isdecimal, text)))
                self._sum += found
            elif text:
                self._readable = False
        self._quantities.clear()

    def _note_ctt(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:
        if place and not self._stated:
            self._stated.append((elements, ordinal, offset))


class TotalWatch:
    """The total of a warehouse document's lines."""

    def __init__(self, rule: TotalRule) -> None:
        self._rule = rule
        self._sum: Decimal | None = Decimal(0)
        self._units: set[str] = set()
        self._stated: list[tuple[list[str], int, int]] = []

    @property
    def notes(self) -> dict[str, Note]:
        """The lines and the total."""
        return {self._rule.sum[0]: self._note_line, self._rule.total[0]: self._note_total}

    def faults(self) -> Iterator[RuleFault]:
        """A total that is not the sum of the lines, where there are lines and all are in one unit."""
        if self._sum is None or len(self._units) != 1:
            return
        name, number = self._rule.total
        segment, summed = self._rule.sum
        for elements, ordinal, offset in self._stated:
            stated = elements[number] if number < len(elements) else ""
            found = _number(stated)
            if found is not None and found != self._sum:
                message = f"{name}{number:02d} is {shown(stated)}; the sum of {segment}{summed:02d} is {self._sum}"
                at = element_offset(elements, offset, number)
                yield RuleFault("x12.balance.total", message, name, ordinal, at, number, stated)

    def _note_line(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:  # noqa: ARG002 a Note
        number, unit = self._rule.sum[1], self._rule.unit
        self._sum = _plus(self._sum, _number(elements[number] if number < len(elements) else ""))
        if len(self._units) < 2:
            self._units.add(elements[unit] if unit < len(elements) else "")

    def _note_total(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:
        if place and not self._stated:
            self._stated.append((elements, ordinal, offset))


class InvoiceWatch:
    """TDS01 of an 810, in hundredths: the sum of IT102 x IT104, of SAC05 (C added, A taken off) and of TXI02.

    A difference of up to half a hundredth a line (and one more) is rounding. Not compared where

    - a line has no IT102 or IT104, or an IT105 that makes its price that of something else than one unit,
    - a CTP or a priced SLN gives another price,
    - an SAC is neither charge nor allowance, has no SAC05, or is settled apart from the invoice (SAC12),
    - a TXI has no TXI02, or a TXI07 other than A (added),
    - SAC, or TXI, stand both with lines and outside them, or before and after them: one may repeat the other,
    - BIG07 says that the document is not an invoice but a credit or a correction.
    """

    def __init__(self) -> None:
        self._amount: Decimal | None = Decimal(0)
        self._lines = 0
        self._stated: tuple[list[str], int, int] | None = None
        self._areas: dict[str, set[str]] = {"SAC": set(), "TXI": set()}

    @property
    def notes(self) -> dict[str, Note]:
        """All that has a say in the amount."""
        return {
            "BIG": self._note_big,
            "IT1": self._note_line,
            "CTP": self._note_other_price,
            "SLN": self._note_subline,
            "SAC": self._note_charge,
            "TXI": self._note_tax,
            "TDS": self._note_total,
        }

    def faults(self) -> Iterator[RuleFault]:
        """TDS01 that is not the amount computed, where it can be computed."""
        if (
            self._amount is None
            or self._stated is None
            or not self._lines
            or any(len(a) > 1 for a in self._areas.values())
        ):
            return
        elements, ordinal, offset = self._stated
        stated = elements[1] if len(elements) > 1 else ""
        hundredths = _number(stated)
        if hundredths is None or "." in stated:
            return
        if abs(hundredths - self._amount * 100) * 2 > self._lines + 1:
            message = f"TDS01 is {shown(stated)}; lines, charges, allowances and taxes make {self._amount * 100:.0f}"
            at = element_offset(elements, offset, 1)
            yield RuleFault("x12.balance.amount", message, "TDS", ordinal, at, 1, stated)

    def _area(self) -> str:
        return "summary" if self._stated is not None else "detail" if self._lines else "heading"

    def _note_big(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:  # noqa: ARG002 a Note
        if (elements[7] if len(elements) > 7 else "") not in _INVOICES:
            self._amount = None

    def _note_line(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:  # noqa: ARG002 a Note
        self._lines += 1
        quantity, _, price, basis = (*elements[2:6], "", "", "", "")[:4]
        count, each = _number(quantity), _number(price)
        known = count is not None and each is not None and basis in _COMPUTED_BASES
        self._amount = _plus(self._amount, count * each if known and count is not None and each is not None else None)

    def _note_other_price(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:  # noqa: ARG002 a Note
        self._amount = None

    def _note_subline(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:  # noqa: ARG002 a Note
        if len(elements) > 6 and elements[6]:
            self._amount = None

    def _note_charge(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:  # noqa: ARG002 a Note
        kind = elements[1] if len(elements) > 1 else ""
        if kind == "N":
            return
        amount = _number(elements[5] if len(elements) > 5 else "")
        settled = (elements[12] if len(elements) > 12 else "") in _DEDUCTED
        self._areas["SAC"].add(self._area())
        signed = None
        if amount is not None and settled and kind in ("A", "C"):
            signed = (amount if kind == "C" else -amount) / 100
        self._amount = _plus(self._amount, signed)

    def _note_tax(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:  # noqa: ARG002 a Note
        relation = elements[7] if len(elements) > 7 else ""
        amount = _number(elements[2] if len(elements) > 2 else "") if relation in ("", "A") else None
        self._areas["TXI"].add(self._area())
        self._amount = _plus(self._amount, amount)

    def _note_total(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:
        if place and self._stated is None:
            self._stated = (elements, ordinal, offset)


def _plus(total: Decimal | None, value: Decimal | None) -> Decimal | None:
    return None if total is None or value is None else total + value


def _number(text: str) -> Decimal | None:
    """A number as R and Nn are written, without exponent; None where it is none."""
    if not text or len(text) > _LONGEST_NUMBER or not text.isascii() or text.strip("-.0123456789"):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
