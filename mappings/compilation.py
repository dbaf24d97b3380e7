"""Compilation: what the parts of the compiler share while one map is made into a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mappings.compiled import RulePlace
from mappings.expressions import ExpressionFault, parse
from mappings.kinds import Kind
from mappings.program import Program
from mappings.source import Source
from mappings.spec import MapSpec, Written
from mappings.syntax import Node, ReferenceNode
from mappings.translate import Translator
from mappings.values import BlockParts, Value, tuple_code
from translators.datafile import LoadFault, Place


class Compilation:
    """The program being written, the rules numbered so far, and every fault found so far.

    Rules of `settled` (path of the block, field) are known to be without faults, and need not be written.
    """

    def __init__(
        self,
        spec: MapSpec,
        source: Source,
        program: Program,
        *,
        settled: frozenset[tuple[tuple[str, ...], str]] = frozenset(),
    ) -> None:
        self.settled = settled
        self.spec = spec
        self.source = source
        self.program = program
        self.faults: list[LoadFault] = []
        self.rules: list[RulePlace] = []
        tables = {name: {code: word.text for code, word in rows.items()} for name, rows in spec.tables.items()}
        self.translator = Translator(program, source, tables, self.expression_fault)
        self.written = Written("", spec.start, spec.origin)
        if program.mutable:
            self._rows()

    @property
    def rule(self) -> int:
        """The number of the rule being written."""
        return len(self.rules) - 1

    def _rows(self) -> None:
        """Give every row of every table a number and a mutant, as a rule has."""
        for name, rows in self.spec.tables.items():
            for code, word in rows.items():
                rule = self.number(f"tables.{name}", replace(word, text=f"{code}: {word.text}"))
                self.program.row(rule, name, code)

    def mutant(self, change: str) -> str:
        """Program text that is true while a mutant of the rule being written is switched on."""
        return self.program.mutant(self.rule, change)

    def see(self, scope: Any, parts: Mapping[str, BlockParts]) -> None:
        """What expressions see from here on."""
        self.translator.scope, self.translator.parts = scope, parts

    def number(self, path: str, written: Written) -> int:
        """Give the rule that is written next its number."""
        self.translator.rule = len(self.rules)
        self.rules.append(RulePlace(path, written.origin.name, written.place.line, written.text))
        return self.rule

    def expression(self, written: Written) -> Value | None:
        """Write an expression; None where it has faults."""
        self.written = written
        before = len(self.faults)
        node = self.parsed(written)
        if node is None:
            return None
        value = self.translator.translate(node)
        if value.kind is Kind.SEGMENTS and isinstance(node, ReferenceNode):
            self.fault(written.place, f"{node.text} names segments; want an element, as {node.text}.01")
        return value if len(self.faults) == before else None

    def parsed(self, written: Written) -> Node | None:
        """The tree of an expression; None where it does not read."""
        self.written = written
        try:
            return parse(written.text, self.source.dialect)
        except ExpressionFault as fault:
            self.expression_fault(fault.at, fault.message)
            return None

    def condition(self, path: str, written: Written) -> tuple[str, bool] | None:
        """Write a condition; program text that is true where it holds, and whether that may be BAD."""
        self.number(path, written)
        self.written = written
        before = len(self.faults)
        node = self.parsed(written)
        if node is None:
            return None
        value = self.translator.translate(node)
        if len(self.faults) > before:
            return None
        return self.translator.truth(value), value.bad

    def asserted(self, name: str, written: Written) -> None:
        """Write an assert."""
        self.number(name, written)
        value = self.expression(written)
        if value is None or value.kind is Kind.UNKNOWN:
            return
        if value.kind is not Kind.BOOL:
            self.fault(written.place, f"an assert is true or false; this is a {value.kind}")
            return
        test = f"{value.code} is not BAD and not {value.code}" if value.bad else f"not {value.code}"
        if self.program.mutable:
            test = f"({test}) and not ({self.mutant('deleted')})"
        with self.program.block(f"if {test}:"):
            self.program.line(f"report.failed({self.rule}, {tuple_code(value.sources)})")

    def expression_fault(self, at: int, message: str) -> None:
        """A fault at an offset of the text being written."""
        self.fault(self.written.at(at), message)

    def fault(self, place: Place, message: str) -> None:
        """A fault of the map."""
        self.faults.append(LoadFault(place, message))
