"""CompiledMap: a map ready to run, and what it remembers of where each rule was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mappings.gather import PROGRAM_NAMES
from mappings.program import Program
from translators.canonical.common import Document
from translators.tree import Segment


@dataclass(frozen=True, slots=True)
class RulePlace:
    """A rule (or assert) and where it was written: `field` as `lines.unit`, `file` as `base/850.in/map.yaml`."""

    field: str
    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class FilledField:
    """A rule's field in its part: the path, the number of the rule, and how to read its entry in the trace.

    The entry is the segment where `element` says which element of it; a number where it is that element of the part's
    own segment; else a tuple of pairs (segment, element).
    """

    path: tuple[str, ...]
    rule: int
    element: int | None

    def sources(self, entry: Any, own: Segment) -> tuple[Any, ...]:
        """The pairs (segment, element) of a trace entry."""
        if self.element is not None:
            return (entry, self.element)
        return (own, entry) if isinstance(entry, int) else tuple(entry)


@dataclass(frozen=True, slots=True)
class Layout:
    """How the trace of a part is laid out: its own segment, one entry for each rule, one list for each block in it."""

    path: tuple[str, ...]
    fields: tuple[FilledField, ...]
    blocks: tuple[Layout, ...]


class Runner:
    """A map's program, made into code the first time it runs: `(root, report, env, file, agreement, separator)`."""

    def __init__(self, name: str, program: Program) -> None:
        self._name = name
        self._program = program
        self._function: Callable[..., tuple[dict[str, Any], tuple[Any, ...]]] | None = None

    @property
    def text(self) -> str:
        """The program, to read."""
        return self._program.text

    @property
    def function(self) -> Callable[..., tuple[dict[str, Any], tuple[Any, ...]]]:
        """The program as a function; it gives the content and the trace."""
        if self._function is None:
            names = {**PROGRAM_NAMES, **self._program.constants}
            # The program is text of ours: see program.py for how little of the map's own text gets into it.
            exec(self._program.compiled(self._name), names)  # noqa: S102
            self._function = names["mapped"]
        return self._function


@dataclass(frozen=True, slots=True, eq=False)
class CompiledMap:
    """A map whose every reference is resolved.

    Args:
        name: as the catalog finds it, `acme/850.in`.
        partner: whose it is; None for a base map.
        syntax, set_code, version: what it reads, `x12`, `850`, `004010`.
        schema_name, model: what it makes.
        revision: SHA-256 (hex) of the resolved form: the same where the map means the same, whatever its layout.
        rules: every rule and assert, by its number.
        layout: of the trace.
        agreement_names: what it reads of the agreement.
        runner: the program it became.
        resolved: the resolved form, for `tradelane map show`.
    """

    name: str
    partner: str | None
    syntax: str
    set_code: str
    version: str
    schema_name: str
    model: type[Document]
    revision: str
    rules: tuple[RulePlace, ...]
    layout: Layout
    agreement_names: frozenset[str]
    runner: Runner = field(repr=False)
    resolved: dict[str, Any] = field(repr=False)
