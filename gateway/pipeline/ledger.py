"""What a reading asks the store in the transaction of the moment: which control numbers are new; cross references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from gateway.errors import NotYet
from gateway.model import Environment
from gateway.store import Connection, control_numbers
from gateway.store.control_numbers import InboundUse, New, ReadInterchange, ReceivedNumber, Used
from gateway.store.cross_references import StoredReferences
from mappings.cross_references import Lookup
from translators.x12.model import GroupHeader, InterchangeHeader


class LedgerOfMany:
    """What all transmissions of one transaction ask together; each is read with an `InboundLedger` of its own.

    Args:
        conn: the transaction.
        transmission_ids: what is read in it.
        at: the moment, aware.
    """

    def __init__(self, conn: Connection, transmission_ids: Iterable[UUID], *, at: datetime) -> None:
        self.conn = conn
        self.transmission_ids = frozenset(transmission_ids)
        self.at = at
        self._claimed: dict[UUID, ReceivedNumber] = {}
        self._read: list[ReadInterchange] = []
        self._references: dict[str, Lookup] = {}

    def claim_ahead(self, asked: Mapping[UUID, ReceivedNumber]) -> None:
        """Claim the numbers of the first interchanges, by transmission, before they are read: all in one statement."""
        if asked:
            new = control_numbers.claim_new(self.conn, asked, at=self.at)
            self._claimed = {id: number for id, number in asked.items() if id in new}

    def was_claimed(self, transmission_id: UUID, number: ReceivedNumber) -> bool:
        """Whether it was claimed ahead, for its transmission's first interchange; True once."""
        return self._claimed.get(transmission_id) == number and self._claimed.pop(transmission_id) == number

    def note_read(self, read: ReadInterchange) -> None:
        """An interchange of a claimed number was read to its end; written by `settle`."""
        self._read.append(read)

    def settle(self) -> None:
        """Write what the interchanges held."""
        read, self._read = self._read, []
        if read:
            control_numbers.complete_inbound(self.conn, read)

    def forget(self) -> None:
        """What was noted and not settled is read again."""
        self._read.clear()

    def references(self, partner: str) -> Lookup:
        """The cross references of a partner, by the day (UTC) of the transaction."""
        if partner not in self._references:
            self._references[partner] = StoredReferences(self.conn, partner=partner, on=self.at.date())
        return self._references[partner]


class InboundLedger:
    """The ledger of control numbers, for one transmission and inside one transaction.

    Args:
        shared: of all transmissions of the transaction.
        transmission_id: what is read.
    """

    def __init__(self, shared: LedgerOfMany, transmission_id: UUID) -> None:
        self._shared = shared
        self._conn = shared.conn
        self._transmission_id = transmission_id

    @property
    def at(self) -> datetime:
        """The moment of the transaction."""
        return self._shared.at

    def references(self, partner: str) -> Lookup:
        """The cross references of a partner, by the day (UTC) of the transaction."""
        return self._shared.references(partner)

    def claim(self, number: ReceivedNumber, interchange_id: UUID, window: timedelta | None) -> InboundUse:
        """Whether an ISA13 was received before, as far back as the window reaches.

        Raises:
            NotYet: another transmission that holds it is just being read.
        """
        shared = self._shared
        if shared.was_claimed(self._transmission_id, number):
            return New()
        shared.settle()  # it may be that of an interchange before it
        use = control_numbers.claim_inbound(
            self._conn,
            sender=number.sender,
            receiver=number.receiver,
            environment=number.environment,
            number=number.number,
            transmission_id=self._transmission_id,
            interchange_id=interchange_id,
            at=self.at,
            window=window,
        )
        if isinstance(use, Used):
            beside = use.transmission_id in shared.transmission_ids and use.transmission_id != self._transmission_id
            if beside or use.content_sha256 is None:
                raise NotYet(f"ISA13 {number.number} is just being read in transmission {use.transmission_id}")
        return use

    def complete(self, number: ReceivedNumber, interchange_id: UUID, content_sha256: bytes) -> None:
        """What the interchange of a claimed ISA13 held."""
        self._shared.note_read(ReadInterchange(number, interchange_id, content_sha256))

    def claim_inside(
        self,
        group: GroupHeader,
        *,
        within: tuple[InterchangeHeader, Environment, UUID],
        kind: str,
        number: str,
        window: timedelta | None,
    ) -> bool:
        """Whether a GS06 or ST02 is new between the two parties of its group, as far back as the window reaches.

        Args:
            group: whose it is, or in which the set stands.
            within: the interchange, and its row's id.
            kind: `GS06 PO`, `ST02 850`.
            number: as the ledger has it.
            window: None for ever.
        """
        header, environment, interchange_id = within
        return control_numbers.claim_inside(
            self._conn,
            sender=(*header.sender, group.sender),
            receiver=(*header.receiver, group.receiver),
            environment=environment,
            kind=kind,
            number=number,
            transmission_id=self._transmission_id,
            interchange_id=interchange_id,
            at=self.at,
            window=window,
        )
