"""StockTransferNotice: stock on its way to a warehouse (X12 943), `stock_transfer_notice/v1`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from translators.canonical.common import LocalDate, LocalTime, Number, Text, UnitCode
from translators.canonical.warehouse_order import WarehouseItem, WarehouseWork


class TransferredLine(WarehouseItem):
    """One item on its way; `condition` says whether it comes on hold."""

    qty: Number
    unit: UnitCode
    base_qty: Number | None = None
    condition: Text | None = None


class StockTransferNotice(WarehouseWork):
    """Stock sent to a warehouse. `order_number` is the depositor's, `shipment_id` the shipment's."""

    schema_name: ClassVar[str] = "stock_transfer_notice/v1"
    kind: ClassVar[str] = "stock_transfer_notice"
    header_block: ClassVar[str] = "notice"

    order_number: Text
    type: Text | None = None
    date: LocalDate | None = None
    shipment_id: Text | None = None
    agent_shipment_id: Text | None = None
    bill_of_lading: Text | None = None
    shipped: LocalDate | None = None
    expected: LocalDate | None = None
    expected_time: LocalTime | None = None
    lines: Annotated[tuple[TransferredLine, ...], Field(min_length=1)]

    @property
    def identity(self) -> tuple[str, ...]:
        """The depositor's order number and the shipment. Source: X12 004010 W0602, W0604."""
        return (self.order_number, self.shipment_id or "")

    def own_keys(self) -> list[tuple[str, str | None]]:
        """The depositor's order number, shipment, bill of lading, purchase order."""
        return [
            ("warehouse_order", self.order_number),
            ("shipment_id", self.shipment_id),
            ("shipment_id", self.agent_shipment_id),
            ("bill_of_lading", self.bill_of_lading),
            ("order_number", self.purchase_order),
            ("master_reference", self.master_reference),
        ]
