"""Handing in: a canonical document that one of our own systems has for a partner is kept, and is work from then on.

The bytes, the document, its links and the delivery that sends it are one transaction's; once it commits, nothing is
lost and the same again has no second effect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson

from gateway.model import DeliveryState, Direction, DocumentState, Environment, TransmissionState
from gateway.pipeline.outbound_faults import fault
from gateway.pipeline.outbound_terms import Choices, OutboundBook
from gateway.pipeline.relations import Related
from gateway.pipeline.rendering import render
from gateway.pipeline.translate import identity_text, settle
from gateway.ports import new_id
from gateway.store import Connection, deliveries, documents, envelopes, exceptions, outbound, relatives, transmissions
from gateway.store.vault import Vault
from gateway.store.work_statements import DISPATCH
from translators.canonical.common import CanonicalForm, CanonicalFormError, Document
from translators.canonical.registry import model_named
from translators.errors import Issue

FORMAT = "json"
LONGEST_REASON = 500
PARTNER = "partner:"
"""How the destination of a document of ours begins; the partner's key follows."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of a document that was handed in.

    Args:
        transmission_id: under which its bytes are kept.
        document_id: None where it is no canonical document.
        state: of the document; None likewise.
        lane: what has to be woken; None where nothing is to be sent.
        issues: what stands in the way of keeping or sending it as it is.
    """

    transmission_id: UUID
    document_id: UUID | None = None
    state: DocumentState | None = None
    lane: str | None = None
    issues: Sequence[Issue] = ()


@dataclass(slots=True)
class OutboundDocument:
    """A document of ours on its way into the store; `settle` finds its state, revision and hash."""

    id: UUID
    partner: str
    document: Document
    environment: Environment
    state: DocumentState = DocumentState.ACTIVE
    revision: int = 1
    duplicate_of: UUID | None = None
    reason: str | None = None
    form: CanonicalForm = field(init=False)

    def __post_init__(self) -> None:
        self.form = self.document.form()


@dataclass(frozen=True, slots=True)
class HandIn:
    """Takes documents of ours.

    Args:
        channel: who hands in: `cli`, `folder:erp`.
    """

    vault: Vault
    book: OutboundBook
    channel: str

    def take(
        self,
        conn: Connection,
        content: bytes,
        *,
        filename: str,
        partner: str,
        environment: Environment,
        at: datetime,
        choices: Choices = Choices(),  # noqa: B008 a frozen value
    ) -> Handed:
        """Keep one document for a partner.

        Args:
            conn: the transaction.
            content: the canonical document, JSON.
            filename: what it was called, for people.
            partner: for whom.
            environment: test documents go out marked as test.
            at: the moment, aware.
            choices: how it is to go.

        Raises:
            StoreUnavailable: the database is gone; nothing was kept.
        """
        id = new_id()
        read = read_document(content)
        if isinstance(read, Issue):
            self._park(conn, read, content, id=id, filename=filename, partner=partner, environment=environment, at=at)
            return Handed(id, issues=[read])
        item = OutboundDocument(new_id(), partner, read, environment)
        settle(conn, [item], transmission_id=id, direction=Direction.OUT)
        repeated = item.state is DocumentState.DUPLICATE
        transmissions.add_handed_in(
            conn,
            id=id,
            at=at,
            channel=self.channel,
            partner=partner,
            filename=filename,
            environment=environment,
            payload=self.vault.put(conn, content),
            content_format=FORMAT,
            state=TransmissionState.DUPLICATE if repeated else TransmissionState.PROCESSED,
        )
        rendered = render(conn, read, partner=partner, environment=environment, choices=choices, book=self.book, at=at)
        agreement = None if rendered.terms is None else rendered.terms.agreement
        self._keep(conn, item, rendered.related, id=id, map_name=agreement.map if agreement else "", at=at)
        if item.state is DocumentState.HELD:
            self._contradicts(conn, item, id=id, at=at)
            return Handed(id, item.id, item.state)
        if repeated:
            return Handed(id, item.id, item.state)
        lane = f"{DISPATCH}{partner}:{environment.value}"
        leaves = None if agreement is None or rendered.issues else agreement.batch.leaves_at(at)
        deliveries.add_rows(
            conn,
            [
                {
                    "id": new_id(),
                    "document_id": item.id,
                    "destination": f"{PARTNER}{partner}",
                    "state": DeliveryState.READY,
                    "reference": _reference(item),
                    "request_key": new_id().hex,
                    "created_at": at,
                    "next_at": leaves,
                    "choices": choices.as_json(),
                    "lane": lane,
                    "ordering_key": None if agreement is not None and not agreement.ordered else _ordering_key(item),
                }
            ],
        )
        return Handed(id, item.id, item.state, lane, rendered.issues)

    def _keep(
        self,
        conn: Connection,
        item: OutboundDocument,
        before: Sequence[Related],
        *,
        id: UUID,
        map_name: str,
        at: datetime,
    ) -> None:
        row = {
            "id": item.id,
            "transmission_id": id,
            "kind": item.document.kind,
            "schema": item.document.schema_name,
            "partner": item.partner,
            "direction": Direction.OUT,
            "environment": item.environment,
            "state": item.state,
            "identity": identity_text(item.document.identity),
            "purpose": item.document.purpose.value,
            "revision": item.revision,
            "content_sha256": item.form.content_sha256,
            "canonical": orjson.Fragment(item.form.json),
            "lineage": {},
            "map_name": map_name,
            "map_revision": "",
            "duplicate_of": item.duplicate_of,
            "reason": item.reason,
            "created_at": at,
        }
        documents.add_rows(conn, documents=[row])
        keys = [(key.name, key.value) for key in item.document.business_keys()]
        transmissions.add_business_keys(conn, keys, transmission_id=id, document_id=item.id)
        if item.state is DocumentState.ACTIVE:
            relatives.link(conn, item.id, [(one.id, one.relation) for one in before])
            if item.revision > 1:
                documents.supersede(conn, [item.id])
                outbound.cancel_held(conn, item.id, at=at)

    def _park(
        self,
        conn: Connection,
        issue: Issue,
        content: bytes,
        *,
        id: UUID,
        filename: str,
        partner: str,
        environment: Environment,
        at: datetime,
    ) -> None:
        transmissions.add_handed_in(
            conn,
            id=id,
            at=at,
            channel=self.channel,
            partner=partner,
            filename=filename,
            environment=environment,
            payload=self.vault.put(conn, content),
            content_format=None,
            state=TransmissionState.PARKED,
            reason=issue.message,
        )
        row = envelopes.issue_row(issue, id=new_id(), transmission_id=id, stage="identify")
        envelopes.add_rows(conn, issues=[row])
        exceptions.open_exception(
            conn,
            id=new_id(),
            at=at,
            code=issue.code,
            reason=issue.message,
            group=exceptions.fingerprint(partner, self.channel, issue.code),
            transmission_id=id,
        )

    def _contradicts(self, conn: Connection, item: OutboundDocument, *, id: UUID, at: datetime) -> None:
        exceptions.open_exception(
            conn,
            id=new_id(),
            at=at,
            code=exceptions.CONTRADICTS,
            reason=item.reason or "",
            group=exceptions.contradiction(item.partner, item.document.kind),
            transmission_id=id,
            document_id=item.id,
        )


def read_document(content: bytes) -> Document | Issue:
    """The canonical document that JSON holds."""
    try:
        found = orjson.loads(content)
        schema = found.get("schema") if isinstance(found, dict) else None
        if not isinstance(schema, str):
            return fault("outbound.unreadable", 'want a JSON object with "schema", as purchase_order/v1')
        return model_named(schema).from_json_bytes(content)
    except orjson.JSONDecodeError as error:
        text = f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        return fault("outbound.unreadable", text)
    except CanonicalFormError as error:
        return fault("outbound.unreadable", " ".join(str(error).split())[:LONGEST_REASON])


def _reference(item: OutboundDocument) -> str:
    """What the delivery is known by: the same for the same identity and revision, always."""
    parts = (
        PARTNER,
        item.partner,
        item.document.kind,
        item.environment.value,
        identity_text(item.document.identity),
        str(item.revision),
    )
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _ordering_key(item: OutboundDocument) -> str:
    """What keeps its order: everything about one order, or else about one number of ours."""
    orders = [key.value for key in item.document.business_keys() if key.name == "order_number"]
    return f"{item.partner}:{orders[0] if orders else item.document.identity[0]}"
