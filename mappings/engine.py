"""The engine: run a compiled map over one transaction set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from mappings.compiled import CompiledMap
from mappings.lineage import LineageView
from mappings.report import MapIssue, Report
from translators.canonical.common import Document
from translators.errors import shown
from translators.tree import Segment
from translators.x12.model import TransactionSet

_ENVELOPE_NAME = re.compile(r"(ISA|GS|ST)([0-9]{2})")


class Envelope(Mapping[str, str]):
    """The elements of ISA, GS and ST around a transaction set, as `GS03`; text as sent, padding stripped."""

    def __init__(self, source: TransactionSet) -> None:
        self._source = source

    def __getitem__(self, name: str) -> str:
        found = _ENVELOPE_NAME.fullmatch(name)
        segment = None if found is None else self._segments.get(found[1])
        if found is None or segment is None:
            raise KeyError(name)
        return segment.element(int(found[2])).rstrip(" ")

    def __iter__(self) -> Iterator[str]:
        for name, segment in self._segments.items():
            yield from (f"{name}{number:02d}" for number in range(1, len(segment.elements)))

    def __len__(self) -> int:
        return sum(len(segment.elements) - 1 for segment in self._segments.values())

    @property
    def _segments(self) -> dict[str, Segment]:
        found = {"ISA": self._source.interchange.isa, "GS": self._source.group.gs}
        if self._source.root is not None and self._source.root.segments:
            found["ST"] = self._source.root.segments[0]
        return found


@dataclass(frozen=True, slots=True)
class MapContext:
    """What a map may read from around the document.

    Args:
        env: elements of the envelope, as `GS03`.
        file: what is known of the file: `name`.
        agreement: values of the agreement, as `currency`.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    file: Mapping[str, str] = field(default_factory=dict)
    agreement: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def around(
        cls, source: TransactionSet, *, file_name: str = "", agreement: Mapping[str, str] | None = None
    ) -> MapContext:
        """The context of a set as it was read: the envelope is the set's own."""
        return cls(Envelope(source), {"name": file_name}, agreement or {})


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a run gave.

    Args:
        documents: one document; none where there are issues.
        issues: everything that is wrong, in the order of the document.
        lineage: where each value came from, by path (`lines[0].qty`); also of what was read where there are issues.
        map_name, map_revision: the map it was made with.
    """

    documents: tuple[Document, ...]
    issues: tuple[MapIssue, ...]
    lineage: LineageView
    map_name: str
    map_revision: str


def run(compiled: CompiledMap, source: TransactionSet, context: MapContext) -> Mapped:
    """Map one transaction set that was read with its tree.

    Args:
        compiled: the map.
        source: the set; its own faults are not looked at.
        context: what the map may read beside it.

    Returns:
        The document, or the issues that stand in its way. No fault of the data raises.
    """
    report = Report(compiled.rules, source)
    if source.root is None or not source.root.segments or source.code != compiled.set_code:
        report.add(
            "map.source.mismatch", None, f"the set is {shown(source.code)}; want {compiled.set_code}", None, None
        )
        return Mapped((), report.issues, LineageView(compiled, {}, ()), compiled.name, compiled.revision)
    separator = source.interchange.delimiters.component
    content, trace = compiled.runner.function(
        source.root, report, context.env, context.file, context.agreement, separator
    )
    lineage = LineageView(compiled, content, trace)
    documents: tuple[Document, ...] = ()
    if not report:
        try:
            documents = (compiled.model.model_validate(content),)
        except ValidationError as error:
            _refused(compiled, report, lineage, error)
    return Mapped(documents, report.issues, lineage, compiled.name, compiled.revision)


def _refused(compiled: CompiledMap, report: Report, lineage: LineageView, error: ValidationError) -> None:
    """An issue for every value the canonical model refuses, where the value came from."""
    for fault in error.errors(include_url=False, include_context=False):
        path = _path(fault["loc"])
        found = lineage.origin(path)
        given = fault["input"] if isinstance(fault["input"], str) else ""
        told = f"{path} is {shown(given)}" if given else path
        message = f"{told}; {compiled.schema_name} wants: {fault['msg']}"
        rule, segment, element = found or (None, None, None)
        report.add("map.value.invalid", rule, message, segment, element, cause=path, value=given or None)


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path
