"""Replay in three verbs: resend, re-envelope, reprocess. Each thing is a transaction of its own, audited with why.

resend: the same bytes under the same keys; what could not be read of a business system is asked for again.
re-envelope: the same sets to a partner, new control numbers, awaited anew.
reprocess: what came, by the map as it is now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import GatewayError, StoreUnavailable
from gateway.pipeline.inbound import InboundLine
from gateway.pipeline.outbound_terms import OutboundBook
from gateway.pipeline.re_envelope import re_envelope
from gateway.pipeline.reprocess import reprocess
from gateway.store import Connection, audit, replayable, replays, unread
from gateway.store.replayable import Replayable, Selection
from mappings.errors import MappingError
from translators.errors import WritingError


class Verb(StrEnum):
    """How something is replayed."""

    RESEND = "resend"
    RE_ENVELOPE = "re-envelope"
    REPROCESS = "reprocess"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of one: `done`, or why not; and the lane or lanes that work it now."""

    item: Replayable
    done: bool
    says: str
    lanes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Replay:
    """Replays for one person.

    Args:
        line: that reads what came.
        book: by what documents of ours go out.
        idempotency: destination -> what its adapter promises.
        by: who wants it.
        reason: why; it is audited.
        not_there: he looked, and the business systems do not have what may have arrived: it is sent again.
    """

    line: InboundLine
    book: OutboundBook
    idempotency: Mapping[str, str]
    by: str
    reason: str
    not_there: bool = False

    def find(self, verb: Verb, wanted: Selection, *, most: int) -> list[Replayable]:
        """What would be replayed, oldest first: deliveries, transmissions of ours and unread records, or what came.

        Raises:
            StoreUnavailable: the database is gone.
        """
        with self.line.store.begin() as conn:
            match verb:
                case Verb.RESEND:
                    found = replayable.deliveries(conn, wanted, most=most)
                    found += replayable.sent(conn, wanted, most=most)
                    return [*found, *replayable.unread(conn, wanted, most=most)][:most]
                case Verb.RE_ENVELOPE:
                    return replayable.sent(conn, wanted, most=most)
                case Verb.REPROCESS:
                    return replayable.received(conn, wanted, most=most)

    def replay(self, verb: Verb, item: Replayable) -> Replayed:
        """Replay one thing; what stands in the way is told, and then nothing was changed.

        Raises:
            StoreUnavailable: the database is gone.
        """
        try:
            with self.line.store.begin() as conn:
                says, lanes = self._replay(conn, verb, item)
                audit.record(
                    conn,
                    at=self.line.clock.now(),
                    actor=self.by,
                    action=f"{item.subject}.replayed",
                    subject=item.subject,
                    subject_id=str(item.id),
                    detail={"verb": verb.value, "reason": self.reason, "was": item.state, "now": says}
                    | ({"not_there": True} if self.not_there else {}),
                )
        except StoreUnavailable:
            raise
        except (GatewayError, MappingError, WritingError, LookupError) as error:
            return Replayed(item, done=False, says=str(error))
        return Replayed(item, done=True, says=says, lanes=frozenset(lanes))

    def _replay(self, conn: Connection, verb: Verb, item: Replayable) -> tuple[str, set[str]]:
        at = self.line.clock.now()
        match verb:
            case Verb.RESEND if item.subject == "delivery":
                lane = replays.deliver_again(
                    conn,
                    item.id,
                    idempotency=self.idempotency.get(item.destination),
                    not_there=self.not_there,
                    by=self.by,
                    at=at,
                )
                return "due again", {lane}
            case Verb.RESEND if item.subject == "exception":
                unread.want_again(conn, item.id)
                return f"{item.destination} is asked for it again", set()
            case Verb.RESEND:
                queued = replays.send_again(conn, item.id, by=self.by, at=at)
                return ("queued again", {queued}) if queued else ("stands in /out again", set())
            case Verb.RE_ENVELOPE:
                made = re_envelope(
                    conn, item.id, vault=self.line.vault, book=self.book, by=self.by, reason=self.reason, at=at
                )
                names = " and ".join(str(one) for one in made.transmissions)
                return f"sent as {names}", {made.lane} if made.lane else set()
            case Verb.REPROCESS:
                done = reprocess(self.line, conn, item.id, by=self.by, at=at)
                return done.says, done.lanes
