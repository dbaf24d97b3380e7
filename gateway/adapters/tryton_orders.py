"""An order as a sale of Tryton: what has to be looked up for it, and the values of the record.

What a sale has no place for is not lost: the whole order is attached to it as canonical JSON. What would change what
is owed or sent (another unit, an allowance, a quantity that a float cannot hold) is refused instead.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from gateway.adapters.protocol import Rejected
from translators.canonical.common import Purpose
from translators.canonical.parts import Party
from translators.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine
from translators.errors import shown

UNITS: Mapping[str, str] = {
    "EA": "u",
    "C62": "u",
    "H87": "u",
    "KGM": "kg",
    "GRM": "g",
    "LBR": "lb",
    "ONZ": "oz",
    "MTR": "m",
    "CMT": "cm",
    "MMT": "mm",
    "FOT": "ft",
    "INH": "in",
    "YRD": "yd",
    "LTR": "l",
    "GLL": "gal",
    "MTK": "m²",
    "FTK": "ft²",
    "MTQ": "m³",
    "FTQ": "ft³",
    "HUR": "h",
    "DAY": "d",
}
"""UN/ECE Recommendation 20 -> the symbol of the unit of measure in Tryton's module product."""

PARTIES = ("buyer", "bill_to", "ship_to")
"""Where an order may name the customer, the most telling first."""

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Customer:
    """A party of Tryton: its id, and the address that goods and invoices go to."""

    id: int
    address: int


@dataclass(frozen=True, slots=True)
class Shop:
    """The web shop that sales belong to, and whose company sells."""

    id: int
    company: int
    warehouse: int


@dataclass(frozen=True, slots=True)
class Known:
    """What Tryton knows of an order's codes, each by what the order says."""

    shop: Shop
    currency: int | None
    customers: Mapping[str, Customer]
    products: Mapping[str, int]
    units: Mapping[str, int]


def attachment_name(reference: str) -> str:
    """What the order is attached to its sale as."""
    return f"{reference}.json"


def party_codes(order: PurchaseOrder) -> set[str]:
    """The codes of those parties of an order that a sale has a place for."""
    return {party.code for _, party in _parties(order) if party.code is not None}


def refused(order: PurchaseOrder) -> Rejected | None:
    """Why an order can be no sale, whatever Tryton knows."""
    if order.purpose not in (Purpose.ORIGINAL, Purpose.DUPLICATE, Purpose.CONFIRMATION):
        text = f"the order is a {order.purpose.value}; want an original: a sale that exists is changed by a person"
        return _no("purpose", text, path="purpose")
    for path, held in (("charges", order.charges), *_line_parts(order)):
        if held:
            text = (
                f"{path} changes what is owed or sent, and a sale has no place for it; want it in the price or quantity"
            )
            return _no("unsupported", text, path=path, fix="mapping")
    return None


def sale_of(
    order: PurchaseOrder, *, reference: str, known: Known, units: Mapping[str, str]
) -> dict[str, Any] | Rejected:
    """The values of the sale.

    Args:
        order: one that is not `refused`.
        reference: becomes its `web_id`, unique in the shop.
        known: what was looked up.
        units: canonical unit -> symbol.
    """
    if known.currency is None:
        return _no("currency", f"Tryton has no currency {order.currency}", path="currency", fix="config")
    customer = _customer(order, known)
    receiver = _receiver(order, known, customer)
    for found in (customer, receiver):
        if isinstance(found, Rejected):
            return found
    assert isinstance(customer, Customer)
    assert isinstance(receiver, Customer)
    lines = []
    for place, line in enumerate(order.lines):
        made = _line(line, place, known, units)
        if isinstance(made, Rejected):
            return made
        lines.append(made)
    values: dict[str, Any] = {
        "web_shop": known.shop.id,
        "web_id": reference,
        "company": known.shop.company,
        "warehouse": known.shop.warehouse,
        "party": customer.id,
        "invoice_address": customer.address,
        "shipment_party": receiver.id,
        "shipment_address": receiver.address,
        "currency": known.currency,
        "reference": order.number if order.release is None else f"{order.number}/{order.release}",
        "sale_date": order.date,
        "lines": [["create", lines]],
        "attachments": [["create", [_attachment(order, reference)]]],
    }
    wanted = order.ship_not_before or order.requested
    return values if wanted is None else {**values, "shipping_date": wanted}


def _line(line: PurchaseOrderLine, place: int, known: Known, units: Mapping[str, str]) -> dict[str, Any] | Rejected:
    at = f"lines[{place}]"
    if line.sku is None:
        return _no(
            "item.missing", "the line has no item number of ours; want sku, by a cross reference", path=f"{at}.sku"
        )
    product = known.products.get(line.sku)
    if product is None:
        return _no("item.unknown", f"Tryton has no product {shown(line.sku)} that is sold", path=f"{at}.sku")
    unit = known.units.get(units.get(line.unit, ""))
    if unit is None:
        text = f"no unit of Tryton stands for {line.unit}; add it to units of the destination"
        return _no("unit.unknown", text, path=f"{at}.unit", fix="config")
    if line.price is None:
        return _no("price.missing", "the line has no price, and a sale needs one", path=f"{at}.price")
    quantity = float(line.qty)
    if Decimal(repr(quantity)) != line.qty:
        return _no("quantity.inexact", f"{line.qty} is not exact as Tryton's float", path=f"{at}.qty")
    price = line.price / (line.price_per or _ONE)
    if price * (line.price_per or _ONE) != line.price:
        return _no("price.inexact", f"{line.price} per {line.price_per} is no exact price of one", path=f"{at}.price")
    return {
        "type": "line",
        "sequence": place + 1,
        "product": product,
        "quantity": quantity,
        "unit": unit,
        "unit_price": price,
    }


def _customer(order: PurchaseOrder, known: Known) -> Customer | Rejected:
    for path, party in _parties(order):
        if party.code is not None:
            return _of_code(party.code, f"{path}.code", known)
    return _no("customer.missing", f"no party of the order has a code; want one of {', '.join(PARTIES)}", path="buyer")


def _receiver(order: PurchaseOrder, known: Known, customer: Customer | Rejected) -> Customer | Rejected:
    if order.ship_to is None:
        return customer
    if order.ship_to.code is None:
        return _no(
            "ship_to.missing", "where the goods go has no code; want that of a party of Tryton", path="ship_to.code"
        )
    return _of_code(order.ship_to.code, "ship_to.code", known)


def _of_code(code: str, path: str, known: Known) -> Customer | Rejected:
    found = known.customers.get(code)
    if found is None:
        text = f"no one party of Tryton with an address has the identifier {shown(code)}"
        return _no("party.unknown", text, path=path)
    return found


def _parties(order: PurchaseOrder) -> Iterator[tuple[str, Party]]:
    for name in PARTIES:
        party = getattr(order, name)
        if party is not None:
            yield name, party


def _line_parts(order: PurchaseOrder) -> Iterator[tuple[str, object]]:
    for place, line in enumerate(order.lines):
        yield f"lines[{place}].charges", line.charges
        yield f"lines[{place}].sublines", line.sublines
        yield f"lines[{place}].schedule", line.schedule[1:]


def _attachment(order: PurchaseOrder, reference: str) -> dict[str, Any]:
    content = {"__class__": "bytes", "base64": b64encode(order.to_json_bytes()).decode()}
    return {"name": attachment_name(reference), "type": "data", "data": content}


def _no(code: str, text: str, *, path: str, fix: Literal["data", "mapping", "config"] = "data") -> Rejected:
    return Rejected(f"tryton.{code}", text, path=path, fix=fix)
