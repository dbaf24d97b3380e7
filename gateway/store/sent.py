"""What we sent, as rows, and found again by the control numbers a partner's acknowledgment names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, exists, select, text, update

from gateway.model import Direction, Environment
from gateway.store.control_numbers import Party
from gateway.store.tables import expected_acknowledgment, functional_group, interchange, transaction_set, transmission
from translators.formats import Format
from translators.x12.acknowledged import Outcome

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parties:
    """Between whom: our identities a partner's answer may be about, and the partner's; the likeliest pair first."""

    ours: tuple[Party, ...]
    theirs: tuple[Party, ...]
    environment: Environment


@dataclass(frozen=True, slots=True)
class SentInterchange:
    """An interchange of ours; `outcome` is what the partner said of it before."""

    id: UUID
    transmission_id: UUID
    ordinal: int
    control_number: str
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class SentGroup:
    """A functional group of ours, locked until the transaction ends."""

    id: UUID
    interchange: SentInterchange
    ordinal: int
    functional_id: str
    control_number: str
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class SentSet:
    """A transaction set of ours."""

    id: UUID
    ordinal: int
    code: str
    control_number: str
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file of ours that is not X12, and whose it was to be."""

    interchange: SentInterchange
    partner: str


# The ledger knows which transmission carries a number: no index of envelopes is needed.
_TRANSMISSIONS = text("""
    SELECT transmission_id, kind FROM control_number
     WHERE direction = 'out' AND (kind = :kind OR kind LIKE :kind || ' %') AND environment = :environment
       AND number = :number
       AND sender = ANY(:ours) AND receiver = ANY(:theirs) AND transmission_id IS NOT NULL
     ORDER BY array_position(CAST(:ours AS text[]), sender) + array_position(CAST(:theirs AS text[]), receiver),
              used_at DESC
""")


def find_interchange(conn: Connection, parties: Parties, control_number: str) -> SentInterchange | None:
    """The interchange of ours with this ISA13, the newest where the numbers went round; None if we sent none."""
    for carrier, _ in _carriers(conn, parties, "ISA13", control_number):
        found = _interchanges(conn, interchange.c.transmission_id == carrier)
        match = next((one for one in found if _number(one.control_number) == _number(control_number)), None)
        if match is not None:
            return match
    return None


def find_group(
    conn: Connection, parties: Parties, *, control_number: str, functional_id: str = "", set_code: str = ""
) -> SentGroup | None:
    """The group of ours with this GS06, the newest where the numbers went round.

    Args:
        parties: between whom.
        control_number: GS06.
        functional_id: GS01; "" where it is not known.
        set_code: ST01 of a set in it; "" where it is not known.

    Returns:
        None where there is none, or where each GS01 is counted apart and what is known names several.
    """
    columns, inside = functional_group.c, transaction_set.c
    found: dict[str, SentGroup] = {}
    for carrier, counted in _carriers(conn, parties, "GS06", control_number):
        for one in _interchanges(conn, interchange.c.transmission_id == carrier):
            wanted = select(functional_group).where(
                columns.interchange_id == one.id, columns.control_number == _number(control_number)
            )
            if functional_id:
                wanted = wanted.where(columns.functional_id == functional_id)
            if set_code:
                holds = exists().where(
                    inside.transmission_id == one.transmission_id,
                    inside.interchange_ordinal == one.ordinal,
                    inside.group_ordinal == columns.ordinal,
                    inside.code == set_code,
                )
                wanted = wanted.where(holds)
            for row in conn.execute(wanted.with_for_update()):
                found.setdefault(row.functional_id, _group(row, one))
        if found and (functional_id or counted == "GS06"):
            break
    return next(iter(found.values())) if len(found) == 1 else None


def find_file(conn: Connection, sha256: bytes, *, partners: Sequence[str]) -> SentFile | None:
    """The file of these bytes that we sent to one of these partners; of several one that still waits, then the newest.

    It is locked until the transaction ends.
    """
    columns, waits = interchange.c, expected_acknowledgment.c
    waiting = exists().where(waits.interchange_id == columns.id, waits.closed_at.is_(None))
    row = conn.execute(
        select(interchange, transmission.c.partner.label("whose"))
        .join(transmission, transmission.c.id == columns.transmission_id)
        .where(
            transmission.c.payload_kept == sha256,
            transmission.c.direction == Direction.OUT,
            transmission.c.partner.in_(list(partners)),
            columns.syntax != Format.X12.value,
        )
        .order_by(waiting.desc(), transmission.c.received_at.desc(), columns.id.desc())
        .limit(1)
        .with_for_update(of=interchange)
    ).first()
    if row is None:
        return None
    found = SentInterchange(row.id, row.transmission_id, row.ordinal, row.control_number, _outcome(row.outcome))
    return SentFile(found, row.whose)


def groups_of(conn: Connection, found: SentInterchange) -> list[SentGroup]:
    """The groups of an interchange of ours, in order, locked."""
    columns = functional_group.c
    wanted = select(functional_group).where(columns.interchange_id == found.id).order_by(columns.ordinal)
    return [_group(row, found) for row in conn.execute(wanted.with_for_update())]


def sets_of(conn: Connection, found: SentGroup) -> list[SentSet]:
    """The sets of a group of ours, in order."""
    return _inside(conn, found.interchange, found.ordinal)


def documents_of(conn: Connection, found: SentInterchange) -> list[SentSet]:
    """The documents of a file of ours, in order."""
    return _inside(conn, found, 1)


def note_interchange(conn: Connection, id: UUID, outcome: Outcome) -> None:
    """What the partner said of an interchange of ours."""
    conn.execute(update(interchange).where(interchange.c.id == id).values(outcome=outcome))


def note_group(conn: Connection, id: UUID, outcome: Outcome) -> None:
    """What the partner said of a group of ours."""
    conn.execute(update(functional_group).where(functional_group.c.id == id).values(outcome=outcome))


def note_sets(conn: Connection, outcomes: Sequence[tuple[UUID, Outcome]]) -> None:
    """What the partner said of sets of ours."""
    if outcomes:
        conn.execute(
            update(transaction_set).where(transaction_set.c.id == bindparam("of_set")).values(outcome=bindparam("is")),
            [{"of_set": id, "is": outcome} for id, outcome in outcomes],
        )


def _inside(conn: Connection, found: SentInterchange, group: int) -> list[SentSet]:
    columns = transaction_set.c
    rows = conn.execute(
        select(columns.id, columns.ordinal, columns.code, columns.control_number, columns.outcome)
        .where(
            columns.transmission_id == found.transmission_id,
            columns.interchange_ordinal == found.ordinal,
            columns.group_ordinal == group,
        )
        .order_by(columns.ordinal)
    )
    return [SentSet(row.id, row.ordinal, row.code, row.control_number, _outcome(row.outcome)) for row in rows]


def _carriers(conn: Connection, parties: Parties, kind: str, control_number: str) -> list[tuple[UUID, str]]:
    """The transmissions that carry a number, the likeliest first, and what it was counted under."""
    number = _number(control_number)
    if not number:
        return []
    rows = conn.execute(
        _TRANSMISSIONS,
        {
            "kind": kind,
            "environment": parties.environment.value,
            "number": number,
            "ours": [":".join(party) for party in parties.ours],
            "theirs": [":".join(party) for party in parties.theirs],
        },
    )
    return [(row.transmission_id, row.kind) for row in rows]


def _interchanges(conn: Connection, condition: Any) -> list[SentInterchange]:
    columns = interchange.c
    rows = conn.execute(
        select(columns.id, columns.transmission_id, columns.ordinal, columns.control_number, columns.outcome)
        .where(condition)
        .order_by(columns.ordinal)
    )
    return [
        SentInterchange(row.id, row.transmission_id, row.ordinal, row.control_number, _outcome(row.outcome))
        for row in rows
    ]


def _group(row: Any, inside: SentInterchange) -> SentGroup:
    return SentGroup(row.id, inside, row.ordinal, row.functional_id, row.control_number, _outcome(row.outcome))


def _outcome(text: str | None) -> Outcome | None:
    return None if text is None else Outcome(text)


def _number(text: str) -> str:
    """A control number as the ledger has it: without zeros in front; "" for what is none."""
    return text.lstrip("0") if text.isascii() and text.isdigit() else ""
