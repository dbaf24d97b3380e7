"""Deliver: one document to one destination, once in effect, whatever is killed in between.

`working` has had no effect; `sending` may have had one: recovery resumes from the ref its checkpoint committed, or asks
the business system, and where neither is possible a person decides. It is never sent blindly again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
import structlog

from gateway.adapters.protocol import (
    Accepted,
    Adapter,
    Duplicate,
    ExternalRef,
    Outcome,
    Rejected,
    Retry,
    Uncertain,
)
from gateway.errors import GatewayError
from gateway.model import AttemptOutcome, DeliveryState
from gateway.pipeline.backoff import Backoff
from gateway.ports import Clock, new_id
from gateway.store import Connection, audit, deliveries, documents, exceptions, work
from gateway.store.deliveries import DeliveryRow
from gateway.store.engine import Store
from gateway.store.work import Claim
from translators.canonical.common import Document
from translators.canonical.registry import model_named

CRASHED_BEFORE_SENDING = timedelta(seconds=1)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class OutboundLine:
    """Works deliveries.

    Args:
        adapters: destination -> its adapter.
        worker: who we are, for the attempts.
        backoff: how long after a failed try, by its number.
    """

    store: Store
    adapters: Mapping[str, Adapter]
    clock: Clock
    worker: str
    backoff: Backoff

    def work(self, claim: Claim) -> None:
        """Work one claimed delivery until it is delivered, put off or handed to a person.

        Raises:
            Overtaken: another worker has it; nothing more was written.
            GatewayError: the store is broken; the row stays claimable.
        """
        started_at = self.clock.now()
        with self.store.begin() as conn:
            work.confirm(conn, claim)
            row = deliveries.load(conn, claim.id)
            found = documents.load_for_delivery(conn, row.document_id)
        document = model_named(found["schema"]).from_json_bytes(orjson.dumps(found["canonical"]))
        outcome = self._outcome(claim, row, document)
        with self.store.begin() as conn:
            self._settle(conn, claim, row, found, outcome, started_at=started_at)

    def _outcome(self, claim: Claim, row: DeliveryRow, document: Document) -> Outcome:
        adapter = self.adapters.get(row.destination)
        if adapter is None:
            text = f"no destination {row.destination} is configured; add it to tradelane.yaml"
            return Rejected("destination.unknown", text, path="", fix="config")
        began = claim.state == DeliveryState.SENDING
        resume = ExternalRef(row.external_ref) if began and row.external_ref is not None else None
        if began and resume is None:
            return self._after_silence(adapter, row)
        sent = _Sent(self.store, claim, began=began, ref=resume)
        try:
            return adapter.submit(
                document,
                reference=row.reference,
                request_key=row.request_key,
                resume=resume,
                checkpoint=sent.checkpoint,
            )
        except GatewayError:
            raise
        except Exception as error:  # noqa: BLE001 an adapter may fail in any way; the protocol says what it means
            log.warning("delivery.adapter_failed", delivery=str(row.id), error=type(error).__name__)
            reason = f"the adapter failed: {type(error).__name__}"
            if sent.began and sent.ref is None:
                return Uncertain(reason)
            return Retry(self.backoff.after(row.attempts), "document", reason)

    def _after_silence(self, adapter: Adapter, row: DeliveryRow) -> Outcome:
        """It was being sent when its worker died, with nothing to resume from: ask, or leave it to a person."""
        idempotency = adapter.manifest.idempotency
        if idempotency == "none":
            return Uncertain("the worker died while sending; this destination can neither refuse a repeat nor be asked")
        ref = adapter.probe(row.reference)
        if ref is not None:
            return Accepted(ref, "found")
        if idempotency == "probe_only":
            return Uncertain(
                "the worker died while sending; the destination does not have it yet, and may still take it"
            )
        return Retry(
            CRASHED_BEFORE_SENDING, "document", "the destination does not have it; sending again under the same keys"
        )

    def _settle(
        self,
        conn: Connection,
        claim: Claim,
        row: DeliveryRow,
        found: Mapping[str, object],
        outcome: Outcome,
        *,
        started_at: datetime,
    ) -> None:
        at = self.clock.now()
        state: DeliveryState | None
        match outcome:
            case Accepted(ref=ref, state=said):
                state, kind, detail = DeliveryState.DELIVERED, AttemptOutcome.ACCEPTED, f"{said} as {ref.value}"
            case Duplicate(ref=ref, same_content=True):
                state, kind, detail = DeliveryState.DELIVERED, AttemptOutcome.DUPLICATE, f"had it as {ref.value}"
            case Duplicate(ref=ref):
                state, kind = DeliveryState.REJECTED, AttemptOutcome.DUPLICATE
                detail = f"has {ref.value} under the same reference with other content"
            case Rejected(code=code, message=message, path=path):
                state, kind = DeliveryState.REJECTED, AttemptOutcome.REJECTED
                detail = f"{code}: {message}" + (f" ({path})" if path else "")
            case Retry(reason=reason):
                state, kind, detail = None, AttemptOutcome.RETRY, reason
            case Uncertain(reason=reason):
                state, kind, detail = DeliveryState.UNCERTAIN, AttemptOutcome.UNCERTAIN, reason
        deliveries.add_attempt(
            conn,
            id=new_id(),
            delivery_id=row.id,
            number=claim.attempts,
            worker=self.worker,
            outcome=kind,
            detail=detail,
            started_at=started_at,
            ended_at=at,
        )
        if isinstance(outcome, Retry):
            next_at = at + max(outcome.after, self.backoff.after(claim.attempts))
            if claim.state == DeliveryState.SENDING and row.external_ref is None:
                work.release(conn, claim, state=DeliveryState.RETRYING, next_at=next_at, reason=detail)
            else:
                work.postpone(conn, claim, next_at=next_at, reason=detail)
            return
        assert state is not None
        delivered = state is DeliveryState.DELIVERED
        values: dict[str, str | None] = (
            {"external_ref": outcome.ref.value} if isinstance(outcome, Accepted | Duplicate) else {}
        )
        values["reason"] = None if delivered else detail
        work.guarded_update(conn, claim, state=state, finished_at=at, next_at=None, **values)
        audit.record(
            conn,
            at=at,
            actor=f"destination:{row.destination}",
            action=f"delivery.{state.value}",
            subject="delivery",
            subject_id=str(row.id),
            detail={"document": str(row.document_id), "attempt": claim.attempts, "outcome": kind.value},
        )
        if not delivered:
            code = outcome.code if isinstance(outcome, Rejected) else f"delivery.{kind.value}"
            exceptions.open_exception(
                conn,
                id=new_id(),
                at=at,
                code=code,
                reason=detail,
                group=exceptions.fingerprint(str(found["partner"]), str(found["kind"]), row.destination, code),
                document_id=row.document_id,
                delivery_id=row.id,
            )


class _Sent:
    """Whether something may have left, and from which ref to resume."""

    def __init__(self, store: Store, claim: Claim, *, began: bool, ref: ExternalRef | None) -> None:
        self._store = store
        self._claim = claim
        self.began = began
        self.ref = ref

    def checkpoint(self, ref: ExternalRef | None) -> None:
        """Commit `sending`. See `gateway.adapters.protocol.Checkpoint`."""
        with self._store.begin() as conn:
            values = {} if ref is None else {"external_ref": ref.value}
            work.guarded_update(conn, self._claim, state=DeliveryState.SENDING, **values)
        self.began, self.ref = True, ref
