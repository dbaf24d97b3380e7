"""Receive: bytes become a transmission, in the one transaction after which the sender is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway import crash_points, metrics, traces
from gateway.model import Environment
from gateway.ports import Clock, new_id
from gateway.store import Connection, transmissions
from gateway.store.engine import Store
from gateway.store.rows import NewRows, Target
from gateway.store.vault import Spool, StoredPayload, Vault


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a file came: the channel (`sftp`, `folder` ...), the account that brought it, and what it was called."""

    channel: str
    account: str | None
    filename: str
    environment: Environment


@dataclass(frozen=True, slots=True)
class Received:
    """A transmission that is kept as soon as the transaction commits; then wake `lane`."""

    id: UUID
    lane: str


def receive(target: Target, arrival: Arrival, payload: StoredPayload, *, at: datetime, large_bytes: int) -> Received:
    """Keep one transmission beside its payload, in the caller's transaction.

    Args:
        target: the transaction that also stores the payload, or the rows it writes together.
        arrival: how it came.
        payload: its bytes, already in the vault.
        at: the moment, aware.
        large_bytes: over this a file goes to a lane of its own, so that a catalog does not hold a partner's
            acknowledgments.
    """
    flow = "large" if payload.size > large_bytes else "flow"
    lane = f"in:{arrival.account or arrival.channel}:{flow}"
    id = new_id()
    transmissions.add_received(
        target,
        id=id,
        at=at,
        channel=arrival.channel,
        account=arrival.account,
        filename=arrival.filename,
        environment=arrival.environment,
        payload=payload,
        lane=lane,
        ordering_key=lane,
    )
    metrics.RECEIVED.labels(arrival.channel).inc()
    metrics.RECEIVED_BYTES.labels(arrival.channel).inc(payload.size)
    return Received(id, lane)


Earlier = Callable[[Connection, StoredPayload], UUID | None]
"""Says, inside the transaction, which transmission this is a repeat of, by the channel's own rules; None for none."""

Beside = Callable[[Connection, NewRows, Received, StoredPayload], None]
"""Adds the channel's own rows (a ledger, an MDN) to the transaction that keeps a transmission."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a channel may answer on: the transmission is committed.

    Args:
        id: of the transmission; of the earlier one where `repeated`.
        payload: name and size of its bytes.
        repeated: it was there already, and nothing new is kept.
    """

    id: UUID
    payload: StoredPayload
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Inlet:
    """Where a channel hands in what arrived: streamed to the vault, committed with its row, and only then answered.

    Args:
        wake: told the lane of each transmission that was just committed.
        large_bytes: over this a file has a lane apart.
        admit: raises IntakeClosed while nothing more may be taken in.
    """

    store: Store
    vault: Vault
    clock: Clock
    wake: Callable[[list[str]], None]
    large_bytes: int
    admit: Callable[[], None] = lambda: None

    def spool(self) -> Spool:
        """A place for the bytes as they come; dropped at the end of its `with` unless it was taken.

        Raises:
            IntakeClosed: ask the sender to come back later.
        """
        self.admit()
        return self.vault.spool()

    def take(
        self,
        spool: Spool,
        arrival: Arrival,
        *,
        earlier: Earlier = lambda _conn, _payload: None,
        beside: Beside = lambda _conn, _rows, _received, _payload: None,
    ) -> Taken:
        """Keep what was spooled as one transmission. When this returns it is committed, and the sender may be answered.

        Args:
            spool: all of its bytes.
            arrival: how it came.
            earlier: asked first; a repeat is not kept again.
            beside: adds the channel's own rows.

        Raises:
            StoreUnavailable: the database or the disk is broken. The sender must be told of a failure; that the commit
                went through all the same is possible, so the same again has to be known by `earlier` or by its content.
        """
        with traces.stage("tradelane.receive", channel=arrival.channel):
            taken = self._take(spool, arrival, earlier=earlier, beside=beside)
            traces.join([("transmission", str(taken.id))])
        return taken

    def _take(self, spool: Spool, arrival: Arrival, *, earlier: Earlier, beside: Beside) -> Taken:
        at = self.clock.now()
        self.vault.settle(spool)
        with self.store.begin() as conn:
            before = earlier(conn, spool.payload)
            if before is not None:
                return Taken(before, spool.payload, repeated=True)
            rows = NewRows()
            payload = self.vault.put_spooled(rows, spool)
            received = receive(rows, arrival, payload, at=at, large_bytes=self.large_bytes)
            beside(conn, rows, received, payload)
            rows.write(conn)
            crash_points.reached("receive.before_commit")
        crash_points.reached("receive.after_commit")
        self.wake([received.lane])
        return Taken(received.id, payload)
