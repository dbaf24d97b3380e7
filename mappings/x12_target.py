"""X12SetTarget: blocks and rules that make a transaction set, written into the map's program by the outline."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from mappings.compilation import Compilation
from mappings.expressions import ExpressionFault
from mappings.kinds import Kind
from mappings.program import Reserved
from mappings.source import Items
from mappings.spec import Rule
from mappings.target import Target, Written
from mappings.values import BlockParts, Value, absence, tuple_code
from mappings.x12_made import SetTrail, finished, shown
from mappings.x12_outline import ElementRule, LoopPlan, SegmentPlan, outline
from mappings.x12_segments import Site
from mappings.x12_writers import element_writer
from translators.datafile import did_you_mean
from translators.x12.guide import CompositeGuide, ElementGuide, SetGuide


@dataclass(frozen=True, slots=True)
class _Texts:
    """A segment's elements as program text, what of them says that it stands, its sources, and its site."""

    elements: list[str]
    present: list[str]
    sources: str
    site: str

    @property
    def made(self) -> str:
        """The arguments of ADD."""
        return f"{self.site}, [{', '.join(self.elements)}], {self.sources}"


class X12SetTarget(Target):
    """One transaction set of one version."""

    def __init__(self, guide: SetGuide) -> None:
        self._guide = guide
        self._work: Compilation
        self._top: Reserved
        self._parts: dict[str, BlockParts] = {}
        self._totals: set[str] = set()

    def write(self, work: Compilation) -> Written:
        """See Target."""
        self._work = work
        program, source = work.program, work.source
        plan = outline(work.spec, self._guide, work.fault)
        root = source.root()
        if work.spec.emit_each is not None:
            work.fault(work.spec.emit_each.place, "a map that makes a set makes one of each document")
        with program.block("def mapped(root, report, env, file, agreement, origin, extra, around):"):
            program.line("hl = 0")
            self._top = work.translator.top = program.reserve()
            with source.whole(root):
                program.line("made = []")
                self._inside(plan, root, "made", parent="''")
                work.see(root, self._parts)
                for name, written in work.spec.asserts.items():
                    work.asserted(name, written)
            program.line("return [(made, ())]")
        return Written(SetTrail(), partial(finished, self._guide), shown, "edi")

    # loops

    def _inside(self, plan: LoopPlan, scope: Any, made: str, *, parent: str) -> str:
        """Write what is inside a loop, in order, into the list `made`; the name of the list of HL below it."""
        below = ""
        for each in plan.ordered():
            if isinstance(each, SegmentPlan):
                self._segment(each, scope, made)
            elif plan.is_hl and each.is_hl:
                if not below:
                    below = self._work.program.fresh("o")
                    self._work.program.line(f"{below} = []")
                self._loop(each, scope, below, parent=parent)
            else:
                self._loop(each, scope, made, parent=parent)
        return below

    def _loop(self, plan: LoopPlan, scope: Any, made: str, *, parent: str) -> None:
        work, program = self._work, self._work.program
        name = plan.opening.guide.id
        count = program.fresh("n")
        program.line(f"{count} = 0")
        items = self._items(plan, scope)
        self._parts[name] = BlockParts("()", {}, self._total(name))
        if items is None and plan.block is not None and plan.block.source is not None:
            return  # its fault is told; what is inside would only repeat it
        kept = work.translator.position
        work.translator.position = count
        if items is None:
            self._instance(plan, scope, made, count=count, parent=parent, certain=False)
        else:
            with work.source.each(items):
                self._instance(plan, items.scope, made, count=count, parent=parent, certain=True)
        work.translator.position = kept

    def _total(self, name: str) -> str:
        """The name that counts all loops a segment opens, wherever they stand."""
        code = f"n_{name}"
        if code not in self._totals:
            self._totals.add(code)
            with self._work.program.filling(self._top):
                self._work.program.line(f"{code} = 0")
        return code

    def _items(self, plan: LoopPlan, scope: Any) -> Items | None:
        if plan.block is None or plan.block.source is None:
            return None
        self._work.written = plan.block.source
        try:
            return self._work.source.items(plan.block.source.text, scope)
        except ExpressionFault as fault:
            self._work.expression_fault(fault.at, fault.message)
            return None

    def _instance(self, plan: LoopPlan, scope: Any, made: str, *, count: str, parent: str, certain: bool) -> None:
        """Write one loop: its first segment, then what is inside; nothing where none of it has a value."""
        work, program = self._work, self._work.program
        with self._condition(plan.opening, scope):
            program.line(f"{count} += 1")
            number = ""
            if plan.is_hl:
                number = program.fresh("v")
                program.line("hl += 1")
                program.line(f"{number} = TEXT(hl)")
            work.see(scope, self._parts)
            texts = self._texts(plan.opening, plan.path)
            inner = program.fresh("o")
            program.line(f"{inner} = []")
            below = ""
            if plan.loops or plan.segments:
                below = self._inside(plan, scope, inner, parent=number or parent)
            if plan.is_hl:
                self._counted(plan.opening, texts, number, parent, below)
            present = [*texts.present, inner, *([below] if below else [])]
            fixed = not texts.present and (bool(plan.opening.rules) or not (plan.loops or plan.segments))
            test = None if certain or fixed else f"if {' or '.join(present)}:"
            with nullcontext() if test is None else program.block(test):
                program.line(f"ADD({made}, {texts.made})")
                program.line(f"{self._total(plan.opening.guide.id)} += 1")
                program.line(f"{made} += {inner}")
                if below:
                    program.line(f"{made} += {below}")
            if test is not None:
                with program.block("else:"):
                    program.line(f"{count} -= 1")
                    if plan.is_hl:
                        program.line("hl -= 1")

    def _counted(self, plan: SegmentPlan, texts: _Texts, number: str, parent: str, below: str) -> None:
        """Fill the elements of an HL that no rule fills. Source: X12 004010 HL01, HL02, HL04."""
        known = {1: number, 2: parent, 4: f"'1' if {below} else '0'" if below else "'0'"}
        texts.elements.extend(["''"] * (5 - len(texts.elements)))
        for position, code in known.items():
            if position not in plan.filled:
                texts.elements[position] = code

    def _condition(self, plan: SegmentPlan, scope: Any) -> Any:
        """The block of lines that run only where a segment's condition holds."""
        if plan.condition is None:
            return nullcontext()
        self._work.see(scope, self._parts)
        found = self._work.condition(plan.condition_path, plan.condition.expression)
        if found is None:
            return nullcontext()
        test, bad = found
        if self._work.program.mutable:
            test = f"({test}) or {self._work.mutant('deleted')}"
        return self._work.translator.branch(f"if {f'{found[0]} is not BAD and ' if bad else ''}({test}):")

    # segments

    def _segment(self, plan: SegmentPlan, scope: Any, made: str) -> None:
        with self._condition(plan, scope):
            self._work.see(scope, self._parts)
            texts = self._texts(plan, ())
            test = " or ".join(texts.present)
            self._work.program.line(f"{f'if {test}: ' if test else ''}ADD({made}, {texts.made})")

    def _texts(self, plan: SegmentPlan, path: tuple[str, ...]) -> _Texts:
        """Write the rules of a segment."""
        work = self._work
        elements: dict[int, str] = {position: repr(value) for position, value in plan.filters}
        composites: dict[int, dict[int, str]] = {}
        present: list[str] = []
        rules: list[tuple[int, int, int]] = []
        sources: list[str] = []
        for each in plan.rules:
            number = work.number(each.path, each.rule.expression)
            value = work.expression(each.rule.expression)
            value = None if value is None else work.translator.mutated(value, "deleted")
            code = None if value is None else self._text(value, each)
            if value is None or code is None:
                continue
            self._missing(each.rule, value, code, number)
            position = each.element.position
            if each.component:
                composites.setdefault(position, {})[each.component] = code
            else:
                elements[position] = code
            if value.sources:
                present.append(code)
            rules.append((position, each.component, number))
            sources.append(tuple_code(value.sources))
        for position, components in composites.items():
            listed = ", ".join(components.get(number, "''") for number in range(1, max(components) + 1))
            elements[position] = f"COMPOSITE({listed})"
        if not rules:
            work.number(".".join(path) or plan.guide.id, plan.written)
        first = rules[0][2] if rules else work.rule
        site = work.program.constant(Site(plan.guide.id, tuple(rules), first))
        listed_elements = [repr(plan.guide.id)]
        listed_elements += [elements.get(position, "''") for position in range(1, max(elements, default=0) + 1)]
        joined = f"({', '.join(sources)},)" if sources else "()"
        return _Texts(listed_elements, present, joined, site)

    def _missing(self, rule: Rule, value: Value, code: str, number: int) -> None:
        if not rule.required:
            return
        spot, part = value.spot or self._work.source.spot(self._work.translator.scope)
        with self._work.program.block(f"if not {code}:"):
            self._work.program.line(f"{code} = report.missing({number}, {spot}, {part})")

    def _text(self, value: Value, each: ElementRule) -> str | None:
        """Write a value as the text of its element; None where it cannot be one."""
        work, use = self._work, each.element
        guide = use.element
        if isinstance(guide, CompositeGuide):
            component = guide.components[each.component - 1].element
            assert isinstance(component, ElementGuide)
            guide = component
        if value.kind is Kind.NOTHING or value.kind is Kind.UNKNOWN:
            return work.translator.assign("''")
        if value.kind is Kind.TEXTS:
            if use.repeat == 1:
                work.fault(
                    each.rule.expression.place,
                    f"{use.ref} stands once; make a block for the list, as {use.ref[:-2]}(notes), or join(..) it",
                )
                return None
            return work.translator.assign(f"REPEATED({value.code})", bad=[value])
        if value.kind is Kind.TEXT:
            self._check_choices(value, guide, each)
            return work.translator.assign(value.code)
        writer = element_writer(guide, value.kind)
        if writer is None:
            hints = {Kind.DATE: "; date(.., 'CCYYMMDD') writes one", Kind.NUMBER: "; num(..) writes one"}
            hint = hints.get(value.kind, "")
            work.fault(each.rule.expression.place, f"{use.ref} takes a text; this is a {value.kind}{hint}")
            return None
        code = work.program.fresh("v")
        tests = [f"'' if {absence(value)} else "] if value.absent else []
        tests = [f"BAD if {value.code} is BAD else ", *tests] if value.bad else tests
        work.program.line(f"{code} = {''.join(tests)}{work.translator.constant(writer, shared=False)}({value.code})")
        work.translator.check(code, found=None, sources=value.sources)
        return code

    def _check_choices(self, value: Value, guide: ElementGuide, each: ElementRule) -> None:
        """A fault for every text the map writes out that is no code of the element."""
        for choice in sorted(value.choices or (), key=str):
            if choice and guide.codes is not None and choice not in guide.codes:
                hint = did_you_mean(str(choice), sorted(guide.codes))
                self._work.fault(each.rule.expression.place, f"{choice} is no code of {each.element.ref}{hint}")
