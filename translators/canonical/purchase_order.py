"""PurchaseOrder: what a buyer orders (X12 850), `purchase_order/v1`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from translators.canonical.common import (
    BusinessKey,
    Carrier,
    Charge,
    Contact,
    CurrencyCode,
    Document,
    Gtin,
    LocalDate,
    LocalTime,
    Number,
    Part,
    Party,
    PaymentTerm,
    Reference,
    Text,
    UnitCode,
)


class ScheduledQuantity(Part):
    """A part of a line's quantity, wanted at a date."""

    qty: Number
    unit: UnitCode
    requested: LocalDate | None = None
    location: Text | None = None


class PurchaseOrderLine(Part):
    """One line: what, how much, at what price.

    `qty` counts `unit`; `base_qty` is the same amount in the item's base unit, where the map works it out. `sku` is
    the seller's item number (ours), `buyer_item` the partner's. `partner_data` keeps what the partner wants back.
    """

    number: Text | None = None
    qty: Number
    unit: UnitCode
    price: Number | None = None
    price_basis: Text | None = None
    gtin: Gtin | None = None
    sku: Text | None = None
    buyer_item: Text | None = None
    manufacturer_item: Text | None = None
    description: Text | None = None
    base_qty: Number | None = None
    pack: Number | None = None
    requested: LocalDate | None = None
    references: tuple[Reference, ...] = ()
    charges: tuple[Charge, ...] = ()
    schedule: tuple[ScheduledQuantity, ...] = ()
    partner_data: dict[str, str] = Field(default_factory=dict)


class PurchaseOrder(Document):
    """A purchase order. `requested` is the day delivery is wanted; `type` a word of ours, as `stand_alone`."""

    schema_name: ClassVar[str] = "purchase_order/v1"
    kind: ClassVar[str] = "purchase_order"
    header_block: ClassVar[str] = "order"

    number: Text
    release: Text | None = None
    type: Text | None = None
    date: LocalDate
    currency: CurrencyCode
    contract: Text | None = None
    requested: LocalDate | None = None
    requested_time: LocalTime | None = None
    ship_not_before: LocalDate | None = None
    ship_not_after: LocalDate | None = None
    cancel_after: LocalDate | None = None
    ship_to: Party | None = None
    ship_from: Party | None = None
    bill_to: Party | None = None
    buyer: Party | None = None
    seller: Party | None = None
    contact: Contact | None = None
    freight_terms: Text | None = None
    carrier: Carrier | None = None
    payment_terms: tuple[PaymentTerm, ...] = ()
    references: tuple[Reference, ...] = ()
    charges: tuple[Charge, ...] = ()
    notes: tuple[Text, ...] = ()
    total: Number | None = None
    partner_data: dict[str, str] = Field(default_factory=dict)
    lines: Annotated[tuple[PurchaseOrderLine, ...], Field(min_length=1)]

    @property
    def identity(self) -> tuple[str, ...]:
        """Order number and release. Source: X12 004010 BEG03, BEG04."""
        return (self.number, self.release or "")

    def business_keys(self) -> tuple[BusinessKey, ...]:
        """Order number, release, contract, and every reference of the header by its type."""
        keys = [BusinessKey("order_number", self.number)]
        if self.release is not None:
            keys.append(BusinessKey("release", self.release))
        if self.contract is not None:
            keys.append(BusinessKey("contract", self.contract))
        keys += [
            BusinessKey(f"reference:{found.type}", found.value) for found in self.references if found.value is not None
        ]
        return tuple(dict.fromkeys(keys))
