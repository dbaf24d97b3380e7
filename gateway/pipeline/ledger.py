"""What a reading asks the store in the transaction of the moment: which control numbers are new; cross references."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from gateway.errors import NotYet
from gateway.model import Environment
from gateway.store import Connection, control_numbers
from gateway.store.control_numbers import InboundUse, Used
from gateway.store.cross_references import StoredReferences
from mappings.cross_references import Lookup
from translators.x12.model import GroupHeader, InterchangeHeader


class InboundLedger:
    """The ledger of control numbers, for one transmission and inside one transaction.

    Args:
        conn: the transaction.
        transmission_id: what is read.
        at: the moment, aware.
    """

    def __init__(self, conn: Connection, *, transmission_id: UUID, at: datetime) -> None:
        self._conn = conn
        self._transmission_id = transmission_id
        self._at = at
        self._references: dict[str, Lookup] = {}

    @property
    def at(self) -> datetime:
        """The moment of the transaction."""
        return self._at

    def references(self, partner: str) -> Lookup:
        """The cross references of a partner, by the day (UTC) of the transaction."""
        if partner not in self._references:
            self._references[partner] = StoredReferences(self._conn, partner=partner, on=self._at.date())
        return self._references[partner]

    def claim(
        self, header: InterchangeHeader, environment: Environment, interchange_id: UUID, window: timedelta | None
    ) -> InboundUse:
        """Whether an ISA13 was received before, as far back as the window reaches.

        Raises:
            NotYet: another transmission that holds it is just being read.
        """
        use = control_numbers.claim_inbound(
            self._conn,
            sender=header.sender,
            receiver=header.receiver,
            environment=environment,
            number=header.control_number,
            transmission_id=self._transmission_id,
            interchange_id=interchange_id,
            at=self._at,
            window=window,
        )
        if isinstance(use, Used) and use.content_sha256 is None:
            raise NotYet(f"ISA13 {header.control_number} is just being read in transmission {use.transmission_id}")
        return use

    def complete(
        self, header: InterchangeHeader, environment: Environment, interchange_id: UUID, content_sha256: bytes
    ) -> None:
        """What the interchange of a claimed ISA13 held."""
        control_numbers.complete_inbound(
            self._conn,
            sender=header.sender,
            receiver=header.receiver,
            environment=environment,
            number=header.control_number,
            content_sha256=content_sha256,
            interchange_id=interchange_id,
        )

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
            at=self._at,
            window=window,
        )
