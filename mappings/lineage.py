"""Lineage: where every canonical value came from, the map's line and the document's bytes; worked out when asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mappings.compiled import CompiledMap
from mappings.source import Places, SourceRange, first_place

STORED = 5
"""So much of a SourceRange is stored; line and column are found again by the bytes."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where one value came from: the rule (`file` and `line` of the map) and the sources, none for a constant."""

    file: str
    line: int
    rule: str
    sources: tuple[SourceRange, ...]

    def as_json(self) -> dict[str, Any]:
        """For programs: `{"file", "line", "rule", "sources": [{"name", "segment", "element", "start", "end"}]}`.

        Sources of text formats have `line_number` and `column` too.
        """
        sources = [
            {"name": s.name, "segment": s.segment, "element": s.element, "start": s.start, "end": s.end}
            | ({} if s.line is None else {"line_number": s.line, "column": s.column})
            for s in self.sources
        ]
        return {"file": self.file, "line": self.line, "rule": self.rule, "sources": sources}


class LineageView(Mapping[str, Lineage]):
    """The lineage of a document by path (`number`, `ship_to.code`, `lines[0].qty`); only values that are there.

    A run keeps one tuple for each block, none where it made nothing; the paths are made the first time somebody asks.
    `content` is what the map's program gave.
    """

    def __init__(self, compiled: CompiledMap, places: Places, content: Any, trace: Any) -> None:
        self._compiled = compiled
        self._places = places
        self.content = content
        self._trace = trace
        self._found: dict[str, tuple[int, Sequence[Any]]] | None = None

    def __getitem__(self, path: str) -> Lineage:
        number, sources = self._paths[path]
        rule = self._compiled.rules[number]
        return Lineage(rule.file, rule.line, rule.text, tuple(self._ranges(sources)))

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def compact(self) -> dict[str, list[Any]]:
        """All of it as it is stored.

        Returns:
            path -> [map file, line, [[name, segment, element, start, end] of each source]].
        """
        rules, found = self._compiled.rules, {}
        for path, (number, sources) in self._paths.items():
            rule = rules[number]
            found[path] = [rule.file, rule.line, [held[:STORED] for held in self._ranges(sources)]]
        return found

    def origin(self, path: str) -> tuple[int, Any, Any] | None:
        """The rule's number and the first (holder, part) a path was made from; None where no rule filled it."""
        if path not in self._paths:
            return None
        number, sources = self._paths[path]
        return (number, *first_place(sources))

    def _ranges(self, sources: Sequence[Any]) -> list[SourceRange]:
        place = self._places.range
        # Nearly every value has one source: no loop is begun for it.
        if len(sources) == 2 and sources[0] is not None and not isinstance(sources[0], str):
            return [place(sources[0], sources[1])]
        found = []
        for position in range(0, len(sources), 2):
            holder, part = sources[position], sources[position + 1]
            if holder is not None:
                found.append(SourceRange(holder) if isinstance(holder, str) else place(holder, part))
        return found

    @property
    def _paths(self) -> dict[str, tuple[int, Sequence[Any]]]:
        if self._found is None:
            self._found = dict(self._compiled.layout.walk(self.content, self._trace)) if self.content else {}
        return self._found
