"""Closing: the last writes for transmissions that came to their end, together with all rows collected for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.model import TransmissionState
from gateway.pipeline.chunk import Matter
from gateway.ports import new_id
from gateway.store import Connection, audit, documents, exceptions, mailbox, received_batches, transmissions
from gateway.store.received_batches import Ended
from gateway.store.rows import NewRows
from gateway.store.work import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How one transmission ends.

    Args:
        matters: for a person.
        syntax: its wire format.
        repeats: the earlier transmission that it repeats.
        interchanges: how many it had, for the audit; likewise `sets`.
        keys: (name, value) pairs that it is found by.
        revising: its documents that may supersede earlier ones.
    """

    claim: Claim
    state: TransmissionState
    matters: Sequence[Matter]
    partner: str | None
    syntax: str | None
    repeats: UUID | None
    interchanges: int
    sets: int
    keys: Sequence[tuple[str, str]]
    revising: Sequence[UUID]


def close(conn: Connection, closings: Sequence[Closing], rows: NewRows, *, at: datetime) -> None:
    """Move the files and the states, write all rows, and open exceptions.

    Args:
        conn: the transaction.
        closings: of the transmissions that end in it.
        rows: what was collected for them and for others.
        at: the moment, aware.

    Raises:
        Overtaken: one of them was given to another worker.
    """
    if not closings:
        rows.write(conn)
        return
    folders = {one.claim.id: _folder(one.state, at) for one in closings}
    mailbox.archive_files(conn, folders, at=at, new_id=new_id, later=rows)
    received_batches.end(conn, [_ended(one) for one in closings], at=at)
    for one in closings:
        transmissions.add_business_keys(rows, one.keys, transmission_id=one.claim.id)
    if any(one.matters for one in closings):
        rows.write(conn)  # exceptions refer to documents
    for one in closings:
        _open_exceptions(conn, one.claim.id, one.matters, at=at)
        audit.record(
            rows,
            at=at,
            actor="gateway",
            action=f"transmission.{one.state.value}",
            subject="transmission",
            subject_id=str(one.claim.id),
            detail={"interchanges": one.interchanges, "sets": one.sets, "exceptions": len(one.matters)},
        )
    rows.write(conn)
    documents.supersede(conn, [id for one in closings for id in one.revising])


def _folder(state: TransmissionState, at: datetime) -> str:
    return "error" if state is TransmissionState.PARKED else f"archive/{at:%Y%m%d}"


def _ended(one: Closing) -> Ended:
    return Ended(
        claim=one.claim,
        state=one.state,
        format=one.syntax,
        partner=one.partner,
        duplicate_of=one.repeats if one.state is TransmissionState.DUPLICATE else None,
        reason=one.matters[0].reason if one.matters and one.state is TransmissionState.PARKED else None,
    )


def _open_exceptions(conn: Connection, transmission_id: UUID, matters: Sequence[Matter], *, at: datetime) -> None:
    """One exception for all matters of a kind: the first one's reason, and how many more there are."""
    kinds: dict[tuple[str, str], list[Matter]] = {}
    for matter in matters:
        kinds.setdefault((matter.code, matter.about), []).append(matter)
    for (code, about), alike in kinds.items():
        more = "" if len(alike) == 1 else f" (and {len(alike) - 1} more like it)"
        exceptions.open_exception(
            conn,
            id=new_id(),
            at=at,
            code=code,
            reason=alike[0].reason + more,
            group=alike[0].fingerprint or exceptions.fingerprint(code, about),
            transmission_id=transmission_id,
            document_id=alike[0].document_id,
        )
