"""FreightInvoice: what a carrier bills for a shipment (X12 210), `freight_invoice/v1`."""

from __future__ import annotations

from typing import ClassVar

from translators.canonical.common import CurrencyCode, LocalDate, LocalTime, Number, Part, Scac, Text, UnitCode
from translators.canonical.load_tender import Hazard, Stop
from translators.canonical.parts import Equipment, Money, Party, PaymentTerm, Quantity, Reference, TradeDocument


class FreightCharge(Part):
    """One charge of a line: a rate, and what it comes to; `code` is that of a special charge (X12 150)."""

    amount: Number | None = None
    rate: Number | None = None
    rate_basis: Text | None = None
    code: Text | None = None
    description: Text | None = None
    billed_qty: Number | None = None
    billed_type: Text | None = None
    percent: Number | None = None
    payment: Text | None = None
    advances: Number | None = None
    prepaid: Number | None = None
    declared_value: Money | None = None


class FreightLine(Part):
    """What was carried, and what is charged for it."""

    number: Text
    description: Text | None = None
    commodity: Text | None = None
    commodity_type: Text | None = None
    packaging: Text | None = None
    marks: Text | None = None
    count: Number | None = None
    count_packaging: Text | None = None
    weight: Quantity | None = None
    weight_type: Text | None = None
    volume: Quantity | None = None
    billed_qty: Number | None = None
    billed_type: Text | None = None
    qty: Number | None = None
    unit: UnitCode | None = None
    order_number: Text | None = None
    freight_class: Text | None = None
    hazards: tuple[Hazard, ...] = ()
    charges: tuple[FreightCharge, ...] = ()
    references: tuple[Reference, ...] = ()
    notes: tuple[Text, ...] = ()


class RouteLeg(Part):
    """One carrier on the way, in turn."""

    carrier: Scac
    sequence: Text
    city: Text | None = None
    mode: Text | None = None
    invoice_number: Text | None = None
    date: LocalDate | None = None
    amount: Number | None = None
    service: Text | None = None


class FreightInvoice(TradeDocument):
    """A carrier's invoice by its `number`; `total` is what is owed for the shipment, in `currency`."""

    schema_name: ClassVar[str] = "freight_invoice/v1"
    kind: ClassVar[str] = "freight_invoice"
    header_block: ClassVar[str] = "invoice"

    number: Text
    date: LocalDate
    carrier: Scac
    shipment_id: Text | None = None
    bill_of_lading: Text | None = None
    carrier_reference: Text | None = None
    order_number: Text | None = None
    payment: Text
    total: Number
    currency: CurrencyCode
    correction: Text | None = None
    type: Text | None = None
    terms: Text | None = None
    service: Text | None = None
    shipped: LocalDate | None = None
    shipped_time: LocalTime | None = None
    delivered: LocalDate | None = None
    delivered_time: LocalTime | None = None
    received_by: Text | None = None
    shipper: Party | None = None
    consignee: Party | None = None
    bill_to: Party | None = None
    remit_to: Party | None = None
    payment_terms: tuple[PaymentTerm, ...] = ()
    route: tuple[RouteLeg, ...] = ()
    equipment: tuple[Equipment, ...] = ()
    stops: tuple[Stop, ...] = ()
    weight: Quantity | None = None
    weight_type: Text | None = None
    volume: Quantity | None = None
    packages: Number | None = None
    charges_total: Number | None = None
    advances: Number | None = None
    prepaid: Number | None = None
    declared_value: Money | None = None
    lines: tuple[FreightLine, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """The invoice's number and the carrier. Source: X12 004010 B302, B311."""
        return (self.number, self.carrier)

    def own_keys(self) -> list[tuple[str, str | None]]:
        """Invoice, shipment, bill of lading, the carrier's own number, and every order number."""
        keys = [
            ("invoice_number", self.number),
            ("shipment_id", self.shipment_id),
            ("bill_of_lading", self.bill_of_lading),
            ("carrier_reference", self.carrier_reference),
            ("order_number", self.order_number),
        ]
        keys += [("order_number", line.order_number) for line in self.lines]
        return keys
