"""DocumentTarget: blocks and rules that fill a canonical document, written into the map's program."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any

from pydantic import BaseModel, ValidationError

from mappings.compilation import Compilation
from mappings.compiled import FilledField, Layout
from mappings.expressions import ExpressionFault, parse
from mappings.fields import (
    PartField,
    TargetField,
    UnknownField,
    blocks,
    find_field,
    find_part,
    required_fields,
)
from mappings.kinds import Kind
from mappings.lineage import LineageView
from mappings.needs import need
from mappings.part_writer import PartWriter
from mappings.report import Report
from mappings.source import Items
from mappings.spec import CONDITION, Block, Rule
from mappings.target import Target, Written
from mappings.values import BlockParts, Value, absence, tuple_code
from translators.canonical.common import Document
from translators.datafile import did_you_mean
from translators.errors import shown

MAX_BLOCK_DEPTH = 8
"""Blocks within blocks."""

_BY = re.compile(r"(?P<source>.*\S)\s+by\s+(?P<key>\S.*)")
_EACH = "each"


_Ruled = tuple[tuple[str, ...], int, tuple[str, ...]]
"""A rule that is written: the names of its field, its number, and program text of its sources."""


@dataclass(slots=True)
class _Tree:
    """A block with those inside it, by their path from here."""

    block: Block | None
    inside: dict[tuple[str, ...], _Tree] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Made:
    """An inner block as it was written: program text of its parts and their traces, and the kinds of their fields."""

    layout: Layout
    listed: str
    traces: str
    fields: dict[str, Kind]


class DocumentTarget(Target):
    """A canonical document of one model."""

    checks_by_rule = True

    def __init__(self, model: type[Document]) -> None:
        self._model = model
        self._work: Compilation
        self._group: str | None = None

    def write(self, work: Compilation) -> Written:
        """See Target."""
        self._work = work
        program, source, spec = work.program, work.source, work.spec
        tree = self._tree()
        root = source.root()
        with program.block("def mapped(root, report, env, file, agreement, origin, extra, around):"):
            program.line("made = []")
            with source.whole(root):
                layout = self._document(tree, root) if spec.emit_each is None else self._documents(tree, root)
            program.line("return made")
        return Written(layout, partial(_finished, self._model), _shown, "json")

    # one set to many documents

    def _documents(self, tree: _Tree, root: Any) -> Layout:
        work, source, program = self._work, self._work.source, self._work.program
        written = work.spec.emit_each
        assert written is not None
        grouped = _BY.fullmatch(written.text)
        text = written.text if grouped is None else grouped["source"]
        work.written = written
        try:
            items = source.items(text, root)
        except ExpressionFault as fault:
            work.expression_fault(fault.at, fault.message)
            return Layout((), True, (), ())
        if grouped is None:
            with source.each(items):
                return self._document(tree, items.scope)
        program.line("groups = {}")
        with source.each(items):
            work.see(items.scope, {})
            key = type(written)(grouped["key"], written.at(grouped.start("key")), written.origin, written.exact)
            work.number(f"emit {_EACH}", key)
            value = work.expression(key)
            if value is not None and value.kind is not Kind.TEXT:
                work.fault(key.place, f"want a text to group by; this is a {value.kind}")
            elif value is not None:
                holder, part = value.spot or source.spot(items.scope)
                program.line(f"key = {value.code}")
                program.line(f"if not key: key = report.missing({work.rule}, {holder}, {part})")
                kept, origins = source.kept(items), tuple_code(value.sources)
                program.line(f"if key is not BAD: groups.setdefault(key, ({origins}, []))[1].append(({kept},))")
        self._group = text
        with program.block("for key, (origins, members) in groups.items():"):
            work.translator.each = Value("key", Kind.TEXT, False, False, ("*origins",))
            return self._document(tree, root)

    def _document(self, tree: _Tree, scope: Any) -> Layout:
        work = self._work
        work.translator.top = work.program.reserve()
        work.program.line("unsure = False")
        layout, made, trace, parts = self._block(tree, self._model, (), scope)
        work.see(scope, parts)
        for name, written in work.spec.asserts.items():
            work.asserted(name, written)
        work.program.line(f"made.append((UNMADE({made}) if unsure else {made}, {trace}))")
        return layout

    # blocks

    def _tree(self) -> _Tree:
        top, spec = self._model.header_block, self._work.spec
        tree = _Tree(spec.blocks.get((top,)))
        trees: dict[tuple[str, ...], _Tree] = {(): tree}
        for path, block in sorted(spec.blocks.items(), key=lambda item: len(item[0])):
            if path == (top,):
                if block.source is not None:
                    self._work.fault(block.source.place, f"{top} is made from the whole set; leave the source out")
                continue
            if len(path) > MAX_BLOCK_DEPTH:
                self._work.fault(block.key.place, f"blocks nested deeper than {MAX_BLOCK_DEPTH}")
                continue
            around = max((known for known in trees if path[: len(known)] == known), key=len)
            trees[path] = trees[around].inside[path[len(around) :]] = _Tree(block)
        return tree

    def _block(
        self, tree: _Tree, model: type[BaseModel], path: tuple[str, ...], scope: Any
    ) -> tuple[Layout, str, str, dict[str, BlockParts]]:
        """Write a block's inner blocks and rules; its layout, the names of its part and trace, and its blocks."""
        work = self._work
        made, inner, parts = PartWriter(work, model), [], {}
        for name, below in tree.inside.items():
            written = self._inner(below, made, path, name, scope=scope)
            if written is not None:
                inner.append(written)
                parts[".".join(name)] = BlockParts(written.listed, written.fields, made=True)
        work.see(scope, parts)
        ruled = [] if tree.block is None else self._rules(tree.block, made, path, scope=scope)
        part = made.finished()
        self._required(model, tree, path)
        entries = {work.source.spot(scope)[0]: 0}
        fields = tuple(_traced(names, rule, sources, entries) for names, rule, sources in ruled)
        trace = f"({', '.join([*entries, *(written.traces for written in inner)])},)"
        layout = Layout(path, False, fields, tuple(written.layout for written in inner))
        return layout, part, trace, parts

    def _inner(
        self,
        tree: _Tree,
        around: PartWriter,
        path: tuple[str, ...],
        name: tuple[str, ...],
        *,
        scope: Any,
    ) -> _Made | None:
        block, work, program = tree.block, self._work, self._work.program
        assert block is not None
        found = self._part(around.model, block, path, name)
        if found is None:
            return None
        if (items := self._items(block, scope)) is None:
            return None
        above = around.holder(name[:-1])
        listed, traces = program.fresh("o"), program.fresh("w")
        program.line(f"{listed} = {traces} = ()")
        condition = block.rules.get(CONDITION)
        with nullcontext() if items.guard is None else program.block(f"if {items.guard}:"):
            program.line(f"{listed} = []")
            program.line(f"{traces} = []")
            grouped = block.source is not None and block.source.text == _EACH
            outer = work.translator.position
            with work.source.again(items, "members") if grouped else work.source.each(items):
                work.translator.position = f"len({listed}) + 1"
                if condition is not None:
                    self._skip(condition, items.scope, (*path, *name))
                layout, part_made, trace, _ = self._block(tree, found.model, (*path, *name), items.scope)
                if not found.many:
                    self._only(block, listed, items.scope, (*path, *name))
                program.line(f"{listed}.append({part_made})")
                program.line(f"{traces}.append({trace})")
            work.translator.position = outer
            kept = f"TUPLE({listed})" if found.many else f"{listed}[0]"
            with program.block(f"if {listed}:"):
                around.fill(above, name[-1], kept, always=False)
        fields = {rule.name: self._kind(found.model, rule) for rule in block.rules.values()}
        return _Made(Layout(name, not found.many, layout.fields, layout.blocks), listed, traces, fields)

    def _part(
        self, model: type[BaseModel], block: Block, path: tuple[str, ...], name: tuple[str, ...]
    ) -> PartField | None:
        try:
            return find_part(model, name)
        except UnknownField as unknown:
            shown_path = ".".join((*path, *name))
            if unknown.position < len(name) - 1:
                around = ".".join((*path, *name[: unknown.position + 1]))
                self._work.fault(block.key.place, f'there is no block "{around}" around it')
                return None
            known = [self._model.header_block, *blocks(model)] if not path else blocks(model)
            self._work.fault(block.key.place, f'no block "{shown_path}"{did_you_mean(name[-1], known)}')
            return None

    def _items(self, block: Block, scope: Any) -> Items | None:
        work = self._work
        if block.source is None:
            work.fault(block.key.place, f"want the loop the block is made from, as {block.path[-1]}(PO1)")
            return None
        work.written = block.source
        if block.source.text == _EACH:
            if self._group is None or len(block.path) != 1:
                work.fault(block.source.place, f"want emit {_EACH}: ... by ..., whose group a block of the document is")
                return None
            return work.source.items(self._group, scope)
        try:
            return work.source.items(block.source.text, scope)
        except ExpressionFault as fault:
            work.expression_fault(fault.at, fault.message)
            return None

    def _skip(self, rule: Rule, scope: Any, path: tuple[str, ...]) -> None:
        """Write that parts which do not meet the block's condition are left out."""
        self._work.see(scope, {})
        found = self._work.condition(".".join((*path, CONDITION)), rule.expression)
        if found is not None:
            test, bad = found
            kept = "" if not self._work.program.mutable else f" and not ({self._work.mutant('deleted')})"
            self._work.program.line(f"if {f'{test} is not BAD and ' if bad else ''}not ({test}){kept}: continue")

    def _only(self, block: Block, listed: str, scope: Any, path: tuple[str, ...]) -> None:
        """Write that a part which is no list is made once."""
        assert block.source is not None
        self._work.number(".".join(path), block.source)
        holder, _ = self._work.source.spot(scope)
        with self._work.program.block(f"if {listed}:"):
            self._work.program.line(
                f"report.several({self._work.rule}, {holder}, {block.source.text!r}, {self._work.rule})"
            )
            self._work.program.line("break")

    # rules

    def _rules(
        self,
        block: Block,
        part: PartWriter,
        path: tuple[str, ...],
        *,
        scope: Any,
    ) -> list[_Ruled]:
        """Write a block's rules; of each what `_traced` wants.

        Rules side by side that all need one part of what is read stand behind one test for it.
        """
        work, program = self._work, self._work.program
        condition = block.rules.get(CONDITION)
        if condition is not None and not path:
            work.fault(condition.key.place, "a document has no condition; assert says what must hold")
        rules = [rule for rule in block.rules.values() if rule is not condition]
        if work.settled:
            rules = [rule for rule in rules if (block.path, rule.name) not in work.settled]
        written: list[_Ruled] = []
        for needed, group in groupby(rules, lambda rule: self._needed(rule, part.model, scope)):
            place = program.reserve()
            origins: list[str] = []
            with work.translator.branch(None if needed is None else f"if {needed} is not None:"):
                part.guard = None if needed is None else program.reserve()
                for rule in group:
                    if "." in rule.name:
                        with program.filling(place):
                            part.begin(tuple(rule.name.split(".")))
                    found = self._rule(rule, part, path, always=needed is None)
                    if found is not None:
                        written.append(found)
                        origins += [source[1:] for source in found[2] if needed and source.startswith("*")]
                part.guard = None
            if origins:
                with program.filling(place):
                    program.line(" = ".join(dict.fromkeys(origins)) + " = ()")
        return written

    def _needed(self, rule: Rule, model: type[BaseModel], scope: Any) -> str | None:
        """The name of what must be there for a rule to do anything; faults of the rule are told when it is written."""
        try:
            target = find_field(model, tuple(rule.name.split(".")))
            if rule.required or (target.required and rule.required is not False):
                return None
            return need(parse(rule.expression.text, self._work.source.dialect), self._work.source, scope)
        except (UnknownField, ExpressionFault):
            return None

    def _rule(
        self,
        rule: Rule,
        part: PartWriter,
        path: tuple[str, ...],
        *,
        always: bool,
    ) -> _Ruled | None:
        """Write one rule."""
        work = self._work
        names = tuple(rule.name.split("."))
        target: TargetField | None = None
        try:
            target = find_field(part.model, names)
        except UnknownField as unknown:
            offset = sum(len(name) + 1 for name in names[: unknown.position])
            work.fault(rule.key.at(offset), unknown.message)
        work.number(".".join((*path, *names)), rule.expression)
        value = work.expression(rule.expression)
        if value is None or target is None:
            return None
        value = work.translator.mutated(value, "deleted")
        if value.kind not in (target.kind, Kind.UNKNOWN, Kind.NOTHING):
            told = {Kind.NUMBER: "; num(..) reads a number", Kind.DATE: "; date(..) reads a date"}
            hint = told.get(target.kind, "") if value.kind is Kind.TEXT else ""
            work.fault(rule.expression.place, f"{rule.name} takes a {target.kind}; this is a {value.kind}{hint}")
            return None
        for choice in sorted(value.choices or (), key=str):
            refusal = target.refusal(choice)
            if refusal is not None:
                work.fault(rule.expression.place, f'{rule.name} would not take "{choice}": {refusal}')
        self._store(rule, part, value=value, target=target, always=always)
        return names, work.rule, value.sources

    def _store(self, rule: Rule, part: PartWriter, *, value: Value, target: TargetField, always: bool) -> None:
        number, name, program = self._work.rule, target.path[-1], self._work.program
        holder = part.holder(target.path[:-1])
        if rule.required or (target.required and rule.required is not False):
            with program.block(f"if {absence(value)}:"):
                own = self._work.source.spot(self._work.translator.scope)
                spot, element = value.spot or own
                part.fill(holder, name, f"report.missing({number}, {spot}, {element}, {own[0]})", always=always)
            with program.block("else:"):
                part.fill(holder, name, part.fitting(value, target), always=always)
        elif value.absent:
            present = value.code if value.kind in (Kind.TEXT, Kind.TEXTS) else f"{value.code} is not None"
            with program.block(f"if {present}:"):
                part.fill(holder, name, part.fitting(value, target), always=False)
        else:
            part.fill(holder, name, part.fitting(value, target), always=always)

    def _kind(self, model: type[BaseModel], rule: Rule) -> Kind:
        try:
            return find_field(model, tuple(rule.name.split("."))).kind
        except UnknownField:
            return Kind.UNKNOWN

    def _required(self, model: type[BaseModel], tree: _Tree, path: tuple[str, ...]) -> None:
        place = self._work.spec.start if tree.block is None else tree.block.key.place
        rules = {} if tree.block is None else tree.block.rules
        begun = {rule.split(".")[0] for rule in rules} | {name[0] for name in tree.inside}
        for name in required_fields(model):
            if name not in begun:
                where = ".".join(path) or self._model.header_block
                self._work.fault(place, f'{where} cannot be without "{name}"; write a rule for it')
            elif name in rules and rules[name].required is False:
                self._work.fault(
                    rules[name].key.place, f'no {self._model.schema_name} can be without "{name}"; leave the ? out'
                )


def _traced(names: tuple[str, ...], rule: int, sources: tuple[str, ...], entries: dict[str, int]) -> FilledField:
    """How a rule's sources are found in the trace; `entries` is program text of what stands there, by its index."""

    def index(text: str) -> int:
        return entries.setdefault(text, len(entries))

    if len(sources) == 1 and not sources[0].startswith(("*", "'")):
        holder, part = sources[0].rsplit(", ", 1)
        if part.isdecimal():
            return FilledField(names, rule, index(holder), int(part))
        if not part.startswith("'"):
            return FilledField(names, rule, index(holder), None, index(part))
    return FilledField(names, rule, index(tuple_code(sources)))


def _finished(
    model: type[Document], content: Any, report: Report, lineage: LineageView, terms: object
) -> Document | None:
    """The document; None, and an issue for every value the model refuses, where the value came from."""
    del terms  # a canonical document is written in no file
    if isinstance(content, model):
        return content
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        for fault in faults:
            if any(other["loc"][: len(fault["loc"])] == fault["loc"] for other in faults if other is not fault):
                continue  # a list is too short because what stands in it is refused: that is told
            path = _path(fault["loc"])
            found = lineage.origin(path)
            given = fault["input"] if isinstance(fault["input"], str) else ""
            told = f"{path} is {shown(given)}" if given else path
            message = f"{told}; {model.schema_name} wants: {fault['msg']}"
            rule, holder, part = found or (None, None, None)
            report.add("map.value.invalid", rule, message, holder, part, cause=path, value=given or None)
        return None


def _shown(document: Document) -> Any:
    """The canonical form, as a JSON value."""
    return json.loads(document.to_json_bytes())


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path
