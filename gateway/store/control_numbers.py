"""The ledger of control numbers: each number we send is used once, each number we receive is answered once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from gateway.errors import StoreConflict
from gateway.model import Environment
from gateway.ports import new_id
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

# One round trip: the counter's row is the lock, and the ledger's row commits or vanishes with it. ISA13 and GS06 have
# nine digits at most; 1 follows 999999999.
_ALLOCATE = text("""
    WITH taken AS (
        INSERT INTO control_counter AS counter (sender, receiver, environment, kind, last)
        VALUES (:sender, :receiver, :environment, :kind, 1)
        ON CONFLICT (sender, receiver, environment, kind) DO UPDATE SET
            last = CASE WHEN counter.last >= 999999999 THEN 1 ELSE counter.last + 1 END,
            cycle = counter.cycle + CASE WHEN counter.last >= 999999999 THEN 1 ELSE 0 END
        RETURNING last, cycle
    )
    INSERT INTO control_number
        (id, sender, receiver, environment, direction, kind, cycle, number, transmission_id, interchange_id, used_at)
    SELECT CAST(:id AS uuid), :sender, :receiver, :environment, 'out', :kind, cycle, last::text,
           CAST(:transmission AS uuid), CAST(:interchange AS uuid), CAST(:at AS timestamptz)
      FROM taken
    RETURNING number::bigint
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

_COMPLETE = text("""
    UPDATE control_number SET content_sha256 = :content, interchange_id = :interchange
     WHERE id = (SELECT id FROM control_number
                  WHERE sender = :sender AND receiver = :receiver AND environment = :environment
                    AND direction = 'in' AND kind = 'ISA13' AND number = :number
                    AND coalesce(interchange_id, :interchange) = :interchange
                  ORDER BY cycle DESC LIMIT 1)
       AND coalesce(content_sha256, :content) = :content
""")


def allocate(
    conn: Connection,
    *,
    sender: Party,
    receiver: Party,
    environment: Environment,
    kind: str,
    transmission_id: UUID,
    at: datetime,
    interchange_id: UUID | None = None,
) -> int:
    """Take the next number, in the transaction that stores the bytes that carry it.

    Whoever takes one of the same scope waits until that transaction ends. Rolled back, its number is free again.

    Args:
        conn: the transaction.
        sender: our identity that sends.
        receiver: the partner's identity.
        environment: live and test count apart.
        kind: `ISA13`, `GS06`, or `GS06 PR` where each GS01 is counted apart.
        transmission_id: the outbound transmission.
        at: the moment, aware.
        interchange_id: the outbound interchange, once it has a row.

    Returns:
        1 to 999999999, then 1 again.

    Source: X12 004010 ISA13, GS06.
    """
    taken: int = conn.execute(
        _ALLOCATE,
        {
            **_scope(sender, receiver, environment),
            "id": new_id(),
            "kind": kind,
            "transmission": transmission_id,
            "interchange": interchange_id,
            "at": at,
        },
    ).scalar_one()
    return taken


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


def complete_inbound(
    conn: Connection,
    *,
    sender: Party,
    receiver: Party,
    environment: Environment,
    number: str,
    content_sha256: bytes,
    interchange_id: UUID,
) -> None:
    """Note what the interchange of a claimed number held, once it was read to its end.

    Raises:
        StoreConflict: nobody claimed the number, or it holds other content already.
    """
    done = conn.execute(
        _COMPLETE,
        {
            **_scope(sender, receiver, environment),
            "number": number,
            "content": content_sha256,
            "interchange": interchange_id,
        },
    )
    if done.rowcount != 1:
        raise StoreConflict(
            f"ISA13 {shown(number)} from {shown(':'.join(sender))} is not claimed, or held other content"
        )


def _scope(sender: tuple[str, ...], receiver: tuple[str, ...], environment: Environment) -> dict[str, object]:
    return {"sender": ":".join(sender), "receiver": ":".join(receiver), "environment": environment.value}
