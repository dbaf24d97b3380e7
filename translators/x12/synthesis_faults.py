"""Deliberate faults in a sample file, each with the code and the place it must be reported with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from translators.x12.conditions import ConditionKind
from translators.x12.guide import ElementGuide, SegmentGuide, SegmentUse, SetGuide
from translators.x12.model import Delimiters
from translators.x12.values import value_fault

UNKNOWN_SEGMENT = "QQQ"
_EXTRA = "X"
_WRONG_MONTH, _WRONG_HOUR = "1301", "2561"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_TRIES = 50


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """What is wrong with a broken sample, as the reader must tell it.

    `set` counts sets from 1 and `segment` the segments of the set with ST = 1; `element` is None for a fault of the
    segment itself.
    """

    code: str
    set: int
    segment: int
    segment_id: str
    element: int | None = None

    def __str__(self) -> str:
        """For people: `x12.element.code at set 1, segment 4 (PO1), element 3`."""
        element = f", element {self.element}" if self.element else ""
        return f"{self.code} at set {self.set}, segment {self.segment} ({self.segment_id}){element}"


def break_sample(
    content: bytes, guide: SetGuide, *, delimiters: Delimiters, count: int, seed: int = 1
) -> tuple[bytes, list[PlantedFault]]:
    """Plant faults in a valid file of one group, at most one in each set and as many kinds as there can be.

    Args:
        content: as written from `sample_interchange`.
        guide: of its sets.
        delimiters: of the file.
        count: how many; at most the number of sets.
        seed: the same seed plants the same faults.

    Returns:
        The file, and the faults in its order; fewer than `count` where a set gives no occasion for any.
    """
    random = Random(seed)  # noqa: S311 nothing secret
    text = content.decode("latin-1")
    segments = [each.split(delimiters.element) for each in text.split(delimiters.segment + delimiters.line_end)[:-1]]
    starts = [at for at, each in enumerate(segments) if each[0] == "ST"]
    ends = [at for at, each in enumerate(segments) if each[0] == "SE"]
    sets = [segments[start : end + 1] for start, end in zip(starts, ends, strict=True)]
    faults: list[PlantedFault] = []
    left: list[_Maker] = []
    for number, segments_of_set in enumerate(sets[:count], 1):
        left = left or random.sample(_MAKERS, len(_MAKERS))
        site = _Site(segments_of_set, guide, delimiters, random)
        for maker in [*left]:
            found = maker(site)
            if found is not None:
                left.remove(maker)
                code, at, element = found
                faults.append(PlantedFault(code, number, at + 1, site.told or site.segments[at][0], element))
                break
    broken = [*segments[: starts[0]], *(each for one in sets for each in one), *segments[ends[-1] + 1 :]]
    end = delimiters.segment + delimiters.line_end
    return "".join(delimiters.element.join(each) + end for each in broken).encode("latin-1"), faults


_Found = tuple[str, int, int | None]
"""(fault code, index of the segment in its set, element)."""


class _Site:
    """One set that a fault is planted in, in place. `told` names the segment where it is not the one at the place."""

    def __init__(self, segments: list[list[str]], guide: SetGuide, delimiters: Delimiters, random: Random) -> None:
        self.segments = segments
        self.guide = guide
        self.random = random
        self.told = ""
        self._separators = delimiters.component + (delimiters.repetition or "")

    def values(self) -> Iterator[tuple[int, int, ElementGuide]]:
        """(segment, element, guide) of every simple value between ST and SE, in random order."""
        found = [
            (at, use.position, use.element)
            for at, guide in self._guides()
            for use in guide.elements
            if isinstance(use.element, ElementGuide) and self._simple(at, use.position)
        ]
        self.random.shuffle(found)
        return iter(found)

    def mandatory(self) -> Iterator[tuple[int, int]]:
        """(segment, element) of every mandatory element, in random order."""
        found = [(at, use.position) for at, guide in self._guides() for use in guide.elements if use.required]
        self.random.shuffle(found)
        return iter(found)

    def conditions(self, kind: ConditionKind) -> Iterator[tuple[int, SegmentGuide, tuple[int, ...]]]:
        """(segment, its guide, positions) of every condition of a kind."""
        for at, guide in self._guides():
            for condition in guide.conditions:
                if condition.kind is kind:
                    yield at, guide, condition.positions

    def value(self, at: int, element: int) -> str:
        """An element, "" where it was not sent."""
        return self.segments[at][element] if element < len(self.segments[at]) else ""

    def put(self, at: int, element: int, value: str) -> None:
        """Change an element; empty ones at the end go."""
        segment = self.segments[at]
        segment += [""] * (element + 1 - len(segment))
        segment[element] = value
        while not segment[-1]:
            segment.pop()

    def recount(self) -> None:
        """Make SE01 true."""
        self.segments[-1][1] = str(len(self.segments))

    def inside(self) -> int:
        """The index of a segment between ST and SE, or of SE."""
        return self.random.randrange(1, len(self.segments))

    def _guides(self) -> Iterator[tuple[int, SegmentGuide]]:
        for at in range(1, len(self.segments) - 1):
            yield at, self.guide.directory[self.segments[at][0]]

    def _simple(self, at: int, element: int) -> bool:
        value = self.value(at, element)
        return bool(value) and not any(separator in value for separator in self._separators)


_Maker = Callable[[_Site], _Found | None]


def _too_long(site: _Site) -> _Found | None:
    for at, element, guide in site.values():
        if guide.codes is None and guide.type[0] not in "DTB":
            site.put(at, element, ("1" if guide.type[0] in "NR" else "A") * (guide.max + 1))
            return "x12.element.too_long", at, element
    return None


def _too_short(site: _Site) -> _Found | None:
    for at, element, guide in site.values():
        if guide.codes is None and guide.min > 1 and guide.type[0] not in "DTB":
            site.put(at, element, ("1" if guide.type[0] in "NR" else "A") * (guide.min - 1))
            return "x12.element.too_short", at, element
    return None


def _wrong_code(site: _Site) -> _Found | None:
    for at, element, guide in site.values():
        for _ in range(_TRIES if guide.codes else 0):
            value = "".join(site.random.choice(_LETTERS) for _ in site.value(at, element))
            if (fault := value_fault(value, guide)) is not None:
                site.put(at, element, value)
                return fault[0], at, element
    return None


def _wrong_date(site: _Site) -> _Found | None:
    for at, element, guide in site.values():
        if guide.type == "DT":
            site.put(at, element, site.value(at, element)[:-4] + _WRONG_MONTH)
            return "x12.element.date", at, element
    return None


def _wrong_time(site: _Site) -> _Found | None:
    for at, element, guide in site.values():
        if guide.type == "TM":
            site.put(at, element, _WRONG_HOUR)
            return "x12.element.time", at, element
    return None


def _letter_in_a_number(site: _Site) -> _Found | None:
    for at, element, guide in site.values():
        if guide.type[0] in "NR":
            site.put(at, element, _EXTRA * guide.min)
            return "x12.element.character", at, element
    return None


def _element_missing(site: _Site) -> _Found | None:
    for at, element in site.mandatory():
        if site.value(at, element):
            site.put(at, element, "")
            return "x12.element.missing", at, element
    return None


def _element_too_many(site: _Site) -> _Found | None:
    for at, _ in site.mandatory():
        element = len(site.guide.directory[site.segments[at][0]].elements) + 1
        site.put(at, element, _EXTRA)
        return "x12.element.too_many", at, element
    return None


def _half_a_pair(site: _Site) -> _Found | None:
    for at, guide, positions in site.conditions(ConditionKind.PAIRED):
        last = positions[-1]
        if all(site.value(at, position) for position in positions) and not guide.elements[last - 1].required:
            site.put(at, last, "")
            return "x12.element.condition", at, last
    return None


def _segment_unknown(site: _Site) -> _Found:
    at = site.inside()
    site.segments.insert(at, [UNKNOWN_SEGMENT, "1"])
    site.recount()
    return "x12.segment.unrecognized", at, None


def _segment_missing(site: _Site) -> _Found | None:
    if not _begins_with_one(site):
        return None
    site.told = site.segments.pop(1)[0]
    site.recount()
    return "x12.segment.missing", 1, None


def _segment_twice(site: _Site) -> _Found | None:
    if not _begins_with_one(site):
        return None
    site.segments.insert(2, list(site.segments[1]))
    site.recount()
    return "x12.segment.too_many", 2, None


def _begins_with_one(site: _Site) -> bool:
    """The set's first segment after ST is mandatory and stands once, and nowhere else."""
    first = site.guide.root.children[1]
    others = [use.id for use in site.guide.root.walk() if isinstance(use, SegmentUse)]
    return isinstance(first, SegmentUse) and first.required and first.max_use == 1 and others.count(first.id) == 1


def _wrong_count(site: _Site) -> _Found:
    last = len(site.segments) - 1
    site.segments[last][1] = str(len(site.segments) + 1)
    return "x12.se.segment_count", last, 1


def _wrong_control_number(site: _Site) -> _Found:
    last = len(site.segments) - 1
    site.segments[last][2] = str(int(site.segments[last][2]) + 5000).zfill(4)
    return "x12.se.control_number", last, 2


_MAKERS: tuple[_Maker, ...] = (
    _too_long,
    _too_short,
    _wrong_code,
    _wrong_date,
    _wrong_time,
    _letter_in_a_number,
    _element_missing,
    _element_too_many,
    _half_a_pair,
    _segment_unknown,
    _segment_missing,
    _segment_twice,
    _wrong_count,
    _wrong_control_number,
)
