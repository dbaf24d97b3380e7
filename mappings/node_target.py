"""NodeTarget: blocks and rules that make XML, JSON or delimited text, written into the map's program.

Elements stand in the order in which rules and blocks first name them; a block's nodes stand where a rule of its path
says `here`, else after the rules. A node stands where it holds a value of the document; constants alone make none.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mappings.compilation import Compilation
from mappings.expressions import ExpressionFault
from mappings.kinds import Kind
from mappings.node_made import Leg, Legs, Maker, NodeTrail, child, close, end, finished, put, put_all, put_beside
from mappings.node_references import NodeReference, NodeStep, parse_items
from mappings.source import Items
from mappings.spec import CONDITION, Block, Rule
from mappings.target import Target, Written
from mappings.values import BlockParts, Value, absence, tuple_code
from translators.canonical.common import decimal_text
from translators.tree import Node, NodeKind

TOP = "emit"
"""The block of the root's own rules."""
HERE = "here"
"""What the rule of a block's path says, where its nodes stand."""
MAX_BLOCK_DEPTH = 8

_ATTRIBUTE = re.compile(r"(?:(?P<path>.+)/)?@(?P<name>[^/@]+)")


@dataclass(slots=True)
class _Plan:
    """A block with those inside it, in the order of the file."""

    block: Block | None
    name: str = ""
    inside: dict[str, _Plan] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filled:
    """What a rule fills: a node below the block's, and which attribute of it (None: its text)."""

    legs: Legs
    attribute: str | None


class NodeTarget(Target):
    """A document of nodes."""

    suffix: str
    lists = True
    """A list of texts makes as many nodes."""
    arrays = False
    """Nodes of one block, or of one list of texts, are an array, even where there is one."""

    def __init__(self) -> None:
        self._work: Compilation
        self._functions: dict[Any, str] = {}

    @abstractmethod
    def root(self) -> Callable[[], Node]:
        """What makes the root."""

    @abstractmethod
    def filled(self, text: str, place: tuple[str, ...]) -> Filled:
        """What a rule's key names, in the block at `place`.

        Raises:
            ExpressionFault: there can be no such thing.
        """

    @abstractmethod
    def block_legs(self, text: str, place: tuple[str, ...]) -> Legs:
        """The path of a block, in the block at `place`.

        Raises:
            ExpressionFault: there can be no such thing.
        """

    @abstractmethod
    def write_file(self, root: Node, terms: Mapping[str, Any]) -> bytes:
        """The bytes of a document.

        Args:
            root: of it.
            terms: what its format is told when it is written.

        Raises:
            WritingError: the format refuses something.
        """

    @abstractmethod
    def shown(self, made: Any) -> Any:
        """What was made, for samples and people."""

    def written_as(self, kind: Kind, filled: Filled, place: tuple[str, ...]) -> Callable[[Any], str] | None:
        """What writes a value of a kind as text; None where it is one already, or cannot be one."""
        del filled, place  # XML and JSON write every value alike
        return _WRITERS.get(kind)

    def node_kind(self, kind: Kind) -> NodeKind:
        """The kind of the node that holds a value."""
        del kind
        return NodeKind.TEXT

    def write(self, work: Compilation) -> Written:
        """See Target."""
        self._work = work
        program, source = work.program, work.source
        if work.spec.emit_each is not None:
            work.fault(work.spec.emit_each.place, "a map that makes a file makes one of each document")
        plan = self._plan()
        scope = source.root()
        with program.block("def mapped(root, report, env, file, agreement, origin, extra, around):"):
            work.translator.top = program.reserve()
            with source.whole(scope):
                program.line("trace = []")
                program.line(f"m_0 = {self._function(Maker)}({self._function(self.root())}(), '', trace)")
                self._block(plan, scope, "m_0", ())
                work.see(scope, {})
                for name, written in work.spec.asserts.items():
                    work.asserted(name, written)
            program.line("return [(m_0.node, trace)]")
        return Written(NodeTrail(), partial(finished, self.write_file), self.shown, self.suffix)

    # blocks

    def _plan(self) -> _Plan:
        spec = self._work.spec
        top = spec.blocks.get((TOP,))
        plan = _Plan(top)
        plans: dict[tuple[str, ...], _Plan] = {(): plan}
        for path, block in sorted(spec.blocks.items(), key=lambda item: len(item[0])):
            if path == (TOP,):
                if block.source is not None:
                    self._work.fault(block.source.place, f"{TOP} is made of the whole document; leave the source out")
                continue
            if len(path) > MAX_BLOCK_DEPTH:
                self._work.fault(block.key.place, f"blocks nested deeper than {MAX_BLOCK_DEPTH}")
                continue
            if path[:-1] not in plans:
                self._work.fault(block.key.place, f'there is no block "{".".join(path[:-1])}" around it')
                continue
            found = plans[path] = _Plan(block, path[-1])
            plans[path[:-1]].inside[path[-1]] = found
        return plan

    def _block(self, plan: _Plan, scope: Any, made: str, place: tuple[str, ...]) -> bool:
        """Write the rules of a block, and the blocks in it, into the node that `made` makes.

        Returns:
            Whether it tells of the document, and not constants and counts alone, which stand always.
        """
        work = self._work
        rules = {} if plan.block is None else plan.block.rules
        read = [(rule, self._filled(rule, place)) for rule in rules.values() if rule.name != CONDITION]
        texts = {
            found.legs for rule, found in read if found is not None and found.attribute is None and not _is_here(rule)
        }
        later: list[tuple[Rule, Filled]] = []
        expected: set[Legs] = set()
        told = False
        waiting = dict(plan.inside)
        for rule, found in read:
            if _is_here(rule):
                inner = waiting.pop(rule.name, None)
                if inner is None:
                    work.fault(rule.key.place, f'there is no block "{rule.name}" to stand here')
                else:
                    self._inner(inner, scope, made, place)
            elif found is not None and found.attribute is not None and found.legs in texts:
                later.append((rule, found))
            elif found is not None and self._rule(rule, found, scope, made, place):
                told = True
                expected |= {found.legs[:cut] for cut in range(1, len(found.legs) + 1)}
        for rule, found in later:
            self._beside(rule, found, scope, made, place)
        for inner in waiting.values():
            self._inner(inner, scope, made, place)
        keys = [tuple((leg.name, leg.slot) for leg in legs) for legs in sorted(expected, key=len, reverse=True)]
        if keys:
            work.program.line(f"{self._function(close)}({made}, {work.translator.constant(tuple(keys), shared=False)})")
        return told or bool(plan.inside)

    def _inner(self, plan: _Plan, scope: Any, made: str, place: tuple[str, ...]) -> None:
        work, program = self._work, self._work.program
        block = plan.block
        assert block is not None
        work.written = block.key
        try:
            legs = work.translator.constant(self.block_legs(plan.name, place), shared=False)
        except ExpressionFault as fault:
            work.expression_fault(fault.at, fault.message)
            return
        inside = program.fresh("m")
        items = self._items(block, scope)
        if items is None and block.source is not None:
            return
        count = program.fresh("n")
        program.line(f"{count} = 0")
        kept, work.translator.position = work.translator.position, count
        with nullcontext() if items is None else work.source.each(items):
            inner_scope = scope if items is None else items.scope
            with self._condition(block, inner_scope, (*place, plan.name)):
                program.line(f"{count} += 1")
                program.line(f"{inside} = {self._function(child)}({made}, {legs}, {self.arrays and items is not None})")
                told = self._block(plan, inner_scope, inside, (*place, plan.name))
                program.line(f"{self._function(end)}({made}, {legs}, {inside}, {items is not None or not told})")
        work.translator.position = kept

    def _items(self, block: Block, scope: Any) -> Items | None:
        if block.source is None:
            return None
        self._work.written = block.source
        try:
            return self._work.source.items(block.source.text, scope)
        except ExpressionFault as fault:
            self._work.expression_fault(fault.at, fault.message)
            return None

    def _condition(self, block: Block, scope: Any, path: tuple[str, ...]) -> Any:
        rule = block.rules.get(CONDITION)
        if rule is None:
            return nullcontext()
        self._work.see(scope, {})
        found = self._work.condition(".".join((*path, CONDITION)), rule.expression)
        if found is None:
            return nullcontext()
        test, bad = found
        if self._work.program.mutable:
            test = f"({test}) or {self._work.mutant('deleted')}"
        return self._work.translator.branch(f"if {f'{found[0]} is not BAD and ' if bad else ''}({test}):")

    # rules

    def _filled(self, rule: Rule, place: tuple[str, ...]) -> Filled | None:
        self._work.written = rule.key
        if _is_here(rule):
            return None
        try:
            return self.filled(rule.name, place)
        except ExpressionFault as fault:
            self._work.expression_fault(fault.at, fault.message)
            return None

    def _rule(self, rule: Rule, found: Filled, scope: Any, made: str, place: tuple[str, ...]) -> bool:
        """Write one rule; whether it fills a value of the document, and no constant."""
        work, program = self._work, self._work.program
        value, number = self._value(rule, scope, place)
        if value is None:
            return False
        legs = work.translator.constant(found.legs, shared=False)
        sources = tuple_code(value.sources)
        if value.kind is Kind.TEXTS:
            if not self.lists or found.attribute is not None or not found.legs:
                work.fault(rule.expression.place, f"{rule.name} stands once; join(..) the list, or make a block for it")
                return False
            program.line(f"{self._function(put_all)}({made}, {legs}, {value.code}, {number}, {sources}, {self.arrays})")
            return True
        code = self._text(value, rule, found, place)
        if code is None:
            return False
        self._missing(rule, value, code, number)
        kind = work.translator.constant(self.node_kind(value.kind), shared=False)
        alive = bool(value.sources)
        arguments = f"{made}, {legs}, {found.attribute!r}, {code}, {kind}, {number}, {sources}, {alive}"
        program.line(f"{self._function(put)}({arguments})")
        return alive

    def _beside(self, rule: Rule, found: Filled, scope: Any, made: str, place: tuple[str, ...]) -> None:
        """Write the rule of an attribute of an element whose text another rule fills."""
        value, number = self._value(rule, scope, place)
        if value is None:
            return
        code = self._text(value, rule, found, place)
        if code is None:
            return
        self._missing(rule, value, code, number)
        legs = self._work.translator.constant(found.legs, shared=False)
        arguments = f"{made}, {legs}, {found.attribute!r}, {code}, {number}, {tuple_code(value.sources)}"
        self._work.program.line(f"{self._function(put_beside)}({arguments})")

    def _value(self, rule: Rule, scope: Any, place: tuple[str, ...]) -> tuple[Value | None, int]:
        work = self._work
        work.see(scope, _NO_PARTS)
        number = work.number("/".join((*place, rule.name)), rule.expression)
        value = work.expression(rule.expression)
        return None if value is None else work.translator.mutated(value, "deleted"), number

    def _text(self, value: Value, rule: Rule, found: Filled, place: tuple[str, ...]) -> str | None:
        """Write a value as text; None where it cannot be one."""
        work = self._work
        if value.kind in (Kind.NOTHING, Kind.UNKNOWN):
            return work.translator.assign("''")
        if value.kind is Kind.TEXTS:
            work.fault(rule.expression.place, f"{rule.name} stands once; join(..) the list")
            return None
        if value.kind is Kind.TEXT:
            return work.translator.assign(value.code)
        writer = self.written_as(value.kind, found, place)
        if writer is None:
            work.fault(rule.expression.place, f"{rule.name} takes a text; this is a {value.kind}")
            return None
        tests = f"'' if {absence(value)} else " if value.absent else ""
        name = self._function(writer)
        return work.translator.assign(f"{tests}{name}({value.code})", bad=[value])

    def _missing(self, rule: Rule, value: Value, code: str, number: int) -> None:
        if not rule.required:
            return
        spot, part = value.spot or self._work.source.spot(self._work.translator.scope)
        with self._work.program.block(f"if not {code}:"):
            self._work.program.line(f"{code} = report.missing({number}, {spot}, {part})")

    def _function(self, function: Any) -> str:
        if function not in self._functions:
            self._functions[function] = self._work.program.constant(function)
        return self._functions[function]


def path_of(text: str) -> NodeReference:
    """A path to be made: names, with an attribute or a number in brackets.

    Raises:
        ExpressionFault: it is no such path.
    """
    found = parse_items(text)
    if found.parents:
        raise ExpressionFault(0, "what is made stands inside its block; leave parent. out")
    return found


def legs_of(reference: NodeReference, name: Callable[[NodeStep], str], attribute: Callable[[str, int], str]) -> Legs:
    """The steps of a path as they are made; an attribute in brackets is always there."""
    legs = []
    for step in reference.steps:
        fixed = []
        for picked in step.filters:
            if not picked.attribute or picked.differs:
                raise ExpressionFault(step.at, "what is made is told apart by [2] or [@name=value]")
            fixed.append((attribute(picked.name, step.at), picked.value))
        slot = "".join(f"@{key}={value}" for key, value in fixed) + (f"#{step.index}" if step.index else "")
        legs.append(Leg(name(step), slot, tuple(fixed)))
    return tuple(legs)


def split_attribute(text: str) -> tuple[str, str | None]:
    """A rule's key as the path of a node and the attribute it fills."""
    found = _ATTRIBUTE.fullmatch(text)
    return (text, None) if found is None else (found["path"] or "", found["name"])


def _is_here(rule: Rule) -> bool:
    return rule.expression.text.strip() == HERE


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _moment(value: Any) -> str:
    text: str = value.isoformat()
    return text


_WRITERS: dict[Kind, Callable[[Any], str]] = {
    Kind.NUMBER: decimal_text,
    Kind.DATE: _moment,
    Kind.TIME: _moment,
    Kind.DATETIME: _moment,
    Kind.BOOL: _truth,
}
_NO_PARTS: dict[str, BlockParts] = {}
