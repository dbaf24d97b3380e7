"""Transmissions: files and messages on the wire, in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, update

from gateway.model import Direction, Environment, TransmissionState
from gateway.store import audit
from gateway.store.rows import Target, insert_rows
from gateway.store.tables import business_key, interchange, transmission
from gateway.store.vault import StoredPayload
from gateway.store.work_statements import SEND

LONGEST_KEY = 500


@dataclass(frozen=True, slots=True)
class Transmission:
    """What the pipeline needs to know of a transmission; `sha256` names its bytes in the vault."""

    id: UUID
    direction: Direction
    environment: Environment
    state: TransmissionState
    channel: str
    account: str | None
    partner: str | None
    filename: str
    sha256: bytes
    size: int
    received_at: datetime
    content_format: str | None = None
    """The wire format, once known."""


def add_received(
    target: Target,
    *,
    id: UUID,
    at: datetime,
    channel: str,
    account: str | None,
    filename: str,
    environment: Environment,
    payload: StoredPayload,
    lane: str,
    ordering_key: str | None,
) -> None:
    """Keep one received transmission; its lane must be woken after the commit."""
    insert_rows(
        target,
        transmission,
        [
            {
                "id": id,
                "direction": Direction.IN,
                "environment": environment,
                "state": TransmissionState.RECEIVED,
                "channel": channel,
                "account": account,
                "filename": filename,
                "payload_sha256": payload.sha256,
                "size": payload.size,
                "received_at": at,
                "lane": lane,
                "ordering_key": ordering_key,
            }
        ],
    )
    audit.record(
        target,
        at=at,
        actor=f"{channel}:{account or ''}",
        action="transmission.received",
        subject="transmission",
        subject_id=str(id),
        detail={"filename": filename, "sha256": payload.sha256.hex(), "size": payload.size},
    )


def add_handed_in(
    target: Target,
    *,
    id: UUID,
    at: datetime,
    channel: str,
    partner: str,
    filename: str,
    environment: Environment,
    payload: StoredPayload,
    content_format: str | None,
    state: TransmissionState,
    reason: str | None = None,
    duplicate_of: UUID | None = None,
) -> None:
    """Keep what one of our own systems handed in for a partner; it is at its end, the document it holds is not."""
    insert_rows(
        target,
        transmission,
        [
            {
                "id": id,
                "direction": Direction.IN,
                "environment": environment,
                "state": state,
                "channel": channel,
                "partner": partner,
                "filename": filename,
                "format": content_format,
                "payload_sha256": payload.sha256,
                "size": payload.size,
                "reason": reason,
                "duplicate_of": duplicate_of,
                "received_at": at,
                "finished_at": at,
            }
        ],
    )
    audit.record(
        target,
        at=at,
        actor=channel,
        action="transmission.handed_in",
        subject="transmission",
        subject_id=str(id),
        detail={
            "filename": filename,
            "partner": partner,
            "sha256": payload.sha256.hex(),
            "size": payload.size,
            "state": state.value,
        },
    )


def add_outbound(
    target: Target,
    *,
    id: UUID,
    at: datetime,
    channel: str,
    account: str,
    partner: str,
    filename: str,
    environment: Environment,
    payload: StoredPayload,
    lane: str | None = None,
    content_format: str = "x12",
) -> None:
    """Keep one transmission of ours: ready to be collected, or queued on the lane that brings it to the partner."""
    insert_rows(
        target,
        transmission,
        [
            {
                "id": id,
                "direction": Direction.OUT,
                "environment": environment,
                "state": TransmissionState.READY if lane is None else TransmissionState.QUEUED,
                "channel": channel,
                "account": account,
                "partner": partner,
                "filename": filename,
                "format": content_format,
                "payload_sha256": payload.sha256,
                "size": payload.size,
                "received_at": at,
                "lane": lane,
                "ordering_key": lane,
            }
        ],
    )
    audit.record(
        target,
        at=at,
        actor="gateway",
        action="transmission.made",
        subject="transmission",
        subject_id=str(id),
        detail={"account": account, "filename": filename, "sha256": payload.sha256.hex(), "size": payload.size},
    )


@dataclass(frozen=True, slots=True)
class SameFile:
    """An earlier transmission of the same bytes, and its interchange, which the answers to it are about."""

    id: UUID
    interchange_id: UUID


def same_file(conn: Connection, found: Transmission, *, partner: str, since: datetime) -> SameFile | None:
    """The first transmission since a moment that brought the same bytes from the same partner and was processed."""
    columns = transmission.c
    row = conn.execute(
        select(columns.id, interchange.c.id.label("interchange_id"))
        .join(interchange, interchange.c.transmission_id == columns.id)
        .where(
            columns.payload_kept == found.sha256,
            columns.direction == Direction.IN,
            columns.state == TransmissionState.PROCESSED,
            columns.environment == found.environment,
            columns.partner == partner,
            columns.received_at >= since,
            columns.id != found.id,
        )
        .order_by(columns.received_at)
        .limit(1)
    ).one_or_none()
    return None if row is None else SameFile(row.id, row.interchange_id)


def load(conn: Connection, transmission_id: UUID) -> Transmission:
    """One transmission.

    Raises:
        LookupError: there is none of this id.
    """
    columns = transmission.c
    row = conn.execute(
        select(
            columns.id,
            columns.direction,
            columns.environment,
            columns.state,
            columns.channel,
            columns.account,
            columns.partner,
            columns.filename,
            columns.payload_sha256,
            columns.size,
            columns.received_at,
            columns.format,
        ).where(columns.id == transmission_id)
    ).one_or_none()
    if row is None:
        raise LookupError(f"no transmission {transmission_id}")
    return transmission_of(row)


def transmission_of(row: Row[*tuple[Any, ...]]) -> Transmission:
    """The transmission in a row that has its columns, by their names."""
    return Transmission(
        row.id,
        Direction(row.direction),
        Environment(row.environment),
        TransmissionState(row.state),
        row.channel,
        row.account,
        row.partner,
        row.filename,
        row.payload_sha256,
        row.size,
        row.received_at,
        row.format,
    )


def set_outbound_state(
    conn: Connection,
    transmission_id: UUID,
    state: TransmissionState,
    *,
    at: datetime,
    actor: str = "gateway",
    detail: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Move one of our own transmissions on: collected, withdrawn, or ready again; the move is audited with `detail`."""
    finished_at = None if state is TransmissionState.READY else at
    conn.execute(
        update(transmission)
        .where(transmission.c.id == transmission_id, transmission.c.direction == Direction.OUT)
        .values(state=state, finished_at=finished_at)
    )
    audit.record(
        conn,
        at=at,
        actor=actor,
        action=f"transmission.{state.value}",
        subject="transmission",
        subject_id=str(transmission_id),
        detail=dict(detail),
    )


def queue_again(conn: Connection, transmission_id: UUID, *, at: datetime, actor: str = "gateway") -> bool:
    """Have one of our transmissions brought to its partner once more, byte for byte; its lane must be woken.

    Returns:
        False where it is still on its way: then it is brought anyway, and nothing was changed.
    """
    columns = transmission.c
    ended = (
        TransmissionState.SENT,
        TransmissionState.REFUSED,
        TransmissionState.UNCERTAIN,
        TransmissionState.QUARANTINED,
    )
    queued = conn.execute(
        update(transmission)
        .where(columns.id == transmission_id, columns.lane.startswith(SEND), columns.state.in_(ended))
        .values(state=TransmissionState.QUEUED, finished_at=None, next_at=None, reason=None, attempts=0)
    )
    if queued.rowcount != 1:
        return False
    audit.record(
        conn,
        at=at,
        actor=actor,
        action=f"transmission.{TransmissionState.QUEUED.value}",
        subject="transmission",
        subject_id=str(transmission_id),
        detail={},
    )
    return True


def settle_receipt(
    conn: Connection, transmission_id: UUID, state: TransmissionState, *, at: datetime, actor: str, reason: str | None
) -> bool:
    """The partner's receipt for what we brought came apart from our sending: it overtakes whoever works the row.

    Args:
        state: sent or refused.
        actor: who says so, `channel:account`.
        reason: of a refusal.

    Returns:
        False where the transmission was not under way (it is settled already): nothing was changed.
    """
    columns = transmission.c
    under_way = (TransmissionState.WORKING, TransmissionState.SENDING, TransmissionState.AWAITING)
    waiting = (*under_way, TransmissionState.RETRYING, TransmissionState.UNCERTAIN)
    settled = conn.execute(
        update(transmission)
        .where(columns.id == transmission_id, columns.direction == Direction.OUT, columns.state.in_(waiting))
        .values(
            state=state,
            finished_at=at,
            next_at=None,
            reason=reason,
            claimed_by=None,
            claim_no=columns.claim_no + 1,
        )
    )
    if settled.rowcount != 1:
        return False
    audit.record(
        conn,
        at=at,
        actor=actor,
        action=f"transmission.{state.value}",
        subject="transmission",
        subject_id=str(transmission_id),
        detail={"by": "receipt"},
    )
    return True


def add_business_keys(
    target: Target, keys: Sequence[tuple[str, str]], *, transmission_id: UUID, document_id: UUID | None = None
) -> None:
    """Make a transmission (and the document it carried) findable by (name, value) pairs; empty values are not keys."""
    rows = [
        {"name": name, "value": value, "transmission_id": transmission_id, "document_id": document_id}
        for name, value in dict.fromkeys(keys)
        if value
    ]
    add_key_rows(target, rows)


def add_key_rows(target: Target, rows: Sequence[dict[str, Any]]) -> None:
    """Insert prepared rows of business_key; one that is there already stays as it is.

    A value over 500 characters is no key: nobody searches by it, and an index cannot hold it.
    """
    rows = [row for row in rows if len(row["value"]) <= LONGEST_KEY and "\0" not in row["value"]]
    insert_rows(target, business_key, rows, keep=True)
