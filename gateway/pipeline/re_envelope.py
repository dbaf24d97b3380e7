"""Re-envelope: the sets of an interchange that went out go out again, under new control numbers, and are awaited anew.

It is what partners want who refuse a known ISA13. The sets are those that were sent, not made again; what was awaited
of the interchange before is awaited no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from gateway.errors import ReplayRefused
from gateway.model import TransmissionState
from gateway.pipeline.dispatch import Dispatch, SetToSend
from gateway.pipeline.outbound_terms import OutboundBook
from gateway.pipeline.outgoing import way_to
from gateway.pipeline.prepared import prepare
from gateway.store import Connection, audit, expected, replays
from gateway.store.replays import SentSets
from gateway.store.vault import Vault
from translators.formats import Format

ENDED = frozenset(
    {
        TransmissionState.COLLECTED,
        TransmissionState.WITHDRAWN,
        TransmissionState.SENT,
        TransmissionState.REFUSED,
        TransmissionState.UNCERTAIN,
    }
)


@dataclass(frozen=True, slots=True)
class NewEnvelope:
    """The transmissions that carry the sets now, and the lane that brings them; None where they are collected."""

    transmissions: Sequence[UUID]
    lane: str | None


def re_envelope(
    conn: Connection, id: UUID, *, vault: Vault, book: OutboundBook, by: str, reason: str, at: datetime
) -> NewEnvelope:
    """Send the sets of one transmission of ours again.

    Args:
        conn: the transaction; where this raises, the caller must not commit it.
        id: the transmission.
        vault: where its bytes are.
        book: what was agreed.
        by: who wants it.
        reason: why.
        at: the moment, aware.

    Raises:
        ReplayRefused: it is still on its way, holds no sets that were agreed, or no profile has its parties.
        SetsRefused: our own reader finds an error in what was written.
        WritingError: a value cannot be written.
        PayloadMissing: its bytes were purged.
    """
    before = replays.sent_sets(conn, id)
    if before.state not in ENDED:
        raise ReplayRefused("it is still on its way, or was not collected yet; the partner has it only once")
    if before.content_format != Format.X12:
        raise ReplayRefused("it has no envelope of control numbers; resend it")
    ourselves = book.registry.receiver(before.sender)
    partner = book.registry.partners.get(before.partner)
    if ourselves is None or partner is None:
        missing = f"the identity {before.sender[0]}/{before.sender[1]}" if partner else f"the partner {before.partner}"
        raise ReplayRefused(f"{missing} is not in the profiles any more")
    prepared = prepare(
        vault.open(conn, before.sha256),
        partner=partner,
        ourselves=ourselves,
        registry=book.registry,
        guides=book.guides,
        partner_guides=book.partner_guides,
    )
    if prepared.errors:
        raise ReplayRefused(f"{prepared.errors[0].message} ({prepared.errors[0].position})")
    sets = _with_documents([one for found in prepared.sets.values() for one in found], before)
    dispatch = Dispatch(
        partner=partner,
        ourselves=ourselves,
        account=before.account,
        environment=before.environment,
        vault=vault,
        registry=book.registry,
        guides=book.guides,
        partner_guides=book.partner_guides,
    )
    made = dispatch.send_sets(conn, sets, at=at)
    expected.replace(conn, id, by=by, at=at)
    replays.resolve_sent(conn, id, by=by, at=at)
    for one in made:
        replays.note_replay(conn, one, of=id)
    audit.record(
        conn,
        at=at,
        actor=by,
        action="transmission.re_enveloped",
        subject="transmission",
        subject_id=str(id),
        detail={"into": [str(one) for one in made], "reason": reason},
    )
    return NewEnvelope(made, way_to(book.registry, before.account).lane)


def _with_documents(sets: Sequence[SetToSend], before: SentSets) -> list[SetToSend]:
    """The sets with the documents they were made of, which stand in the same order."""
    if len(sets) != len(before.sets):
        raise ReplayRefused(f"{len(sets)} of its {len(before.sets)} sets can be read as they were sent")
    return [replace(one, document=document, keys=keys) for one, (document, keys) in zip(sets, before.sets, strict=True)]
