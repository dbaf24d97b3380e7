"""Releasing: what was held for a value without a cross reference goes on once a row for it was added.

A document of ours is simply due again. An accepted set or document of a partner is read again from its bytes and mapped
by the map as it is now; what its transmission's acknowledgment said holds as it is. All of it is one transaction for
each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.model import DeliveryState, DocumentState
from gateway.pipeline.inbound import InboundLine
from gateway.pipeline.reading_again import mapped_again
from gateway.pipeline.route import deliveries_of
from gateway.pipeline.translate import MadeDocument, document_row, link_rows, settle
from gateway.ports import new_id
from gateway.store import Connection, audit, deliveries, documents, exceptions, outbound, transmissions
from gateway.store.held_sets import HeldSets, held_deliveries, held_sets
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
        exceptions.resolve(conn, held.exception_id, by=self.by, at=at)
        lanes = self._keep(conn, made, held, at=at)
        if issues:
            self._hold(conn, issues, held, partner=found.partner or "", at=at)
        audit.record(
            conn,
            at=at,
            actor=self.by,
            action="transmission.mapped_again",
            subject="transmission",
            subject_id=str(held.transmission_id),
            detail={"documents": len(made), "issues": len(issues)},
        )
        return lanes

    def _keep(self, conn: Connection, made: list[MadeDocument], held: HeldSets, *, at: datetime) -> set[str]:
        id = held.transmission_id
        settle(conn, made, transmission_id=id)
        documents.add_rows(
            conn,
            documents=[document_row(item, transmission_id=id, staged=False, at=at) for item in made],
            sources=[{"document_id": item.id, "transaction_set_id": item.transaction_set_id} for item in made],
            links=link_rows(conn, made),
        )
        routed = [
            row
            for item in made
            if item.takes_effect
            for row in deliveries_of(item, in_flight=self.line.in_flight, staged=False, at=at)
        ]
        deliveries.add_rows(conn, routed)
        for item in made:
            keys = [(key.name, key.value) for key in item.document.business_keys()]
            transmissions.add_business_keys(conn, keys, transmission_id=id, document_id=item.id)
            if item.state is DocumentState.HELD:
                exceptions.open_exception(
                    conn,
                    id=new_id(),
                    at=at,
                    code="document.contradicts",
                    reason=item.reason or "",
                    group=exceptions.fingerprint(item.partner, item.identity, "document.contradicts"),
                    transmission_id=id,
                    document_id=item.id,
                )
        documents.supersede(conn, [item.id for item in made if item.takes_effect and item.revision > 1])
        return {row["lane"] for row in routed if row["state"] is DeliveryState.READY}

    def _hold(self, conn: Connection, issues: list[Issue], held: HeldSets, *, partner: str, at: datetime) -> None:
        """Still held: told anew, so that it is tried again for what is added from now on."""
        first = issues[0]
        more = f" (and {len(issues) - 1} more)" if len(issues) > 1 else ""
        exceptions.open_exception(
            conn,
            id=new_id(),
            at=at,
            code=first.code,
            reason=f"{first.message} ({first.position}){more}",
            group=exceptions.fingerprint(partner, first.code),
            transmission_id=held.transmission_id,
        )
