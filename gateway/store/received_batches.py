"""Several claimed received transmissions at once: read with their bytes, moved to their end, a statement each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from gateway.errors import Overtaken
from gateway.model import TransmissionState
from gateway.store.rows import as_json
from gateway.store.texts import storable
from gateway.store.transmissions import Transmission, transmission_of
from gateway.store.work import Claim


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A claimed transmission with its bytes as they are stored; None where they are not in the database."""

    transmission: Transmission
    body: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a claimed transmission ends."""

    claim: Claim
    state: TransmissionState
    format: str | None
    partner: str | None
    duplicate_of: UUID | None
    reason: str | None


_LOAD = text("""
    SELECT t.id, t.direction, t.environment, t.state, t.channel, t.account, t.partner, t.filename, t.payload_sha256,
           t.size, t.received_at, t.format, p.body
      FROM transmission t
      JOIN unnest(CAST(:ids AS uuid[]), CAST(:claim_nos AS int[])) AS mine (id, claim_no)
        ON t.id = mine.id AND t.claim_no = mine.claim_no AND t.claimed_by IS NOT NULL
      LEFT JOIN payload p ON p.sha256 = t.payload_kept
       FOR UPDATE OF t
""")
_END = text("""
    UPDATE transmission t
       SET state = mine.state, format = mine.format, partner = mine.partner, duplicate_of = mine.duplicate_of,
           reason = mine.reason, finished_at = :at, next_at = NULL, claimed_by = NULL
      FROM json_to_recordset(CAST(:ended AS json))
        AS mine (id uuid, claim_no int, state text, format text, partner text, duplicate_of uuid, reason text)
     WHERE t.id = mine.id AND t.claim_no = mine.claim_no AND t.claimed_by IS NOT NULL
""")


def load(conn: Connection, claims: Sequence[Claim]) -> list[ReceivedFile]:
    """The claimed transmissions, in the order of the claims, locked for the rest of the transaction.

    Raises:
        Overtaken: one of them was given to someone else.
    """
    values = {"ids": [claim.id for claim in claims], "claim_nos": [claim.claim_no for claim in claims]}
    rows = {row.id: row for row in conn.execute(_LOAD, values)}
    for claim in claims:
        if claim.id not in rows:
            raise Overtaken(f"transmission {claim.id}: claim {claim.claim_no} has ended")
    return [ReceivedFile(transmission_of(row), row.body) for row in (rows[claim.id] for claim in claims)]


def end(conn: Connection, ended: Sequence[Ended], *, at: datetime) -> None:
    """They are at their end.

    Raises:
        Overtaken: one of them was given to someone else; roll back, nothing of it holds.
    """
    rows = [
        {
            "id": one.claim.id,
            "claim_no": one.claim.claim_no,
            "state": one.state,
            "format": one.format,
            "partner": one.partner,
            "duplicate_of": one.duplicate_of,
            "reason": storable(one.reason),
        }
        for one in ended
    ]
    moved = conn.execute(_END, {"ended": as_json(rows), "at": at}).rowcount
    if moved != len(ended):
        raise Overtaken(f"{len(ended) - moved} of {len(ended)} transmissions were given to another worker")
