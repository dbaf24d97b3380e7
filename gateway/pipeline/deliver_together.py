"""Deliver together: a batch of first tries to one destination, with three commits for all instead of three for each.

Only what goes well is done here. Whatever does not (a try before, a fault, a fence that no longer holds) is left to
`OutboundLine.work`, which delivers one by one and finds out what became of it first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import orjson
import structlog

from gateway import metrics, traces
from gateway.adapters.protocol import Accepted, ExternalRef, Submission, SubmitsTogether
from gateway.model import AttemptOutcome, DeliveryState
from gateway.pipeline.deliver import OutboundLine
from gateway.pipeline.translate import identity_number
from gateway.ports import new_id
from gateway.store import audit, deliveries, delivery_batches, destinations
from gateway.store.delivery_batches import DocumentToSend
from gateway.store.rows import NewRows
from gateway.store.work import Claim
from translators.canonical.common import canonical_json
from translators.canonical.registry import model_named

FIRST_CLAIM = 1

log = structlog.get_logger()


def deliver_together(line: OutboundLine, claims: Sequence[Claim]) -> list[Claim]:
    """Deliver those of a lane's batch that can go together.

    A row that was claimed before is not among them: a worker may have died with it, and then it must be alone when
    the next one does, so that no other is blamed.

    Returns:
        The claims that are left for `line.work`, in their order.
    """
    foremost = _foremost(claims)
    first = [claim for claim in foremost if claim.claim_no == FIRST_CLAIM and claim.state == DeliveryState.READY]
    batch = _Batch(line, first)
    try:
        batch.run()
    except Exception as error:  # noqa: BLE001 each is tried again alone, where its own fault is told
        log.warning("delivery.batch_taken_apart", rows=len(batch.claims), error=type(error).__name__)
    return [batch.left.get(claim, claim) for claim in claims if claim not in batch.delivered]


@dataclass(slots=True)
class _Batch:
    """One try of several deliveries.

    `left` gives those that may be out but are not settled, in the state that makes the next try find out.
    """

    line: OutboundLine
    claims: Sequence[Claim]
    delivered: frozenset[Claim] = frozenset()
    left: dict[Claim, Claim] = field(default_factory=dict)

    def run(self) -> None:
        if len(self.claims) < 2:
            return
        line = self.line
        started_at = line.clock.now()
        with line.store.begin() as conn:
            loaded = delivery_batches.load(conn, self.claims)
        found = [item for item in loaded if line.routes.takes(item.destination, item.environment)]
        adapter: object = line.adapters.get(found[0].destination) if found else None
        if not isinstance(adapter, SubmitsTogether):
            return
        sent = {item.reference: item for item in found}

        def checkpoint(refs: Mapping[str, ExternalRef]) -> None:
            begun = {sent[reference].claim: ref.value for reference, ref in refs.items()}
            with line.store.begin() as conn:
                delivery_batches.begin_sending(conn, begun)
            self.left = {claim: replace(claim, state=DeliveryState.SENDING) for claim in begun}

        accepted = adapter.submit_together([_submission(item) for item in found], checkpoint)
        done = [(sent[reference], outcome) for reference, outcome in accepted.items()]
        if done:
            self._settle(done, started_at=started_at)
            self.delivered = frozenset(item.claim for item, _ in done)

    def _settle(self, done: Sequence[tuple[DocumentToSend, Accepted]], *, started_at: datetime) -> None:
        line, at = self.line, self.line.clock.now()
        rows = NewRows()
        metrics.ATTEMPTS.labels("delivery", AttemptOutcome.ACCEPTED.value).inc(len(done))
        for item, outcome in done:
            _trace(item, together=len(done))
            deliveries.add_attempt(
                rows,
                id=new_id(),
                delivery_id=item.claim.id,
                number=item.claim.attempts,
                worker=line.worker,
                outcome=AttemptOutcome.ACCEPTED,
                detail=f"{outcome.state} as {outcome.ref.value}",
                started_at=started_at,
                ended_at=at,
            )
            audit.record(
                rows,
                at=at,
                actor=f"destination:{item.destination}",
                action=f"delivery.{DeliveryState.DELIVERED.value}",
                subject="delivery",
                subject_id=str(item.claim.id),
                detail={
                    "document": str(item.document_id),
                    "attempt": item.claim.attempts,
                    "outcome": AttemptOutcome.ACCEPTED.value,
                },
            )
        with line.store.begin() as conn:
            destinations.answered(conn, done[0][0].destination, at=at)
            delivery_batches.end_delivered(conn, {item.claim: outcome.ref.value for item, outcome in done}, at=at)
            rows.write(conn)


def _trace(item: DocumentToSend, *, together: int) -> None:
    """A span for one document of a batch, as it would have alone; read as a document only where it is recorded."""
    with traces.stage("tradelane.deliver", destination=item.destination, together=together) as span:
        if span.is_recording():
            document = model_named(item.schema).from_json_bytes(item.canonical)
            traces.join((key.name, key.value) for key in document.business_keys())


def _foremost(claims: Sequence[Claim]) -> list[Claim]:
    """The first of each ordering key, and all that have none: the others have to wait for it."""
    keys: set[str] = set()
    found = []
    for claim in claims:
        if claim.ordering_key is None or claim.ordering_key not in keys:
            found.append(claim)
        if claim.ordering_key is not None:
            keys.add(claim.ordering_key)
    return found


def _submission(item: DocumentToSend) -> Submission:
    """The document's form is made of what is stored without reading it as a document: what is stored was one."""
    return Submission(
        kind=model_named(item.schema).kind,
        number=identity_number(item.identity),
        content=canonical_json(orjson.loads(item.canonical)),
        reference=item.reference,
        request_key=item.request_key,
    )
