"""Invoice: what the buyer owes for what was shipped (X12 810), `invoice/v1`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from translators.canonical.common import CurrencyCode, LocalDate, Number, Text, UnitCode
from translators.canonical.parts import (
    Carrier,
    Charge,
    Contact,
    Line,
    Package,
    Party,
    PaymentTerm,
    Priced,
    Tax,
    TradeDocument,
)


class InvoiceLine(Line, Priced):
    """One line: what is billed, how much of it, at what price.

    `number` is the line of the order where the invoice says so. `amount` is the line's own total where it is stated.
    """

    qty: Number
    unit: UnitCode
    base_qty: Number | None = None
    ordered: Number | None = None
    backordered: Number | None = None
    pack: Number | None = None
    pack_size: Number | None = None
    pack_unit: UnitCode | None = None
    amount: Number | None = None
    order_number: Text | None = None
    order_line: Text | None = None
    shipment_id: Text | None = None
    charges: tuple[Charge, ...] = ()
    taxes: tuple[Tax, ...] = ()


class Billing(TradeDocument):
    """What an invoice and a credit memo have alike: parties, what they are about, and terms."""

    number: Text
    date: LocalDate
    currency: CurrencyCode
    order_number: Text | None = None
    release: Text | None = None
    order_date: LocalDate | None = None
    shipment_id: Text | None = None
    bill_of_lading: Text | None = None
    department: Text | None = None
    contract: Text | None = None
    bill_to: Party | None = None
    buyer: Party | None = None
    seller: Party | None = None
    remit_to: Party | None = None
    ship_to: Party | None = None
    ship_from: Party | None = None
    contact: Contact | None = None
    payment_terms: tuple[PaymentTerm, ...] = ()
    charges: tuple[Charge, ...] = ()
    taxes: tuple[Tax, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """Its number and its day. Source: X12 004010 BIG02 and BIG01, BCD02 and BCD01."""
        return (self.number, self.date.isoformat())


class Invoice(Billing):
    """An invoice. `total` is what is owed, `discountable` what a discount for early payment is taken from."""

    schema_name: ClassVar[str] = "invoice/v1"
    kind: ClassVar[str] = "invoice"
    header_block: ClassVar[str] = "invoice"

    type: Text | None = None
    corrects: Text | None = None
    shipped: LocalDate | None = None
    delivered: LocalDate | None = None
    freight_terms: Text | None = None
    carrier: Carrier | None = None
    package: Package | None = None
    total: Number
    discountable: Number | None = None
    discounted_total: Number | None = None
    discount: Number | None = None
    lines_total: Number | None = None
    tax_total: Number | None = None
    lines: Annotated[tuple[InvoiceLine, ...], Field(min_length=1)]

    def own_keys(self) -> list[tuple[str, str | None]]:
        """Invoice number, every order and shipment it bills, bill of lading, the invoice it corrects."""
        keys = [
            ("invoice_number", self.number),
            ("order_number", self.order_number),
            ("release", self.release),
            ("shipment_id", self.shipment_id),
            ("bill_of_lading", self.bill_of_lading),
            ("invoice_number", self.corrects),
            ("contract", self.contract),
        ]
        for line in self.lines:
            keys += [("order_number", line.order_number), ("shipment_id", line.shipment_id)]
        return keys
