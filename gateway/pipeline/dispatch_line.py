"""The dispatch line: documents of ours that are due are rendered and leave together, each once.

All that makes a document sent (its interchange or file, control numbers, the expected acknowledgment, the delivery's
end) is one transaction: a worker that dies before it commits leaves the delivery as it was, and no number is used. What
cannot be rendered is held in an exception; the others go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog

from gateway import traces
from gateway.errors import GatewayError, Overtaken, SetsRefused, StoreError
from gateway.model import AttemptOutcome, DeliveryState, Environment
from gateway.pipeline.dispatch import Dispatch, SetToSend
from gateway.pipeline.file_dispatch import FileDispatch, FileToSend
from gateway.pipeline.outbound_faults import fault
from gateway.pipeline.outbound_terms import Choices, OutboundBook, OutboundTerms
from gateway.pipeline.outgoing import way_to
from gateway.pipeline.rendering import Rendered, render
from gateway.ports import Clock, new_id
from gateway.store import Connection, audit, deliveries, envelopes, exceptions, outbound, relatives, work
from gateway.store.engine import Store
from gateway.store.outbound import DocumentToDispatch
from gateway.store.vault import Vault
from gateway.store.work import Claim
from translators.canonical.registry import model_named
from translators.errors import Issue, WritingError

log = structlog.get_logger(__name__)

FIRST_CLAIM = 1
ACTOR = "gateway"


@dataclass(frozen=True, slots=True)
class DispatchLine:
    """Works deliveries to partners.

    Args:
        worker: who we are, for the attempts.
    """

    store: Store
    vault: Vault
    book: OutboundBook
    clock: Clock
    worker: str

    def work(self, claim: Claim) -> set[str]:
        """Work one claimed delivery: its document is sent, or held for a person.

        Returns:
            The lanes that bring what was made to the partner.

        Raises:
            Overtaken: another worker has it; nothing was written.
            StoreError: the store is broken; the row stays claimable.
        """
        started_at = self.clock.now()
        try:
            with self.store.begin() as conn:
                work.confirm(conn, claim)
                [item] = outbound.load(conn, [claim])
                rendered = self._render(conn, item)
                if rendered.made is None:
                    self._hold(conn, item, rendered.issues, started_at=started_at)
                    return set()
                return self._send(conn, [(item, rendered)], started_at=started_at)
        except (SetsRefused, WritingError) as error:
            issues = error.issues if isinstance(error, SetsRefused) else [fault("outbound.refused", str(error))]
        except (Overtaken, StoreError):
            raise
        except GatewayError as error:
            issues = [fault("outbound.refused", str(error))]
        with self.store.begin() as conn:
            work.confirm(conn, claim)
            [item] = outbound.load(conn, [claim])
            self._hold(conn, item, issues, started_at=started_at)
        return set()

    def together(self, claims: Sequence[Claim]) -> tuple[list[Claim], set[str]]:
        """Send those of a batch that can go together; it raises nothing.

        A row that was claimed before is not among them: a worker may have died with it, and then it must be alone
        when the next one does.

        Returns:
            The claims that are left for `work`, in their order; the lanes that bring what was made.
        """
        first = _first_tries(claims)
        if len(first) < 2:
            return list(claims), set()
        started_at = self.clock.now()
        try:
            with self.store.begin() as conn:
                found = [(item, self._render(conn, item)) for item in outbound.load(conn, first)]
                good = _in_order([pair for pair in found if pair[1].made is not None], found)
                lanes = self._send(conn, good, started_at=started_at) if good else set()
        except Exception as error:  # noqa: BLE001 each is tried again alone, where its own fault is told
            log.warning("dispatch.batch_taken_apart", rows=len(first), error=type(error).__name__)
            return list(claims), set()
        sent = {item.claim.id for item, _ in good}
        return [claim for claim in claims if claim.id not in sent], lanes

    def _render(self, conn: Connection, item: DocumentToDispatch) -> Rendered:
        document = model_named(item.schema).from_json_bytes(item.canonical)
        with traces.stage("tradelane.dispatch", kind=document.kind):
            traces.join((key.name, key.value) for key in document.business_keys())
            return render(
                conn,
                document,
                partner=item.partner,
                environment=item.environment,
                choices=Choices.from_json(item.choices),
                book=self.book,
                at=self.clock.now(),
            )

    def _send(
        self, conn: Connection, found: Sequence[tuple[DocumentToDispatch, Rendered]], *, started_at: datetime
    ) -> set[str]:
        at = self.clock.now()
        lanes: set[str] = set()
        for (terms, environment), alike in _alike(found):
            by_document = {item.document_id: (item, rendered) for item, rendered in alike}
            for carrier, parts in self._carried(conn, terms, environment, alike, at=at):
                for document_id in parts:
                    item, rendered = by_document[document_id]
                    self._settle(conn, item, rendered, carried_by=str(carrier), started_at=started_at)
            lane = way_to(self.book.registry, terms.account).lane
            if lane is not None:
                lanes.add(lane)
        return lanes

    def _carried(
        self,
        conn: Connection,
        terms: OutboundTerms,
        environment: Environment,
        alike: Sequence[_Pair],
        *,
        at: datetime,
    ) -> Iterator[tuple[UUID, list[UUID]]]:
        """Send them; each transmission, and the documents it carries."""
        named = [_named(item, rendered) for item, rendered in alike]
        sets = [one for one in named if isinstance(one, SetToSend)]
        if sets:
            dispatch = Dispatch(
                partner=terms.partner,
                ourselves=terms.ourselves,
                account=terms.account,
                environment=environment,
                vault=self.vault,
                registry=self.book.registry,
                guides=self.book.guides,
                partner_guides=self.book.partner_guides,
            )
            for sent in dispatch.send(conn, sets, at=at):
                yield sent.transmission_id, [one.document for one in sent.sets if one.document is not None]
        files = [one for one in named if isinstance(one, FileToSend)]
        if files:
            by_file = FileDispatch(
                partner=terms.partner,
                ourselves=terms.ourselves,
                account=terms.account,
                environment=environment,
                vault=self.vault,
                registry=self.book.registry,
            )
            for carried in by_file.send(conn, files, at=at):
                yield carried.transmission_id, [one.document for one in carried.files if one.document is not None]

    def _settle(
        self, conn: Connection, item: DocumentToDispatch, rendered: Rendered, *, carried_by: str, started_at: datetime
    ) -> None:
        assert rendered.terms is not None
        at = self.clock.now()
        work.guarded_update(
            conn,
            item.claim,
            state=DeliveryState.DELIVERED,
            external_ref=carried_by,
            finished_at=at,
            next_at=None,
            reason=None,
        )
        lineage = {} if rendered.lineage is None else rendered.lineage.compact()
        made_by = rendered.terms.map
        outbound.note_map(conn, item.document_id, made_by.name, made_by.revision, lineage=lineage)
        relatives.link(conn, item.document_id, [(one.id, one.relation) for one in rendered.related])
        text = f"sent in {carried_by}"
        self._tell(conn, item, AttemptOutcome.ACCEPTED, text, DeliveryState.DELIVERED, started_at=started_at)

    def _hold(
        self, conn: Connection, item: DocumentToDispatch, issues: Sequence[Issue], *, started_at: datetime
    ) -> None:
        """A person has to look; later documents of the same order wait."""
        at = self.clock.now()
        first = issues[0]
        more = f" (and {len(issues) - 1} more)" if len(issues) > 1 else ""
        reason = f"{first.message}{more}"
        work.guarded_update(conn, item.claim, state=DeliveryState.REJECTED, finished_at=at, next_at=None, reason=reason)
        if item.transmission_id is not None:
            rows = [
                envelopes.issue_row(issue, id=new_id(), transmission_id=item.transmission_id, stage="render")
                for issue in issues
            ]
            envelopes.add_rows(conn, issues=rows)
        self._tell(conn, item, AttemptOutcome.REJECTED, reason, DeliveryState.REJECTED, started_at=started_at)
        exceptions.open_exception(
            conn,
            id=new_id(),
            at=at,
            code=first.code,
            reason=reason,
            group=exceptions.fingerprint(item.partner, item.kind, first.code),
            document_id=item.document_id,
            delivery_id=item.claim.id,
        )

    def _tell(
        self,
        conn: Connection,
        item: DocumentToDispatch,
        outcome: AttemptOutcome,
        detail: str,
        state: DeliveryState,
        *,
        started_at: datetime,
    ) -> None:
        at = self.clock.now()
        deliveries.add_attempt(
            conn,
            id=new_id(),
            delivery_id=item.claim.id,
            number=item.claim.attempts,
            worker=self.worker,
            outcome=outcome,
            detail=detail,
            started_at=started_at,
            ended_at=at,
        )
        audit.record(
            conn,
            at=at,
            actor=ACTOR,
            action=f"delivery.{state.value}",
            subject="delivery",
            subject_id=str(item.claim.id),
            detail={"document": str(item.document_id), "attempt": item.claim.attempts, "outcome": outcome.value},
        )


def _first_tries(claims: Sequence[Claim]) -> list[Claim]:
    """Those never claimed before that wait for none that was."""
    again = {claim.ordering_key for claim in claims if claim.claim_no != FIRST_CLAIM} - {None}
    return [claim for claim in claims if claim.claim_no == FIRST_CLAIM and claim.ordering_key not in again]


_Pair = tuple[DocumentToDispatch, Rendered]


def _alike(found: Sequence[_Pair]) -> list[tuple[tuple[OutboundTerms, Environment], list[_Pair]]]:
    """Those from the same of us, over the same account, in the same environment; in order."""
    groups: dict[tuple[str, str, Environment], list[_Pair]] = {}
    for item, rendered in found:
        assert rendered.terms is not None
        key = (rendered.terms.ourselves.key, rendered.terms.account, item.environment)
        groups.setdefault(key, []).append((item, rendered))
    alike = []
    for (_, _, environment), pairs in groups.items():
        terms = pairs[0][1].terms
        assert terms is not None
        alike.append(((terms, environment), pairs))
    return alike


def _in_order(good: Sequence[_Pair], found: Sequence[_Pair]) -> list[_Pair]:
    """Without those that have to wait for one of their ordering key that is not good."""
    waiting = {item.claim.ordering_key: item.claim.seq for item, rendered in reversed(found) if rendered.made is None}
    return [
        (item, rendered)
        for item, rendered in good
        if item.claim.ordering_key is None or item.claim.seq < waiting.get(item.claim.ordering_key, item.claim.seq + 1)
    ]


def _named(item: DocumentToDispatch, rendered: Rendered) -> SetToSend | FileToSend:
    assert rendered.made is not None
    document = model_named(item.schema).from_json_bytes(item.canonical)
    keys = tuple((key.name, key.value) for key in document.business_keys())
    return replace(rendered.made, document=item.document_id, keys=keys)
