"""WarehouseReceipt: what a warehouse received of a stock transfer (X12 944), `warehouse_receipt/v1`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from translators.canonical.common import LocalDate, LocalTime, Number, Part, Text, UnitCode
from translators.canonical.parts import Reference
from translators.canonical.warehouse_order import WarehouseItem, WarehouseWork


class ReceiptException(Part):
    """So much that is short, over, damaged or on hold; `condition` as the partner qualifies it (X12 412)."""

    qty: Number
    unit: UnitCode
    condition: Text
    lot: Text | None = None
    reason: Text | None = None
    references: tuple[Reference, ...] = ()


class WarehouseReceiptLine(WarehouseItem):
    """One item received, and what of it is not as it should be."""

    qty: Number
    unit: UnitCode
    base_qty: Number | None = None
    adjustment: Text | None = None
    exceptions: tuple[ReceiptException, ...] = ()


class WarehouseReceipt(WarehouseWork):
    """Stock received by a warehouse, under its own receipt `number`."""

    schema_name: ClassVar[str] = "warehouse_receipt/v1"
    kind: ClassVar[str] = "warehouse_receipt"
    header_block: ClassVar[str] = "receipt"

    number: Text
    date: LocalDate
    type: Text | None = None
    time: LocalTime | None = None
    shipment_id: Text | None = None
    bill_of_lading: Text | None = None
    received: LocalDate | None = None
    total_shipped: Number | None = None
    total_damaged: Number | None = None
    lines: Annotated[tuple[WarehouseReceiptLine, ...], Field(min_length=1)]

    @property
    def identity(self) -> tuple[str, ...]:
        """The warehouse's receipt number and the depositor's order. Source: X12 004010 W1703, W1704."""
        return (self.number, self.order_number or "")

    def own_keys(self) -> list[tuple[str, str | None]]:
        """Receipt, the depositor's order number, shipment, bill of lading, purchase order."""
        return [
            ("receipt_number", self.number),
            ("warehouse_order", self.order_number),
            ("shipment_id", self.shipment_id),
            ("bill_of_lading", self.bill_of_lading),
            ("order_number", self.purchase_order),
            ("master_reference", self.master_reference),
        ]
