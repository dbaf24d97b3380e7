"""Several claimed deliveries moved at once: the same fence as one by one, in one statement and one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from gateway.errors import Overtaken
from gateway.model import Environment
from gateway.store.work import Claim


@dataclass(frozen=True, slots=True)
class DocumentToSend:
    """A claimed delivery with the document it carries; `canonical` is JSON, its keys in any order."""

    claim: Claim
    document_id: UUID
    destination: str
    reference: str
    request_key: str
    environment: Environment
    schema: str
    identity: str
    canonical: bytes


_LOAD = text("""
    SELECT v.id, v.document_id, v.destination, v.reference, v.request_key, d.schema, d.environment, d.identity,
           CAST(d.canonical AS text) AS canonical
      FROM delivery v JOIN document d ON d.id = v.document_id
      JOIN unnest(CAST(:ids AS uuid[]), CAST(:claim_nos AS int[])) AS mine (id, claim_no)
        ON v.id = mine.id AND v.claim_no = mine.claim_no AND v.claimed_by IS NOT NULL
""")
_SENDING = text("""
    UPDATE delivery v SET state = 'sending', external_ref = mine.ref
      FROM unnest(CAST(:ids AS uuid[]), CAST(:claim_nos AS int[]), CAST(:refs AS text[])) AS mine (id, claim_no, ref)
     WHERE v.id = mine.id AND v.claim_no = mine.claim_no AND v.claimed_by IS NOT NULL
""")
_DELIVERED = text("""
    UPDATE delivery v
       SET state = 'delivered', external_ref = mine.ref, finished_at = :at, next_at = NULL, reason = NULL,
           claimed_by = NULL
      FROM unnest(CAST(:ids AS uuid[]), CAST(:claim_nos AS int[]), CAST(:refs AS text[])) AS mine (id, claim_no, ref)
     WHERE v.id = mine.id AND v.claim_no = mine.claim_no AND v.claimed_by IS NOT NULL
""")


def load(conn: Connection, claims: Sequence[Claim]) -> list[DocumentToSend]:
    """Those of the claimed deliveries that are still ours, in the order of `claims`."""
    rows = {row.id: row for row in conn.execute(_LOAD, _fences(claims))}
    return [
        DocumentToSend(
            claim=claim,
            document_id=row.document_id,
            destination=row.destination,
            reference=row.reference,
            request_key=row.request_key,
            environment=Environment(row.environment),
            schema=row.schema,
            identity=row.identity,
            canonical=row.canonical.encode(),
        )
        for claim in claims
        if (row := rows.get(claim.id)) is not None
    ]


def begin_sending(conn: Connection, refs: Mapping[Claim, str]) -> None:
    """They are being sent, each to be resumed from its ref.

    Raises:
        Overtaken: one of them was given to someone else; roll back, nothing of it holds.
    """
    _move(conn, _SENDING, refs, {})


def end_delivered(conn: Connection, refs: Mapping[Claim, str], *, at: datetime) -> None:
    """The business system has them, each under its ref.

    Raises:
        Overtaken: as above.
    """
    _move(conn, _DELIVERED, refs, {"at": at})


def _move(conn: Connection, statement: TextClause, refs: Mapping[Claim, str], values: dict[str, object]) -> None:
    parameters = {**_fences(list(refs)), "refs": list(refs.values()), **values}
    moved = conn.execute(statement, parameters).rowcount
    if moved != len(refs):
        raise Overtaken(f"{len(refs) - moved} of {len(refs)} deliveries were given to another worker")


def _fences(claims: Sequence[Claim]) -> dict[str, object]:
    return {"ids": [claim.id for claim in claims], "claim_nos": [claim.claim_no for claim in claims]}
