"""OrderChange: what a buyer changes in an order (X12 860), `order_change/v1`."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from translators.canonical.common import LocalDate, Number, Text, UnitCode
from translators.canonical.parts import Charge, Line, Priced, Tax
from translators.canonical.purchase_order import Ordering, ScheduledQuantity, SubLine


class LineChange(StrEnum):
    """What is done to a line (X12 data element 670)."""

    ADD = "add"
    DELETE = "delete"
    REPLACE = "replace"
    CHANGE = "change"
    NO_CHANGE = "no_change"
    QUANTITY_INCREASE = "quantity_increase"
    QUANTITY_DECREASE = "quantity_decrease"
    PRICE_CHANGE = "price_change"
    PRICE_AND_QUANTITY_CHANGE = "price_and_quantity_change"
    RESCHEDULE = "reschedule"


class OrderChangeLine(Line, Priced):
    """One line as it is to be, and what is done to it; `left_to_receive` is what is still open of `qty`."""

    change: LineChange
    qty: Number | None = None
    left_to_receive: Number | None = None
    unit: UnitCode | None = None
    base_qty: Number | None = None
    pack: Number | None = None
    pack_size: Number | None = None
    pack_unit: UnitCode | None = None
    requested: LocalDate | None = None
    charges: tuple[Charge, ...] = ()
    taxes: tuple[Tax, ...] = ()
    schedule: tuple[ScheduledQuantity, ...] = ()
    sublines: tuple[SubLine, ...] = ()


class OrderChange(Ordering):
    """A change of an order, or its cancellation (`purpose`); `date` is the day of the change."""

    schema_name: ClassVar[str] = "order_change/v1"
    kind: ClassVar[str] = "order_change"
    header_block: ClassVar[str] = "change"

    order_number: Text
    release: Text | None = None
    change_number: Text | None = None
    type: Text | None = None
    order_date: LocalDate
    date: LocalDate | None = None
    lines: tuple[OrderChangeLine, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """Order number, release and the change's own number. Source: X12 004010 BCH03, BCH04, BCH05."""
        return (self.order_number, self.release or "", self.change_number or "")

    def own_keys(self) -> list[tuple[str, str | None]]:
        """Order number, release and contract."""
        return [("order_number", self.order_number), ("release", self.release), ("contract", self.contract)]
