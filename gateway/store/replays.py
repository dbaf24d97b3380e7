"""Replays: letting rows be worked again so that nothing has a second effect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text, update

from gateway.errors import ReplayRefused
from gateway.model import DeliveryState, Direction, Environment, TransmissionState
from gateway.ports import new_id
from gateway.store import audit, exceptions, mailbox, transmissions
from gateway.store.tables import business_key, delivery, document, document_source, exception, interchange, transmission
from gateway.store.tables import transaction_set as set_table
from gateway.store.vault import StoredPayload
from gateway.store.work_statements import INBOUND, OUTBOUND

ON_ITS_WAY = "it is still on its way, and goes by itself"
MAILBOX_FOLDER = "out"


def deliver_again(
    conn: Connection, id: UUID, *, idempotency: str | None, not_there: bool = False, by: str, at: datetime
) -> str:
    """Let a delivery be worked again, under the keys it has; its lane.

    One that was definitely rejected gets a new key for its next try. What may have arrived is sent again only where the
    business system knows its own; where it can be asked, it is asked first.

    Args:
        idempotency: what its destination's adapter promises; None where there is no such destination.
        not_there: somebody looked, and the business system does not have it: it is sent again wherever nobody else
            could tell, and if he is mistaken it has a second effect.
        by: who wants it.
        at: the moment, aware.

    Raises:
        ReplayRefused: it is still on its way, was purged, or a second effect could come of it.
    """
    columns = delivery.c
    row = conn.execute(
        select(columns.state, columns.lane, columns.external_ref, columns.destination, document.c.purged_at)
        .join(document, document.c.id == columns.document_id)
        .where(columns.id == id)
        .with_for_update(of=delivery)
    ).one()
    _refuse_purged(row.purged_at)
    state = DeliveryState(row.state)
    # A first try again: what an earlier one was known by is nothing to resume from.
    values: dict[str, object] = {"state": DeliveryState.READY, "external_ref": None}
    match state:
        case DeliveryState.TEST:
            raise ReplayRefused("a test document is never delivered")
        case DeliveryState.CANCELLED:
            raise ReplayRefused("it was given up, or a later revision stands in for it")
        case DeliveryState.REJECTED:
            values["request_key"] = new_id().hex
        case DeliveryState.DELIVERED | DeliveryState.UNCERTAIN | DeliveryState.QUARANTINED:
            if not not_there or idempotency is None:
                values |= _careful(state, row.external_ref, idempotency, row.destination)
        case _:
            raise ReplayRefused(ON_ITS_WAY)
    conn.execute(
        update(delivery)
        .where(columns.id == id)
        .values(finished_at=None, next_at=None, reason=None, claimed_by=None, crashes=0, **values)
    )
    _resolve(conn, exception.c.delivery_id == id, by=by, at=at)
    lane: str = row.lane
    return lane


def _careful(state: DeliveryState, ref: str | None, idempotency: str | None, destination: str) -> dict[str, object]:
    """How to go on with what may have arrived."""
    if idempotency is None:
        raise ReplayRefused(f"no destination {destination} is configured; add it to tradelane.yaml")
    if state is DeliveryState.QUARANTINED and ref is not None:
        return {"state": DeliveryState.SENDING, "external_ref": ref}  # goes on from what its last checkpoint noted
    if idempotency == "none":
        raise ReplayRefused(
            f"it may have arrived, and {destination} can neither refuse a repeat nor be asked; a person has to look: "
            "where it is there, `tradelane resolve`; where it is not, `tradelane retry --not-there`"
        )
    if idempotency == "probe_only":
        return {"state": DeliveryState.SENDING}
    if state is DeliveryState.DELIVERED:
        return {}
    return {"state": DeliveryState.SENDING, "external_ref": ref}


def send_again(conn: Connection, id: UUID, *, by: str, at: datetime) -> str | None:
    """Bring a transmission of ours to its partner once more, byte for byte; its lane, None where it is collected.

    Raises:
        ReplayRefused: it is still on its way, or stands there uncollected.
    """
    columns = transmission.c
    row = conn.execute(
        select(
            columns.state,
            columns.lane,
            columns.account,
            columns.filename,
            columns.payload_sha256,
            columns.size,
            columns.purged_at,
        )
        .where(columns.id == id)
        .with_for_update()
    ).one()
    _refuse_purged(row.purged_at)
    if row.lane is not None:
        if not transmissions.queue_again(conn, id, at=at, actor=by):
            raise ReplayRefused(ON_ITS_WAY)
    elif row.state not in (TransmissionState.COLLECTED, TransmissionState.WITHDRAWN):
        raise ReplayRefused("it stands in the partner's /out and was not collected yet")
    else:
        name = mailbox.free_name(conn, account=row.account, folder=MAILBOX_FOLDER, name=row.filename)
        mailbox.put_file(
            conn,
            id=new_id(),
            at=at,
            account=row.account,
            folder=MAILBOX_FOLDER,
            name=name,
            payload=StoredPayload(row.payload_sha256, row.size),
            transmission_id=id,
        )
        transmissions.set_outbound_state(conn, id, TransmissionState.READY, at=at, actor=by)
    _resolve(conn, exception.c.transmission_id == id, by=by, at=at, but="acknowledgment.overdue")
    lane: str | None = row.lane
    return lane


def receive_again(conn: Connection, id: UUID, *, by: str, at: datetime) -> str:
    """Let a received transmission that took no effect be read from its first byte; its lane.

    Raises:
        ReplayRefused: it took effect, or is no partner's file.
    """
    columns = transmission.c
    again = conn.execute(
        update(transmission)
        .where(
            columns.id == id,
            columns.direction == Direction.IN,
            columns.state.in_((TransmissionState.PARKED, TransmissionState.QUARANTINED)),
            columns.lane.startswith(INBOUND),
        )
        .values(
            state=TransmissionState.RECEIVED, finished_at=None, next_at=None, reason=None, claimed_by=None, crashes=0
        )
        .returning(columns.lane)
    ).scalar_one_or_none()
    if again is None:
        raise ReplayRefused("it was not read as a partner's file; hand it in again")
    _resolve(conn, exception.c.transmission_id == id, by=by, at=at)
    lane: str = again
    return lane


def accepted_sets(conn: Connection, transmission_id: UUID) -> dict[tuple[int, int, int], UUID]:
    """The accepted sets of a transmission: (interchange, group, set) -> row, in order."""
    columns = set_table.c
    rows = conn.execute(
        select(columns.id, columns.interchange_ordinal, columns.group_ordinal, columns.ordinal)
        .where(columns.transmission_id == transmission_id, columns.accepted)
        .order_by(columns.interchange_ordinal, columns.group_ordinal, columns.ordinal)
    )
    return {(row.interchange_ordinal, row.group_ordinal, row.ordinal): row.id for row in rows}


def documents_of(conn: Connection, transmission_id: UUID) -> list[Any]:
    """The documents a transmission brought: id, identity, kind, partner, environment, state, direction, content."""
    columns = document.c
    return list(
        conn.execute(
            select(
                columns.id,
                columns.identity,
                columns.kind,
                columns.partner,
                columns.environment,
                columns.state,
                columns.direction,
                columns.content_sha256,
            ).where(columns.transmission_id == transmission_id)
        )
    )


_TAKEN = text("""
    SELECT EXISTS (
        SELECT FROM delivery v
         WHERE v.document_id = :document AND (v.state NOT IN ('rejected', 'cancelled', 'test')
            OR EXISTS (SELECT FROM attempt a WHERE a.delivery_id = v.id
                          AND a.outcome IN ('accepted', 'duplicate', 'uncertain'))))
""")


def may_have_arrived(conn: Connection, document_id: UUID) -> bool:
    """Whether a business system has, or may have, or may yet get a document. Its deliveries are locked."""
    conn.execute(select(delivery.c.id).where(delivery.c.document_id == document_id).with_for_update())
    return bool(conn.execute(_TAKEN, {"document": document_id}).scalar_one())


def cancel(conn: Connection, document_id: UUID, *, by: str, at: datetime) -> None:
    """A document that no business system took is replaced: its deliveries are given up, its exceptions resolved."""
    columns = delivery.c
    given_up = conn.execute(
        update(delivery)
        .where(
            columns.document_id == document_id,
            columns.state == DeliveryState.REJECTED,
            columns.lane.startswith(OUTBOUND),
        )
        .values(state=DeliveryState.CANCELLED, finished_at=at, reason="mapped again")
        .returning(columns.id)
    ).scalars()
    for id in list(given_up):
        audit.record(
            conn,
            at=at,
            actor=by,
            action=f"delivery.{DeliveryState.CANCELLED.value}",
            subject="delivery",
            subject_id=str(id),
            detail={"why": "mapped again"},
        )
        _resolve(conn, exception.c.delivery_id == id, by=by, at=at)
    _resolve(conn, exception.c.document_id == document_id, by=by, at=at)


def resolve_mapping(conn: Connection, transmission_id: UUID, *, by: str, at: datetime) -> None:
    """The exceptions about a transmission as a whole are over: what it brings is told anew."""
    about = (exception.c.transmission_id == transmission_id) & exception.c.document_id.is_(None)
    _resolve(conn, about & exception.c.delivery_id.is_(None), by=by, at=at)


def held_deliveries(conn: Connection, transmission_id: UUID) -> list[tuple[UUID, str]]:
    """The deliveries to partners that hold documents handed in with a transmission: id and lane."""
    mine = select(document.c.id).where(document.c.transmission_id == transmission_id)
    rows = conn.execute(
        select(delivery.c.id, delivery.c.lane)
        .where(delivery.c.document_id.in_(mine), delivery.c.state == DeliveryState.REJECTED)
        .order_by(delivery.c.seq)
    )
    return [(row.id, row.lane) for row in rows]


def resolve_of_delivery(conn: Connection, delivery_id: UUID, *, by: str, at: datetime) -> None:
    """The exceptions about a delivery are over: it is tried again."""
    _resolve(conn, exception.c.delivery_id == delivery_id, by=by, at=at)


@dataclass(frozen=True, slots=True)
class SentSets:
    """An interchange of ours as it went: from which identity, by which account, and of what each set was made.

    Args:
        sets: in the order of the file: the document of each, and the (name, value) pairs it is found by.
    """

    partner: str
    account: str
    environment: Environment
    content_format: str | None
    state: TransmissionState
    sha256: bytes
    sender: tuple[str, str]
    sets: tuple[tuple[UUID | None, tuple[tuple[str, str], ...]], ...]


def sent_sets(conn: Connection, id: UUID) -> SentSets:
    """What a transmission of ours holds, locked.

    Raises:
        ReplayRefused: it holds no interchange.
    """
    head = conn.execute(select(transmission).where(transmission.c.id == id).with_for_update()).one()
    _refuse_purged(head.purged_at)
    envelope = conn.execute(
        select(interchange.c.sender_qualifier, interchange.c.sender_id)
        .where(interchange.c.transmission_id == id)
        .order_by(interchange.c.ordinal)
        .limit(1)
    ).one_or_none()
    if envelope is None:
        raise ReplayRefused("it holds no interchange")
    columns = set_table.c
    rows = conn.execute(
        select(columns.id, document_source.c.document_id)
        .outerjoin(document_source, document_source.c.transaction_set_id == columns.id)
        .where(columns.transmission_id == id)
        .order_by(columns.interchange_ordinal, columns.group_ordinal, columns.ordinal)
    ).all()
    keys: dict[UUID, list[tuple[str, str]]] = {}
    for row in conn.execute(
        select(business_key.c.document_id, business_key.c.name, business_key.c.value)
        .where(business_key.c.transmission_id == id, business_key.c.document_id.is_not(None))
        .order_by(business_key.c.name, business_key.c.value)
    ):
        keys.setdefault(row.document_id, []).append((row.name, row.value))
    sets = tuple((row.document_id, tuple(keys.get(row.document_id, ()))) for row in rows)
    return SentSets(
        partner=head.partner,
        account=head.account,
        environment=Environment(head.environment),
        content_format=head.format,
        state=TransmissionState(head.state),
        sha256=head.payload_sha256,
        sender=(envelope.sender_qualifier, envelope.sender_id),
        sets=sets,
    )


def note_replay(conn: Connection, made: UUID, *, of: UUID) -> None:
    """A transmission carries again what another carried before."""
    conn.execute(update(transmission).where(transmission.c.id == made).values(replay_of=of))


def resolve_sent(conn: Connection, transmission_id: UUID, *, by: str, at: datetime) -> None:
    """The exceptions about a transmission of ours are over: what it holds is on its way again."""
    _resolve(conn, exception.c.transmission_id == transmission_id, by=by, at=at)


def _refuse_purged(purged_at: datetime | None) -> None:
    if purged_at is not None:
        raise ReplayRefused(f"its content was purged on {purged_at:%Y-%m-%d}; only its hash is left")


def _resolve(conn: Connection, about: Any, *, by: str, at: datetime, but: str = "") -> None:
    still = (exception.c.state == "open") & (exception.c.code != but)
    for id in list(conn.execute(select(exception.c.id).where(about, still)).scalars()):
        exceptions.resolve(conn, id, by=by, at=at)
