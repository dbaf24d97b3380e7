"""WarehouseShipment: what a warehouse shipped for its depositor (X12 945), `warehouse_shipment/v1`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from translators.canonical.common import LocalDate, LocalTime, Number, Text, UnitCode
from translators.canonical.parts import Package, Quantity, Reference
from translators.canonical.warehouse_order import WarehouseItem, WarehouseWork


class WarehouseShipmentLine(WarehouseItem):
    """One item shipped; `status` says whether all of it (X12 368), `difference` what was not shipped of `ordered`."""

    status: Text
    ordered: Number | None = None
    qty: Number | None = None
    difference: Number | None = None
    unit: UnitCode | None = None
    base_qty: Number | None = None
    reason: Text | None = None
    gross_weight: Quantity | None = None
    net_weight: Quantity | None = None
    serial_numbers: tuple[Text, ...] = ()


class ShippedUnit(Package):
    """A carton, pallet or line group (one LX), and the items in it."""

    number: Text | None = None
    references: tuple[Reference, ...] = ()
    pallets: Number | None = None
    lines: Annotated[tuple[WarehouseShipmentLine, ...], Field(min_length=1)]


class WarehouseShipment(WarehouseWork):
    """A shipment by a warehouse against the depositor's `order_number`."""

    schema_name: ClassVar[str] = "warehouse_shipment/v1"
    kind: ClassVar[str] = "warehouse_shipment"
    header_block: ClassVar[str] = "shipment"

    order_number: Text
    type: Text | None = None
    date: LocalDate | None = None
    shipment_id: Text | None = None
    agent_shipment_id: Text | None = None
    bill_of_lading: Text | None = None
    carrier_reference: Text | None = None
    shipped: LocalDate | None = None
    shipped_time: LocalTime | None = None
    expected: LocalDate | None = None
    units: Annotated[tuple[ShippedUnit, ...], Field(min_length=1)]

    @property
    def identity(self) -> tuple[str, ...]:
        """The depositor's order number and the shipment. Source: X12 004010 W0602, W0604."""
        return (self.order_number, self.shipment_id or "")

    def own_keys(self) -> list[tuple[str, str | None]]:
        """The depositor's order number, shipment, bill of lading, purchase order, every SSCC and tracking number."""
        keys = [
            ("warehouse_order", self.order_number),
            ("shipment_id", self.shipment_id),
            ("shipment_id", self.agent_shipment_id),
            ("bill_of_lading", self.bill_of_lading),
            ("carrier_reference", self.carrier_reference),
            ("order_number", self.purchase_order),
            ("master_reference", self.master_reference),
        ]
        for unit in self.units:
            keys += [("sscc", unit.sscc), ("tracking_number", unit.tracking_number)]
        return keys
