"""The outline of a set a map makes: loops and segments in the order of the guide, each with the rules that fill it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mappings.expressions import ExpressionFault
from mappings.spec import CONDITION, Block, MapSpec, Rule, Written
from mappings.syntax import Reference, Step
from mappings.x12_references import parse_target
from mappings.x12_scopes import Resolver, uses_of
from translators.datafile import Place, did_you_mean
from translators.x12.guide import ElementUse, LoopUse, SegmentGuide, SegmentUse, SetGuide

TOP = "emit"
"""The block of the set itself."""
HL_COUNTED = (1, 2, 4)
"""Elements of an HL that are filled without a rule: its number, its parent's, and whether there are HL below it."""

Key = tuple[str, tuple[tuple[int, str], ...], int | None]


@dataclass(frozen=True, slots=True)
class ElementRule:
    """A rule, and the element (and component, 0 where it is the whole element) that it fills."""

    element: ElementUse
    component: int
    rule: Rule
    path: str


@dataclass(slots=True, eq=False)
class SegmentPlan:
    """A segment that is made: what tells it from others of its id, its rules, and when it stands."""

    guide: SegmentGuide
    filters: tuple[tuple[int, str], ...]
    written: Written
    rules: list[ElementRule] = field(default_factory=list)
    condition: Rule | None = None
    condition_path: str = ""

    @property
    def filled(self) -> set[int]:
        """The elements that something fills."""
        return {position for position, _ in self.filters} | {each.element.position for each in self.rules}


@dataclass(slots=True, eq=False)
class LoopPlan:
    """A loop, or a segment that is made once for each part of something; `use` is None for the set itself."""

    use: LoopUse | SegmentUse
    opening: SegmentPlan
    path: tuple[str, ...]
    block: Block | None = None
    loops: dict[Key, LoopPlan] = field(default_factory=dict)
    segments: dict[Key, tuple[SegmentUse, SegmentPlan]] = field(default_factory=dict)

    @property
    def is_hl(self) -> bool:
        """It is an HL loop."""
        return self.opening.guide.id == "HL"

    def ordered(self) -> Iterator[LoopPlan | SegmentPlan]:
        """What is inside, in the order of the guide; HL below an HL come last, as they stand after it."""
        assert isinstance(self.use, LoopUse)
        places = {id(use): at for at, use in enumerate(self.use.children)}
        found: list[tuple[int, int, LoopPlan | SegmentPlan]] = []
        for use, segment in self.segments.values():
            found.append((places[id(use)], len(found), segment))
        for loop in self.loops.values():
            found.append((places.get(id(loop.use), len(places)), len(found), loop))
        yield from (each for _, _, each in sorted(found, key=lambda item: item[:2]))


Fault = Callable[[Place, str], None]


def outline(spec: MapSpec, guide: SetGuide, fault: Fault) -> LoopPlan:
    """Lay out what a map makes of a set; what is wrong with it goes into `fault`."""
    return _Outliner(guide, fault).plan(spec)


class _Outliner:
    def __init__(self, guide: SetGuide, fault: Fault) -> None:
        self.guide = guide
        self.fault = fault
        self.resolver = Resolver(guide)

    def plan(self, spec: MapSpec) -> LoopPlan:
        start = Written(TOP, spec.start, spec.origin, exact=False)
        top = LoopPlan(self.guide.root, SegmentPlan(self.guide.root.trigger.segment, (), start), ())
        plans: list[tuple[LoopPlan, Block]] = []
        for path, block in sorted(spec.blocks.items(), key=lambda item: len(item[0])):
            if path == (TOP,):
                if block.source is not None:
                    self.fault(block.source.place, f"{TOP} is the set itself; leave the source out")
                plans.append((top, block))
                continue
            found = self._block(top, path, block)
            if found is not None:
                plans.append((found, block))
        for loop, block in plans:
            for rule in block.rules.values():
                self._rule(loop, block, rule)
        self._required(top)
        return top

    def _block(self, top: LoopPlan, path: tuple[str, ...], block: Block) -> LoopPlan | None:
        at = top
        for depth, name in enumerate(path):
            last = depth == len(path) - 1
            try:
                reference = parse_target(name)
                if reference.element is not None or len(reference.steps) != 1:
                    raise ExpressionFault(0, f'"{name}" names no loop or segment; want it as PO1 or N1[ST]')
                at = self._loop(at, reference.steps[0], block.key, path[: depth + 1], inner=not last)
            except ExpressionFault as fault:
                offset = sum(len(each) + 1 for each in path[:depth]) + fault.at if block.source is None else 0
                self.fault(block.key.at(offset), fault.message)
                return None
        if at.block is not None:
            self.fault(block.key.place, f"{path[-1]} stands twice; write {path[-1]}[#2] for a second one")
            return None
        at.block = block
        return at

    def _loop(self, at: LoopPlan, step: Step, written: Written, path: tuple[str, ...], *, inner: bool) -> LoopPlan:
        """The loop (or repeated segment) of a step, made where it is first named."""
        use = self._use(at, step, loop=inner)
        guide = use.trigger.segment if isinstance(use, LoopUse) else use.segment
        filters, index = self._filters(step, guide)
        key: Key = (step.segment, filters, index)
        if key not in at.loops:
            at.loops[key] = LoopPlan(use, SegmentPlan(guide, filters, written), path)
        return at.loops[key]

    def _filters(self, step: Step, guide: SegmentGuide) -> tuple[tuple[tuple[int, str], ...], int | None]:
        """The (element, value) pairs that a step's brackets say, and which segment of the kind it is."""
        found, index = self.resolver.filters(step, guide)
        if any(picked.negated for picked in found):
            raise ExpressionFault(step.at, f"{guide.id} is made, so say what it is, not what it is not")
        return tuple((picked.element, picked.value) for picked in found), index

    def _use(self, at: LoopPlan, step: Step, *, loop: bool) -> LoopUse | SegmentUse:
        if not isinstance(at.use, LoopUse):
            raise ExpressionFault(step.at, f"{at.opening.guide.id} opens no loop here; nothing stands in it")
        self.resolver.known(step)
        if at.is_hl and step.segment == "HL":
            return at.use
        found = uses_of(at.use, step.segment)
        opening = [use for use in found if isinstance(use, LoopUse)]
        if loop and found and not opening:
            raise ExpressionFault(step.at, f"{step.segment} opens no loop here; nothing stands in it")
        for use in opening if loop else found:
            return use
        inside = [child.trigger.id if isinstance(child, LoopUse) else child.id for child in at.use.children[1:]]
        where = f"loop {at.use.id}" if at.path else f"set {self.guide.code}"
        hint = did_you_mean(step.segment, inside)
        raise ExpressionFault(step.at, f"{step.segment} does not stand in {where}{hint}")

    def _rule(self, loop: LoopPlan, block: Block, rule: Rule) -> None:
        if rule.name == CONDITION:
            if block.path == (TOP,):
                self.fault(rule.key.place, "a set has no condition; assert says what must hold")
                return
            loop.opening.condition, loop.opening.condition_path = rule, ".".join((*block.path, CONDITION))
            return
        text = rule.name.removesuffix(f".{CONDITION}")
        try:
            reference = parse_target(text)
            plan = self._segment(loop, reference, rule.key)
            path = rule.name if block.path == (TOP,) else ".".join((*block.path, rule.name))
            if text != rule.name:
                if reference.element is not None:
                    raise ExpressionFault(reference.at, "a condition is of a segment, as CUR.if")
                plan.condition, plan.condition_path = rule, path
                return
            if reference.element is None:
                raise ExpressionFault(reference.at, f"want an element, as {reference.text}.01")
            element = self.resolver.element(plan.guide, reference)
            assert element is not None
            component = reference.component or 0
            taken = [each for each in plan.rules if each.element is element and each.component == component]
            if taken or any(position == element.position for position, _ in plan.filters):
                raise ExpressionFault(reference.at, f"{element.ref} is filled twice")
            plan.rules.append(ElementRule(element, component, rule, path))
        except ExpressionFault as fault:
            self.fault(rule.key.at(fault.at), fault.message)

    def _segment(self, loop: LoopPlan, reference: Reference, written: Written) -> SegmentPlan:
        """The segment a rule speaks of, seen from its block."""
        first = reference.steps[0]
        own = first.segment == loop.opening.guide.id and not first.filters and first.index is None
        if own and loop.path and len(reference.steps) == 1:
            return loop.opening
        at = loop
        for position, step in enumerate(reference.steps):
            path = (*at.path, step.segment)
            if position < len(reference.steps) - 1:
                at = self._loop(at, step, written, path, inner=True)
                continue
            use = self._use(at, step, loop=False)
            if isinstance(use, LoopUse):
                return self._loop(at, step, written, path, inner=True).opening
            filters, index = self._filters(step, use.segment)
            key: Key = (step.segment, filters, index)
            if key not in at.segments:
                at.segments[key] = (use, SegmentPlan(use.segment, filters, written))
            return at.segments[key][1]
        raise ExpressionFault(reference.at, "want a segment")

    def _required(self, plan: LoopPlan) -> None:
        """A fault for every mandatory element and segment that nothing fills."""
        if plan.path:
            self._elements(plan.opening, counted=HL_COUNTED if plan.is_hl else ())
        for _, segment in plan.segments.values():
            self._elements(segment, counted=())
        for loop in plan.loops.values():
            self._required(loop)
        if not isinstance(plan.use, LoopUse):
            return
        made = {id(use) for use, _ in plan.segments.values()} | {id(loop.use) for loop in plan.loops.values()}
        for child in plan.use.children[1:]:
            name = child.trigger.id if isinstance(child, LoopUse) else child.id
            if child.required and id(child) not in made and name != "SE":
                where = plan.use.id if plan.path else f"set {self.guide.code}"
                self.fault(plan.opening.written.place, f"{where} cannot be without {name}; write a rule for it")

    def _elements(self, plan: SegmentPlan, counted: tuple[int, ...]) -> None:
        for use in plan.guide.elements:
            if use.required and use.position not in plan.filled and use.position not in counted:
                message = f"{plan.guide.id} cannot be without {use.ref}; write a rule for it"
                self.fault(plan.written.place, message)
