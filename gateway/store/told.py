"""What business systems told of, each event once, and how far each of them was polled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from gateway.model import Environment
from gateway.store.tables import delivery, document, poll_state, told_event


@dataclass(frozen=True, slots=True)
class Answered:
    """What an event answers: for whom the document was that was delivered."""

    document_id: UUID
    partner: str
    environment: Environment


@dataclass(frozen=True, slots=True)
class PollState:
    """How far a business system was polled, and since when it cannot be."""

    cursor: str | None = None
    failing_since: datetime | None = None
    exception_id: UUID | None = None


def note(conn: Connection, source: str, event_id: str, *, at: datetime) -> bool:
    """The event is taken by this transaction; False where another took it. Waits for one that is about to."""
    row = {"source": source, "event_id": event_id, "told_at": at}
    made = conn.execute(insert(told_event).values(row).on_conflict_do_nothing().returning(told_event.c.source))
    return made.first() is not None


def became(conn: Connection, source: str, event_id: str, *, transmission_id: UUID) -> None:
    """What a noted event was kept as."""
    columns = told_event.c
    conn.execute(
        update(told_event)
        .where(columns.source == source, columns.event_id == event_id)
        .values(transmission_id=transmission_id)
    )


def answered(conn: Connection, destination: str, reference: str) -> Answered | None:
    """The document that was delivered to a destination under this reference."""
    found = conn.execute(
        select(document.c.id, document.c.partner, document.c.environment)
        .join(delivery, delivery.c.document_id == document.c.id)
        .where(delivery.c.reference == reference, delivery.c.destination == destination)
    ).first()
    return None if found is None else Answered(found.id, found.partner, Environment(found.environment))


def poll_state_of(conn: Connection, destination: str) -> PollState:
    """How far it was polled."""
    columns = poll_state.c
    row = conn.execute(
        select(columns.cursor, columns.failing_since, columns.exception_id).where(columns.destination == destination)
    ).first()
    return PollState() if row is None else PollState(row.cursor, row.failing_since, row.exception_id)


def polled(conn: Connection, destination: str, *, before: str | None, cursor: str, at: datetime) -> bool:
    """Move the cursor on; False where another poll moved it meanwhile, and it stays.

    Args:
        conn: the transaction.
        destination: whose.
        before: the cursor that was polled from.
        cursor: of the page, all of whose events are committed.
        at: the moment, aware.
    """
    row = {"destination": destination, "cursor": cursor, "polled_at": at}
    moved = conn.execute(
        insert(poll_state)
        .values(row)
        .on_conflict_do_update(
            index_elements=["destination"],
            set_={**row, "failing_since": None, "exception_id": None},
            where=poll_state.c.cursor.is_not_distinct_from(before),
        )
        .returning(poll_state.c.destination)
    )
    return moved.first() is not None


def failing(conn: Connection, destination: str, *, at: datetime) -> PollState:
    """It could not be polled; its state, since when included."""
    row = {"destination": destination, "failing_since": at}
    conn.execute(
        insert(poll_state)
        .values(row)
        .on_conflict_do_update(
            index_elements=["destination"],
            set_={"failing_since": at},
            where=poll_state.c.failing_since.is_(None),
        )
    )
    return poll_state_of(conn, destination)


def told_of_failing(conn: Connection, destination: str, *, exception_id: UUID) -> None:
    """An exception is open for it."""
    conn.execute(update(poll_state).where(poll_state.c.destination == destination).values(exception_id=exception_id))
