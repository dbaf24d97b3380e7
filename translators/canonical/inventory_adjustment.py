"""InventoryAdjustment: what a warehouse corrected in its stock (X12 947), `inventory_adjustment/v1`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from translators.canonical.common import LocalDate, Number, Text, UnitCode
from translators.canonical.parts import Quantity
from translators.canonical.warehouse_order import WarehouseItem, WarehouseWork


class AdjustedStock(WarehouseItem):
    """One correction: `qty` is added to the stock (taken from it where negative), for a `reason` (X12 181)."""

    reason: Text
    qty: Number
    unit: UnitCode
    base_qty: Number | None = None
    transaction: Text | None = None
    gross_weight: Quantity | None = None
    net_weight: Quantity | None = None


class InventoryAdjustment(WarehouseWork):
    """Corrections of stock, under the warehouse's `number` and, where there is one, the depositor's."""

    schema_name: ClassVar[str] = "inventory_adjustment/v1"
    kind: ClassVar[str] = "inventory_adjustment"
    header_block: ClassVar[str] = "adjustment"

    date: LocalDate
    number: Text
    depositor_number: Text | None = None
    type: Text | None = None
    lines: Annotated[tuple[AdjustedStock, ...], Field(min_length=1)]

    @property
    def identity(self) -> tuple[str, ...]:
        """The adjustment's number and day. Source: X12 004010 W1502 (or W1503), W1501."""
        return (self.number, self.date.isoformat())

    def own_keys(self) -> list[tuple[str, str | None]]:
        """Both numbers of the adjustment, and what it refers to."""
        return [
            ("adjustment_number", self.number),
            ("adjustment_number", self.depositor_number),
            ("warehouse_order", self.order_number),
        ]
