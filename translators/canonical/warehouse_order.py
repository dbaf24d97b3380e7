"""WarehouseOrder: what a depositor has its warehouse ship (X12 940), `warehouse_order/v1`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from translators.canonical.common import CurrencyCode, LocalDate, LocalTime, Number, Text, UnitCode
from translators.canonical.parts import (
    Carrier,
    Equipment,
    Instruction,
    Line,
    Measure,
    Money,
    Package,
    Party,
    TradeDocument,
)


class WarehouseItem(Line):
    """An item in a warehouse; `gtin` is its case code where the partner counts cases. `lot` is the warehouse's."""

    lot: Text | None = None
    freight_class: Text | None = None
    commodity: Text | None = None
    commodity_type: Text | None = None
    pack: Number | None = None
    pack_size: Number | None = None
    pack_unit: UnitCode | None = None
    expires: LocalDate | None = None
    measures: tuple[Measure, ...] = ()


class WarehouseOrderLine(WarehouseItem):
    """One item to ship. `declared_value` is for the carrier, `group` the number of the LX it stands under."""

    qty: Number
    unit: UnitCode
    base_qty: Number | None = None
    group: Text | None = None
    marks: tuple[Text, ...] = ()
    requested: LocalDate | None = None
    ship_to: Party | None = None
    declared_value: Money | None = None
    instructions: tuple[Instruction, ...] = ()


class WarehouseWork(TradeDocument):
    """What an order to a warehouse and its reports have alike: numbers, parties, carrier, totals."""

    order_number: Text | None = None
    purchase_order: Text | None = None
    master_reference: Text | None = None
    link_sequence: Text | None = None
    ship_to: Party | None = None
    ship_from: Party | None = None
    warehouse: Party | None = None
    depositor: Party | None = None
    carrier: Carrier | None = None
    freight_terms: Text | None = None
    equipment: tuple[Equipment, ...] = ()
    instructions: tuple[Instruction, ...] = ()
    totals: Package | None = None
    total_qty: Number | None = None
    total_unit: UnitCode | None = None


class WarehouseOrder(WarehouseWork):
    """An order to a warehouse, by the depositor's `number`; `purchase_order` is the customer's."""

    schema_name: ClassVar[str] = "warehouse_order/v1"
    kind: ClassVar[str] = "warehouse_order"
    header_block: ClassVar[str] = "order"

    number: Text
    type: Text | None = None
    date: LocalDate | None = None
    ship_on: LocalDate | None = None
    ship_time: LocalTime | None = None
    ship_not_before: LocalDate | None = None
    ship_not_after: LocalDate | None = None
    cancel_after: LocalDate | None = None
    deliver_by: LocalDate | None = None
    deliver_time: LocalTime | None = None
    currency: CurrencyCode | None = None
    bill_to: Party | None = None
    buyer: Party | None = None
    freight_bill_to: Party | None = None
    cod_amount: Number | None = None
    pallet_exchange: Text | None = None
    lines: Annotated[tuple[WarehouseOrderLine, ...], Field(min_length=1)]

    @property
    def identity(self) -> tuple[str, ...]:
        """The depositor's order number. Source: X12 004010 W0502."""
        return (self.number,)

    def own_keys(self) -> list[tuple[str, str | None]]:
        """The depositor's order number, the customer's, and the one they are grouped under."""
        return [
            ("warehouse_order", self.number),
            ("order_number", self.purchase_order),
            ("master_reference", self.master_reference),
        ]
