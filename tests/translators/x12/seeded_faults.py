"""Single faults put into valid X12 text by code that knows tables of facts and the raw text, and nothing of ours.

It shares nothing with the translator: it splits the text itself, counts itself and reads the structure of sets,
segments and elements as plain JSON: from the folder of facts where that is at hand (`TRADELANE_FACTS`, or
`../shared/facts/x12` beside the repository), else from the committed guide files.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parents[3]
GUIDES = ROOT / "translators" / "x12" / "guides"
CONTROL = frozenset({"ISA", "GS", "ST", "SE", "GE", "IEA"})
COUNTED_LINES = {"850": "PO1", "855": "PO1", "810": "IT1", "860": "POC", "865": "POC", "856": "HL"}
"""Set -> the segments its CTT01 counts, as the standard's note on CTT of each of these sets says."""
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class Element:
    """A data element: type, least and most characters, codes or None."""

    type: str
    min: int
    max: int
    codes: frozenset[str] | None


@dataclass(frozen=True)
class Row:
    """A row of a set's table: a segment, or a loop with its rows. `most` is None without limit."""

    id: str
    required: bool
    most: int | None
    rows: tuple[Row, ...] | None = None

    def walk(self) -> Iterator[tuple[Row, Row]]:
        """(segment row, loop it is in) of everything below."""
        for row in self.rows or ():
            if row.rows is None:
                yield row, self
            else:
                yield from row.walk()


@dataclass(frozen=True)
class Facts:
    """One version: elements by number, (element or composite, mandatory) by segment, conditions, sets."""

    elements: dict[str, Element]
    segments: dict[str, list[tuple[str, bool]]]
    conditions: dict[str, list[str]]
    sets: Callable[[str], Row]


@cache
def facts(version: str) -> Facts:
    """The tables of a version."""
    folder = Path(os.environ.get("TRADELANE_FACTS", ROOT.parent / "shared" / "facts" / "x12")) / version
    return _from_facts(folder) if folder.is_dir() else _from_guides(GUIDES / version)


def _from_facts(folder: Path) -> Facts:
    elements = {
        number: Element(row["type"], row["min"], row["max"], None if row["codes"] is None else frozenset(row["codes"]))
        for number, row in _json(folder / "elements.json").items()
    }
    segments = _json(folder / "segments.json")

    def rows(content: list[Any]) -> tuple[Row, ...]:
        return tuple(
            Row(row["segment"], row["req"] == "M", _most(row["max"]))
            if "segment" in row
            else Row(row["loop"], row["req"] == "M", _most(row["repeat"]), rows(row["children"]))
            for row in content
        )

    @cache
    def one(code: str) -> Row:
        areas = _json(folder / "sets" / f"{code}.json")["areas"]
        return Row(code, True, 1, rows([row for area in areas for row in area["content"]]))

    return Facts(
        elements,
        {name: [(use["element"], use["req"] == "M") for use in row["elements"]] for name, row in segments.items()},
        {name: row["syntax"] for name, row in segments.items()},
        one,
    )


def _from_guides(folder: Path) -> Facts:
    elements = {
        number: Element(
            row["type"], row["min"], row["max"], frozenset(row["codes"].split()) if "codes" in row else None
        )
        for number, row in _json(folder / "elements.json").items()
    }
    segments = _json(folder / "segments.json")

    def rows(content: list[Any]) -> tuple[Row, ...]:
        return tuple(
            Row(row[0], row[1] == "M", row[2])
            if isinstance(row, list)
            else Row(row["loop"], row["use"] == "M", row["repeat"], rows(row["content"]))
            for row in content
        )

    @cache
    def one(code: str) -> Row:
        found = _json(folder / "sets" / f"{code}.json")
        areas = ("heading", "detail", "summary")
        return Row(code, True, 1, rows([row for area in areas for row in found.get(area, ())]))

    return Facts(
        elements,
        {name: [(use[0], use[1] == "M") for use in row["elements"]] for name, row in segments.items()},
        {name: row.get("conditions", []) for name, row in segments.items()},
        one,
    )


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def _most(value: Any) -> int | None:
    return None if value == ">1" else int(value)


@dataclass(frozen=True)
class Seeded:
    """A file with one fault, and where it must be told.

    `set` and `segment` count from 1 (segment in its set, ST = 1); None where it is a fault of the envelope. `elements`
    are the elements it may be told at, empty where it is a fault of the segment. `codes` are the names it may have.
    """

    kind: str
    text: bytes
    set: int | None
    segment: int | None
    segment_id: str
    elements: frozenset[int]
    codes: frozenset[str]
    what: str


@dataclass
class Text:
    """An interchange of one group, split by its own separators. Text that repeats is left alone."""

    source: bytes
    segments: list[list[str]] = field(init=False)

    def __post_init__(self) -> None:
        text = self.source.decode("latin-1")
        self.star, self.component, self.end = text[3], text[104], text[105]
        self.repetition = text[82] if not text[82].isalnum() else ""
        self.segments = [piece.strip("\r\n").split(self.star) for piece in text.split(self.end) if piece.strip()]
        self.version = self.segments[1][8]

    def joined(self, segments: list[list[str]]) -> bytes:
        """The segments as a file; nothing is mended."""
        return "".join(self.star.join(each) + self.end for each in segments).encode("latin-1")

    def sets(self) -> list[range]:
        """From ST to SE, for each set."""
        starts = [at for at, each in enumerate(self.segments) if each[0] == "ST"]
        ends = [at for at, each in enumerate(self.segments) if each[0] == "SE"]
        return [range(start, end + 1) for start, end in zip(starts, ends, strict=True)]


class Seeder:
    """Puts faults into one valid file."""

    def __init__(self, source: bytes, random: Random) -> None:
        self.text = Text(source)
        self.facts = facts(self.text.version)
        self.random = random
        self.number = random.randrange(len(self.text.sets()))
        self.span = self.text.sets()[self.number]
        self.code = self.text.segments[self.span[0]][1]
        self.root = self.facts.sets(self.code)
        self.rows = list(self.root.walk())
        self.often = Counter(row.id for row, _ in self.rows)

    def seed(self, kind: str) -> Seeded | None:
        """A file with a fault of this kind, or None where this file gives no occasion for it."""
        return KINDS[kind](self)

    # -- values

    def too_short(self) -> Seeded | None:
        def change(value: str, element: Element) -> str | None:
            if element.min < 2 or element.codes is not None:
                return None
            return ("1" if element.type[0] in "NR" else "A" if element.type[0] in "AI" else value)[:1] * (
                element.min - 1
            )

        return self._changed("length", change, {"x12.element.too_short"})

    def too_long(self) -> Seeded | None:
        def change(value: str, element: Element) -> str | None:
            letter = "1" if element.type[0] in "NRDT" else "A"
            return letter * (element.max + 1) if element.codes is None else None

        return self._changed("length", change, {"x12.element.too_long"})

    def length(self) -> Seeded | None:
        return self.random.choice((self.too_short, self.too_long))()

    def type(self) -> Seeded | None:
        def change(value: str, element: Element) -> str | None:
            match element.type[0]:
                case "N" | "R":
                    return "X" * max(element.min, len(value))
                case "D":
                    return value[:-4] + self.random.choice(("0231", "1301", "0400", "0931"))
                case "T":
                    return self.random.choice(("2500", "1260", "2400"))
                case "A":
                    return value[:-1] + "\a" if len(value) > 1 or element.min == 1 else None
                case _:
                    return None

        codes = {"x12.element.character", "x12.element.date", "x12.element.time"}
        return self._changed("type", change, codes)

    def code_value(self) -> Seeded | None:
        def change(value: str, element: Element) -> str | None:
            if element.codes is None:
                return None
            for _ in range(50):
                made = "".join(self.random.choice(LETTERS + "0123456789") for _ in range(len(value)))
                if made not in element.codes:
                    return made
            return None

        return self._changed("code", change, {"x12.element.code"})

    # -- elements

    def missing_element(self) -> Seeded | None:
        choice = [
            (at, position)
            for at in self.span[1:-1]
            for position, (_, mandatory) in enumerate(self._uses(at), 1)
            if mandatory and self._value(at, position)
        ]
        if not choice:
            return None
        at, position = self.random.choice(choice)
        return self._made("missing element", at, {position}, {"x12.element.missing"}, self._put(at, {position: ""}))

    def extra_element(self) -> Seeded | None:
        at = self.random.choice(self.span[1:-1])
        position = len(self._uses(at)) + 1
        return self._made("extra element", at, {position}, {"x12.element.too_many"}, self._put(at, {position: "X"}))

    def condition(self) -> Seeded | None:
        choice = [(at, each) for at in self.span[1:-1] for each in self.facts.conditions.get(self._id(at), ())]
        self.random.shuffle(choice)
        for at, text in choice:
            found = self._broken(at, text)
            if found is not None:
                changes, told = found
                codes = {"x12.element.exclusion" if text[0] == "E" else "x12.element.condition"}
                return self._made("condition", at, told, codes, self._put(at, changes), what=text)
        return None

    def _broken(self, at: int, text: str) -> tuple[dict[int, str], set[int]] | None:
        """Changes that break a condition, and the elements it may then be told at."""
        positions = [int(text[start : start + 2]) for start in range(1, len(text), 2)]
        uses = self._uses(at)
        here = [position for position in positions if self._value(at, position)]
        can_go = [position for position in here if not uses[position - 1][1]]
        match text[0]:
            case "P" if can_go and len(here) == len(positions):
                gone = self.random.choice(can_go)
                return {gone: ""}, {gone}
            case "C" if positions[0] in here and set(can_go) - {positions[0]}:
                gone = self.random.choice([position for position in can_go if position != positions[0]])
                return {gone: ""}, {gone}
            case "L" if positions[0] in here and set(here[1:]) <= set(can_go):
                return dict.fromkeys(here[1:], ""), set(positions[1:])
            case "R" if here and here == can_go:
                return dict.fromkeys(here, ""), set(positions)
            case "E" if len(here) == 1:
                more = self.random.choice([position for position in positions if position not in here])
                element = self.facts.elements.get(uses[more - 1][0])
                return None if element is None else ({more: self._good(element)}, {more, *here})
        return None

    # -- segments

    def missing_segment(self) -> Seeded | None:
        choice = [
            at
            for at in self.span[1:-1]
            for row, loop in self.rows
            if row.id == self._id(at)
            and row.required
            and self._only(row)
            and not self._opens(row, loop)
            and self._id(at) not in (self._id(at - 1), self._id(at + 1))
        ]
        if not choice:
            return None
        at = self.random.choice(choice)
        gone = self._id(at)
        changed = self._resized(lambda segments: segments.pop(at))
        return self._made("missing segment", at, set(), {"x12.segment.missing"}, changed, segment_id=gone)

    def extra_segment(self) -> Seeded | None:
        return self.random.choice((self._unknown_segment, self._foreign_segment, self._one_too_many))()

    def _unknown_segment(self) -> Seeded | None:
        at = self.random.choice(self.span[1:])
        return self._inserted(at, ["QQQ", "1"], {"x12.segment.unrecognized"})

    def _foreign_segment(self) -> Seeded | None:
        names = sorted(
            name
            for name in self.facts.segments
            if name not in self.often and name not in CONTROL and not name[1:].isdecimal() and name != "TA1"
        )
        at = self.random.choice(self.span[1:])
        return self._inserted(at, [self.random.choice(names), "1"], {"x12.segment.not_in_set"})

    def _one_too_many(self) -> Seeded | None:
        choice = [
            (at, most)
            for at in self.span[1:-1]
            for row, loop in self.rows
            if row.id == self._id(at) and self._only(row)
            for most in [loop.most if self._opens(row, loop) else row.most]
            if most is not None
            and most <= 3
            and self._id(at - 1) != row.id != self._id(at + 1)
            and not (self._opens(row, loop) and loop.rows is not None and any(each.required for each in loop.rows[1:]))
            and (not self._opens(row, loop) or self._count(row.id) == 1)
        ]
        if not choice:
            return None
        at, most = self.random.choice(choice)
        copy = self.text.segments[at]
        codes = {"x12.segment.too_many", "x12.loop.too_many"}

        def change(segments: list[list[str]]) -> None:
            segments[at:at] = [list(copy) for _ in range(most)]

        return self._made("extra segment", at + most, set(), codes, self._resized(change), segment_id=copy[0])

    def order(self) -> Seeded | None:
        return self.random.choice((self._neighbours, self._moved_to_the_end))()

    def _moved_to_the_end(self) -> Seeded | None:
        """A segment of the set itself stands last, after one that comes later in the table."""
        areas = {id(row): at for at, top in enumerate(self.root.rows or ()) for row in self._below(top)}
        tops = {row.id: areas[id(row)] for row, _ in self.rows if self._only(row)}
        last = max((tops[self._id(at)] for at in self.span[1:-1] if self._id(at) in tops), default=0)
        choice = [
            at
            for at in self.span[1:-1]
            for row, loop in self.rows
            if row.id == self._id(at) and self._only(row) and loop is self.root and tops[row.id] < last
        ]
        if not choice:
            return None
        at, end = self.random.choice(choice), self.span[-1] - 1
        changed = self._resized(lambda segments: segments.insert(end, segments.pop(at)))
        name = self._id(at)
        return self._made("order", end, set(), {"x12.segment.sequence"}, changed, segment_id=name)

    @staticmethod
    def _below(top: Row) -> list[Row]:
        return [top] if top.rows is None else [row for row, _ in top.walk()]

    def _neighbours(self) -> Seeded | None:
        """Two neighbours of one loop change places; the one that now comes too late is out of order."""
        choice = []
        for at in self.span[1:-2]:
            first, second = self._place(at), self._place(at + 1)
            if first is not None and second is not None and first[0] is second[0] and 0 < first[1] < second[1]:
                choice.append(at)
        if not choice:
            return None
        at = self.random.choice(choice)

        def change(segments: list[list[str]]) -> None:
            segments[at], segments[at + 1] = segments[at + 1], segments[at]

        name = self._id(at)
        return self._made("order", at + 1, set(), {"x12.segment.sequence"}, self._resized(change), segment_id=name)

    # -- envelope

    def count(self) -> Seeded | None:
        segments = self.text.segments
        lines = COUNTED_LINES.get(self.code, "")
        choice = [(self.span[-1], "x12.se.segment_count"), (len(segments) - 2, "x12.ge.set_count")]
        choice.append((len(segments) - 1, "x12.iea.group_count"))
        choice += [(at, "x12.balance.count") for at in self.span if self._id(at) == "CTT" and lines in self.often]
        at, code = self.random.choice(choice)
        wrong = str(int(segments[at][1]) + self.random.choice((1, 2, 10)))
        return self._made("count", at, {1}, {code}, self._put(at, {1: wrong}))

    def control_number(self) -> Seeded | None:
        segments = self.text.segments
        choice = [
            (self.span[-1], "x12.se.control_number"),
            (len(segments) - 2, "x12.ge.control_number"),
            (len(segments) - 1, "x12.iea.control_number"),
        ]
        at, code = self.random.choice([*choice, *([(self.span[0], "")] if self.number else [])])
        if not code:  # the set gets the number of the one before
            other = segments[self.text.sets()[self.number - 1][0]][2]
            changed = self._put(at, {2: other})
            changed[self.span[-1]][2] = other
            return self._made("control number", at, {2}, {"x12.st.duplicate_control_number"}, changed)
        wrong = str(int(segments[at][2]) + 7).zfill(len(segments[at][2]))
        return self._made("control number", at, {2}, {code}, self._put(at, {2: wrong}))

    # -- the text

    def _id(self, at: int) -> str:
        return self.text.segments[at][0]

    def _value(self, at: int, position: int) -> str:
        found = self.text.segments[at]
        return found[position] if position < len(found) else ""

    def _uses(self, at: int) -> list[tuple[str, bool]]:
        return self.facts.segments[self._id(at)]

    def _count(self, name: str) -> int:
        return sum(self._id(at) == name for at in self.span)

    def _put(self, at: int, changes: dict[int, str]) -> list[list[str]]:
        segments = [list(each) for each in self.text.segments]
        for position, value in changes.items():
            segments[at] += [""] * (position + 1 - len(segments[at]))
            segments[at][position] = value
        while not segments[at][-1]:
            segments[at].pop()
        return segments

    def _resized(self, change: Callable[[list[list[str]]], object]) -> list[list[str]]:
        """A copy with segments put in or taken out of this set, its SE01 made true."""
        segments = [list(each) for each in self.text.segments]
        change(segments)
        grown = len(segments) - len(self.text.segments)
        segments[self.span[-1] + grown][1] = str(len(self.span) + grown)
        return segments

    def _inserted(self, at: int, segment: list[str], codes: set[str]) -> Seeded:
        changed = self._resized(lambda segments: segments.insert(at, segment))
        return self._made("extra segment", at, set(), codes, changed, segment_id=segment[0])

    def _changed(self, kind: str, change: Callable[[str, Element], str | None], codes: set[str]) -> Seeded | None:
        """One value of the set changed, in an element or a component."""
        choice = []
        for at in self.span[1:-1]:
            for position, (name, _) in enumerate(self._uses(at), 1):
                value = self._value(at, position)
                if not value or (self.text.repetition and self.text.repetition in value):
                    continue
                parts = value.split(self.text.component) if name not in self.facts.elements else [value]
                names = [name] if name in self.facts.elements else [each for each, _ in self.facts.segments[name]]
                for part, (text, element) in enumerate(zip(parts, names, strict=False)):
                    made = change(text, self.facts.elements[element]) if text else None
                    if made is not None and made != text:
                        choice.append((at, position, [*parts[:part], made, *parts[part + 1 :]]))
        if not choice:
            return None
        at, position, made_parts = self.random.choice(choice)
        changed = self._put(at, {position: self.text.component.join(made_parts)})
        return self._made(kind, at, {position}, codes, changed)

    def _made(
        self,
        kind: str,
        at: int,
        elements: set[int],
        codes: set[str],
        changed: list[list[str]],
        *,
        segment_id: str = "",
        what: str = "",
    ) -> Seeded:
        name = segment_id or self._id(at)
        inside = name not in ("GE", "IEA")
        return Seeded(
            kind=kind,
            text=self.text.joined(changed),
            set=self.number + 1 if inside else None,
            segment=at - self.span[0] + 1 if inside else None,
            segment_id=name,
            elements=frozenset(elements),
            codes=frozenset(codes),
            what=f"{self.code}@{self.text.version} {name}{what}",
        )

    # -- the table of the set

    def _only(self, row: Row) -> bool:
        """The set's table has this segment once, so that its place is known without reading the whole."""
        return self.often[row.id] == 1

    @staticmethod
    def _opens(row: Row, loop: Row) -> bool:
        return loop.rows is not None and loop.rows[0] is row and row.id != "ST"

    def _place(self, at: int) -> tuple[Row, int] | None:
        """(loop, number in it) of a segment that the table has once."""
        for row, loop in self.rows:
            if row.id == self._id(at) and self._only(row):
                assert loop.rows is not None
                return loop, loop.rows.index(row)
        return None

    def _good(self, element: Element) -> str:
        if element.codes is not None:
            return self.random.choice(sorted(element.codes))
        match element.type[0]:
            case "N" | "R":
                return "1" * element.min
            case "D":
                return "260302" if element.max == 6 else "20260302"
            case "T":
                return "0900"
            case _:
                return "A" * element.min


KINDS: dict[str, Callable[[Seeder], Seeded | None]] = {
    "length": Seeder.length,
    "type": Seeder.type,
    "code": Seeder.code_value,
    "missing element": Seeder.missing_element,
    "extra element": Seeder.extra_element,
    "condition": Seeder.condition,
    "missing segment": Seeder.missing_segment,
    "extra segment": Seeder.extra_segment,
    "order": Seeder.order,
    "count": Seeder.count,
    "control number": Seeder.control_number,
}
"""Kind of fault -> how it is put in."""
