"""Send: outbound transmissions are brought to partners, each once in effect, from the send lanes.

`working` has had no effect; `sending` may have had one, so that the next try finds out first. A receipt that comes
apart from the sending (an asynchronous MDN) settles the row itself, and whoever worked it is overtaken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from gateway import metrics, traces
from gateway.errors import GatewayError
from gateway.model import AttemptOutcome, TransmissionState
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.transport import (
    Awaiting,
    Delivered,
    Refused,
    RetryLater,
    SendOutcome,
    Shipment,
    Transport,
    Uncertain,
)
from gateway.ports import Clock, new_id
from gateway.store import Connection, audit, deliveries, exceptions, transmissions, work
from gateway.store.engine import Store
from gateway.store.transmissions import Transmission
from gateway.store.vault import Vault
from gateway.store.work import Claim
from translators.formats import Format

NO_TRANSPORT = "send.no_transport"
UNCERTAIN = "send.uncertain"
NOW = timedelta()
"""As soon as the backoff lets it."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SendLine:
    """Works outbound transmissions of partners we go to.

    Args:
        transports: channel -> what brings there.
        worker: who we are, for the attempts.
        backoff: how long after a failed try, by its number.
    """

    store: Store
    vault: Vault
    transports: Mapping[str, Transport]
    clock: Clock
    worker: str
    backoff: Backoff

    def work(self, claim: Claim) -> None:
        """Work one claimed transmission until it is sent, put off, awaited or handed to a person.

        Raises:
            Overtaken: another worker has it, or its receipt came meanwhile; nothing more was written.
            GatewayError: the store is broken; the row stays claimable.
        """
        started_at = self.clock.now()
        with self.store.begin() as conn:
            work.confirm(conn, claim)
            found = transmissions.load(conn, claim.id)
        with traces.stage("tradelane.send", transmission=found.id, channel=found.channel):
            tried = self._try(claim, found)
        with self.store.begin() as conn:
            self._settle(conn, claim, found, tried, started_at=started_at)

    def _try(self, claim: Claim, found: Transmission) -> _Tried:
        transport = self.transports.get(found.channel)
        if transport is None:
            text = f"nothing brings files over {found.channel} here; set it up, then retry"
            return _Tried(Refused(NO_TRANSPORT, text))
        shipment = self._shipment(claim, found)
        if found.state is TransmissionState.SENDING:
            try:
                outcome = transport.find_out(shipment)
            except GatewayError:
                raise
            except Exception as error:  # noqa: BLE001 a transport may fail in any way; the port says what it means
                return _Tried(RetryLater(NOW, self._failed(found, error)), find_out=True)
            if outcome is not None:
                return _Tried(outcome, find_out=isinstance(outcome, RetryLater))
        sent = _Sent(self.store, claim)
        try:
            outcome = transport.send(shipment, sent.checkpoint)
        except GatewayError:
            raise
        except Exception as error:  # noqa: BLE001 as with find_out
            reason = self._failed(found, error)
            outcome = Uncertain(reason) if sent.began else RetryLater(NOW, reason)
        return _Tried(outcome, find_out=isinstance(outcome, Uncertain))

    def _failed(self, found: Transmission, error: Exception) -> str:
        log.warning("send.transport_failed", transmission=str(found.id), error=type(error).__name__)
        return f"the transport failed: {type(error).__name__}"

    def _shipment(self, claim: Claim, found: Transmission) -> Shipment:
        return Shipment(
            id=found.id,
            account=found.account or "",
            partner=found.partner or "",
            filename=found.filename,
            environment=found.environment,
            size=found.size,
            made_at=found.received_at,
            attempt=claim.attempts,
            content=lambda: self._content(found.sha256),
            content_format=found.content_format or Format.X12.value,
        )

    def _content(self, sha256: bytes) -> Iterator[bytes]:
        """The bytes; the database is held only until they are found."""
        with self.store.begin() as conn:
            chunks = self.vault.open(conn, sha256)
        yield from chunks

    def _settle(
        self, conn: Connection, claim: Claim, found: Transmission, tried: _Tried, *, started_at: datetime
    ) -> None:
        at, outcome = self.clock.now(), tried.outcome
        state, kind, detail = _told(outcome)
        metrics.ATTEMPTS.labels("send", kind.value).inc()
        deliveries.add_attempt(
            conn,
            id=new_id(),
            transmission_id=found.id,
            number=claim.attempts,
            worker=self.worker,
            outcome=kind,
            detail=detail,
            started_at=started_at,
            ended_at=at,
        )
        if isinstance(outcome, RetryLater) or tried.find_out:
            wait = self.backoff.after(claim.attempts)
            next_at = at + (max(outcome.after, wait) if isinstance(outcome, RetryLater) else wait)
            waiting = TransmissionState.SENDING if tried.find_out else TransmissionState.RETRYING
            work.release(conn, claim, state=waiting, next_at=next_at, reason=detail)
        elif isinstance(outcome, Awaiting):
            work.release(conn, claim, state=TransmissionState.AWAITING, next_at=outcome.until)
        else:
            self._end(conn, claim, found, outcome, state=state, detail=detail, at=at)

    def _end(
        self,
        conn: Connection,
        claim: Claim,
        found: Transmission,
        outcome: SendOutcome,
        *,
        state: TransmissionState,
        detail: str,
        at: datetime,
    ) -> None:
        reason = None if state is TransmissionState.SENT else detail
        work.guarded_update(conn, claim, state=state, finished_at=at, next_at=None, reason=reason)
        audit.record(
            conn,
            at=at,
            actor=f"{found.channel}:{found.account or ''}",
            action=f"transmission.{state.value}",
            subject="transmission",
            subject_id=str(found.id),
            detail={"attempt": claim.attempts, "receipt": detail},
        )
        if state is not TransmissionState.SENT:
            code = outcome.code if isinstance(outcome, Refused) else UNCERTAIN
            exceptions.open_exception(
                conn,
                id=new_id(),
                at=at,
                code=code,
                reason=detail,
                group=exceptions.fingerprint(found.partner or "", found.channel, found.account or "", code),
                transmission_id=found.id,
            )


@dataclass(frozen=True, slots=True)
class _Tried:
    """How one try ended; `find_out`: not definitely, so the next one must find out before it sends."""

    outcome: SendOutcome
    find_out: bool = False


class _Sent:
    """Whether something may have left in this try."""

    def __init__(self, store: Store, claim: Claim) -> None:
        self._store = store
        self._claim = claim
        self.began = False

    def checkpoint(self) -> None:
        """Commit `sending`. See `gateway.pipeline.transport.Checkpoint`."""
        with self._store.begin() as conn:
            work.guarded_update(conn, self._claim, state=TransmissionState.SENDING)
        self.began = True


def _told(outcome: SendOutcome) -> tuple[TransmissionState, AttemptOutcome, str]:
    """The state it would end in, and what the attempt says."""
    match outcome:
        case Delivered(receipt=receipt):
            return TransmissionState.SENT, AttemptOutcome.ACCEPTED, receipt
        case Awaiting(until=until):
            return TransmissionState.AWAITING, AttemptOutcome.ACCEPTED, f"taken; its receipt is due by {until:%FT%TZ}"
        case RetryLater(reason=reason):
            return TransmissionState.RETRYING, AttemptOutcome.RETRY, reason
        case Uncertain(reason=reason):
            return TransmissionState.UNCERTAIN, AttemptOutcome.UNCERTAIN, reason
        case Refused(code=code, reason=reason):
            return TransmissionState.REFUSED, AttemptOutcome.REJECTED, f"{code}: {reason}"
