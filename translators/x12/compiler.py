"""A set guide made quick: a table (place, segment id) -> place, with the quick checks of each segment.

Everything is made when it is first needed: a set touches few of its places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from weakref import WeakKeyDictionary

from translators.x12.guide import LoopUse, Qualifier, Ruling, SegmentUse, SetGuide
from translators.x12.quick_checks import NONE_PASSES, Checks, checks_of

UNLIMITED = 1 << 62


@dataclass(frozen=True, slots=True, eq=False)
class LoopPlace:
    """A loop in its set; `depth` counts from 0 for the root, `position` is its place among its parent's children."""

    use: LoopUse
    parent: LoopPlace | None
    position: int
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """The uses an overlay made of one use of the standard by telling them apart; they stand in any order.

    `counters` are those of its members; together they may stand `limit` times.
    """

    members: tuple[SegmentUse | LoopUse, ...]
    counters: tuple[int, ...]
    limit: int


@dataclass(frozen=True, slots=True, eq=False)
class Absent:
    """A mandatory use that a step leaves behind, if the counter says that it never stood (always where it is None)."""

    use: SegmentUse | LoopUse
    loop: LoopPlace
    counter: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A move to the segment that comes next.

    `limit` is 0 for a first use; otherwise the segment (or, where `again` says so, the loop) repeats and may stand
    `limit` times in all. `missing` are the mandatory uses stepped over. The tree keeps its first `keep` open loops;
    `opens` is the loop that begins. `otherwise` is where to go when the limit is reached or the qualifier does not fit.
    A step into a `family` is `fresh` where none of its members was counted since its loop began.
    """

    target: SegmentPlace
    limit: int
    again: bool
    missing: tuple[Absent, ...]
    keep: int
    opens: str | None
    family: Family | None = None
    qualifier: Qualifier | None = None
    otherwise: Step | None = None

    @property
    def fresh(self) -> bool:
        """It enters its family, rather than going on in it."""
        return self.family is not None and not self.limit


Row = dict[str, "tuple[Row, Checks, int, int, tuple[int, str | None] | None, Step]"]
"""Segment id -> (row after it, checks, counter, limit, (loops kept, loop opened) or None in the same loop, step)."""


class SegmentPlace:
    """A segment's place in its set. `number` is its counter; `row` says where each segment id leads from here."""

    __slots__ = ("loop", "number", "position", "row", "use")

    def __init__(self, use: SegmentUse, loop: LoopPlace, *, position: int, number: int) -> None:
        self.use = use
        self.loop = loop
        self.position = position
        self.number = number
        self.row: Row = {}


class CompiledSet:
    """A set guide ready for reading."""

    def __init__(self, guide: SetGuide) -> None:
        self.places: list[SegmentPlace] = []
        self._first: dict[SegmentUse | LoopUse, SegmentPlace] = {}
        self._loops: dict[LoopUse, LoopPlace] = {}
        self._families: dict[SegmentUse | LoopUse, Family] = {}
        self._add(LoopPlace(guide.root, parent=None, position=0, depth=0))
        self.ids = frozenset(place.use.id for place in self.places)
        self.start = self.places[0]
        self._fill(self.start)

    def step(self, place: SegmentPlace, segment_id: str) -> Step | None:
        """Where a segment leads from a place, made quick for the next time; None where it cannot stand here."""
        found = place.row.get(segment_id)
        if found is None:
            return None
        step = found[5]
        if found[1] is NONE_PASSES:
            self._fill(step.target)
            if not step.missing and step.family is None and segment_id != "SE" and not _is_forbidden(step.target):
                checks = checks_of(step.target.use.segment)
                place.row[segment_id] = (step.target.row, checks, *found[2:])
        return step

    def enter(self, place: SegmentPlace) -> None:
        """Make the row of a place that is entered by a step's `otherwise`."""
        self._fill(place)

    def stands_before(self, place: SegmentPlace, segment_id: str) -> bool:
        """The segment has its place in one of the open loops, before where the set is now."""
        loop: LoopPlace | None = place.loop
        position = place.position
        while loop is not None:
            if any(self._first[child].use.id == segment_id for child in loop.use.children[:position]):
                return True
            position, loop = loop.position, loop.parent
        return False

    def _add(self, loop: LoopPlace) -> None:
        self._loops[loop.use] = loop
        for position, child in enumerate(loop.use.children):
            if isinstance(child, LoopUse):
                number = len(self.places)
                self._add(LoopPlace(child, loop, position, loop.depth + 1))
                self._first[child] = self.places[number]
            else:
                place = SegmentPlace(child, loop, position=position, number=len(self.places))
                self.places.append(place)
                self._first[child] = place
        for whole, members in groupby(loop.use.children, key=_whole):
            if whole is not None:
                found = tuple(members)
                family = Family(found, tuple(self._first[member].number for member in found), _limit(whole))
                self._families.update(dict.fromkeys(found, family))

    def _fill(self, place: SegmentPlace) -> None:
        """Write the row of a place: nearest first, so a loop goes on before it repeats, and repeats before it ends."""
        if place.row:
            return
        steps: dict[str, list[Step]] = {}

        def offer(use: SegmentUse | LoopUse, keep: int, *, limit: int, missing: Sequence[Absent]) -> None:
            target, is_loop = self._first[use], isinstance(use, LoopUse)
            again, opens = is_loop and bool(limit), use.id if is_loop else None
            family = self._families.get(use)
            step = Step(target, limit, again, tuple(missing), keep, opens, family, use.qualifier)
            steps.setdefault(target.use.id, []).append(step)

        if place.position or place.loop.parent is None:
            offer(place.use, place.loop.depth + 1, limit=_limit(place.use), missing=())
        missing: list[Absent] = []
        loop: LoopPlace | None = place.loop
        position = place.position
        while loop is not None:
            here = loop.use.children[position]
            keep = loop.depth + 1
            mine = self._families.get(here)
            others = () if mine is None else tuple(use for use in mine.members if use is not here)
            for use in others:
                offer(use, keep, limit=_limit(use), missing=missing)
            missing += [Absent(use, loop, self._first[use].number) for use in others if use.required]
            for whole, members in groupby(loop.use.children[position + 1 :], key=_whole):
                found = [use for use in members if use not in others]
                if whole is None:
                    for use in found:
                        offer(use, keep, limit=0, missing=missing)
                        missing += [Absent(use, loop)] if use.required else []
                elif found:
                    for use in found:
                        offer(use, keep, limit=0, missing=missing)
                    required = [use for use in found if use.required] or ([whole] if whole.required else [])
                    missing += [Absent(use, loop) for use in required]
            if loop.parent is not None:
                offer(loop.use, loop.depth, limit=_limit(loop.use), missing=missing)
            position, loop = loop.position, loop.parent
        for segment_id, offered in steps.items():
            step: Step | None = None
            for each in reversed(offered):
                step = replace(each, otherwise=step)
            assert step is not None
            target = step.target
            stays = step.opens is None and target.loop is place.loop
            moves = None if stays else (step.keep, step.opens)
            place.row[segment_id] = (target.row, NONE_PASSES, target.number, step.limit, moves, step)


def ruling_of(place: SegmentPlace) -> Ruling | None:
    """What an overlay says of the use a place begins: the loop's where it is the first segment of one."""
    begins_loop = place.position == 0 and place.loop.parent is not None
    return place.loop.use.ruling if begins_loop else place.use.ruling


def _is_forbidden(place: SegmentPlace) -> bool:
    ruling = ruling_of(place)
    return ruling is not None and ruling.not_used


def _whole(use: SegmentUse | LoopUse) -> SegmentUse | LoopUse | None:
    return None if use.qualifier is None else use.qualifier.whole


def _limit(use: SegmentUse | LoopUse) -> int:
    limit = use.repeat if isinstance(use, LoopUse) else use.max_use
    return UNLIMITED if limit is None else limit


def compile_set(guide: SetGuide) -> CompiledSet:
    """The compiled form of a set guide; made once, kept as long as the guide."""
    found = _SETS.get(guide)
    if found is None:
        found = _SETS[guide] = CompiledSet(guide)
    return found


_SETS: WeakKeyDictionary[SetGuide, CompiledSet] = WeakKeyDictionary()
