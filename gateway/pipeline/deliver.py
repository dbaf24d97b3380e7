"""Deliver: one document to one destination, once in effect, whatever is killed in between.

`working` has had no effect; `sending` may have had one: recovery resumes from the ref its checkpoint committed, or asks
the business system, and where neither is possible a person decides. It is never sent blindly again. A try that ends
without a definite answer leaves the row in `sending`, so that the next one finds out first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import orjson
import structlog

from gateway import metrics, traces
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
from gateway.delivery_policy import USUAL, DeliveryPolicy
from gateway.errors import GatewayError, NoTelling
from gateway.model import AttemptOutcome, DeliveryState, Environment
from gateway.pipeline.backoff import Backoff
from gateway.ports import Clock, new_id
from gateway.routing import Routes
from gateway.store import Connection, audit, deliveries, destinations, documents, exceptions, work
from gateway.store.deliveries import DeliveryRow
from gateway.store.engine import Store
from gateway.store.work import Claim
from translators.canonical.common import Document
from translators.canonical.registry import model_named

SENT_AGAIN_AFTER = timedelta(seconds=1)
_NUMBERS = re.compile("[0-9]+")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class OutboundLine:
    """Works deliveries.

    Args:
        adapters: destination -> its adapter.
        worker: who we are, for the attempts.
        backoff: how long after a failed try, by its number.
        policies: destination -> how it is treated; its own waits go before `backoff`.
        routes: which destinations are for test documents.
    """

    store: Store
    adapters: Mapping[str, Adapter]
    clock: Clock
    worker: str
    backoff: Backoff
    policies: Mapping[str, DeliveryPolicy] = field(default_factory=dict)
    routes: Routes = field(default_factory=Routes)

    def work(self, claim: Claim) -> bool:
        """Work one claimed delivery until it is delivered, put off or handed to a person; whether it is delivered.

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
        with traces.stage("tradelane.deliver", destination=row.destination):
            traces.join((key.name, key.value) for key in document.business_keys())
            tried = self._try(claim, row, document, environment=Environment(found["environment"]))
        with self.store.begin() as conn:
            return self._settle(conn, claim, row, found, tried, started_at=started_at)

    def _try(self, claim: Claim, row: DeliveryRow, document: Document, *, environment: Environment) -> _Tried:
        adapter = self.adapters.get(row.destination)
        if adapter is None:
            text = f"no destination {row.destination} is configured; add it to tradelane.yaml"
            return _Tried(Rejected("destination.unknown", text, path="", fix="config"), answered=False)
        if not self.routes.takes(row.destination, environment):  # it was for others when this was routed
            text = f"{row.destination} is not for {environment.value} documents any more"
            return _Tried(Rejected("destination.environment", text, path="", fix="config"), answered=False)
        began = row.state is DeliveryState.SENDING  # as it stands now, not as it was claimed
        resume = ExternalRef(row.external_ref) if began and row.external_ref is not None else None
        if began and resume is None:
            return self._after_silence(adapter, row)
        sent = _Sent(self.store, claim, began=began, ref=resume)
        try:
            outcome = adapter.submit(
                document,
                reference=row.reference,
                request_key=row.request_key,
                resume=resume,
                checkpoint=sent.checkpoint,
            )
        except GatewayError:
            raise
        except Exception as error:  # noqa: BLE001 an adapter may fail in any way; the protocol says what it means
            reason = self._failed(row, error)
            outcome = Uncertain(reason) if sent.began and sent.ref is None else self._later(row, reason)
        match outcome:
            case Retry():  # nothing was taken: without a ref to resume from, the next try is a first one again
                return _Tried(outcome, find_out=sent.ref is not None)
            case Uncertain():
                return _Tried(outcome, find_out=adapter.manifest.idempotency != "none")
            case _:
                return _Tried(outcome)

    def _after_silence(self, adapter: Adapter, row: DeliveryRow) -> _Tried:
        """It may have been sent, and there is nothing to resume from: ask, or leave it to a person."""
        idempotency = adapter.manifest.idempotency
        if idempotency == "none":
            return _Tried(Uncertain("no answer came; this destination can neither refuse a repeat nor be asked"))
        try:
            ref = adapter.probe(row.reference)
        except GatewayError:
            raise
        except Exception as error:  # noqa: BLE001 as with submit
            later = self._later(row, self._failed(row, error))
            asked = error.after if isinstance(error, NoTelling) else None
            return _Tried(replace(later, after=max(later.after, asked or later.after)), find_out=True)
        if ref is not None:
            return _Tried(Accepted(ref, "found"))
        if idempotency == "probe_only":
            text = "no answer came; the destination does not have it yet, and may still take it"
            return _Tried(Uncertain(text), answered=True)
        text = "the destination does not have it; sending again under the same keys"
        return _Tried(Retry(SENT_AGAIN_AFTER, "document", text), answered=True)

    def _later(self, row: DeliveryRow, reason: str) -> Retry:
        return Retry(self._backoff(row.destination).after(row.attempts), "document", reason)

    def _policy(self, destination: str) -> DeliveryPolicy:
        return self.policies.get(destination, USUAL)

    def _backoff(self, destination: str) -> Backoff:
        policy = self.policies.get(destination)
        return self.backoff if policy is None else replace(self.backoff, first=policy.first, longest=policy.longest)

    def _failed(self, row: DeliveryRow, error: Exception) -> str:
        log.warning("delivery.adapter_failed", delivery=str(row.id), error=type(error).__name__)
        return f"the adapter failed: {type(error).__name__}"

    def _settle(
        self,
        conn: Connection,
        claim: Claim,
        row: DeliveryRow,
        found: Mapping[str, object],
        tried: _Tried,
        *,
        started_at: datetime,
    ) -> bool:
        at = self.clock.now()
        tried = self._unless_too_late(row, tried, at=at)
        outcome = tried.outcome
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
        metrics.ATTEMPTS.labels("delivery", kind.value).inc()
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
        if isinstance(outcome, Retry | Uncertain) and not tried.answered:
            self._in_trouble(conn, row.destination, outcome, at=at)
        elif tried.answered is not False:
            destinations.answered(conn, row.destination, at=at)
        if state is None or tried.find_out:
            wait = self._backoff(row.destination).after(claim.attempts)
            next_at = at + (max(outcome.after, wait) if isinstance(outcome, Retry) else wait)
            waiting = DeliveryState.SENDING if tried.find_out else DeliveryState.RETRYING
            work.release(conn, claim, state=waiting, next_at=next_at, reason=detail)
            return False
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
                group=exceptions.fingerprint(
                    str(found["partner"]), str(found["kind"]), row.destination, code, *_place_pattern(outcome)
                ),
                document_id=row.document_id,
                delivery_id=row.id,
                fix=outcome.fix if isinstance(outcome, Rejected) else None,
            )
        return delivered

    def _unless_too_late(self, row: DeliveryRow, tried: _Tried, *, at: datetime) -> _Tried:
        """As it was tried, or given up where it would be tried again after the destination's deadline."""
        deadline = self._policy(row.destination).deadline
        again = tried.find_out or isinstance(tried.outcome, Retry)
        if deadline is None or not again or at < row.created_at + deadline:
            return tried
        reason = tried.outcome.reason if isinstance(tried.outcome, Retry | Uncertain) else ""
        if tried.find_out:
            return _Tried(Uncertain(f"not known when the deadline came: {reason}"))
        text = f"not taken by {(row.created_at + deadline).isoformat()}: {reason}"
        return _Tried(Rejected("delivery.deadline", text, path="", fix="config"), answered=False)

    def _in_trouble(self, conn: Connection, destination: str, outcome: Retry | Uncertain, *, at: datetime) -> None:
        """Count the failure, and pause the destination where it says so itself or fails too often on end."""
        policy = self._policy(destination)
        failures = destinations.failed(conn, destination, at=at, reason=outcome.reason)
        if isinstance(outcome, Retry) and outcome.scope == "target":
            until = at + max(outcome.after, self._backoff(destination).after(failures))
        elif failures >= policy.breaker_after:
            until = at + policy.breaker_pause
        else:
            return
        destinations.pause(conn, destination, until=until, at=at, reason=outcome.reason)


def _place_pattern(outcome: Outcome) -> tuple[str, ...]:
    """Where in a document it was refused, whichever line; nothing where no place was named."""
    path = outcome.path if isinstance(outcome, Rejected) else ""
    return (_NUMBERS.sub("#", path),) if path else ()


@dataclass(frozen=True, slots=True)
class _Tried:
    """How one try ended.

    Attributes:
        find_out: not definitely, so the next one must find out before it sends.
        answered: the destination said something, so it is there; None where the outcome tells.
    """

    outcome: Outcome
    find_out: bool = False
    answered: bool | None = None


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
