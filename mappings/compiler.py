"""The compiler: a merged map and a guide become a CompiledMap, or every fault of the map with its place."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from mappings.compiled import CompiledMap, FilledField, Layout, RulePlace, Runner
from mappings.expressions import ExpressionFault, parse, parse_source
from mappings.fields import TargetField, UnknownField, blocks, find_block, find_field, required_fields
from mappings.kinds import Kind
from mappings.passes import emit_scope
from mappings.program import Program, Reserved
from mappings.scopes import Match, Resolver, Scope, root_scope
from mappings.spec import Block, Header, MapSpec, Rule, Written, read_header
from mappings.syntax import Reference
from mappings.translate import Translator
from mappings.values import BlockParts, Value, absence, tuple_code
from translators.canonical.common import Document
from translators.canonical.registry import CANONICAL
from translators.datafile import LoadError, LoadFault, Place, did_you_mean
from translators.x12.guide import GuideLibrary, SetGuide

LANGUAGE_REVISION = 1
"""Part of every map's revision; raised when the same text begins to mean something else."""
MAX_BLOCK_DEPTH = 4
"""Blocks within blocks."""


def compile_map(name: str, spec: MapSpec, *, guides: GuideLibrary) -> CompiledMap:
    """Compile a merged map (`spec.effective`).

    Args:
        name: the map's name.
        spec: the map with all it extends merged in.
        guides: where its set's guide is found.

    Raises:
        LoadError: every fault of the map.
    """
    model, guide, header, faults = _ends(spec, guides)
    if model is None or guide is None or header is None:
        raise LoadError(faults)
    work = _Compiler(spec, model, guide)
    work.document()
    if faults or work.faults:
        raise LoadError(dict.fromkeys([*faults, *work.faults]))
    resolved = _resolved(spec, header)
    form = json.dumps([LANGUAGE_REVISION, resolved], sort_keys=True).encode()
    return CompiledMap(
        name=name,
        partner=spec.partner,
        syntax=header.syntax,
        set_code=header.set_code,
        version=header.version,
        schema_name=header.schema,
        model=model,
        revision=hashlib.sha256(form).hexdigest(),
        rules=tuple(work.rules),
        layout=work.layout,
        agreement_names=frozenset(work.translator.agreement_names),
        runner=Runner(name, work.program),
        resolved=resolved,
    )


@dataclass(slots=True)
class _Tree:
    """A block with those inside it."""

    block: Block | None
    inside: dict[str, _Tree] = field(default_factory=dict)


class _Compiler:
    def __init__(self, spec: MapSpec, model: type[Document], guide: SetGuide) -> None:
        self.spec = spec
        self.model = model
        self.faults: list[LoadFault] = []
        self.rules: list[RulePlace] = []
        self.program = Program()
        self.resolver = Resolver(guide)
        tables = {name: {code: word.text for code, word in rows.items()} for name, rows in spec.tables.items()}
        self.translator = Translator(self.program, self.resolver, tables, self._expression_fault)
        self.root = root_scope(guide)
        self.layout: Layout
        self._places: dict[int, Reserved] = {}
        self._written = Written("", spec.start, spec.origin)

    def document(self) -> None:
        """Write the program of the whole map."""
        tree = self._tree()
        with self.program.block("def mapped(loop0, report, env, file, agreement, separator):"):
            self.program.line("t0 = loop0.segments[0]")
            self.program.line("u0 = t0.elements")
            self.program.line("n0 = len(u0)")
            self.layout, made, trace, parts = self._block(tree, self.model, (), self.root)
            self.translator.scope, self.translator.parts = self.root, parts
            for name, written in self.spec.asserts.items():
                self._assert(name, written)
            self._fill(self.root)
            self.program.line(f"return {made}, {trace}")

    # blocks

    def _tree(self) -> _Tree:
        top = self.model.header_block
        tree = _Tree(self.spec.blocks.get((top,)))
        for path, block in self.spec.blocks.items():
            if path == (top,):
                if block.source is not None:
                    self._fault(block.source.place, f"{top} is made from the whole set; leave the source out")
                continue
            if len(path) > MAX_BLOCK_DEPTH:
                self._fault(block.key.place, f"blocks nested deeper than {MAX_BLOCK_DEPTH}")
                continue
            here = tree
            for position, name in enumerate(path):
                if name not in here.inside:
                    if position < len(path) - 1 and path[: position + 1] not in self.spec.blocks:
                        self._fault(block.key.place, f'there is no block "{".".join(path[: position + 1])}" around it')
                    here.inside[name] = _Tree(None)
                here = here.inside[name]
            here.block = block
        return tree

    def _block(
        self, tree: _Tree, model: type[BaseModel], path: tuple[str, ...], scope: Scope
    ) -> tuple[Layout, str, str, dict[str, BlockParts]]:
        """Write a block's inner blocks and rules; returns its layout, and the names of its part and trace."""
        self._reserve(scope)
        made = self.program.fresh("d")
        self.program.line(f"{made} = {{}}")
        inner, lists, parts = [], [], {}
        for name, below in tree.inside.items():
            written = self._inner(made, below, model, (*path, name), scope)
            if written is not None:
                layout, listed, traces, fields = written
                inner.append(layout)
                lists.append(traces)
                parts[name] = BlockParts(listed, fields)
        self.translator.scope, self.translator.parts = scope, parts
        block = tree.block
        rules = list(block.rules.values()) if block is not None else []
        filled: list[FilledField] = []
        sources = []
        holders: dict[tuple[str, ...], str] = {}
        for rule in rules:
            written_rule = self._rule(rule, model, path, made, holders)
            if written_rule is not None:
                source, element = written_rule
                filled.append(FilledField(tuple(rule.name.split(".")), len(self.rules) - 1, element))
                sources.append(source)
        for holder in sorted(holders, key=len, reverse=True):
            above = holders.get(holder[:-1], made)
            self.program.line(f"if {holders[holder]}: {above}[{holder[-1]!r}] = {holders[holder]}")
        self._required(model, block, tree, path)
        trace = f"({', '.join([f't{scope.level}', *sources, *lists])},)"
        return Layout(path, tuple(filled), tuple(inner)), made, trace, parts

    def _inner(
        self, made: str, tree: _Tree, model: type[BaseModel], path: tuple[str, ...], scope: Scope
    ) -> tuple[Layout, str, str, dict[str, Kind]] | None:
        block, name = tree.block, path[-1]
        if block is None:
            return None
        try:
            part = find_block(model, name)
        except UnknownField:
            known = [self.model.header_block, *blocks(model)] if len(path) == 1 else blocks(model)
            self._fault(block.key.place, f'no block "{".".join(path)}"{did_you_mean(name, known)}')
            return None
        found = self._source(block, scope)
        if found is None:
            return None
        match, inside = found
        listed, traces = self.program.fresh("o"), self.program.fresh("w")
        found_list = f"y{match.number}" if inside.loop else f"x{match.number}"
        self.program.line(f"{listed} = {traces} = ()")
        level = inside.level
        with self.program.block(f"if {found_list}:"):
            self.program.line(f"{listed} = {made}[{name!r}] = []")
            self.program.line(f"{traces} = []")
            with self.program.block(f"for loop{level} in {found_list}:"):
                self.program.line(f"t{level} = loop{level}.segments[0]" if inside.loop else f"t{level} = loop{level}")
                self.program.line(f"u{level} = t{level}.elements")
                self.program.line(f"n{level} = len(u{level})")
                layout, part_made, trace, _ = self._block(tree, part, path, inside)
                self._fill(inside)
                self.program.line(f"{listed}.append({part_made})")
                self.program.line(f"{traces}.append({trace})")
        fields = {rule.name: self._kind(part, rule) for rule in block.rules.values()}
        return layout, listed, traces, fields

    def _source(self, block: Block, scope: Scope) -> tuple[Match, Scope] | None:
        if block.source is None:
            self._fault(block.key.place, f"want the loop the block is made from, as {block.path[-1]}(PO1)")
            return None
        self._written = block.source
        try:
            return self.resolver.source(parse_source(block.source.text), scope)
        except ExpressionFault as fault:
            self._expression_fault(fault.at, fault.message)
            return None

    # rules

    def _rule(
        self,
        rule: Rule,
        model: type[BaseModel],
        path: tuple[str, ...],
        made: str,
        holders: dict[tuple[str, ...], str],
    ) -> tuple[str, int | None] | None:
        """Write one rule; returns the program text of its trace, and the element where the trace is a segment."""
        names = tuple(rule.name.split("."))
        target: TargetField | None = None
        try:
            target = find_field(model, names)
        except UnknownField as unknown:
            offset = sum(len(name) + 1 for name in names[: unknown.position])
            self._fault(rule.key.at(offset), unknown.message)
        self._number((*path, *names), rule.expression)
        value = self._expression(rule.expression)
        if value is None or target is None:
            return None
        if value.kind not in (target.kind, Kind.UNKNOWN, Kind.NOTHING):
            told = {Kind.NUMBER: "; num(..) reads a number", Kind.DATE: "; date(..) reads a date"}
            hint = told.get(target.kind, "") if value.kind is Kind.TEXT else ""
            self._fault(rule.expression.place, f"{rule.name} takes a {target.kind}; this is a {value.kind}{hint}")
            return None
        for choice in sorted(value.choices or (), key=str):
            refusal = target.refusal(choice)
            if refusal is not None:
                self._fault(rule.expression.place, f'{rule.name} would not take "{choice}": {refusal}')
        holder = made
        for depth in range(1, len(names)):
            if names[:depth] not in holders:
                holders[names[:depth]] = self._holder()
            holder = holders[names[:depth]]
        self._store(rule, value=value, target=target, holder=holder, name=names[-1])
        return _trace(value.sources, self.translator.scope.level)

    def _store(self, rule: Rule, *, value: Value, target: TargetField, holder: str, name: str) -> None:
        number, value_code = len(self.rules) - 1, value.code
        line = self.program.line
        if rule.required or (target.required and rule.required is not False):
            with self.program.block(f"if {absence(value)}:"):
                level = self.translator.scope.level
                segment, element = value.spot or (f"t{level}", 0)
                line(f"{holder}[{name!r}] = report.missing({number}, {segment}, t{level}, {element})")
            line(f"else: {holder}[{name!r}] = {value_code}")
        elif value.absent:
            present = value_code if value.kind in (Kind.TEXT, Kind.TEXTS) else f"{value_code} is not None"
            line(f"if {present}: {holder}[{name!r}] = {value_code}")
        else:
            line(f"{holder}[{name!r}] = {value_code}")

    def _assert(self, name: str, written: Written) -> None:
        self._number((name,), written)
        value = self._expression(written)
        if value is None or value.kind is Kind.UNKNOWN:
            return
        if value.kind is not Kind.BOOL:
            self._fault(written.place, f"an assert is true or false; this is a {value.kind}")
            return
        test = f"{value.code} is not BAD and not {value.code}" if value.bad else f"not {value.code}"
        with self.program.block(f"if {test}:"):
            self.program.line(f"report.failed({len(self.rules) - 1}, {tuple_code(value.sources)})")

    def _expression(self, written: Written) -> Value | None:
        self._written = written
        before = len(self.faults)
        try:
            node = parse(written.text)
        except ExpressionFault as fault:
            self._expression_fault(fault.at, fault.message)
            return None
        value = self.translator.translate(node)
        if value.kind is Kind.SEGMENTS and isinstance(node, Reference):
            self._fault(written.place, f"{node.text} names segments; want an element, as {node.text}.01")
        return value if len(self.faults) == before else None

    def _kind(self, model: type[BaseModel], rule: Rule) -> Kind:
        try:
            return find_field(model, tuple(rule.name.split("."))).kind
        except UnknownField:
            return Kind.UNKNOWN

    def _required(self, model: type[BaseModel], block: Block | None, tree: _Tree, path: tuple[str, ...]) -> None:
        place = self.spec.start if block is None else block.key.place
        rules = {} if block is None else block.rules
        for name in required_fields(model):
            if name not in rules and name not in tree.inside:
                where = ".".join(path) or self.model.header_block
                self._fault(place, f'{where} cannot be without "{name}"; write a rule for it')
            elif name in rules and rules[name].required is False:
                self._fault(
                    rules[name].key.place, f'no {self.model.schema_name} can be without "{name}"; leave the ? out'
                )

    # pieces

    def _reserve(self, scope: Scope) -> None:
        self._places[id(scope)] = self.program.reserve()

    def _fill(self, scope: Scope) -> None:
        with self.program.filling(self._places[id(scope)]):
            emit_scope(self.program, scope)

    def _holder(self) -> str:
        code = self.program.fresh("h")
        self.program.line(f"{code} = {{}}")
        return code

    def _number(self, path: tuple[str, ...], written: Written) -> None:
        place = RulePlace(".".join(path), written.origin.name, written.place.line, written.text)
        self.translator.rule = len(self.rules)
        self.rules.append(place)

    def _expression_fault(self, at: int, message: str) -> None:
        self._fault(self._written.at(at), message)

    def _fault(self, place: Place, message: str) -> None:
        self.faults.append(LoadFault(place, message))


def _trace(sources: tuple[str, ...], level: int) -> tuple[str, int | None]:
    """A rule's entry in the trace, as small as it can be; see `compiled.FilledField`."""
    if len(sources) == 1 and not sources[0].startswith(("*", "'")):
        segment, element = sources[0].split(", ")
        if element.isdecimal():
            return segment, int(element)
        if segment == f"t{level}":
            return element, None
    return tuple_code(sources), None


def _ends(
    spec: MapSpec, guides: GuideLibrary
) -> tuple[type[Document] | None, SetGuide | None, Header | None, list[LoadFault]]:
    """The model and the guide the map's header names."""
    if spec.header is None:
        return None, None, None, [LoadFault(spec.start, "no map: line, neither here nor in the map it extends")]
    header = read_header(spec.header)
    if isinstance(header, LoadFault):
        return None, None, None, [header]
    faults = []
    if header.syntax != "x12":
        faults.append(LoadFault(spec.header.place, f'maps read "x12", not "{header.syntax}"'))
    model = CANONICAL.get(header.schema)
    if model is None:
        at = spec.header.at(spec.header.text.index(header.schema, spec.header.text.index("->")))
        faults.append(LoadFault(at, f'no canonical document "{header.schema}"{did_you_mean(header.schema, CANONICAL)}'))
    guide = guides.find(header.set_code, header.version)
    if guide is None:
        at = spec.header.at(spec.header.text.index("/") + 1)
        faults.append(LoadFault(at, f"there is no guide for set {header.set_code} in version {header.version}"))
    return model, guide, header, faults


def _resolved(spec: MapSpec, header: Header) -> dict[str, Any]:
    """What the map means, without where it was written."""
    marks = {True: "!", False: "?", None: ""}
    return {
        "map": f"{header.syntax}/{header.set_code}@{header.version} -> {header.schema}",
        "partner": spec.partner,
        "tables": {name: {code: word.text for code, word in rows.items()} for name, rows in spec.tables.items()},
        "blocks": {
            ".".join(path): {
                "source": None if block.source is None else block.source.text,
                "rules": {rule.name + marks[rule.required]: rule.expression.text for rule in block.rules.values()},
            }
            for path, block in spec.blocks.items()
        },
        "assert": {name: written.text for name, written in spec.asserts.items()},
    }
