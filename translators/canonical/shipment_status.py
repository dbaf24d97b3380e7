"""ShipmentStatus: what happened to a shipment, one event each (X12 214), `shipment_status/v1`."""

from __future__ import annotations

from typing import ClassVar

from translators.canonical.common import CountryCode, LocalDate, LocalTime, Moment, Number, Part, Scac, Text
from translators.canonical.parts import Equipment, Party, Quantity, Reference, TradeDocument


class Place(Part):
    """Where something happened: a town, or a point."""

    city: Text | None = None
    region: Text | None = None
    country: CountryCode | None = None
    latitude: Text | None = None
    longitude: Text | None = None


class LadingException(Part):
    """So many packages that are not as they should be (X12 33)."""

    code: Text
    packaging: Text | None = None
    count: Number | None = None


class ShipmentStatus(TradeDocument):
    """One event, or one appointment, of a shipment.

    `status` and `reason` are of what happened (X12 1650, 1651), `appointment` and `appointment_reason` of what is
    agreed. The event was on `date` at `time` of the place's `zone` (X12 623); `at` is the moment, where the zone is
    known; `event_references` are the event's own. A set that tells several becomes several of these.
    """

    schema_name: ClassVar[str] = "shipment_status/v1"
    kind: ClassVar[str] = "shipment_status"
    header_block: ClassVar[str] = "event"

    shipment_id: Text
    carrier: Scac
    carrier_reference: Text | None = None
    bill_of_lading: Text | None = None
    order_number: Text | None = None
    stop: Text | None = None
    status: Text | None = None
    reason: Text | None = None
    appointment: Text | None = None
    appointment_reason: Text | None = None
    date: LocalDate | None = None
    time: LocalTime | None = None
    zone: Text | None = None
    at: Moment | None = None
    place: Place | None = None
    equipment: tuple[Equipment, ...] = ()
    shipper: Party | None = None
    consignee: Party | None = None
    bill_to: Party | None = None
    weight: Quantity | None = None
    weight_type: Text | None = None
    packages: Number | None = None
    volume: Quantity | None = None
    event_references: tuple[Reference, ...] = ()
    exceptions: tuple[LadingException, ...] = ()
    signed_by: Text | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        """Shipment, carrier, stop, status, reason and time of the event.

        Source: architecture, "Identity of a document"; X12 004010 B1002, B1003, AT701 to AT706.
        """
        return (
            self.shipment_id,
            self.carrier,
            self.stop or "",
            self.status or self.appointment or "",
            self.reason or self.appointment_reason or "",
            self.date.isoformat() if self.date is not None else "",
            self.time.isoformat() if self.time is not None else "",
        )

    def own_keys(self) -> list[tuple[str, str | None]]:
        """Shipment, the carrier's own number, bill of lading, order."""
        return [
            ("shipment_id", self.shipment_id),
            ("carrier_reference", self.carrier_reference),
            ("bill_of_lading", self.bill_of_lading),
            ("order_number", self.order_number),
        ]
