"""X12Scope: where a block's references to X12 look for their segments, by the guide.

Each block is a scope. A name is looked up in the innermost scope whose loop the guide gives it, among the loop's own
segments and the segments that open its loops; further down only by a path (`N1[ST]/N4.02`). All references of a scope
share one pass over its segments and loops. HL loops stand side by side in the guide: seen from the document `HL[I]` are
all of that level, seen from an HL those that hang under it (HL02).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from mappings.expressions import ExpressionFault
from mappings.program import Reserved
from mappings.source import Scope
from mappings.syntax import Filter, Reference, Step, Window
from translators.datafile import did_you_mean
from translators.x12.guide import ElementGuide, ElementUse, LoopUse, SegmentGuide, SegmentUse, SetGuide


class Picked(NamedTuple):
    """Which instances of a segment are meant: those whose element has (or, negated, has not) a value."""

    element: int
    value: str
    negated: bool


MatchKey = tuple[str, tuple[Picked, ...]]
"""What tells one step of a path from another: the segment, and what picks instances."""


Pairs = list[tuple[str, tuple[str, ...]]]
"""What is wanted of a segment's pairs: the program's name of the position of a value, and its qualifiers; the first of
them that is there counts."""


@dataclass(eq=False, slots=True)
class Match:
    """The segments one step of a path finds, and what is asked of them.

    In the program, `s`, `e` and `m` + number are the one segment, its elements, and whether there are more (`one`); `x`
    + number is the list of all (`all_of`), `y` + number that of the loops themselves (`loops_of`). `hanging`: its loops
    are those that hang under the HL loop around it. `pairs` is what is wanted of the pairs of the one segment,
    as it is of a scope's. `i` and `j` + number + `at` + n are the segment n of the list and its elements (`numbered`).
    """

    number: int
    segment: SegmentGuide
    direct: bool
    loops: tuple[LoopUse, ...]
    filters: tuple[Picked, ...]
    below: dict[MatchKey, Match] = field(default_factory=dict)
    one: bool = False
    all_of: bool = False
    loops_of: bool = False
    hanging: bool = False
    pairs: Pairs = field(default_factory=list)
    numbered: set[int] = field(default_factory=set)


@dataclass(eq=False, slots=True, kw_only=True)
class X12Scope(Scope):
    """A loop or a repeated segment; in the program `t`, `u`, `n` + level are its first segment, the elements of it and
    their number, and `loop` + level the loop.

    Args:
        window: the elements it is made from, a few at a time; `w` + level is how far they are from the first ones.
        match: what finds its parts in the scope around it; None for the root.
        ancestors: scopes of HL above this one, by level code.
        place: where the lines that find its matches go.
    """

    trigger: SegmentGuide
    loop: LoopUse | None
    window: Window | None = None
    match: Match | None = None
    matches: dict[MatchKey, Match] = field(default_factory=dict)
    ancestors: dict[str, X12Scope] = field(default_factory=dict)
    pairs: Pairs = field(default_factory=list)
    place: Reserved | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a reference names: the scope's own first segment (`match` None) or a match below others, and the element."""

    scope: X12Scope
    match: Match | None
    above: tuple[Match, ...]
    segment: SegmentGuide
    element: ElementUse | None
    index: int | None


class Resolver:
    """Finds what references name, in one set's guide; every match gets a number of its own."""

    def __init__(self, guide: SetGuide) -> None:
        self.guide = guide
        self.uses_hierarchy = False
        self._count = 0
        self._levels = 0
        self._known: dict[tuple[int, int], tuple[Reference, X12Scope, Found]] = {}

    def find(self, reference: Reference, scope: X12Scope) -> Found:
        """What a reference names, seen from a scope.

        Raises:
            ExpressionFault: nothing, or something no rule can use.
        """
        # by identity, as hashing a tree costs as much as resolving it; both are kept, so that their ids stay their own
        key = (id(reference), id(scope))
        if key not in self._known:
            self._known[key] = (reference, scope, self._find(reference, scope))
        return self._known[key][2]

    def _find(self, reference: Reference, scope: X12Scope) -> Found:
        scopes: list[X12Scope] = list(scope.chain())[reference.parents :]
        first = reference.steps[0]
        if reference.ancestor is not None:
            scopes = [self._ancestor(reference.ancestor, scope)]
        if not scopes:
            raise ExpressionFault(reference.at, "there is no loop around this one; leave parent. out")
        if reference.parents:
            scopes = scopes[:1]
        self.known(first)
        for candidate in scopes:
            if candidate.trigger.id == first.segment and not first.filters and first.index is None:
                if len(reference.steps) == 1:
                    element = self.element(candidate.trigger, reference)
                    return Found(candidate, None, (), candidate.trigger, element, None)
                raise ExpressionFault(reference.steps[1].at, f"leave {first.segment}/ out; it is the block's own loop")
            if candidate.loop is not None and candidate.loop.trigger.id == first.segment == "HL":
                return self._walk(reference, candidate, (candidate.loop,))
            if candidate.loop is not None and (uses := uses_of(candidate.loop, first.segment)):
                return self._walk(reference, candidate, uses)
        raise ExpressionFault(first.at, self._elsewhere(first.segment, scopes))

    def opened(self, step: Step, scope: X12Scope, *, window: Window | None, parents: int = 0) -> X12Scope:
        """The scope of the loops or repeated segments that a step of a block's source names.

        Args:
            step: names them.
            scope: around the block.
            window: of elements, where a part is made of each.
            parents: how many blocks out they stand.

        Raises:
            ExpressionFault: there is none of that name here.
        """
        reference = Reference(parents, (step,), None, None, at=step.at, text=step.segment)
        found = self.find(reference, scope)
        match = found.match
        if match is None or (found.scope is not scope and not parents):
            raise ExpressionFault(step.at, f"{step.segment} is not inside the block around this one")
        if found.index is not None:
            raise ExpressionFault(step.at, "a block is made from every instance; leave the number out")
        if len(match.loops) + match.direct > 1:
            raise ExpressionFault(step.at, f"{found.segment.id} opens a loop and stands alone here; both match")
        loop = match.loops[0] if match.loops else None
        if loop is None:
            match.all_of = True
        else:
            match.loops_of = True
        if window is not None and not 0 < window.start <= len(found.segment.elements):
            raise ExpressionFault(step.at, f"{found.segment.id} has {len(found.segment.elements)} elements")
        return X12Scope(
            level=scope.level + 1, parent=scope, trigger=found.segment, loop=loop, window=window, match=match
        )

    def _ancestor(self, step: Step, scope: X12Scope) -> X12Scope:
        inner: X12Scope | None = next((each for each in scope.chain() if each.trigger.id == "HL"), None)
        if inner is None or inner.loop is None:
            raise ExpressionFault(step.at, "there is no HL around this block; ancestors are of HL")
        filters, _ = self.filters(step, inner.trigger)
        self.uses_hierarchy = True
        level = filters[0].value
        if level not in inner.ancestors:
            self._levels += 1
            inner.ancestors[level] = X12Scope(
                level=100 + self._levels, parent=None, trigger=inner.trigger, loop=inner.loop
            )
        return inner.ancestors[level]

    def _walk(self, reference: Reference, scope: X12Scope, uses: tuple[SegmentUse | LoopUse, ...]) -> Found:
        known = scope.matches
        match: Match | None = None
        path: list[Match] = []
        index: int | None = None
        for position, step in enumerate(reference.steps):
            last = position == len(reference.steps) - 1
            if match is not None:
                self.known(step)
                uses = tuple(use for loop in match.loops for use in _uses_below(loop, step.segment))
                if not uses:
                    names = ", ".join(loop.id for loop in match.loops)
                    raise ExpressionFault(step.at, f"{step.segment} is not in loop {names}{_near(match, step)}")
            if not last and not any(isinstance(use, LoopUse) for use in uses):
                raise ExpressionFault(reference.steps[position + 1].at, f"{step.segment} opens no loop here")
            segment = next(use.trigger.segment if isinstance(use, LoopUse) else use.segment for use in uses)
            filters, index = self.filters(step, segment)
            if index is not None and not last:
                raise ExpressionFault(step.at, "the number of an instance stands at the end of a path only")
            key = (step.segment, filters)
            if key not in known:
                self._count += 1
                loops = tuple(use for use in uses if isinstance(use, LoopUse))
                direct = any(isinstance(use, SegmentUse) for use in uses)
                around = path[-1].loops if path else () if scope.loop is None else (scope.loop,)
                hanging = segment.id == "HL" and any(loop.trigger.id == "HL" for loop in around)
                self.uses_hierarchy = self.uses_hierarchy or hanging
                known[key] = Match(self._count, segment, direct, loops, filters, hanging=hanging)
            match = known[key]
            path.append(match)
            known = match.below
        assert match is not None
        return Found(scope, match, tuple(path[:-1]), match.segment, self.element(match.segment, reference), index)

    def filters(self, step: Step, segment: SegmentGuide) -> tuple[tuple[Picked, ...], int | None]:
        """What picks a step's instances, and the number of the one that is meant.

        Raises:
            ExpressionFault: one is no code of its element.
        """
        filters = []
        index = step.index
        for picked in step.filters:
            use = _qualifier(segment, picked)
            codes = use.element.codes if isinstance(use.element, ElementGuide) else None
            plain = picked.element is None and not picked.negated
            if plain and picked.value.isdecimal() and not picked.value.startswith("0"):
                if codes is None or picked.value not in codes:
                    if index is not None or len(picked.value) > 4:
                        raise ExpressionFault(picked.at, "the instance is numbered once, as [#2]")
                    index = int(picked.value)
                    continue
                if isinstance(use.element, ElementGuide):
                    raise ExpressionFault(
                        picked.at,
                        f"{picked.value} may be a code of {use.ref} or a number; write "
                        f"[{use.position:02d}={picked.value}] or [#{picked.value}]",
                    )
            if codes is not None and picked.value not in codes:
                raise ExpressionFault(
                    picked.at, f"{picked.value} is no code of {use.ref}{did_you_mean(picked.value, sorted(codes))}"
                )
            filters.append(Picked(use.position, picked.value, picked.negated))
        return tuple(filters), index

    def element(self, segment: SegmentGuide, reference: Reference) -> ElementUse | None:
        """The element a reference ends with; None where it ends with a segment.

        Raises:
            ExpressionFault: the segment has none such, or it has (no) components.
        """
        if reference.element is None:
            return None
        if reference.element > len(segment.elements):
            raise ExpressionFault(
                reference.at,
                f"{segment.id} has {len(segment.elements)} elements; there is no {segment.id}{reference.element:02d}",
            )
        use = segment.elements[reference.element - 1]
        if isinstance(use.element, ElementGuide):
            if reference.component is not None:
                raise ExpressionFault(reference.at, f"{use.ref} has no components")
        elif reference.component is None:
            raise ExpressionFault(reference.at, f"{use.ref} is a composite; name a component, as {use.ref}.01")
        elif reference.component > len(use.element.components):
            raise ExpressionFault(reference.at, f"{use.ref} has {len(use.element.components)} components")
        return use

    def known(self, step: Step) -> None:
        """Whether there is such a segment in the version.

        Raises:
            ExpressionFault: there is not.
        """
        if step.segment not in self.guide.directory:
            used = sorted({use.id for use in self.guide.root.walk() if isinstance(use, SegmentUse)})
            raise ExpressionFault(
                step.at, f"{step.segment} is no segment of {self.guide.version}{did_you_mean(step.segment, used)}"
            )

    def _elsewhere(self, segment: str, scopes: list[X12Scope]) -> str:
        loops = [
            use.id
            for use in self.guide.root.walk()
            if isinstance(use, LoopUse) and any(isinstance(c, SegmentUse) and c.id == segment for c in use.children)
        ]
        here = f"{segment} is not in set {self.guide.code}"
        if not loops:
            return here
        reachable = {
            use.id for scope in scopes if scope.loop for use in scope.loop.children if isinstance(use, LoopUse)
        }
        near = [name for name in loops if name in reachable]
        where = f"{segment} is not here but in loop {', '.join(dict.fromkeys(near or loops))}"
        return f"{where}; write {near[0]}[..]/{segment}" if near else where


def root_scope(guide: SetGuide) -> X12Scope:
    """The scope of the document's own fields: the whole set."""
    return X12Scope(level=0, parent=None, trigger=guide.root.trigger.segment, loop=guide.root)


_PAIRS = frozenset({("235", "234"), ("365", "364")})
"""Data elements that stand side by side: a product id with its qualifier, a communication number with its own."""


def pair_positions(segment: SegmentGuide) -> tuple[int, ...]:
    """The positions of the qualifiers of a segment's pairs: product ids, and communication numbers (PER)."""
    numbers = [use.element.number if isinstance(use.element, ElementGuide) else "" for use in segment.elements]
    return tuple(at + 1 for at in range(len(numbers) - 1) if (numbers[at], numbers[at + 1]) in _PAIRS)


@lru_cache(maxsize=4096)
def uses_of(loop: LoopUse, segment: str) -> tuple[SegmentUse | LoopUse, ...]:
    """The loop's own uses of a segment (but the one that opens it), and its loops that the segment opens."""
    return tuple(
        use for use in loop.children[1:] if (use.trigger.id if isinstance(use, LoopUse) else use.id) == segment
    )


def _uses_below(loop: LoopUse, segment: str) -> tuple[SegmentUse | LoopUse, ...]:
    return (loop,) if loop.trigger.id == segment == "HL" else uses_of(loop, segment)


def _qualifier(segment: SegmentGuide, picked: Filter) -> ElementUse:
    if picked.element is not None:
        if not 0 < picked.element <= len(segment.elements):
            raise ExpressionFault(
                picked.at, f"{segment.id} has {len(segment.elements)} elements, no {picked.element:02d}"
            )
        return segment.elements[picked.element - 1]
    for use in segment.elements:
        if isinstance(use.element, ElementGuide) and use.element.type == "ID":
            return use
    return segment.elements[0]


def _near(match: Match, step: Step) -> str:
    known = [
        use.trigger.id if isinstance(use, LoopUse) else use.id for loop in match.loops for use in loop.children[1:]
    ]
    return did_you_mean(step.segment, known)
