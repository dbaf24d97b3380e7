"""Program: the Python text a map becomes, written line by line, and the values it refers to by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType
from typing import Any

_Lines = list["str | _Lines"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a map that a sample should notice: the rule's number, and what is changed."""

    rule: int
    change: str


@dataclass(frozen=True, slots=True)
class Reserved:
    """A place in a program kept for later."""

    lines: _Lines
    indent: int


class Program:
    """Lines of Python with their indentation. What a map says gets into it through `repr` or a constant only."""

    def __init__(self, *, mutable: bool = False) -> None:
        """An empty program.

        Args:
            mutable: every rule can be switched to one of its mutants, by the number in `switch[0]` (from 1). `rows`
                has that of each table's row, by table and code.
        """
        self.mutable = mutable
        self.mutants: list[Mutant] = []
        self.rows: dict[tuple[str, str], int] = {}
        self.switch = [0]
        self._lines: _Lines = []
        self._indent = 0
        self._fresh = 0
        self.constants: dict[str, Any] = {}

    def line(self, text: str) -> None:
        """Add one line."""
        self._lines.append(" " * self._indent + text)

    def reserve(self) -> Reserved:
        """Keep a place for lines that are known later."""
        place = Reserved([], self._indent)
        self._lines.append(place.lines)
        return place

    @contextmanager
    def filling(self, place: Reserved) -> Iterator[None]:
        """Write into a reserved place."""
        kept = self._lines, self._indent
        self._lines, self._indent = place.lines, place.indent
        try:
            yield
        finally:
            self._lines, self._indent = kept

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Add a header and indent what follows."""
        self.line(header)
        self._indent += 1
        try:
            yield
        finally:
            self._indent -= 1

    def fresh(self, prefix: str) -> str:
        """A name not used before; prefixes end in `_`, so that they never meet the names of scopes and matches."""
        self._fresh += 1
        return f"{prefix}_{self._fresh}"

    def constant(self, value: Any) -> str:
        """A name for a value made when the map was loaded."""
        name = self.fresh("K")
        self.constants[name] = value
        return name

    def mutant(self, rule: int, change: str) -> str:
        """Program text that is true while this mutant is switched on; "False" in a program that is not mutable."""
        if not self.mutable:
            return "False"
        self.mutants.append(Mutant(rule, change))
        return f"SWITCH[0] == {len(self.mutants)}"

    def row(self, rule: int, table: str, code: str) -> None:
        """Make a row of a code table a mutant: switched on, the row is not there."""
        self.mutants.append(Mutant(rule, "row left out"))
        self.rows[table, code] = len(self.mutants)

    @property
    def text(self) -> str:
        """The whole program."""
        return "\n".join(_flat(self._lines)) + "\n"

    def compiled(self, name: str) -> CodeType:
        """The program as code, `name` shown in tracebacks."""
        return compile(self.text, f"<map {name}>", "exec", dont_inherit=True)


def _flat(lines: _Lines) -> Iterator[str]:
    for line in lines:
        if isinstance(line, str):
            yield line
        else:
            yield from _flat(line)
