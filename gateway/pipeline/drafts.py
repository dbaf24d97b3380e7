"""Drafts of maps: what one would make of documents that a map made before, and how that differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from gateway.pipeline.translate import identity_text
from gateway.store import documents
from gateway.store.cross_references import StoredReferences
from gateway.store.engine import Store
from gateway.store.vault import Vault
from mappings.compiled import CompiledMap
from mappings.engine import MapContext, run
from mappings.files import SAMPLE_PATTERNS, read_documents
from mappings.golden import unlike
from mappings.x12_places import Envelope
from partners.model import Agreement
from partners.registry import PartnerRegistry
from translators.archives import archive_kind, members
from translators.tree import Node
from translators.x12.guide import GuideLibrary
from translators.x12.model import TransactionSet
from translators.x12.options import ReadOptions
from translators.x12.reader import read_x12


@dataclass(frozen=True, slots=True)
class DraftChange:
    """What a draft would do to one document; no differences: nothing."""

    document_id: UUID
    identity: str
    differences: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"document": str(self.document_id), "identity": self.identity, "differences": list(self.differences)}


def compare_draft(
    store: Store, vault: Vault, draft: CompiledMap, registry: PartnerRegistry, *, limit: int, at: datetime
) -> Iterator[DraftChange]:
    """Run a draft over what the newest documents of the map of its name were made from.

    Args:
        store: where the documents are.
        vault: where the bytes are that they came from.
        draft: a compiled map that reads what partners send.
        registry: whose agreements name the map, for what it reads of them.
        limit: how many documents.
        at: the moment, aware; cross references hold by its day (UTC).
    """
    with store.begin() as conn:
        rows = documents.made_by(conn, draft.name, limit=limit)
        for (sha256, filename, partner), made in groupby(rows, key=_file_of):
            agreement = _agreement_of(registry, partner, draft.name)
            around = MapContext(
                file={"name": filename},
                agreement={} if agreement is None else agreement.for_maps(),
                references=StoredReferences(conn, partner=partner, on=at.date()),
                now=at,
            )
            sources = _sources(draft, vault.read(conn, sha256), "" if agreement is None else agreement.file.encoding)
            for row in made:
                place = (row["interchange_ordinal"], row["group_ordinal"], row["ordinal"])
                found = tuple(_differences(draft, sources.get(place), row, around))
                yield DraftChange(row["id"], row["identity"].strip("|"), found)


def _file_of(row: Mapping[str, Any]) -> tuple[bytes, str, str]:
    return (row["payload_sha256"], row["filename"], row["partner"])


_Source = TransactionSet | Node


def _sources(draft: CompiledMap, content: bytes, encoding: str) -> dict[tuple[int, int, int], _Source]:
    """What the draft reads of a file, by its place; of a file that is no X12 the documents are counted through."""
    if draft.reads.word in SAMPLE_PATTERNS:
        packed = archive_kind(content)
        parts = [content] if packed is None else [member.content for member in members(content, packed)]
        read = (one for part in parts for one in read_documents(draft, [part], encoding=encoding or None))
        return {(1, 1, ordinal): one.root for ordinal, one in enumerate(read, 1) if one.root is not None}
    events = read_x12([content], guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=True))
    return {
        (event.interchange.ordinal, event.group.ordinal, event.ordinal): event
        for event in events
        if isinstance(event, TransactionSet)
    }


def _agreement_of(registry: PartnerRegistry, partner: str, map_name: str) -> Agreement | None:
    """The partner's agreement that names the map."""
    found = registry.partners.get(partner)
    return next((one for one in (() if found is None else found.agreements) if one.map == map_name), None)


def words_of(registry: PartnerRegistry, partner: str, map_name: str) -> Mapping[str, str]:
    """What a map may read of the partner's agreement that names it; nothing where none does."""
    found = _agreement_of(registry, partner, map_name)
    return {} if found is None else found.for_maps()


def _differences(
    draft: CompiledMap, source: _Source | None, row: Mapping[str, Any], around: MapContext
) -> Iterator[str]:
    if isinstance(source, TransactionSet) and source.root is not None:
        around = MapContext(
            Envelope(source), around.file, around.agreement, references=around.references, now=around.now
        )
    if source is None or (isinstance(source, TransactionSet) and source.root is None):
        yield "what it was made from cannot be read any more"
        return
    mapped = run(draft, source, around)
    for issue in mapped.issues:
        yield f"{issue.code}: {issue.message}"
    if mapped.issues:
        return
    same = [made for made in mapped.documents if identity_text(made.identity) == row["identity"]]
    if not same and len(mapped.documents) != 1:
        yield "no document of this identity would be made"
        return
    yield from unlike(row["canonical"], draft.shown((same or mapped.documents)[0]), row["kind"])
