"""Map: an accepted transaction set becomes canonical documents, and each finds out what it is to those before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import orjson

from gateway.errors import NotYet
from gateway.model import Direction, DocumentState, Environment
from gateway.pipeline.relations import Answering, links_of
from gateway.ports import new_id
from gateway.store import Connection
from gateway.store import documents as stored
from gateway.store.documents import LatestRevision
from mappings.catalog import MapCatalog
from mappings.cross_references import NOTHING, Lookup
from mappings.engine import MapContext, Mapped, run
from partners.model import Agreement
from translators.canonical.common import CanonicalForm, Document, Purpose
from translators.errors import Issue, shown
from translators.tree import Node
from translators.x12.model import TransactionSet

_FIRST_PART = re.compile(r"(?:[^|\\]|\\.)*", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
REVISING = frozenset({Purpose.REPLACEMENT, Purpose.CHANGE, Purpose.CANCELLATION})
"""Purposes that say: I am meant to differ from what you have."""


class Settled(Protocol):
    """A document that `settle` finds state, revision and hash of: a partner's, or one of ours for a partner."""

    state: DocumentState
    revision: int
    duplicate_of: UUID | None
    reason: str | None

    @property
    def id(self) -> UUID:
        """Of the document."""
        ...

    @property
    def partner(self) -> str:
        """Whose it is, or for whom."""
        ...

    @property
    def document(self) -> Document:
        """Its content."""
        ...

    @property
    def environment(self) -> Environment:
        """Live or test."""
        ...

    @property
    def form(self) -> CanonicalForm:
        """Its canonical form."""
        ...


@dataclass(slots=True)
class MadeDocument:
    """A canonical document on its way into the store; `settle` finds its state, revision and hash.

    `entity` is which of our legal entities it is for, "" where its way does not tell; `ordinal` its place (from 0)
    among those its run made.
    """

    id: UUID
    document: Document
    agreement: Agreement
    environment: Environment
    entity: str
    group: tuple[int, int]
    transaction_set_id: UUID
    mapped: Mapped
    ordinal: int = 0
    state: DocumentState = DocumentState.ACTIVE
    revision: int = 1
    duplicate_of: UUID | None = None
    reason: str | None = None
    form: CanonicalForm = field(init=False)

    def __post_init__(self) -> None:
        self.form = self.document.form()

    @property
    def partner(self) -> str:
        """Whose it is."""
        return self.agreement.partner

    @property
    def identity(self) -> str:
        """The identity as one text."""
        return identity_text(self.document.identity)

    @property
    def takes_effect(self) -> bool:
        """Neither a duplicate nor held."""
        return self.state in (DocumentState.ACTIVE, DocumentState.STAGED)


@dataclass(slots=True)
class Translation:
    """What one transaction set became."""

    documents: list[MadeDocument] = field(default_factory=list)
    issues: Sequence[Issue] = ()


def identity_text(identity: tuple[str, ...]) -> str:
    """An identity as one text, its parts kept apart whatever they hold."""
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in identity)


def identity_number(text: str) -> str:
    """The first part of the identity that `identity_text` made this text of: what people call the document."""
    first = _FIRST_PART.match(text)
    assert first is not None
    return _ESCAPED.sub(r"\1", first[0])


def translate(
    event: TransactionSet,
    agreement: Agreement,
    *,
    maps: MapCatalog,
    environment: Environment,
    entity: str,
    filename: str,
    transaction_set_id: UUID,
    references: Lookup = NOTHING,
    at: datetime | None = None,
) -> Translation:
    """Run the agreement's map over one accepted set.

    Returns:
        Its documents; with an error among the issues there is none, and a person has to look.
    """
    if agreement.pass_through or event.root is None:
        return Translation()
    around = MapContext.around(event, file_name=filename, agreement=agreement.for_maps())
    context = around._replace(references=references, now=at)
    mapped = run(maps.find(agreement.map), event, context)
    made = [
        MadeDocument(
            id=new_id(),
            document=document,
            agreement=agreement,
            environment=environment,
            entity=entity,
            group=(event.interchange.ordinal, event.group.ordinal),
            transaction_set_id=transaction_set_id,
            mapped=mapped,
            ordinal=ordinal,
        )
        for ordinal, document in enumerate(mapped.documents)
    ]
    return Translation(made, mapped.issues)


def translate_document(
    root: Node,
    agreement: Agreement,
    *,
    maps: MapCatalog,
    environment: Environment,
    entity: str,
    filename: str,
    transaction_set_id: UUID,
    group: tuple[int, int],
    references: Lookup = NOTHING,
    at: datetime | None = None,
) -> Translation:
    """Run the agreement's map over one accepted document of a file that is not X12; see `translate`."""
    if agreement.pass_through:
        return Translation()
    context = MapContext(file={"name": filename}, agreement=agreement.for_maps(), references=references, now=at)
    mapped = run(maps.find(agreement.map), root, context)
    made = [
        MadeDocument(
            id=new_id(),
            document=document,
            agreement=agreement,
            environment=environment,
            entity=entity,
            group=group,
            transaction_set_id=transaction_set_id,
            mapped=mapped,
            ordinal=ordinal,
        )
        for ordinal, document in enumerate(mapped.documents)
    ]
    return Translation(made, mapped.issues)


def settle(
    conn: Connection, made: Sequence[Settled], *, transmission_id: UUID | None, direction: Direction = Direction.IN
) -> None:
    """Give each document its revision, or find that it is a duplicate or contradicts an earlier one.

    Args:
        conn: the transaction.
        made: documents that came together.
        transmission_id: what they came in; None for several, of which nothing is staged.
        direction: from partners, or for them.

    Raises:
        NotYet: what came before one of them is just being read in another transmission and may yet be taken back.

    Source: architecture, "Identity of a document".
    """
    families: dict[tuple[str, str, Environment], list[Settled]] = {}
    for item in made:
        families.setdefault((item.partner, item.document.kind, item.environment), []).append(item)
    for (partner, kind, environment), items in sorted(families.items()):
        latest = stored.latest_revisions(
            conn,
            partner=partner,
            kind=kind,
            environment=environment,
            identities={identity_text(item.document.identity) for item in items},
            direction=direction,
        )
        for item in items:
            identity = identity_text(item.document.identity)
            before = latest.get(identity)
            if before is not None and before.staged_in not in (None, transmission_id):
                raise NotYet(f"{kind} {shown(identity)} is just being read in transmission {before.staged_in}")
            settle_one(item, latest)


def settle_one(item: Settled, latest: dict[str, LatestRevision]) -> None:
    """Settle one document against the newest revision of its identity; where it takes effect it is the newest."""
    identity = identity_text(item.document.identity)
    before = latest.get(identity)
    content = item.form.content_sha256
    purpose = item.document.purpose
    if before is not None:
        if before.content_sha256 == content:
            item.state, item.duplicate_of, item.revision = DocumentState.DUPLICATE, before.id, before.revision
            item.reason = f"same identity and content as revision {before.revision}"
            return
        if purpose not in REVISING:
            item.state, item.revision = DocumentState.HELD, before.revision
            item.reason = (
                f"{item.document.kind} {identity.strip('|')} was received before with other content, and this one "
                f"calls itself {purpose.value}; want a replacement or change, or a new number"
            )
            return
        item.revision = before.revision + 1
    latest[identity] = LatestRevision(item.id, item.revision, content)


def document_row(item: MadeDocument, *, transmission_id: UUID, staged: bool, at: datetime) -> dict[str, Any]:
    """The row of a settled document."""
    state = DocumentState.STAGED if staged and item.takes_effect else item.state
    return {
        "id": item.id,
        "transmission_id": transmission_id,
        "kind": item.document.kind,
        "schema": item.document.schema_name,
        "partner": item.agreement.partner,
        "environment": item.environment,
        "state": state,
        "identity": item.identity,
        "purpose": item.document.purpose.value,
        "revision": item.revision,
        "content_sha256": item.form.content_sha256,
        "canonical": orjson.Fragment(item.form.json),
        "lineage": item.mapped.lineages[item.ordinal].compact(),
        "map_name": item.mapped.map_name,
        "map_revision": item.mapped.map_revision,
        "duplicate_of": item.duplicate_of,
        "reason": item.reason,
        "created_at": at,
    }


def link_rows(conn: Connection, made: Sequence[MadeDocument]) -> list[dict[str, Any]]:
    """The rows that say what settled documents answer, bill, change ... of what there was before."""
    taken = [Answering(one.id, one.document, one.partner, one.environment) for one in made if one.takes_effect]
    return [
        {"from_document": one, "to_document": other, "relation": relation}
        for one, other, relation in links_of(conn, taken, direction=Direction.IN)
    ]
