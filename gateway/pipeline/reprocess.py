"""Reprocess: what came is made into documents by the map as it is now, and nothing has a second effect.

Identity decides: what was not made before is made and delivered; what is the same stays as it is; what differs replaces
a document that no business system took, and is held for a person where one has it, or may have it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.errors import NotYet, ReplayRefused
from gateway.model import Direction, DocumentState, Environment, TransmissionState
from gateway.pipeline.inbound import InboundLine
from gateway.pipeline.keeping_again import keep_again, tell_issues
from gateway.pipeline.reading_again import mapped_again
from gateway.pipeline.translate import MadeDocument, settle_one
from gateway.store import Connection, documents, outbound, replays, transmissions
from gateway.store.documents import LatestRevision
from gateway.store.replays import ON_ITS_WAY


@dataclass(slots=True)
class Reprocessed:
    """What came of it.

    Args:
        whole: the transmission is read again from its first byte.
        made: documents that take effect.
        same: documents that are as they were.
        held: documents that differ from what a business system has.
        later: documents for which a later revision stands.
        issues: why some could not be made.
    """

    whole: bool = False
    made: int = 0
    same: int = 0
    held: int = 0
    later: int = 0
    issues: int = 0
    lanes: set[str] = field(default_factory=set)

    @property
    def says(self) -> str:
        """For people."""
        if self.whole:
            return "is read again from its first byte"
        counts = (
            (self.made, "made and routed"),
            (self.same, "as before"),
            (self.held, "held: they differ from what was delivered"),
            (self.later, "out of date: a later revision stands"),
            (self.issues, "fault(s) still"),
        )
        return ", ".join(f"{count} {what}" for count, what in counts if count) or "holds no document"


def reprocess(line: InboundLine, conn: Connection, id: UUID, *, by: str, at: datetime) -> Reprocessed:
    """Reprocess one received transmission.

    Args:
        line: that reads.
        conn: the transaction.
        id: of the transmission.
        by: who wants it.
        at: the moment, aware.

    Raises:
        ReplayRefused: it is still being read, or repeats another one.
        NotYet: a document of the same identity is just being read.
        PayloadMissing: its bytes were purged.
    """
    found = transmissions.load(conn, id)
    match found.state:
        case TransmissionState.PARKED | TransmissionState.QUARANTINED:
            return Reprocessed(whole=True, lanes={replays.receive_again(conn, id, by=by, at=at)})
        case TransmissionState.PROCESSED:
            pass
        case TransmissionState.DUPLICATE:
            raise ReplayRefused("it repeats an earlier transmission; reprocess that one")
        case _:
            raise ReplayRefused(ON_ITS_WAY)
    mine = replays.documents_of(conn, id)
    if any(one.direction == Direction.OUT for one in mine):
        return _dispatch_again(conn, id, by=by, at=at)
    return _Again(line, conn, id, mine, by, at).run()


def _dispatch_again(conn: Connection, id: UUID, *, by: str, at: datetime) -> Reprocessed:
    """Documents of ours that are held are rendered by the map as it is now."""
    held = replays.held_deliveries(conn, id)
    if not held:
        raise ReplayRefused("nothing of it is held; what was sent is re-enveloped or resent")
    result = Reprocessed()
    for delivery_id, lane in held:
        outbound.let_go(conn, delivery_id, by=by, at=at)
        replays.resolve_of_delivery(conn, delivery_id, by=by, at=at)
        result.made += 1
        result.lanes.add(lane)
    return result


@dataclass(slots=True)
class _Again:
    line: InboundLine
    conn: Connection
    id: UUID
    mine: list[Any]
    by: str
    at: datetime

    def run(self) -> Reprocessed:
        conn, at = self.conn, self.at
        found = transmissions.load(conn, self.id)
        again = list(mapped_again(conn, self.line, found, replays.accepted_sets(conn, self.id), at=at))
        made = [item for one in again for item in one.documents]
        issues = [issue for one in again for issue in one.issues]
        result = Reprocessed(issues=len(issues))
        kept: list[MadeDocument] = []
        for (partner, kind, environment), items in sorted(self._families(made).items()):
            latest = documents.latest_revisions(
                conn,
                partner=partner,
                kind=kind,
                environment=environment,
                identities={item.identity for item in items},
            )
            for item in items:
                if self._settles(item, latest, result):
                    kept.append(item)
        replays.resolve_mapping(conn, self.id, by=self.by, at=at)
        result.lanes = keep_again(self.line, conn, kept, transmission_id=self.id, at=at)
        if issues:
            tell_issues(conn, issues, transmission_id=self.id, partner=found.partner or "", at=at)
        return result

    @staticmethod
    def _families(made: list[MadeDocument]) -> dict[tuple[str, str, Environment], list[MadeDocument]]:
        families: dict[tuple[str, str, Environment], list[MadeDocument]] = {}
        for item in made:
            families.setdefault((item.partner, item.document.kind, item.environment), []).append(item)
        return families

    def _settles(self, item: MadeDocument, latest: dict[str, LatestRevision], result: Reprocessed) -> bool:
        """Find what a document is to those before it; whether it is kept."""
        before = latest.get(item.identity)
        if before is not None and before.staged_in not in (None, self.id):
            raise NotYet(f"{item.identity} is just being read in transmission {before.staged_in}")
        content = item.form.content_sha256
        brought = [one for one in self.mine if (one.kind, one.identity) == (item.document.kind, item.identity)]
        if before is not None and before.content_sha256 == content:
            result.same += 1
            return False
        if any(one.state == DocumentState.HELD and one.content_sha256 == content for one in brought):
            result.held += 1
            return False
        if before is None or all(one.state in (DocumentState.HELD, DocumentState.DUPLICATE) for one in brought):
            settle_one(item, latest)
        elif before.id not in {one.id for one in brought}:
            result.later += 1
            return False
        elif replays.may_have_arrived(self.conn, before.id):
            item.state, item.revision = DocumentState.HELD, before.revision
            item.reason = (
                f"{item.document.kind} {item.identity.strip('|')} is another by the map of today than the one that was "
                f"delivered as revision {before.revision}; tell the business system, or have the partner send a change"
            )
        else:
            replays.cancel(self.conn, before.id, by=self.by, at=self.at)
            item.revision = before.revision + 1
            latest[item.identity] = LatestRevision(item.id, item.revision, content)
        result.made += item.takes_effect
        result.held += item.state is DocumentState.HELD
        return True
