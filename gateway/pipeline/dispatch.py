"""Dispatch: rendered transaction sets go out in interchanges as agreed, and their acknowledgments are waited for.

Control numbers, bytes, rows of the envelope and the expected acknowledgments are one transaction's: a failure leaves no
number used and nothing half sent. What we send is read back by our own reader first, with the partner's guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.errors import GatewayError, SetsRefused
from gateway.guides import PartnerGuides, RegistryTerms
from gateway.model import AcknowledgmentKind, Environment
from gateway.pipeline.outgoing import note_sources, put_out, way_to
from gateway.ports import new_id
from gateway.store import Connection, control_numbers, envelopes, expected, transmissions
from gateway.store.control_numbers import Wanted
from gateway.store.rows import NewRows
from gateway.store.vault import Vault
from partners.model import Agreement, Batch, Direction, Envelope, GroupCount, Grouping, LegalEntity, TradingPartner
from partners.registry import PartnerRegistry
from translators.errors import Issue, Severity
from translators.x12.acknowledge import AcknowledgmentPolicy
from translators.x12.delimiters import FIRST_VERSION_WITH_REPETITION
from translators.x12.guide import GuideLibrary
from translators.x12.model import Delimiters, GroupEnd, InterchangeEnd, TransactionSet
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.writer import ControlNumbers, OutboundGroup, OutboundInterchange, OutboundSet, write_interchange

Row = dict[str, Any]

ISA12_LENGTH = 5
REPETITION = "^"


@dataclass(frozen=True, slots=True)
class SetToSend:
    """One rendered set, with what was agreed for it: GS01, GS08 and the set itself.

    `document` is the row it was made of, if any, and `keys` the (name, value) pairs it is found by.
    """

    agreement: Agreement
    functional_id: str
    version: str
    content: OutboundSet
    document: UUID | None = None
    keys: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """One transmission of ours, and the sets in it."""

    transmission_id: UUID
    sets: Sequence[SetToSend]


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Sends sets to one partner from one of our legal entities.

    Args:
        account: of the partner, by whose way it goes.
        environment: test documents are marked T in ISA15, and count apart.
    """

    partner: TradingPartner
    ourselves: LegalEntity
    account: str
    environment: Environment
    vault: Vault
    registry: PartnerRegistry
    guides: GuideLibrary
    partner_guides: PartnerGuides

    def send_sets(self, conn: Connection, sets: Sequence[SetToSend], *, at: datetime) -> list[UUID]:
        """As `send`: the outbound transmissions alone."""
        return [sent.transmission_id for sent in self.send(conn, sets, at=at)]

    def send(self, conn: Connection, sets: Sequence[SetToSend], *, at: datetime) -> list[Sent]:
        """Send sets, batched and enveloped by their agreements, in the order given.

        Args:
            conn: the transaction; where this raises, the caller must not commit it.
            sets: rendered.
            at: the moment, aware.

        Returns:
            The outbound transmissions, an interchange each, with their sets.

        Raises:
            SetsRefused: our own reader finds an error in what was written.
            WritingError: a value cannot be written (a delimiter in it, a character that is not latin-1).
            GatewayError: one of the two has no identifier to go by.
        """
        rows = NewRows()
        sent = [self._send(conn, batch, at=at, rows=rows) for batch in self._batches(sets)]
        rows.write(conn)
        return sent

    def _batches(self, sets: Sequence[SetToSend]) -> Iterator[list[SetToSend]]:
        """The sets of each interchange: of one version of the envelope, at most as many as agreed.

        Groups that are counted apart go apart: a GS06 is used once in an interchange.
        """
        counted_apart = self.partner.control_numbers.sent_gs06 is GroupCount.KIND
        alike: dict[tuple[Batch, Envelope, str, tuple[str, str] | None], list[SetToSend]] = {}
        for one in sets:
            batch = one.agreement.batch
            apart = (one.functional_id, one.version) if counted_apart or batch.groups is Grouping.APART else None
            alike.setdefault((batch, one.agreement.envelope, _isa_version(one), apart), []).append(one)
        for (batch, *_), together in alike.items():
            for start in range(0, len(together), batch.sets):
                yield together[start : start + batch.sets]

    def _send(self, conn: Connection, batch: Sequence[SetToSend], *, at: datetime, rows: NewRows) -> Sent:
        id = new_id()
        interchange = self._interchange(batch)

        counts = self.partner.control_numbers
        kinds = [*(counts.count_of(group.functional_id) for group in interchange.groups), "ISA13"]
        wanted = [
            Wanted(
                sender=interchange.sender,
                receiver=interchange.receiver,
                environment=self.environment,
                kind=kind,
                transmission_id=id,
            )
            for kind in kinds
        ]
        *groups, number = control_numbers.allocate(conn, wanted, at=at)
        numbers = ControlNumbers(interchange=number, groups=tuple(groups))
        content = write_interchange(interchange, numbers=numbers, at=at)
        payload = self.vault.put(rows, content)
        codes = "_".join(dict.fromkeys(one.content.code for one in batch))
        name = f"{codes}_{numbers.interchange:09d}.edi"
        put_out(
            conn,
            way_to(self.registry, self.account),
            id=id,
            at=at,
            partner=self.partner.key,
            filename=name,
            environment=self.environment,
            payload=payload,
            later=rows,
        )
        interchange_id, group_ids, set_ids = self._keep_envelope(content, id, rows)
        self._expect(batch, id, interchange_id, group_ids, at=at, rows=rows)
        self._name(batch, id, set_ids, rows)
        keys = [("filename", name), ("isa13", f"{numbers.interchange:09d}"), *(("gs06", str(each)) for each in groups)]
        transmissions.add_business_keys(rows, keys, transmission_id=id)
        return Sent(id, batch)

    def _name(self, batch: Sequence[SetToSend], id: UUID, set_ids: Sequence[UUID], rows: NewRows) -> None:
        """Which document each set was made of, and by what it is found."""
        ordered = [one for _, inside in self._groups(batch) for one in inside]
        sent = ((one.document, one.keys, set_id) for one, set_id in zip(ordered, set_ids, strict=True))
        note_sources(rows, sent, transmission_id=id)

    def _interchange(self, batch: Sequence[SetToSend]) -> OutboundInterchange:
        envelope = batch[0].agreement.envelope
        version = _isa_version(batch[0])
        groups = [
            OutboundGroup(functional_id, sender, receiver, release, [one.content for one in inside])
            for (functional_id, sender, receiver, release), inside in self._groups(batch)
        ]
        return OutboundInterchange(
            sender=_identifier(self.ourselves),
            receiver=_identifier(self.partner),
            version=version,
            usage="T" if self.environment is Environment.TEST else "P",
            acknowledgment_requested=envelope.ta1,
            delimiters=delimiters_for(envelope, version),
            groups=groups,
        )

    def _groups(self, batch: Sequence[SetToSend]) -> list[tuple[tuple[str, str, str, str], list[SetToSend]]]:
        """The sets by (GS01, GS02, GS03, GS08), in order."""
        found: dict[tuple[str, str, str, str], list[SetToSend]] = {}
        for one in batch:
            criteria = one.agreement.criteria
            sender = criteria.gs_sender or group_id(self.ourselves)
            receiver = criteria.gs_receiver or group_id(self.partner)
            found.setdefault((one.functional_id, sender, receiver, one.version), []).append(one)
        return list(found.items())

    def _keep_envelope(self, content: bytes, id: UUID, rows: NewRows) -> tuple[UUID, list[UUID], list[UUID]]:
        """Read back what was written; its interchange, groups and sets, by their ids.

        Raises:
            SetsRefused: it is not what we would accept ourselves.
        """
        agreed = RegistryTerms(
            self.registry,
            self.partner_guides,
            is_test=self.environment is Environment.TEST,
            partner=self.partner,
            ourselves=self.ourselves,
            direction=Direction.OUT,
        )
        interchange_id = new_id()
        groups: list[Row] = []
        sets: list[Row] = []
        found: list[Issue] = []
        interchange: Row = {}
        for event in read_x12([content], guides=self.guides, options=ReadOptions(keep_tree=False), agreed=agreed):
            match event:
                case TransactionSet():
                    found += event.issues
                    sets.append(envelopes.set_row(event, id=new_id(), transmission_id=id, accepted=True))
                case GroupEnd():
                    found += event.issues
                    count = event.sets_received
                    groups.append(
                        envelopes.group_row(
                            event,
                            id=new_id(),
                            interchange_id=interchange_id,
                            status="A",
                            received=count,
                            accepted=count,
                        )
                    )
                case InterchangeEnd():
                    found += event.issues
                    interchange = envelopes.interchange_row(
                        event.header,
                        id=interchange_id,
                        transmission_id=id,
                        end=event.end,
                        partner=self.partner.key,
                        accepted=True,
                    )
        errors = [issue for issue in found if issue.severity is Severity.ERROR]
        if errors:
            raise SetsRefused(errors)
        envelopes.add_rows(rows, interchanges=[interchange], groups=groups, sets=sets)
        return interchange_id, [row["id"] for row in groups], [row["id"] for row in sets]

    def _expect(
        self,
        batch: Sequence[SetToSend],
        id: UUID,
        interchange_id: UUID,
        group_ids: Sequence[UUID],
        *,
        at: datetime,
        rows: NewRows,
    ) -> None:
        """Wait for what the partner owes: a 997 or 999 of a group where one is always made, a TA1 where asked for."""
        owed: list[tuple[UUID | None, AcknowledgmentKind, Sequence[SetToSend]]] = []
        if batch[0].agreement.envelope.ta1:
            owed.append((None, AcknowledgmentKind.TA1, batch))
        for group_id, (_, inside) in zip(group_ids, self._groups(batch), strict=True):
            always = [one for one in inside if one.agreement.acknowledge.functional is AcknowledgmentPolicy.ALWAYS]
            if always:
                owed.append((group_id, AcknowledgmentKind(always[0].agreement.acknowledge.form.value), always))
        for about, kind, sets in owed:
            expected.expect(
                rows,
                kind=kind,
                partner=self.partner.key,
                transmission_id=id,
                interchange_id=interchange_id,
                functional_group_id=about,
                at=at,
                due_at=self.partner.work_days.after(at, min(one.agreement.acknowledge.within for one in sets)),
            )


def group_id(party: TradingPartner | LegalEntity) -> str:
    """The GS02 or GS03 a party goes by: its first group id, else its first interchange id."""
    return party.group_ids[0] if party.group_ids else _identifier(party)[1]


def _isa_version(one: SetToSend) -> str:
    """ISA12 of an interchange for this GS08: 00401 for 004010VICS."""
    return one.version[:ISA12_LENGTH]


def _identifier(party: TradingPartner | LegalEntity) -> tuple[str, str]:
    if not party.identifiers:
        raise GatewayError(f"{party.key} has no identifier to send by; add one to its profile")
    return party.identifiers[0].qualifier, party.identifiers[0].id


def delimiters_for(envelope: Envelope, version: str) -> Delimiters:
    """Those agreed; a repetition separator only where the version (GS08, or the ISA12 of it) has one."""
    version = version[:ISA12_LENGTH]
    agreed = envelope.delimiters
    has_one = version >= FIRST_VERSION_WITH_REPETITION
    repetition = (agreed.repetition or REPETITION) if has_one else None
    return Delimiters(agreed.element, agreed.component, agreed.segment, repetition, agreed.line_end)
