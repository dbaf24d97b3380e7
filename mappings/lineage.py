"""Lineage: where every canonical value came from, the map's line and the document's bytes; worked out when asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mappings.compiled import CompiledMap, Layout
from mappings.kinds import BAD
from translators.tree import Segment


@dataclass(frozen=True, slots=True)
class Source:
    """A place a value was made from: an element of a segment, by ordinal (ST = 1) and bytes [start, end) of the file.

    What came from around the document has its `name` (`agreement.currency`) and no segment.
    """

    name: str
    segment: int | None = None
    element: int | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where one value came from: the rule (`file` and `line` of the map) and the sources, none for a constant."""

    file: str
    line: int
    rule: str
    sources: tuple[Source, ...]

    def as_json(self) -> dict[str, Any]:
        """For programs: `{"file", "line", "rule", "sources": [{"name", "segment", "element", "start", "end"}]}`."""
        sources = [
            {"name": s.name, "segment": s.segment, "element": s.element, "start": s.start, "end": s.end}
            for s in self.sources
        ]
        return {"file": self.file, "line": self.line, "rule": self.rule, "sources": sources}


class LineageView(Mapping[str, Lineage]):
    """The lineage of a document by path (`number`, `ship_to.code`, `lines[0].qty`); only values that are there.

    A run keeps one tuple for each block, none where it made nothing; the paths are made the first time somebody asks.
    """

    def __init__(self, compiled: CompiledMap, content: dict[str, Any], trace: tuple[Any, ...]) -> None:
        self._compiled = compiled
        self._content = content
        self._trace = trace
        self._found: dict[str, tuple[int, Sequence[Any]]] | None = None

    def __getitem__(self, path: str) -> Lineage:
        number, sources = self._paths[path]
        rule = self._compiled.rules[number]
        return Lineage(rule.file, rule.line, rule.text, tuple(_sources(sources)))

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def compact(self) -> Iterator[tuple[str, str, int, list[list[Any]]]]:
        """All of it as it is stored: path, map file, line, and [name, segment, element, start, end] of each source."""
        rules = self._compiled.rules
        for path, (number, sources) in self._paths.items():
            rule = rules[number]
            yield path, rule.file, rule.line, _plain_sources(sources)

    def origin(self, path: str) -> tuple[int, Segment | None, int | None] | None:
        """The number of the rule that filled a path, and the first place it was made from; None where no rule did."""
        if path not in self._paths:
            return None
        number, sources = self._paths[path]
        for position in range(0, len(sources), 2):
            if isinstance(sources[position], Segment):
                return number, sources[position], sources[position + 1]
        return number, None, None

    @property
    def _paths(self) -> dict[str, tuple[int, Sequence[Any]]]:
        if self._found is None:
            walked = _walk(self._compiled.layout, self._content, self._trace, "") if self._trace else ()
            self._found = dict(walked)
        return self._found


def _walk(
    layout: Layout, content: dict[str, Any], trace: tuple[Any, ...], prefix: str
) -> Iterator[tuple[str, tuple[int, Sequence[Any]]]]:
    for filled, entry in zip(layout.fields, trace[1:], strict=False):
        held: Any = content
        for name in filled.path:
            held = held.get(name) if isinstance(held, dict) else None
        if held is not None and held is not BAD:
            yield prefix + ".".join(filled.path), (filled.rule, filled.sources(entry, trace[0]))
    for block, traces in zip(layout.blocks, trace[len(layout.fields) + 1 :], strict=True):
        name = block.path[-1]
        for position, (part, below) in enumerate(zip(content.get(name, ()), traces, strict=True)):
            yield from _walk(block, part, below, f"{prefix}{name}[{position}].")


def _plain_sources(sources: Sequence[Any]) -> list[list[Any]]:
    """As `_sources` says it, for programs."""
    found: list[list[Any]] = []
    for position in range(0, len(sources), 2):
        held, element = sources[position], sources[position + 1]
        if isinstance(held, Segment):
            start, end = held.element_range(element)
            found.append([f"{held.id}{element:02d}", held.ordinal, element, start, end])
        else:
            found.append([str(held), None, None, None, None])
    return found


def _sources(sources: Sequence[Any]) -> Iterator[Source]:
    for position in range(0, len(sources), 2):
        held, element = sources[position], sources[position + 1]
        if isinstance(held, Segment):
            start, end = held.element_range(element)
            yield Source(f"{held.id}{element:02d}", held.ordinal, element, start, end)
        else:
            yield Source(str(held))
