"""The engine: run a compiled map over one document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from mappings.compiled import CompiledMap
from mappings.cross_references import NOTHING, Lookup
from mappings.lineage import LineageView
from mappings.report import MapIssue, Report
from mappings.source import Opened
from mappings.x12_places import Envelope
from translators.canonical.common import Document
from translators.x12.model import TransactionSet

_NOTHING: Mapping[str, Any] = MappingProxyType({})

# Named tuples, as one of each is made for every document: a frozen dataclass takes four times as long.


class MapContext(NamedTuple):
    """What a map may read from around the document.

    Args:
        env: elements of the envelope, as `GS03`.
        file: what is known of the file: `name`.
        agreement: values of the agreement, as `currency`.
        origin: the canonical document the one being made answers (`origin.`).
        references: the cross references, for the partner and the day.
        now: when the map is run; an aware datetime.
        writing: what the target's format must know, as `delimiters` of X12.
    """

    env: Mapping[str, str] = _NOTHING
    file: Mapping[str, str] = _NOTHING
    agreement: Mapping[str, str] = _NOTHING
    origin: Document | None = None
    references: Lookup = NOTHING
    now: datetime | None = None
    writing: Mapping[str, Any] = _NOTHING

    @classmethod
    def around(
        cls, source: TransactionSet, *, file_name: str = "", agreement: Mapping[str, str] | None = None
    ) -> MapContext:
        """The context of a set as it was read: the envelope is the set's own."""
        return cls(Envelope(source), {"name": file_name}, agreement or _NOTHING)


class Mapped(NamedTuple):
    """What a run gave.

    Args:
        documents: what was made, canonical documents or what the target format makes; none where there are issues.
        issues: everything that is wrong, in the order of the document.
        lineages: where each value of each document came from, by path (`lines[0].qty`); of what was read also where
            there are issues.
        map_name, map_revision: the map it was made with.
    """

    documents: tuple[Any, ...]
    issues: tuple[MapIssue, ...]
    lineages: tuple[LineageView, ...]
    map_name: str
    map_revision: str

    @property
    def lineage(self) -> LineageView:
        """The lineage of the first document."""
        return self.lineages[0]


def run(compiled: CompiledMap, source: Any, context: MapContext) -> Mapped:
    """Map one document.

    Args:
        compiled: the map.
        source: what its source format reads: a transaction set read with its tree, a canonical document, ...; its own
            faults are not looked at.
        context: what the map may read beside it.

    Returns:
        The documents, or the issues that stand in their way. No fault of the data raises.
    """
    opened = compiled.opener(source)
    report = Report(compiled.rules, opened.places)
    if compiled.retired:
        report.add("map.retired", None, f"the map {compiled.name} is retired; activate a revision of it", None, None)
    elif opened.mismatch is not None:
        report.add("map.source.mismatch", None, opened.mismatch, None, None)
    if report:
        return Mapped((), report.issues, _no_lineage(compiled, opened), compiled.name, compiled.revision)
    found = compiled.runner.function(
        opened.root, report, context.env, context.file, context.agreement, context.origin, opened.extra, context
    )
    lineages = tuple([LineageView(compiled, opened.places, content, trace) for content, trace in found])
    if not report:
        writing = context.writing
        documents = tuple([compiled.finisher(view.content, report, view, writing) for view in lineages])
        if not report:
            return Mapped(documents, (), lineages or _no_lineage(compiled, opened), compiled.name, compiled.revision)
    return Mapped((), report.issues, lineages or _no_lineage(compiled, opened), compiled.name, compiled.revision)


def _no_lineage(compiled: CompiledMap, opened: Opened) -> tuple[LineageView, ...]:
    return (LineageView(compiled, opened.places, {}, ()),)
