"""Drafts of maps: what one would make of documents that a map made before, and how that differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from gateway.pipeline.translate import identity_text
from gateway.store import documents
from gateway.store.engine import Store
from gateway.store.vault import Vault
from mappings.compiled import CompiledMap
from mappings.engine import MapContext, run
from mappings.golden import unlike
from partners.registry import PartnerRegistry
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
    store: Store, vault: Vault, draft: CompiledMap, registry: PartnerRegistry, *, limit: int
) -> Iterator[DraftChange]:
    """Run a draft over the sets that the newest documents of the map of its name were made from.

    Args:
        store: where the documents are.
        vault: where the bytes are that they came from.
        draft: a compiled map that reads X12.
        registry: whose agreements name the map, for what it reads of them.
        limit: how many documents.
    """
    with store.begin() as conn:
        rows = documents.made_by(conn, draft.name, limit=limit)
        for (sha256, filename), made in groupby(rows, key=lambda row: (row["payload_sha256"], row["filename"])):
            sets = _sets(vault.read(conn, sha256))
            for row in made:
                place = (row["interchange_ordinal"], row["group_ordinal"], row["ordinal"])
                words = words_of(registry, row["partner"], draft.name)
                found = tuple(_differences(draft, sets.get(place), row, words, filename))
                yield DraftChange(row["id"], row["identity"].strip("|"), found)


def _sets(content: bytes) -> dict[tuple[int, int, int], TransactionSet]:
    events = read_x12([content], guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=True))
    return {
        (event.interchange.ordinal, event.group.ordinal, event.ordinal): event
        for event in events
        if isinstance(event, TransactionSet)
    }


def words_of(registry: PartnerRegistry, partner: str, map_name: str) -> Mapping[str, str]:
    """What a map may read of the partner's agreement that names it; nothing where none does."""
    found = registry.partners.get(partner)
    for agreement in () if found is None else found.agreements:
        if agreement.map == map_name:
            return agreement.for_maps()
    return {}


def _differences(
    draft: CompiledMap, event: TransactionSet | None, row: dict[str, Any], words: Mapping[str, str], filename: str
) -> Iterator[str]:
    if event is None or event.root is None:
        yield "the set it was made from cannot be read any more"
        return
    mapped = run(draft, event, MapContext.around(event, file_name=filename, agreement=words))
    for issue in mapped.issues:
        yield f"{issue.code}: {issue.message}"
    if mapped.issues:
        return
    same = [made for made in mapped.documents if identity_text(made.identity) == row["identity"]]
    if not same and len(mapped.documents) != 1:
        yield "no document of this identity would be made"
        return
    yield from unlike(row["canonical"], draft.shown((same or mapped.documents)[0]), row["kind"])
