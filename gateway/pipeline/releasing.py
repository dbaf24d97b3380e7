"""Releasing: what was held for a value without a cross reference goes on once a row for it was added.

A document of ours is simply due again. An accepted set or document of a partner is read again from its bytes and mapped
by the map as it is now; what its transmission's acknowledgment said holds as it is. All of it is one transaction for
each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.pipeline.inbound import InboundLine
from gateway.pipeline.keeping_again import keep_again, tell_issues
from gateway.pipeline.reading_again import mapped_again
from gateway.pipeline.translate import MadeDocument, settle
from gateway.store import Connection, audit, exceptions, outbound, transmissions
from gateway.store.held_sets import MAPPED_AGAIN, HeldSets, held_deliveries, held_sets
from translators.errors import Issue


@dataclass(frozen=True, slots=True)
class Releasing:
    """Lets go what waits for cross references.

    Args:
        line: that read it.
        by: who does so, for the audit.
    """

    line: InboundLine
    by: str = "gateway"

    def run(self) -> set[str]:
        """Try everything once; the lanes that have due rows now.

        Raises:
            StoreUnavailable: the database is gone.
            NotYet: a document is just being read in another transmission; try again later.
        """
        at = self.line.clock.now()
        lanes: set[str] = set()
        with self.line.store.begin() as conn:
            for held in held_deliveries(conn):
                outbound.let_go(conn, held.delivery_id, by=self.by, at=at)
                exceptions.resolve(conn, held.exception_id, by=self.by, at=at)
                lanes.add(held.lane)
            for sets in held_sets(conn):
                lanes |= self._map_again(conn, sets, at=at)
        return lanes

    def _map_again(self, conn: Connection, held: HeldSets, *, at: datetime) -> set[str]:
        line, found = self.line, transmissions.load(conn, held.transmission_id)
        made: list[MadeDocument] = []
        issues: list[Issue] = []
        for again in mapped_again(conn, line, found, held.sets, at=at):
            made += again.documents
            issues += again.issues
        settle(conn, made, transmission_id=found.id)
        lanes = keep_again(line, conn, made, transmission_id=found.id, at=at)
        if issues:  # before the old exception is closed: a matter that goes on is neither over nor new
            tell_issues(conn, issues, transmission_id=found.id, partner=found.partner or "", at=at)
        exceptions.resolve(conn, held.exception_id, by=self.by, at=at)
        audit.record(
            conn,
            at=at,
            actor=self.by,
            action=MAPPED_AGAIN,
            subject="transmission",
            subject_id=str(found.id),
            detail={"documents": len(made), "issues": len(issues)},
        )
        return lanes
