"""What many segments of a sample must say together: hierarchies, numbering, bounds, counts and totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from translators.x12.balance import HASH_LIMIT, CountRule, TotalRule
from translators.x12.document_rules import INVOICE, balance_rules, hierarchy_rules
from translators.x12.guide import SetGuide
from translators.x12.hierarchy import Shape
from translators.x12.writer import Element

_BINARY = {"BIN": 1, "BDS": 2}
"""Segment -> the element that counts the bytes of the next one."""

_LEVELS = Shape("order and item", "", {"O": frozenset({""}), "I": frozenset({"O"})})
"""For sets whose shapes are not known."""


@dataclass(eq=False, slots=True)
class SampleSegment:
    """A segment of a sample; `number` is the instance of its use, or of the loop it opens, from 1 in its parent."""

    elements: list[Element]
    number: int

    @property
    def id(self) -> str:
        """The segment id."""
        return self.text(0)

    def text(self, position: int) -> str:
        """An element that is plain text; "" where it is not, or not sent."""
        found = self.elements[position] if position < len(self.elements) else ""
        return found if isinstance(found, str) else ""

    def put(self, position: int, value: str) -> None:
        """Give an element, or take it away with ""."""
        self.elements += [""] * (position + 1 - len(self.elements))
        self.elements[position] = value
        while not self.elements[-1]:
            self.elements.pop()


def settle(guide: SetGuide, segments: Sequence[SampleSegment], random: Random) -> None:
    """Make the segments of a set agree with each other, in place."""
    _settle_hierarchy(guide, [each for each in segments if each.id == "HL"], segments, random)
    for each in segments:
        if each.id == "LX":
            each.put(1, str(each.number))
        elif each.id in _BINARY:
            counts = _BINARY[each.id]
            each.put(counts, str(len(each.text(counts + 1))))
    _settle_bounds(segments)
    match balance_rules().get(guide.code):
        case CountRule() as counted:
            _settle_count(counted, segments)
        case TotalRule() as totalled:
            _settle_total(totalled, segments)
        case None:
            pass
    if guide.code == INVOICE:
        _settle_invoice(segments)


def _settle_hierarchy(
    guide: SetGuide, nodes: Sequence[SampleSegment], segments: Sequence[SampleSegment], random: Random
) -> None:
    if not nodes:
        return
    rule = hierarchy_rules().get(guide.code)
    shape = random.choice(rule.shapes) if rule is not None and rule.shapes else _LEVELS
    roots = 1 if rule is not None and rule.roots is not None else len(nodes)
    drawn = list(_drawn(shape, len(nodes), roots=roots, random=random))
    parents = {parent for _, parent in drawn}
    for index, (node, (level, parent)) in enumerate(zip(nodes, drawn, strict=True), 1):
        says = bool(node.text(4)) or random.random() < 0.5
        node.elements[1:] = [str(index), "" if parent is None else str(parent), level]
        if says:
            node.put(4, "1" if index in parents else "0")
    if rule is not None and rule.shape_element is not None:
        name, position = rule.shape_element
        for each in segments:
            if each.id == name and each.text(position):
                each.put(position, shape.code)


def _drawn(shape: Shape, size: int, *, roots: int, random: Random) -> Iterator[tuple[str, int | None]]:
    """(level, number of the parent or None) of each node, every parent before its children."""
    path: list[tuple[str, int]] = []
    left = roots
    for number in range(1, size + 1):
        choice = [
            (level, depth)
            for level, parents in shape.parents.items()
            for depth in range(len(path) + 1)
            if (path[depth - 1][0] if depth else "") in parents and (depth or left)
        ]
        deep = max(depth for _, depth in choice)
        deepest = [each for each in choice if each[1] == deep]
        level, depth = random.choice(deepest if random.random() < 0.7 else choice)
        left -= not depth
        yield level, path[depth - 1][1] if depth else None
        path[depth:] = [(level, number)]


def _settle_bounds(segments: Sequence[SampleSegment]) -> None:
    opened: list[str] = []
    for each in segments:
        if each.id == "LS":
            opened.append(each.text(1))
        elif each.id == "LE" and opened:
            each.put(1, opened.pop())


def _settle_count(rule: CountRule, segments: Sequence[SampleSegment]) -> None:
    total = 0
    if rule.quantity is not None:
        name, position = rule.quantity
        for each in segments:
            if each.id == name:
                total += int("".join(filter(str.isdigit, each.text(position))) or 0)
    for each in segments:
        if each.id == "CTT":
            each.put(1, str(sum(other.id == rule.lines for other in segments)))
            if each.text(2) and rule.quantity is not None:
                each.put(2, str(total % HASH_LIMIT))


def _settle_total(rule: TotalRule, segments: Sequence[SampleSegment]) -> None:
    name, position = rule.sum
    lines = [_number(each.text(position)) for each in segments if each.id == name]
    for each in segments:
        if each.id == rule.total[0] and each.text(rule.total[1]) and lines:
            each.put(rule.total[1], f"{sum(lines):f}")


def _settle_invoice(segments: Sequence[SampleSegment]) -> None:
    """TDS01 in hundredths: lines, charges less allowances, taxes."""
    amount = Decimal(0)
    for each in segments:
        match each.id:
            case "IT1":
                amount += _number(each.text(2)) * _number(each.text(4))
            case "SAC" if each.text(1) in ("A", "C"):
                signed = _number(each.text(5)) / 100
                amount += signed if each.text(1) == "C" else -signed
            case "TXI":
                amount += _number(each.text(2))
    for each in segments:
        if each.id == "TDS":
            each.put(1, f"{amount * 100:.0f}")


def _number(text: str) -> Decimal:
    return Decimal(text or 0)
