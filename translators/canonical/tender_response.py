"""TenderResponse: what a carrier answers to a load tender (X12 990), `tender_response/v1`."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from translators.canonical.common import LocalDate, LocalTime, Scac, Text
from translators.canonical.parts import Equipment, TradeDocument


class TenderAnswer(StrEnum):
    """What the carrier says to the load."""

    ACCEPTED = "accepted"
    CONDITIONALLY_ACCEPTED = "conditionally_accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class TenderResponse(TradeDocument):
    """A carrier's answer to the load of a `shipment_id`; `carrier_reference` is its own number for it."""

    schema_name: ClassVar[str] = "tender_response/v1"
    kind: ClassVar[str] = "tender_response"
    header_block: ClassVar[str] = "response"

    shipment_id: Text
    carrier: Scac
    answer: TenderAnswer
    date: LocalDate | None = None
    carrier_reference: Text | None = None
    reason: Text | None = None
    reason_text: Text | None = None
    pickup: LocalDate | None = None
    pickup_time: LocalTime | None = None
    delivery: LocalDate | None = None
    delivery_time: LocalTime | None = None
    equipment: tuple[Equipment, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """Shipment, carrier, day and answer: one who accepted may decline later.

        Source: X12 004010 B102, B101, B103, B104.
        """
        day = self.date.isoformat() if self.date is not None else ""
        return (self.shipment_id, self.carrier, day, self.answer.value)

    def own_keys(self) -> list[tuple[str, str | None]]:
        """Shipment and the carrier's own number."""
        return [("shipment_id", self.shipment_id), ("carrier_reference", self.carrier_reference)]
