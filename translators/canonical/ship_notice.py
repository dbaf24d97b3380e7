"""ShipNotice: what was shipped, in what it is packed (X12 856), `ship_notice/v1`.

One tree carries every hierarchy in use: pick and pack is order > pack > item, standard pack is order > item > pack,
pack before order is pack > order > item, and an order-only notice is order > item. Packs hold packs, as a pallet
cartons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from pydantic import Field

from translators.canonical.common import CurrencyCode, LocalDate, LocalTime, Number, Part, Text, UnitCode
from translators.canonical.parts import (
    Carrier,
    Charge,
    DateRole,
    Equipment,
    Line,
    Measure,
    Package,
    Party,
    Quantity,
    Reference,
    RoleParty,
    TradeDocument,
)


class ShippedItem(Line):
    """An item shipped, or the part of it that lies in the pack around it.

    `number` is the line of the order. `ordered` is what was ordered, where the notice says. In a standard-pack notice
    `packs` says what this item is packed in.
    """

    qty: Number
    unit: UnitCode
    ordered: Quantity | None = None
    shipped_to_date: Number | None = None
    status: Text | None = None
    lot: Text | None = None
    serial_numbers: tuple[Text, ...] = ()
    expires: LocalDate | None = None
    pack: Number | None = None
    pack_size: Number | None = None
    pack_unit: UnitCode | None = None
    country_of_origin: Text | None = None
    price: Number | None = None
    measures: tuple[Measure, ...] = ()
    packs: tuple[ShippedPack, ...] = ()


class ShippedPack(Package):
    """A pallet (`level` tare) or carton (`level` pack), and what it holds."""

    level: Text | None = None
    references: tuple[Reference, ...] = ()
    items: tuple[ShippedItem, ...] = ()
    packs: tuple[ShippedPack, ...] = ()
    orders: tuple[ShippedOrder, ...] = ()
    partner_data: dict[str, str] = Field(default_factory=dict)


class ShippedOrder(Part):
    """The part of a shipment that answers one order."""

    order_number: Text
    release: Text | None = None
    order_date: LocalDate | None = None
    seller_order: Text | None = None
    department: Text | None = None
    invoice_number: Text | None = None
    package: Package | None = None
    ship_to: Party | None = None
    buyer: Party | None = None
    parties: tuple[RoleParty, ...] = ()
    references: tuple[Reference, ...] = ()
    dates: tuple[DateRole, ...] = ()
    packs: tuple[ShippedPack, ...] = ()
    items: tuple[ShippedItem, ...] = ()
    partner_data: dict[str, str] = Field(default_factory=dict)


class ShipNotice(TradeDocument):
    """A shipment on its way. `package` is the shipment as a whole: how many packages, what they weigh.

    `structure` names the shape the sender used, as `pick_and_pack`.
    """

    schema_name: ClassVar[str] = "ship_notice/v1"
    kind: ClassVar[str] = "ship_notice"
    header_block: ClassVar[str] = "notice"

    shipment_id: Text
    date: LocalDate
    time: LocalTime | None = None
    structure: Text | None = None
    type: Text | None = None
    bill_of_lading: Text | None = None
    carrier_reference: Text | None = None
    shipped: LocalDate | None = None
    shipped_time: LocalTime | None = None
    expected: LocalDate | None = None
    expected_time: LocalTime | None = None
    currency: CurrencyCode | None = None
    ship_to: Party | None = None
    ship_from: Party | None = None
    buyer: Party | None = None
    seller: Party | None = None
    freight_terms: Text | None = None
    carrier: Carrier | None = None
    equipment: tuple[Equipment, ...] = ()
    package: Package | None = None
    packages: tuple[Package, ...] = ()
    charges: tuple[Charge, ...] = ()
    orders: tuple[ShippedOrder, ...] = ()
    packs: tuple[ShippedPack, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """The shipment's number. Source: X12 004010 BSN02."""
        return (self.shipment_id,)

    def own_keys(self) -> list[tuple[str, str | None]]:
        """Shipment, bill of lading, carrier's reference, and every order number, SSCC and tracking number within."""
        keys: list[tuple[str, str | None]] = [
            ("shipment_id", self.shipment_id),
            ("bill_of_lading", self.bill_of_lading),
            ("carrier_reference", self.carrier_reference),
        ]
        for part in _within(self.orders, self.packs):
            if isinstance(part, ShippedOrder):
                keys += [("order_number", part.order_number), ("release", part.release)]
                keys.append(("invoice_number", part.invoice_number))
            else:
                keys += [("sscc", part.sscc), ("tracking_number", part.tracking_number)]
        return keys


def _within(orders: Iterable[ShippedOrder], packs: Iterable[ShippedPack]) -> Iterator[ShippedOrder | ShippedPack]:
    """Every order and pack of the tree, outermost first; by a stack, not by recursion, whatever its depth."""
    waiting: list[ShippedOrder | ShippedPack | ShippedItem] = [*orders, *packs]
    waiting.reverse()
    while waiting:
        part = waiting.pop()
        inner: list[ShippedOrder | ShippedPack | ShippedItem]
        if isinstance(part, ShippedOrder):
            yield part
            inner = [*part.packs, *part.items]
        elif isinstance(part, ShippedPack):
            yield part
            inner = [*part.orders, *part.packs, *part.items]
        else:
            inner = [*part.packs]
        waiting += reversed(inner)


ShippedItem.model_rebuild()  # they hold each other, so none could be made whole before the last
ShippedPack.model_rebuild()
ShippedOrder.model_rebuild()
