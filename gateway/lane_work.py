"""Working a lane: a batch of due rows, one after the other, and what is done with a row when the world is broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Event
from time import perf_counter
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

import structlog

from gateway import metrics, traces
from gateway.errors import NotYet, Overtaken, StoreUnavailable
from gateway.model import AttemptOutcome
from gateway.pipeline.backoff import Backoff
from gateway.ports import Clock, new_id
from gateway.store import Connection, audit, deliveries, destinations, work
from gateway.store.crashes import give_back, record_fault
from gateway.store.engine import Store
from gateway.store.work import Claim
from gateway.store.work_statements import DISPATCH, WorkTable

BATCH = 20
DISPATCH_BATCH = 1_000
"""Documents that wait for one partner go out together, as many as its agreements let into an interchange."""
STORE_PAUSE_SECONDS = 0.5
LONGEST_REASON = 500

Together = Callable[[Sequence[Claim]], Sequence[Claim]]
"""Works those of a batch that can be worked at once; returns the others, in their order. It raises nothing."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class LaneWork:
    """Runs lanes for one worker: a `LaneRunner`.

    Args:
        store: where the rows are.
        work: does one row, in transactions of its own, through `guarded_update` or `release`. It raises OSError,
            NotYet or StoreUnavailable when the world is broken: the row is tried again later, for as long as it takes.
            Anything else it raises is a fault of ours: the third time the row is put into quarantine. What returns
            True has come to its end and blocks no later row of its key; otherwise the store is asked.
        worker: who we are in `claimed_by`: `node/name`.
        clock: what `next_at` is compared with.
        backoff: how long a row rests between tries.
        stop: set when the worker shall end; rows not begun are put back.
        together: offered each batch first, where there is one.
        ended: called after each batch.
        rates: destination -> requests it may be given, and in how long.
        begun: told each row that is taken up, and None when it is left; the parent's watchdog looks at it.
    """

    def __init__(
        self,
        store: Store,
        work: Callable[[Claim], bool | None],
        *,
        worker: str,
        clock: Clock,
        backoff: Backoff,
        stop: Event,
        begun: Callable[[Claim | None], None] = lambda _claim: None,
        together: Together | None = None,
        rates: Mapping[str, tuple[int, timedelta]] = MappingProxyType({}),
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._work = work
        self._worker = worker
        self._clock = clock
        self._backoff = backoff
        self._stop = stop
        self._begun = begun
        self._together = together
        self._rates = rates
        self._ended = ended

    def run(self, lane: str) -> bool:
        """Claim a batch and work it; whether more is due already.

        A row is left when an earlier one of its key in the batch did not come to its end.
        """
        try:
            with self._store.begin() as conn:
                claims = self._claim(conn, lane)
        except StoreUnavailable:
            # The commit may have gone through all the same: what we have in hand without knowing goes back.
            self._until_stored(lambda conn: give_back(conn, self._worker, now=self._clock.now(), blame=False))
            return False
        if not claims:
            return False
        self._work_batch(self._left_alone(claims))
        self._ended()
        return self._until_stored(lambda conn: self._end_batch(conn, lane, claims)) or False

    def _claim(self, conn: Connection, lane: str) -> list[Claim]:
        now, limit = self._clock.now(), _batch(lane)
        destination = destinations.destination_of(lane)
        if destination is None:
            return work.claim(conn, lane, worker=self._worker, now=now, limit=limit)
        rate = self._rates.get(destination)
        room = destinations.room(conn, destination, now=now, limit=limit, rate=rate)
        claims = work.claim(conn, lane, worker=self._worker, now=now, limit=room) if room else []
        if claims and (rate is not None or room < limit):
            destinations.taken(conn, destination, len(claims), now=now, rate=rate)
        return claims

    def _left_alone(self, claims: list[Claim]) -> Sequence[Claim]:
        """Those of a batch that have to be worked one by one, after the others were worked together."""
        if self._together is None or self._stop.is_set():
            return claims
        self._begun(claims[0])
        began = perf_counter()
        left = self._together(claims)
        self._begun(None)
        worked = len(claims) - len(left)
        for _ in range(worked):  # those worked together share the time it took
            metrics.WORK.labels(metrics.kind_of(claims[0].lane), "worked").observe((perf_counter() - began) / worked)
        return left

    def _work_batch(self, claims: Sequence[Claim]) -> None:
        waiting: set[str] = set()
        for place, claim in enumerate(claims):
            if self._stop.is_set():
                self._put_back(claims[place:])
                return
            key = claim.ordering_key
            if key in waiting:
                self._put_back([claim])
                continue
            self._begun(claim)
            ended = self._work_one(claim)
            self._begun(None)
            if not ended and self._is_paused(claim.lane):
                self._put_back(claims[place + 1 :])
                return
            followed = key is not None and any(later.ordering_key == key for later in claims[place + 1 :])
            if key is not None and followed and not ended and self._is_open(claim):
                waiting.add(key)

    def _work_one(self, claim: Claim) -> bool:
        """Whether it is known to stand in nobody's way any more."""
        started_at, began, outcome = self._clock.now(), perf_counter(), "fault"
        try:
            with traces.stage(f"tradelane.work {metrics.kind_of(claim.lane)}", transmission=_transmission_of(claim)):
                ended = self._work(claim) is True
            outcome = "worked"
            return ended
        except Overtaken as error:
            outcome = "overtaken"
            log.warning("work.overtaken", **_named(claim), reason=str(error))
        except (StoreUnavailable, NotYet, OSError) as error:
            outcome = "postponed"
            reason = _told(error)
            log.warning("work.postponed", **_named(claim), reason=reason)
            self._unless_overtaken(claim, lambda conn: self._postpone(conn, claim, reason, started_at=started_at))
        except Exception as error:
            reason = _told(error)
            log.exception("work.fault", **_named(claim))
            self._unless_overtaken(claim, lambda conn: self._blame(conn, claim, reason))
        finally:
            metrics.WORK.labels(metrics.kind_of(claim.lane), outcome).observe(perf_counter() - began)
        return False

    def _end_batch(self, conn: Connection, lane: str, claims: list[Claim]) -> bool:
        """Whether more is due. A row that the work neither ended nor let go would otherwise lie in hand for ever."""
        for claim in work.still_held(conn, claims):
            log.error("work.left_in_hand", **_named(claim))
            self._blame(conn, claim, "the work returned and left the row in hand")
        return work.more_due(conn, lane, self._clock.now())

    def _postpone(self, conn: Connection, claim: Claim, reason: str, *, started_at: datetime) -> None:
        now = self._clock.now()
        next_at = now + self._backoff.after(claim.attempts)
        work.postpone(conn, claim, next_at=next_at, reason=reason)
        is_delivery = claim.table is WorkTable.DELIVERY
        deliveries.add_attempt(
            conn,
            id=new_id(),
            delivery_id=claim.id if is_delivery else None,
            transmission_id=None if is_delivery else claim.id,
            number=claim.attempts,
            worker=self._worker,
            outcome=AttemptOutcome.RETRY,
            detail=reason,
            started_at=started_at,
            ended_at=now,
        )
        audit.record(
            conn,
            at=now,
            actor=self._worker,
            action="work.postponed",
            subject=claim.table.value,
            subject_id=str(claim.id),
            detail={"attempt": claim.attempts, "next_at": next_at.isoformat(), "reason": reason},
        )

    def _blame(self, conn: Connection, claim: Claim, reason: str) -> None:
        record_fault(conn, claim, worker=self._worker, now=self._clock.now(), reason=reason)

    def _unless_overtaken(self, claim: Claim, write: Callable[[Connection], None]) -> None:
        """A fault after the row's last commit, or after it was given to another, changes nothing."""
        try:
            self._until_stored(write)
        except Overtaken as error:
            log.warning("work.overtaken", **_named(claim), reason=str(error))

    def _put_back(self, claims: Sequence[Claim]) -> None:
        self._until_stored(lambda conn: work.put_back(conn, claims))

    def _is_paused(self, lane: str) -> bool:
        if destinations.destination_of(lane) is None:
            return False
        now = self._clock.now()
        return self._until_stored(lambda conn: destinations.is_paused(conn, lane, now=now)) is not False

    def _is_open(self, claim: Claim) -> bool:
        return self._until_stored(lambda conn: work.is_open(conn, claim)) is not False

    def _until_stored(self, write: Callable[[Connection], T]) -> T | None:
        """Run a transaction; while the database is gone, wait for it. None when we are to stop before it is back.

        What is then left in our name, the parent gives back when this process has ended.
        """
        while True:
            try:
                with self._store.begin() as conn:
                    return write(conn)
            except StoreUnavailable as error:
                log.warning("work.waits_for_the_store", reason=str(error)[:200])
                if self._stop.wait(STORE_PAUSE_SECONDS):
                    return None


def _batch(lane: str) -> int:
    return DISPATCH_BATCH if lane.startswith(DISPATCH) else BATCH


def _transmission_of(claim: Claim) -> UUID | None:
    return claim.id if claim.table is WorkTable.TRANSMISSION else None


def _named(claim: Claim) -> dict[str, object]:
    return {claim.table.value: str(claim.id), "lane": claim.lane, "attempt": claim.attempts}


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:LONGEST_REASON]
