"""Releasing: what was held for a value without a cross reference goes on once a row for it was added.

A document of ours is simply due again. An accepted set of a partner is read again from its bytes and mapped by the map
as it is now; what its transmission's acknowledgment said holds as it is. All of it is one transaction for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.guides import RegistryTerms
from gateway.model import DeliveryState, DocumentState, Environment
from gateway.pipeline.faults import not_agreed
from gateway.pipeline.inbound import InboundLine
from gateway.pipeline.route import deliveries_of
from gateway.pipeline.text import text_terms
from gateway.pipeline.translate import MadeDocument, document_row, settle, translate
from gateway.ports import new_id
from gateway.store import Connection, audit, deliveries, documents, exceptions, outbound, transmissions
from gateway.store.cross_references import StoredReferences
from gateway.store.held_sets import HeldSets, held_deliveries, held_sets
from partners.model import Direction
from partners.registry import NotIdentified
from translators.errors import Issue
from translators.formats import SNIFFED_BYTES
from translators.x12.model import TransactionSet
from translators.x12.reader import ReadOptions, read_x12


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
        account = line.registry.bringer(found.account)
        test = found.environment is Environment.TEST
        head = next(iter(line.vault.open(conn, found.sha256)), b"")[:SNIFFED_BYTES]
        text = text_terms(head, account=account, registry=line.registry)
        events = read_x12(
            line.vault.open(conn, found.sha256),
            guides=line.guides,
            options=ReadOptions(keep_tree=True, charset=text.charset, unwrap=text.unwrap),
            agreed=RegistryTerms(line.registry, line.partner_guides, account=account, is_test=test),
        )
        for event in events:
            if not isinstance(event, TransactionSet):
                continue
            set_id = held.sets.get((event.interchange.ordinal, event.group.ordinal, event.ordinal))
            if set_id is None:
                continue
            header, group = event.interchange, event.group
            who = line.registry.identify_interchange(account, sender=header.sender, receiver=header.receiver)
            usage = "T" if test else header.usage
            agreement = (
                who
                if isinstance(who, NotIdentified)
                else line.registry.agreement(
                    who.partner,
                    ourselves=who.ourselves,
                    direction=Direction.IN,
                    functional_id=group.functional_id,
                    set_code=event.code,
                    version=group.version,
                    usage=usage,
                    gs_sender=group.sender,
                    gs_receiver=group.receiver,
                )
            )
            if isinstance(agreement, NotIdentified):
                issues.append(not_agreed(event, agreement))
                continue
            again = translate(
                event,
                agreement,
                maps=line.maps,
                environment=Environment.TEST if usage == "T" else Environment.LIVE,
                filename=found.filename,
                transaction_set_id=set_id,
                references=StoredReferences(conn, partner=agreement.partner, on=at.date()),
                at=at,
            )
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
