"""LoadTender: a load that a shipper offers a carrier, stop by stop (X12 204), `load_tender/v1`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from translators.canonical.common import (
    CurrencyCode,
    LocalDate,
    LocalTime,
    Number,
    Part,
    Scac,
    Text,
    UnitCode,
)
from translators.canonical.parts import (
    Contact,
    DateRole,
    Equipment,
    Instruction,
    Item,
    Money,
    Party,
    Quantity,
    Reference,
    TradeDocument,
)


class Handling(Part):
    """A requirement on handling: a code (X12 152), a service (X12 560), or words."""

    code: Text | None = None
    service: Text | None = None
    description: Text | None = None


class Hazard(Part):
    """A hazardous material, so much of it; `contact` is who answers for it."""

    number: Text
    count: Number | None = None
    unit: UnitCode | None = None
    hazard_class: Text | None = None
    packing_group: Text | None = None
    description: Text | None = None
    contact: Contact | None = None


class Lading(Item):
    """Goods at a stop: how many packages of what, what they weigh."""

    packaging: Text | None = None
    count: Number | None = None
    qty: Number | None = None
    unit: UnitCode | None = None
    weight: Quantity | None = None
    weight_type: Text | None = None
    volume: Quantity | None = None
    commodity: Text | None = None
    commodity_type: Text | None = None
    freight_class: Text | None = None
    marks: Text | None = None
    hazards: tuple[Hazard, ...] = ()
    references: tuple[Reference, ...] = ()


class StopOrder(Part):
    """The part of an order that is picked up or delivered at a stop; `packages` is how its `ladings` are packed."""

    reference: Text | None = None
    order_number: Text | None = None
    qty: Number | None = None
    unit: UnitCode | None = None
    weight: Quantity | None = None
    volume: Quantity | None = None
    dates: tuple[DateRole, ...] = ()
    packages: tuple[Lading, ...] = ()
    ladings: tuple[Lading, ...] = ()


class Stop(Part):
    """A place the load is picked up or delivered at, when, and what.

    `reason` is a word of ours, as `load` or `unload`; `earliest` and `latest` are the window there. `packages` tells
    what stands on the dock (X12 LAD), `ladings` what it is and what it weighs (X12 L5).
    """

    number: Text
    reason: Text
    place: Party | None = None
    earliest: LocalDate | None = None
    earliest_time: LocalTime | None = None
    latest: LocalDate | None = None
    latest_time: LocalTime | None = None
    zone: Text | None = None
    weight: Quantity | None = None
    qty: Number | None = None
    unit: UnitCode | None = None
    volume: Quantity | None = None
    references: tuple[Reference, ...] = ()
    dates: tuple[DateRole, ...] = ()
    handling: tuple[Handling, ...] = ()
    instructions: tuple[Instruction, ...] = ()
    equipment: tuple[Equipment, ...] = ()
    orders: tuple[StopOrder, ...] = ()
    packages: tuple[Lading, ...] = ()
    ladings: tuple[Lading, ...] = ()
    partner_data: dict[str, str] = Field(default_factory=dict)


class LoadTender(TradeDocument):
    """A load offered to a `carrier` (SCAC), with its stops in order.

    `payment` says who pays the freight, as `collect`; `respond_by` until when an answer is wanted.
    """

    schema_name: ClassVar[str] = "load_tender/v1"
    kind: ClassVar[str] = "load_tender"
    header_block: ClassVar[str] = "tender"

    shipment_id: Text
    carrier: Scac
    payment: Annotated[str, StringConstraints(min_length=1)]
    type: Text | None = None
    terms: Text | None = None
    mode: Text | None = None
    routing: Text | None = None
    bill_of_lading: Text | None = None
    order_number: Text | None = None
    respond_by: LocalDate | None = None
    respond_time: LocalTime | None = None
    respond_zone: Text | None = None
    total_equipment: Number | None = None
    equipment: tuple[Equipment, ...] = ()
    handling: tuple[Handling, ...] = ()
    instructions: tuple[Instruction, ...] = ()
    shipper: Party | None = None
    consignee: Party | None = None
    bill_to: Party | None = None
    weight: Quantity | None = None
    volume: Quantity | None = None
    packages: Number | None = None
    rate: Number | None = None
    rate_basis: Text | None = None
    charge: Number | None = None
    currency: CurrencyCode | None = None
    declared_value: Money | None = None
    stops: tuple[Stop, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """The shipment and the carrier it is offered to. Source: X12 004010 B204, B202."""
        return (self.shipment_id, self.carrier)

    def own_keys(self) -> list[tuple[str, str | None]]:
        """Shipment, bill of lading, and every order number of a stop."""
        keys = [
            ("shipment_id", self.shipment_id),
            ("bill_of_lading", self.bill_of_lading),
            ("order_number", self.order_number),
        ]
        keys += [("order_number", order.order_number) for stop in self.stops for order in stop.orders]
        return keys
