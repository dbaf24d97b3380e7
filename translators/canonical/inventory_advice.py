"""InventoryAdvice: what is in stock, item by item (X12 846), `inventory_advice/v1`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from translators.canonical.common import CurrencyCode, LocalDate, LocalTime, Number, Part, Text, UnitCode
from translators.canonical.parts import Line, Party, Priced, TradeDocument


class StockQuantity(Part):
    """So much of an item in one state; `state` is a word of ours as `on_hand`, `available`, `on_order`, `in_transit`.

    `location` is where it lies, `date` from when it is there.
    """

    state: Text
    qty: Number
    unit: UnitCode
    location: Text | None = None
    location_type: Text | None = None
    date: LocalDate | None = None
    lot: Text | None = None


class InventoryLine(Line, Priced):
    """One item and its stock; `unit` is what the price is for, `discontinued` the day it is sold no more."""

    unit: UnitCode | None = None
    quantities: tuple[StockQuantity, ...] = ()
    status: Text | None = None
    discontinued: LocalDate | None = None
    available: LocalDate | None = None
    lead_days: Number | None = None
    pack: Number | None = None


class InventoryAdvice(TradeDocument):
    """Stock at a moment. `date` and `time` are the report's."""

    schema_name: ClassVar[str] = "inventory_advice/v1"
    kind: ClassVar[str] = "inventory_advice"
    header_block: ClassVar[str] = "advice"

    number: Text
    type: Text | None = None
    date: LocalDate
    time: LocalTime | None = None
    as_of: LocalDate | None = None
    currency: CurrencyCode | None = None
    warehouse: Party | None = None
    buyer: Party | None = None
    seller: Party | None = None
    lines: Annotated[tuple[InventoryLine, ...], Field(min_length=1)]

    @property
    def identity(self) -> tuple[str, ...]:
        """Its number, day and time: inventories are told of again and again under one number.

        Source: X12 004010 BIA03, BIA04, BIA05.
        """
        return (self.number, self.date.isoformat(), self.time.isoformat() if self.time is not None else "")

    def own_keys(self) -> list[tuple[str, str | None]]:
        """The report's number."""
        return [("inventory_report", self.number)]
