"""Render: a canonical document becomes the set or file its agreement's map makes, ready to go out; or issues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.model import Direction, Environment
from gateway.pipeline.dispatch import SetToSend, delimiters_for
from gateway.pipeline.file_dispatch import FileToSend
from gateway.pipeline.outbound_faults import fault
from gateway.pipeline.outbound_terms import Choices, OutboundBook, OutboundTerms
from gateway.pipeline.relations import Related, related
from gateway.store import Connection, relatives
from gateway.store.cross_references import StoredReferences
from mappings.engine import MapContext, run
from mappings.lineage import LineageView
from translators.canonical.common import Document
from translators.errors import Issue


@dataclass(frozen=True, slots=True)
class Rendered:
    """What became of a document: the set or file, or the issues that stand in its way.

    Args:
        terms: by what it goes; None where that cannot be told.
        related: the earlier documents it belongs with.
        lineage: where each value of what was made came from.
    """

    related: Sequence[Related]
    terms: OutboundTerms | None = None
    made: SetToSend | FileToSend | None = None
    issues: Sequence[Issue] = ()
    lineage: LineageView | None = None


def render(
    conn: Connection,
    document: Document,
    *,
    partner: str,
    environment: Environment,
    choices: Choices,
    book: OutboundBook,
    at: datetime,
) -> Rendered:
    """Make what goes out of a document; nothing is written.

    Args:
        conn: where the document it answers, and cross references, are looked up.
        document: what is to be sent.
        partner: for whom.
        environment: live or test.
        choices: made when it was handed in.
        book: what was agreed.
        at: the moment, aware; cross references hold by its day (UTC).
    """
    before = related(conn, document, partner=partner, environment=environment, direction=Direction.OUT)
    terms = book.terms(
        document,
        partner=partner,
        environment=environment,
        choices=choices,
        addressed=_addressed(conn, before),
    )
    if isinstance(terms, Issue):
        return Rendered(before, issues=[terms])
    origin = _origin(before, terms)
    if isinstance(origin, Issue):
        return Rendered(before, terms, issues=[origin])
    context = MapContext(
        agreement=terms.agreement.for_maps(),
        origin=origin,
        references=StoredReferences(conn, partner=partner, on=at.date()),
        now=at,
        writing=_writing(terms),
    )
    mapped = run(terms.map, document, context)
    if mapped.issues:
        return Rendered(before, terms, issues=mapped.issues)
    [content] = mapped.documents
    made: SetToSend | FileToSend
    if terms.guide is None:
        made = FileToSend(terms.agreement, terms.map, content, known_by(document))
    else:
        made = SetToSend(terms.agreement, terms.guide.functional_group, terms.version, content)
    return Rendered(before, terms, made, lineage=mapped.lineage)


def known_by(document: Document) -> str:
    """The number by which people know a document: the first part of its identity that says something."""
    return next((part for part in document.identity if part), "")


def _writing(terms: OutboundTerms) -> dict[str, Any]:
    """What the format must know to write it."""
    if terms.guide is None:
        return {"encoding": terms.agreement.file.encoding}
    return {"delimiters": delimiters_for(terms.agreement.envelope, terms.version), "guide": terms.guide}


def _addressed(conn: Connection, before: Sequence[Related]) -> tuple[str, str] | None:
    """Which of our identities the first of them was sent to."""
    for one in before:
        found = relatives.addressed_to(conn, one.id)
        if found is not None:
            return found
    return None


def _origin(before: Sequence[Related], terms: OutboundTerms) -> Document | Issue | None:
    """The document the map reads as `origin.`; that it is missing, the map says itself."""
    wanted = terms.map.resolved.get("origin")
    found = [one.document for one in before if one.document.schema_name == wanted]
    if len(found) > 1:
        text = f"the map {terms.map.name} reads the {wanted} this one answers, and it answers {len(found)}"
        return fault("outbound.several_origins", f"{text}; send one document for each, or map without origin")
    return found[0] if found else None
