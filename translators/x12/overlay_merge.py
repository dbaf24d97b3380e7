"""A standard guide and an overlay's rules made one guide, which the compiler takes like any other.

A use that rules tell apart by qualifier becomes several: one for each list of qualifiers, and one for all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from translators.datafile import Place
from translators.x12.conditions import Condition
from translators.x12.guide import (
    CompositeGuide,
    ElementGuide,
    ElementUse,
    LoopUse,
    Qualifier,
    Ruling,
    SegmentGuide,
    SegmentUse,
    SetGuide,
)
from translators.x12.overlay_paths import Codes, Path, PathStep, Use, first_segment, qualifier_position


class UseWord(StrEnum):
    """What an overlay may say of the use of a loop, segment or element."""

    MANDATORY = "mandatory"
    OPTIONAL = "optional"
    NOT_USED = "not used"


@dataclass(slots=True)
class ElementRule:
    """What an overlay says of an element; `codes` replaces the list, `more_codes` adds to it."""

    stated: str
    use: UseWord | None = None
    codes: Codes | None = None
    more_codes: Codes = frozenset()
    min: int | None = None
    max: int | None = None


@dataclass(slots=True)
class Rule:
    """What an overlay says of a segment or loop; elements by (position, component or None)."""

    path: Path
    place: Place
    stated: str
    use: UseWord | None = None
    limited: bool = False
    limit: int | None = None
    elements: dict[tuple[int, int | None], ElementRule] = field(default_factory=dict)
    conditions: list[tuple[Condition, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Extra:
    """A segment that the standard does not have after that place; after a loop is after its first segment, inside."""

    segment: SegmentGuide
    after: Path
    required: bool
    max_use: int | None
    stated: str


def merge(base: SetGuide, rules: Sequence[Rule], extras: Sequence[Extra], *, label: str) -> SetGuide:
    """The guide with everything an overlay says of it; the base is left as it was."""
    merging = _Merging(rules, extras)
    root = replace(base.root, children=tuple(merging.children(base.root.children, ())))
    return replace(base, root=root, overlay=label)


class _Merging:
    """The tree is made anew from the top; every use in it is a new one, since a place in a set is a use."""

    def __init__(self, rules: Sequence[Rule], extras: Sequence[Extra]) -> None:
        self._rules = rules
        self._extras = extras

    def children(self, uses: Sequence[Use], above: Path) -> list[Use]:
        """The uses of a loop; `above` is the path that leads to it."""
        made: list[Use] = []
        for use in uses:
            made += self._uses(use, above)
            if isinstance(use, SegmentUse):
                made += self._added(use, above)
        return made

    def _added(self, after: Use, above: Path) -> list[Use]:
        wanted = [id(step.use) for step in (*above, PathStep(after))]
        return [
            SegmentUse(
                extra.segment,
                extra.required,
                extra.max_use,
                ruling=Ruling(extra.stated, requires=extra.required, limits=True, adds=True),
                area=after.area,
            )
            for extra in self._extras
            if [id(step.use) for step in extra.after] == wanted
        ]

    def _uses(self, use: Use, above: Path) -> list[Use]:
        depth = len(above)
        kinds = {
            rule.path[depth].codes: None
            for rule in self._rules
            if len(rule.path) > depth and rule.path[depth].use is use and _leads(rule.path[:depth], above)
        }
        told_apart = [codes for codes in kinds if codes is not None]
        whole = self._made(use, (*above, PathStep(use)), qualifier=None)
        if not told_apart:
            return [whole]
        position = qualifier_position(first_segment(use))
        assert position is not None
        made = [
            self._made(use, (*above, PathStep(use, codes)), qualifier=Qualifier(position, codes, whole))
            for codes in told_apart
        ]
        others = Qualifier(position, frozenset().union(*told_apart), whole, others=True)
        return [*made, self._made(use, (*above, PathStep(use)), qualifier=others)]

    def _made(self, use: Use, path: Path, *, qualifier: Qualifier | None) -> Use:
        matching = sorted(
            (rule for rule in self._rules if _leads(rule.path, path)),
            key=lambda rule: sum(step.codes is not None for step in rule.path),
        )
        is_rest = qualifier is not None and qualifier.others
        of_use = [] if is_rest else [rule for rule in matching if rule.path[-1].codes == path[-1].codes]
        standard_limit = use.repeat if isinstance(use, LoopUse) else use.max_use
        required, limit, ruling = use.required and qualifier is None, standard_limit, None
        if qualifier is not None:
            whole = qualifier.whole
            limit = whole.repeat if isinstance(whole, LoopUse) else whole.max_use
            ruling = whole.ruling if is_rest else None
        for rule in of_use:
            required = required if rule.use is None else rule.use is UseWord.MANDATORY
            limit = rule.limit if rule.limited else limit
            if rule.use is None and not rule.limited:
                continue
            before = ruling or Ruling(rule.stated)
            ruling = Ruling(
                rule.stated,
                not_used=before.not_used if rule.use is None else rule.use is UseWord.NOT_USED,
                requires=required and (qualifier is not None or not use.required),
                relaxes=use.required and not required and qualifier is None,
                limits=before.limits or (rule.limited and limit != standard_limit),
            )
        segment = _segment(first_segment(use), matching)
        if isinstance(use, SegmentUse):
            return SegmentUse(segment, required, limit, qualifier, ruling, use.area)
        trigger = replace(use.trigger, segment=segment)
        below = (trigger, *self._added(use, path[:-1]), *self.children(use.children[1:], path))
        return LoopUse(use.id, required, limit, below, qualifier, ruling, use.area)


def _leads(path: Path, to: Path) -> bool:
    """Whether what is said of `path` holds at `to`."""
    return len(path) == len(to) and all(
        said.use is found.use and said.codes in (None, found.codes) for said, found in zip(path, to, strict=True)
    )


def _segment(segment: SegmentGuide, rules: Sequence[Rule]) -> SegmentGuide:
    """The segment with what the rules say of its elements; the very same where they say nothing."""
    elements = list(segment.elements)
    conditions = list(segment.conditions)
    stated: dict[int, str] = {}
    for rule in rules:
        for (position, component), said in rule.elements.items():
            use = elements[position - 1]
            elements[position - 1] = _element(use, said) if component is None else _composite(use, component, said)
            stated[position] = said.stated
        for condition, line in rule.conditions:
            conditions.append(condition)
            for position in condition.positions:
                stated.setdefault(position, line)
    if not stated:
        return segment
    return SegmentGuide(segment.id, segment.name, tuple(elements), tuple(conditions), segment, stated)


def _composite(use: ElementUse, component: int, said: ElementRule) -> ElementUse:
    composite = use.element
    assert isinstance(composite, CompositeGuide)
    parts = list(composite.components)
    parts[component - 1] = _element(parts[component - 1], said)
    return replace(use, element=replace(composite, components=tuple(parts)))


def _element(use: ElementUse, said: ElementRule) -> ElementUse:
    required = use.required if said.use is None else said.use is UseWord.MANDATORY
    used = use.used if said.use is None else said.use is not UseWord.NOT_USED
    element = use.element
    if isinstance(element, ElementGuide):
        codes = element.codes if said.codes is None else said.codes
        if codes is not None:
            codes |= said.more_codes
        low, high = said.min or element.min, said.max or element.max
        if codes is not None and (said.min or said.max):
            codes = frozenset(code for code in codes if low <= len(code) <= high)
        element = replace(element, codes=codes, min=low, max=high)
    return replace(use, element=element, required=required, used=used)
