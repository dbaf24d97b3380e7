"""Program: the Python text a map becomes, written line by line, and the values it refers to by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
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


class _Indented:
    """The end of a block of a program; one is enough, as blocks end in the order they are nested."""

    __slots__ = ("_program",)

    def __init__(self, program: Program) -> None:
        self._program = program

    def __enter__(self) -> None:
        return None

    def __exit__(self, *raised: object) -> None:
        self._program.indent -= 1


class _Filling:
    """While it lasts, a program's lines go into a place that was kept."""

    __slots__ = ("_kept", "_place", "_program")

    def __init__(self, program: Program, place: Reserved) -> None:
        self._program = program
        self._place = place

    def __enter__(self) -> None:
        program, place = self._program, self._place
        self._kept = program.lines, program.indent
        program.lines, program.indent = place.lines, place.indent

    def __exit__(self, *raised: object) -> None:
        self._program.lines, self._program.indent = self._kept


class Program:
    """Lines of Python with their indentation. What a map says gets into it through `repr` or a constant only.

    `lines` and `indent` are where the next line goes.
    """

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
        self.lines: _Lines = []
        self.indent = 0
        self._block = _Indented(self)
        self._fresh = 0
        self.constants: dict[str, Any] = {}

    def line(self, text: str) -> None:
        """Add one line."""
        self.lines.append(" " * self.indent + text)

    def reserve(self) -> Reserved:
        """Keep a place for lines that are known later."""
        place = Reserved([], self.indent)
        self.lines.append(place.lines)
        return place

    def filling(self, place: Reserved) -> AbstractContextManager[None]:
        """Write into a reserved place."""
        return _Filling(self, place)

    def block(self, header: str) -> AbstractContextManager[None]:
        """Add a header and indent what follows, up to the end of the `with` this stands in."""
        self.lines.append(" " * self.indent + header)
        self.indent += 1
        return self._block

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
        return "\n".join(_flat(self.lines)) + "\n"

    def compiled(self, name: str) -> CodeType:
        """The program as code, `name` shown in tracebacks."""
        return compile(self.text, f"<map {name}>", "exec", dont_inherit=True)


def _flat(lines: _Lines) -> Iterator[str]:
    for line in lines:
        if isinstance(line, str):
            yield line
        else:
            yield from _flat(line)
