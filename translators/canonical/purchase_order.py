"""PurchaseOrder: what a buyer orders (X12 850), `purchase_order/v1`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from translators.canonical.common import CurrencyCode, LocalDate, LocalTime, Number, Part, Text, UnitCode
from translators.canonical.parts import (
    Carrier,
    Charge,
    Contact,
    Line,
    Party,
    PaymentTerm,
    Priced,
    Tax,
    TradeDocument,
)


class ScheduledQuantity(Part):
    """A part of a line's quantity, wanted at a date."""

    qty: Number
    unit: UnitCode
    requested: LocalDate | None = None
    location: Text | None = None


class SubLine(Line, Priced):
    """A component of a line: what a kit or an assortment is made of."""

    relation: Text | None = None
    qty: Number | None = None
    unit: UnitCode | None = None


class PurchaseOrderLine(Line, Priced):
    """One line: what, how much, at what price.

    `qty` counts `unit`; `base_qty` is the same amount in the item's base unit, where the map works it out. `pack` is
    how many inner packs a case holds, `pack_size` (with `pack_unit`) what one holds.
    """

    qty: Number
    unit: UnitCode
    base_qty: Number | None = None
    pack: Number | None = None
    pack_size: Number | None = None
    pack_unit: UnitCode | None = None
    requested: LocalDate | None = None
    charges: tuple[Charge, ...] = ()
    taxes: tuple[Tax, ...] = ()
    schedule: tuple[ScheduledQuantity, ...] = ()
    sublines: tuple[SubLine, ...] = ()


class Ordering(TradeDocument):
    """What an order, its change and its answer have alike: dates wanted, parties, terms."""

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
    freight_place: Text | None = None
    carrier: Carrier | None = None
    payment_terms: tuple[PaymentTerm, ...] = ()
    charges: tuple[Charge, ...] = ()
    taxes: tuple[Tax, ...] = ()
    total: Number | None = None


class PurchaseOrder(Ordering):
    """A purchase order. `requested` is the day delivery is wanted; `type` a word of ours, as `stand_alone`."""

    schema_name: ClassVar[str] = "purchase_order/v1"
    kind: ClassVar[str] = "purchase_order"
    header_block: ClassVar[str] = "order"

    number: Text
    release: Text | None = None
    type: Text | None = None
    date: LocalDate
    lines: Annotated[tuple[PurchaseOrderLine, ...], Field(min_length=1)]

    @property
    def identity(self) -> tuple[str, ...]:
        """Order number and release. Source: X12 004010 BEG03, BEG04."""
        return (self.number, self.release or "")

    def own_keys(self) -> list[tuple[str, str | None]]:
        """Order number, release and contract."""
        return [("order_number", self.number), ("release", self.release), ("contract", self.contract)]
