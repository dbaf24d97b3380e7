"""ReceivingAdvice: what was received of a shipment, and in what state (X12 861), `receiving_advice/v1`."""

from __future__ import annotations

from typing import ClassVar

from translators.canonical.common import LocalDate, LocalTime, Number, Part, Sscc, Text, UnitCode
from translators.canonical.parts import Carrier, Equipment, Line, Package, Party, Quantity, TradeDocument


class ReceivedCondition(Part):
    """So much that is not as it should be; `condition` as the partner qualifies it (X12 412), as `damaged`."""

    condition: Text
    qty: Number
    unit: UnitCode | None = None
    reason: Text | None = None


class ReceivedLine(Line):
    """One item as it came in; `accepted`, `returned` and `on_hold` are parts of what was `received`."""

    received: Number | None = None
    unit: UnitCode
    accepted: Number | None = None
    returned: Number | None = None
    in_question: Number | None = None
    on_hold: Number | None = None
    shipped: Quantity | None = None
    ordered: Quantity | None = None
    conditions: tuple[ReceivedCondition, ...] = ()
    order_number: Text | None = None
    release: Text | None = None
    order_line: Text | None = None
    order_date: LocalDate | None = None
    lot: Text | None = None
    serial_numbers: tuple[Text, ...] = ()
    ssccs: tuple[Sscc, ...] = ()


class ReceivingAdvice(TradeDocument):
    """What was received. `shipment_id` is the ship notice's; `disposition` says what is advised, as `accepted`."""

    schema_name: ClassVar[str] = "receiving_advice/v1"
    kind: ClassVar[str] = "receiving_advice"
    header_block: ClassVar[str] = "receipt"

    number: Text
    date: LocalDate
    time: LocalTime | None = None
    type: Text | None = None
    disposition: Text | None = None
    order_number: Text | None = None
    release: Text | None = None
    shipment_id: Text | None = None
    bill_of_lading: Text | None = None
    carrier_reference: Text | None = None
    received: LocalDate | None = None
    received_time: LocalTime | None = None
    shipped: LocalDate | None = None
    ship_to: Party | None = None
    ship_from: Party | None = None
    buyer: Party | None = None
    seller: Party | None = None
    carrier: Carrier | None = None
    equipment: tuple[Equipment, ...] = ()
    package: Package | None = None
    lines: tuple[ReceivedLine, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """Its number and its day. Source: X12 004010 BRA01, BRA02."""
        return (self.number, self.date.isoformat())

    def own_keys(self) -> list[tuple[str, str | None]]:
        """Receipt number, shipment, bill of lading, carrier's reference, every order and SSCC."""
        keys = [
            ("receipt_number", self.number),
            ("shipment_id", self.shipment_id),
            ("bill_of_lading", self.bill_of_lading),
            ("carrier_reference", self.carrier_reference),
            ("order_number", self.order_number),
            ("release", self.release),
        ]
        for line in self.lines:
            keys.append(("order_number", line.order_number))
            keys += [("sscc", code) for code in line.ssccs]
        return keys
