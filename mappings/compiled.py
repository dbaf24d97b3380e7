"""CompiledMap: a map ready to run, and what it remembers of where each rule was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from mappings.document_parts import filled, filled_of
from mappings.gather import PROGRAM_NAMES
from mappings.kinds import BAD
from mappings.program import Mutant, Program
from mappings.source import Opener
from mappings.spec import Side


class RulePlace(NamedTuple):
    """A rule (or assert) and where it was written: `field` as `lines.unit`, `file` as `base/850.in/map.yaml`."""

    field: str
    file: str
    line: int
    text: str


class FilledField(NamedTuple):
    """A rule's field in its part: the path, the number of the rule, and how to find its sources in the part's trace.

    `at` is the index of their holder, 0 the part's own. `part` says which part of it, `part_at` is the index of that
    instead where it is known by the document alone; with neither, a tuple of pairs (holder, part) stands at `at`.
    """

    path: tuple[str, ...]
    rule: int
    at: int
    part: Any = None
    part_at: int | None = None

    def sources(self, trace: tuple[Any, ...]) -> tuple[Any, ...]:
        """The flat pairs (holder, part) of a trace."""
        if self.part_at is not None:
            return (trace[self.at], trace[self.part_at])
        return tuple(trace[self.at]) if self.part is None else (trace[self.at], self.part)


class Trail(Protocol):
    """How a target's trace is read."""

    def walk(self, content: Any, trace: Any) -> Iterator[tuple[str, tuple[int, Sequence[Any]]]]:
        """Every value that is there: its path, the number of its rule, flat pairs (holder, part) of its sources."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the trace of a part is laid out: its own holder, what its rules' sources are made of, a list for each block.

    `path` leads there from the part around it; `single`: it is no list. `inner` are the parts in which its fields
    stand, as paths, and `places` says of each field: which of them, its name there, its path as text.
    """

    path: tuple[str, ...]
    single: bool
    fields: tuple[FilledField, ...]
    blocks: tuple[Layout, ...]
    inner: tuple[tuple[str, ...], ...] = field(init=False)
    places: tuple[tuple[int, str, str, FilledField], ...] = field(init=False)

    def __post_init__(self) -> None:
        inner = {path: place for place, path in enumerate(dict.fromkeys(rule.path[:-1] for rule in self.fields))}
        places = tuple((inner[rule.path[:-1]], rule.path[-1], ".".join(rule.path), rule) for rule in self.fields)
        object.__setattr__(self, "inner", tuple(inner))
        object.__setattr__(self, "places", places)

    def walk(
        self, content: Any, trace: tuple[Any, ...], prefix: str = ""
    ) -> Iterator[tuple[str, tuple[int, Sequence[Any]]]]:
        """See Trail."""
        parts = [filled_of(_held(content, path)) for path in self.inner]
        for place, name, path, rule in self.places:
            names, values = parts[place]
            if name in names and (held := values[name]) is not None and held is not BAD:
                yield prefix + path, (rule.rule, rule.sources(trace))
        for block, traces in zip(self.blocks, trace[len(trace) - len(self.blocks) :], strict=True):
            found = _held(content, block.path)
            path = prefix + ".".join(block.path)
            if found is None or not traces:
                continue
            if block.single:
                yield from block.walk(found, traces[0], f"{path}.")
                continue
            for position, (part, below) in enumerate(zip(found, traces, strict=False)):
                yield from block.walk(part, below, f"{path}[{position}].")


def _held(content: Any, path: Sequence[str]) -> Any:
    for name in path:
        content = filled(content, name)
    return content


class MapBody(NamedTuple):
    """What a map's rules became.

    Args:
        rules: every rule and assert, by its number.
        layout: of the trace.
        agreement_names: what it reads of the agreement.
        unread: names of what a document says and no rule reads.
        program: what runs.
    """

    rules: tuple[RulePlace, ...]
    layout: Trail
    agreement_names: frozenset[str]
    unread: Callable[[Any], Iterator[str]]
    program: Program


class Runner:
    """A map's program, made into code the first time it runs: its arguments are those of `Target.write`."""

    def __init__(self, name: str, body: Callable[[], MapBody]) -> None:
        self._name = name
        self._body = body
        self._function: Callable[..., list[tuple[Any, tuple[Any, ...]]]] | None = None

    @property
    def text(self) -> str:
        """The program, to read."""
        return self._body().program.text

    @property
    def mutants(self) -> Sequence[Mutant]:
        """What can be switched on in a mutable program."""
        return self._body().program.mutants

    def switch(self, number: int) -> None:
        """Switch a mutant on by its number (from 1); 0 for none."""
        self._body().program.switch[0] = number

    @property
    def function(self) -> Callable[..., list[tuple[Any, tuple[Any, ...]]]]:
        """The program as a function; it gives (content, trace) of each document."""
        if self._function is None:
            program = self._body().program
            names = {**PROGRAM_NAMES, **program.constants, "SWITCH": program.switch}
            # The program is text of ours: see program.py for how little of the map's own text gets into it.
            exec(program.compiled(self._name), names)  # noqa: S102
            self._function = names["mapped"]
        return self._function


@dataclass(frozen=True, slots=True, eq=False)
class CompiledMap:
    """A map without faults.

    Args:
        name: as the catalog finds it, `acme/850.in`.
        partner: whose it is; None for a base map.
        reads, makes: its two sides.
        revision: SHA-256 (hex) of the resolved form: the same where the map means the same, whatever its layout.
        body: gives what its rules became; of a map that extends another they are written when somebody asks.
        opener: opens what it reads.
        finisher: makes the target's own object of what the program gave.
        shown: the JSON value or text of what was made; files of it end in `suffix`.
        runner: the program it became.
        form: the layout of the files it reads or makes, where it has one; else None.
        retired: it is not to be used any more; every document is an issue.
        resolved: the resolved form, for `tradelane map show`.
    """

    name: str
    partner: str | None
    reads: Side
    makes: Side
    revision: str
    body: Callable[[], MapBody] = field(repr=False)
    opener: Opener = field(repr=False)
    finisher: Callable[..., Any] = field(repr=False)
    shown: Callable[[Any], Any] = field(repr=False)
    suffix: str
    runner: Runner = field(repr=False)
    resolved: dict[str, Any] = field(repr=False)
    form: Any = field(default=None, repr=False)
    retired: bool = False

    @property
    def rules(self) -> tuple[RulePlace, ...]:
        """See MapBody."""
        return self.body().rules

    @property
    def layout(self) -> Trail:
        """See MapBody."""
        return self.body().layout

    @property
    def agreement_names(self) -> frozenset[str]:
        """See MapBody."""
        return self.body().agreement_names

    @property
    def unread(self) -> Callable[[Any], Iterator[str]]:
        """See MapBody."""
        return self.body().unread
