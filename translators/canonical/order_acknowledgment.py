"""OrderAcknowledgment: what the seller answers to an order (X12 855), `order_acknowledgment/v1`."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from translators.canonical.common import LocalDate, Number, Part, Text, UnitCode
from translators.canonical.parts import Charge, Item, Line, Priced, Tax
from translators.canonical.purchase_order import Ordering, ScheduledQuantity


class OrderAnswer(StrEnum):
    """What becomes of the order as a whole."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_CHANGES = "accepted_with_changes"
    RECEIVED = "received"
    ON_HOLD = "on_hold"
    REJECTED = "rejected"
    COUNTER_OFFERED = "counter_offered"


class LineAnswer(StrEnum):
    """What becomes of a quantity of a line."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_CHANGES = "accepted_with_changes"
    QUANTITY_CHANGED = "quantity_changed"
    PRICE_CHANGED = "price_changed"
    DATE_CHANGED = "date_changed"
    BACKORDERED = "backordered"
    SUBSTITUTED = "substituted"
    ON_HOLD = "on_hold"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    SHIPPED = "shipped"


class AnsweredQuantity(Part):
    """A quantity of a line and what becomes of it; `substitute` is the item sent in its place."""

    answer: LineAnswer
    qty: Number | None = None
    unit: UnitCode | None = None
    date_type: Text | None = None
    date: LocalDate | None = None
    reason: Text | None = None
    substitute: Item | None = None


class OrderAcknowledgmentLine(Line, Priced):
    """One line of the order, as the seller has it, and what becomes of it, quantity by quantity."""

    qty: Number | None = None
    unit: UnitCode | None = None
    base_qty: Number | None = None
    pack: Number | None = None
    promised: LocalDate | None = None
    charges: tuple[Charge, ...] = ()
    taxes: tuple[Tax, ...] = ()
    answers: tuple[AnsweredQuantity, ...] = ()
    schedule: tuple[ScheduledQuantity, ...] = ()


class OrderAcknowledgment(Ordering):
    """The seller's answer to an order, as a whole (`answer`) and by line; an answer as a whole may have no lines.

    `order_number` and `release` are the buyer's, `seller_order` is ours; `order_date` is the order's, `date` the day
    of this answer.
    """

    schema_name: ClassVar[str] = "order_acknowledgment/v1"
    kind: ClassVar[str] = "order_acknowledgment"
    header_block: ClassVar[str] = "acknowledgment"

    answer: OrderAnswer
    order_number: Text
    release: Text | None = None
    order_date: LocalDate
    date: LocalDate | None = None
    seller_order: Text | None = None
    change_number: Text | None = None
    promised: LocalDate | None = None
    lines: tuple[OrderAcknowledgmentLine, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """Order number, release, the seller's number and the day of the answer: an order may be answered again.

        Source: X12 004010 BAK03, BAK05, BAK08, BAK09.
        """
        return (
            self.order_number,
            self.release or "",
            self.seller_order or "",
            self.date.isoformat() if self.date is not None else "",
        )

    def own_keys(self) -> list[tuple[str, str | None]]:
        """Order number, release, the seller's order number and contract."""
        return [
            ("order_number", self.order_number),
            ("release", self.release),
            ("seller_order", self.seller_order),
            ("contract", self.contract),
        ]
