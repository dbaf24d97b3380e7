"""Writer: what all parts of the translator write the program with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from mappings.kinds import Kind
from mappings.program import Program, Reserved
from mappings.source import Source
from mappings.syntax import Node, offset
from mappings.values import UNKNOWN, BlockParts, Value, absence, tuple_code

_ALWAYS: AbstractContextManager[None] = nullcontext()


class _Branch:
    """Lines behind a test, and what is known while they are written."""

    __slots__ = ("_block", "_known")

    def __init__(self, known: list[dict[Any, Value]], block: AbstractContextManager[None]) -> None:
        self._known = known
        self._block = block

    def __enter__(self) -> None:
        self._block.__enter__()
        self._known.append({})

    def __exit__(self, *raised: Any) -> None:
        self._known.pop()
        self._block.__exit__(*raised)


class Writer(ABC):
    """Writes into a program. `scope`, `rule` and `parts` are set by the compiler before each rule.

    `each` is what documents are grouped by, `position` the name of the number of the part at hand. `fault` is called
    with the offset and message of every fault; `agreement_names` collects what maps read of the agreement. `volatile`
    counts what was written that gives another value every time; `top` is run once for each document.
    """

    def __init__(
        self,
        program: Program,
        source: Source,
        tables: Mapping[str, Mapping[str, str]],
        fault: Callable[[int, str], None],
    ) -> None:
        self.program = program
        self.source = source
        self._tables = tables
        self.fault = fault
        self._known: list[dict[tuple[int, Any], Value]] = [{}]
        self._numbers: dict[Node, int] = {}
        self._numbered: dict[int, tuple[Node, int]] = {}
        self._constants: dict[Any, str] = {}
        self.scope: Any
        self.rule = 0
        self.parts: Mapping[str, BlockParts] = {}
        self.each: Value | None = None
        self.position = ""
        self.volatile = 0
        self.counters: dict[str, str] = {}
        self.top: Reserved
        self.agreement_names: set[str] = set()

    @abstractmethod
    def translate(self, node: Node) -> Value:
        """Write a node; the name that holds its value is in the result."""

    @abstractmethod
    def _either(self, operands: tuple[Node, ...], at: int) -> Value:
        """Write the first of several values that is not absent."""

    def number_of(self, node: Node) -> int:
        """A number for a node, the same for nodes that are equal; a node is hashed, which goes through it all, once."""
        known = self._numbered.get(id(node))
        if known is None:
            known = self._numbered[id(node)] = (node, self._numbers.setdefault(node, len(self._numbers)))
        return known[1]

    def _wanted(self, node: Node, kind: Kind) -> Value:
        value = self.translate(node)
        if value.kind not in (kind, Kind.UNKNOWN):
            hint = ""
            if kind is Kind.NUMBER and value.kind is Kind.TEXT:
                hint = "; num(..) reads a number"
            self.fault(offset(node), f"found a {value.kind}; want a {kind}{hint}")
            return UNKNOWN
        return value

    def _worked(self, work: str, values: list[Value], further: str = "", kind: Kind = Kind.NUMBER) -> Value:
        """A function of values, absent where one of them is."""
        code = self.program.fresh("v")
        sources = tuple(source for value in values for source in value.sources)
        word = "if"
        for test, result in (
            (" or ".join(f"{value.code} is BAD" for value in values if value.bad), "BAD"),
            (" or ".join(absence(value) for value in values if value.absent), "''" if kind is Kind.TEXT else "None"),
        ):
            if test:
                with self.program.block(f"{word} {test}:"):
                    self.program.line(f"{code} = {result}")
                word = "elif"
        call = f"{code} = {work}({', '.join(value.code for value in values)}{further})"
        with self.branch("else:" if word == "elif" else None):
            self.program.line(call)
            self.check(code, found=None, sources=sources)
        return Value(code, kind, True, any(value.absent for value in values), sources)

    def assign(self, text: str, bad: list[Value] | None = None) -> str:
        """Write `text` into a fresh name, BAD where one of the values is; the name."""
        code = self.program.fresh("v")
        tests = [f"{value.code} is BAD" for value in bad or () if value.bad]
        self.program.line(f"{code} = BAD if {' or '.join(tests)} else {text}" if tests else f"{code} = {text}")
        return code

    def mutated(self, value: Value, change: str) -> Value:
        """The value, absent while its mutant is switched on; written in mutable programs alone."""
        if not self.program.mutable or value.kind in (Kind.UNKNOWN, Kind.NOTHING):
            return value
        absent = {Kind.TEXT: "''", Kind.TEXTS: "()", Kind.BOOL: "False"}.get(value.kind, "None")
        code = self.assign(f"{absent} if {self.program.mutant(self.rule, change)} else {value.code}")
        return value._replace(code=code, absent=True)

    def unless(self, text: str, change: str) -> str:
        """Program text of a value, None while its mutant is switched on."""
        return f"(None if {self.program.mutant(self.rule, change)} else {text})" if self.program.mutable else text

    def check(self, code: str, *, found: str | None, sources: tuple[str, ...]) -> None:
        """Write that an Unreadable becomes an issue and BAD; `found` is program text of what was read."""
        with self.program.block(f"if {code}.__class__ is UNREADABLE:"):
            self.program.line(
                f"{code} = report.unreadable({self.rule}, {code}, {found or code + '.found'}, {tuple_code(sources)})"
            )

    def constant(self, value: Any, *, shared: bool = True) -> str:
        """The name of a value made when the map was loaded."""
        key = (type(value), value) if shared else object()
        if key not in self._constants:
            self._constants[key] = self.program.constant(value)
        return self._constants[key]

    def branch(self, header: str | None) -> AbstractContextManager[None]:
        """Lines that are not always run: what they work out is not known after them."""
        if header is None:
            return _ALWAYS
        return _Branch(self._known, self.program.block(header))
