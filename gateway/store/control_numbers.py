"""The ledger of control numbers: each number we send is used once, each number we receive is answered once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from gateway.errors import StoreConflict
from gateway.model import Environment
from gateway.ports import new_id
from gateway.store.rows import as_json
from translators.errors import shown

Party = tuple[str, str]
"""ISA qualifier and id, without the padding."""


@dataclass(frozen=True, slots=True)
class New:
    """The number was not used before; it is ours now."""


@dataclass(frozen=True, slots=True)
class Mine:
    """This very interchange claimed it before: the work is being done again."""


@dataclass(frozen=True, slots=True)
class Used:
    """Another interchange has it.

    Args:
        content_sha256: of that interchange's bytes; None while it is still being read.
        transmission_id: what it came in.
        interchange_id: itself.
    """

    content_sha256: bytes | None
    transmission_id: UUID | None
    interchange_id: UUID | None


InboundUse = New | Mine | Used

# One round trip: the counters' rows are the locks, and the ledger's rows commit or vanish with them. ISA13 and GS06
# have nine digits at most; 1 follows 999999999. Counters are taken in one order: no two wait for one another.
_ALLOCATE = text("""
    WITH wanted AS (
        SELECT * FROM ROWS FROM (
            json_to_recordset(CAST(:wanted AS json))
                AS (id uuid, sender text, receiver text, environment text, kind text, transmission uuid)
        ) WITH ORDINALITY AS given (id, sender, receiver, environment, kind, transmission, place)
    ), counted AS (
        SELECT sender, receiver, environment, kind, count(*) AS many
          FROM wanted GROUP BY sender, receiver, environment, kind
    ), taken AS (
        INSERT INTO control_counter AS counter (sender, receiver, environment, kind, last)
        SELECT sender, receiver, environment, kind, many FROM counted ORDER BY sender, receiver, environment, kind
        ON CONFLICT (sender, receiver, environment, kind) DO UPDATE SET
            last = (counter.last + excluded.last - 1) % 999999999 + 1,
            cycle = counter.cycle + (counter.last + excluded.last - 1) / 999999999
        RETURNING sender, receiver, environment, kind, last, cycle
    ), numbered AS (
        SELECT w.*, t.cycle, t.last - count(*) OVER scope + row_number() OVER (scope ORDER BY w.place) AS number
          FROM wanted w JOIN taken t USING (sender, receiver, environment, kind)
        WINDOW scope AS (PARTITION BY w.sender, w.receiver, w.environment, w.kind)
    )
    INSERT INTO control_number
        (id, sender, receiver, environment, direction, kind, cycle, number, transmission_id, used_at)
    SELECT id, sender, receiver, environment, 'out', kind, CASE WHEN number < 1 THEN cycle - 1 ELSE cycle END,
           (CASE WHEN number < 1 THEN number + 999999999 ELSE number END)::text, transmission,
           CAST(:at AS timestamptz)
      FROM numbered
    RETURNING id, number::bigint
""")

_VOID = text("""
    UPDATE control_number SET void_reason = :reason
     WHERE sender = :sender AND receiver = :receiver AND environment = :environment AND direction = 'out'
       AND kind = :kind AND number = :number AND void_reason IS NULL
       AND cycle = (SELECT max(cycle) FROM control_number
                     WHERE sender = :sender AND receiver = :receiver AND environment = :environment
                       AND direction = 'out' AND kind = :kind AND number = :number)
""")

_CLAIM = text("""
    INSERT INTO control_number
        (id, sender, receiver, environment, direction, kind, cycle, number, transmission_id, interchange_id, used_at)
    VALUES (:id, :sender, :receiver, :environment, 'in', :kind, :cycle, :number, :transmission, :interchange, :at)
    ON CONFLICT (sender, receiver, environment, direction, kind, cycle, number) DO NOTHING
""")

_FIND = text("""
    SELECT content_sha256, transmission_id, interchange_id, cycle, used_at FROM control_number
     WHERE sender = :sender AND receiver = :receiver AND environment = :environment
       AND direction = 'in' AND kind = :kind AND number = :number
     ORDER BY cycle DESC LIMIT 1
""")

_CLAIM_NEW = text("""
    INSERT INTO control_number
        (id, sender, receiver, environment, direction, kind, cycle, number, transmission_id, used_at)
    SELECT id, sender, receiver, environment, 'in', 'ISA13', 0, number, transmission, CAST(:at AS timestamptz)
      FROM json_to_recordset(CAST(:asked AS json))
        AS given (id uuid, sender text, receiver text, environment text, number text, transmission uuid)
     ORDER BY sender, receiver, environment, number
    ON CONFLICT (sender, receiver, environment, direction, kind, cycle, number) DO NOTHING
    RETURNING id
""")

_COMPLETE = text("""
    UPDATE control_number c SET content_sha256 = given.content, interchange_id = given.interchange
      FROM json_to_recordset(CAST(:read AS json))
        AS given (sender text, receiver text, environment text, number text, content bytea, interchange uuid)
     CROSS JOIN LATERAL (
        SELECT id FROM control_number
         WHERE sender = given.sender AND receiver = given.receiver AND environment = given.environment
           AND direction = 'in' AND kind = 'ISA13' AND number = given.number
           AND coalesce(interchange_id, given.interchange) = given.interchange
         ORDER BY cycle DESC LIMIT 1) newest
     WHERE c.id = newest.id AND coalesce(c.content_sha256, given.content) = given.content
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A number that is wanted for something of ours.

    Args:
        sender: our identity that sends.
        receiver: the partner's identity.
        environment: live and test count apart.
        kind: `ISA13`, `GS06`, or `GS06 PR` where each GS01 is counted apart.
        transmission_id: the outbound transmission.
    """

    sender: Party
    receiver: Party
    environment: Environment
    kind: str
    transmission_id: UUID


class ReceivedNumber(NamedTuple):
    """An ISA13 as received, and of whom: ISA05 and ISA06, ISA07 and ISA08 without the padding, the environment."""

    sender: Party
    receiver: Party
    environment: Environment
    number: str


class ReadInterchange(NamedTuple):
    """An interchange that was read to its end under a claimed number: its row, and the SHA-256 of its bytes."""

    number: ReceivedNumber
    interchange_id: UUID
    content_sha256: bytes


def allocate(conn: Connection, wanted: Sequence[Wanted], *, at: datetime) -> list[int]:
    """Take the next numbers, in the transaction that stores the bytes that carry them.

    Whoever takes one of the same scope waits until that transaction ends. Rolled back, the numbers are free again.

    Returns:
        A number for each that is wanted, 1 to 999999999, then 1 again; those of one scope in the order asked for.

    Source: X12 004010 ISA13, GS06.
    """
    ids = [new_id() for _ in wanted]
    rows = [
        {
            **_scope(one.sender, one.receiver, one.environment),
            "id": id,
            "kind": one.kind,
            "transmission": one.transmission_id,
        }
        for id, one in zip(ids, wanted, strict=True)
    ]
    taken = {row.id: row.number for row in conn.execute(_ALLOCATE, {"wanted": as_json(rows), "at": at})}
    return [taken[id] for id in ids]


def void(
    conn: Connection,
    *,
    sender: Party,
    receiver: Party,
    environment: Environment,
    kind: str,
    number: int,
    reason: str,
) -> None:
    """Note that a number we took will never reach the partner; it is not given out again.

    Raises:
        StoreConflict: the number was never taken, or is void already.
    """
    done = conn.execute(
        _VOID,
        {**_scope(sender, receiver, environment), "kind": kind, "number": str(number), "reason": reason},
    )
    if done.rowcount != 1:
        raise StoreConflict(f"{kind} {number} from {sender} to {receiver} is not in use; there is nothing to void")


def claim_new(conn: Connection, asked: Mapping[UUID, ReceivedNumber], *, at: datetime) -> set[UUID]:
    """Claim those of several ISA13s that were never received before.

    Of two transactions with the same number one waits until the other has ended.

    Args:
        conn: the transaction that reads the interchanges.
        asked: transmission -> the number of its first interchange.
        at: the moment, aware.

    Returns:
        The transmissions whose numbers are theirs now; for the others `claim_inbound` tells what there is.
    """
    ids = {new_id(): transmission for transmission in asked}
    rows = [
        {
            **_scope(number.sender, number.receiver, number.environment),
            "id": id,
            "number": number.number,
            "transmission": transmission,
        }
        for (id, transmission), number in zip(ids.items(), asked.values(), strict=True)
    ]
    return {ids[id] for id in conn.execute(_CLAIM_NEW, {"asked": as_json(rows), "at": at}).scalars()}


def claim_inbound(
    conn: Connection,
    *,
    sender: Party,
    receiver: Party,
    environment: Environment,
    number: str,
    transmission_id: UUID,
    interchange_id: UUID | None,
    at: datetime,
    window: timedelta | None = None,
) -> InboundUse:
    """Say whether an ISA13 was received before, and claim it if not.

    Of two transactions with the same number one waits until the other has ended.

    Args:
        conn: the transaction that reads the interchange.
        sender: as in ISA05 and ISA06, without the padding.
        receiver: as in ISA07 and ISA08.
        environment: from ISA15.
        number: ISA13 as received.
        transmission_id: what it came in.
        interchange_id: its row, to tell a second try from a second interchange of the same file.
        at: the moment, aware.
        window: for so long a number counts as used; None for ever. One in hand counts as used however old.
    """
    scope = {**_scope(sender, receiver, environment), "kind": "ISA13", "number": number}
    mine = {"transmission": transmission_id, "interchange": interchange_id, "at": at}
    cycle = 0
    while conn.execute(_CLAIM, {**scope, **mine, "id": new_id(), "cycle": cycle}).rowcount != 1:
        found = conn.execute(_FIND, scope).one()
        if (found.transmission_id, found.interchange_id) == (transmission_id, interchange_id):
            return Mine()
        if window is None or found.content_sha256 is None or found.used_at > at - window:
            return Used(found.content_sha256, found.transmission_id, found.interchange_id)
        cycle = found.cycle + 1
    return New()


def claim_inside(
    conn: Connection,
    *,
    sender: tuple[str, ...],
    receiver: tuple[str, ...],
    environment: Environment,
    kind: str,
    number: str,
    transmission_id: UUID,
    interchange_id: UUID,
    at: datetime,
    window: timedelta | None,
) -> bool:
    """Say whether a number inside an interchange (GS06, ST02) is new, and claim it if so.

    Args:
        conn: the transaction that reads the interchange.
        sender: as in ISA05, ISA06 and GS02.
        receiver: as in ISA07, ISA08 and GS03.
        environment: from ISA15.
        kind: `GS06 PO`, `ST02 850`.
        number: as received; a GS06 without zeros in front.
        transmission_id: what it came in.
        interchange_id: likewise.
        at: the moment, aware.
        window: for so long a number counts as used; None for ever.
    """
    scope = {**_scope(sender, receiver, environment), "kind": kind, "number": number}
    mine = {"transmission": transmission_id, "interchange": interchange_id, "at": at}
    cycle = 0
    while conn.execute(_CLAIM, {**scope, **mine, "id": new_id(), "cycle": cycle}).rowcount != 1:
        found = conn.execute(_FIND, scope).one()
        if window is None or found.used_at > at - window:
            return False
        cycle = found.cycle + 1
    return True


def complete_inbound(conn: Connection, read: Sequence[ReadInterchange]) -> None:
    """Note what the interchanges of claimed numbers held, once they were read to their ends.

    Raises:
        StoreConflict: nobody claimed one of the numbers, or it holds other content already.
    """
    rows = [
        {
            **_scope(one.number.sender, one.number.receiver, one.number.environment),
            "number": one.number.number,
            "content": one.content_sha256,
            "interchange": one.interchange_id,
        }
        for one in read
    ]
    if conn.execute(_COMPLETE, {"read": as_json(rows)}).rowcount != len(rows):
        told = ", ".join(f"{shown(one.number.number)} from {shown(':'.join(one.number.sender))}" for one in read)
        raise StoreConflict(f"an ISA13 of these is not claimed, or held other content: {told}")


def _scope(sender: tuple[str, ...], receiver: tuple[str, ...], environment: Environment) -> dict[str, object]:
    return {"sender": ":".join(sender), "receiver": ":".join(receiver), "environment": environment.value}
