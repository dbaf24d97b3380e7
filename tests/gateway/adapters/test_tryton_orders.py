"""An order as values of a sale: every code looked up, nothing rounded, and what has no place is refused by its path."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from gateway.adapters.protocol import Rejected
from gateway.adapters.tryton_orders import UNITS, Customer, Known, Shop, party_codes, refused, sale_of
from translators.canonical.common import Purpose
from translators.canonical.parts import Address, Charge, Party
from translators.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine, ScheduledQuantity, SubLine

KNOWN = Known(
    shop=Shop(id=1, company=2, warehouse=3),
    currency=4,
    customers={"BUY": Customer(10, 11), "STORE-7": Customer(20, 21)},
    products={"A-1": 30},
    units={"u": 40, "kg": 41},
)


def line(**more: Any) -> PurchaseOrderLine:
    values = {"number": "1", "sku": "A-1", "qty": Decimal(24), "unit": "EA", "price": Decimal("12.50"), **more}
    return PurchaseOrderLine(**values)


def order(*lines: PurchaseOrderLine, **more: Any) -> PurchaseOrder:
    values: dict[str, Any] = {
        "number": "4500012",
        "date": date(2026, 11, 20),
        "currency": "USD",
        "buyer": Party(code="BUY"),
        "lines": lines or (line(),),
    }
    return PurchaseOrder(**{**values, **more})


def sale(found: PurchaseOrder) -> dict[str, Any] | Rejected:
    return sale_of(found, reference="REF", known=KNOWN, units=UNITS)


def test_every_value_of_a_sale_comes_from_the_order_or_what_tryton_knows() -> None:
    found = order(ship_to=Party(code="STORE-7"), release="007", requested=date(2026, 12, 1))
    values = sale(found)
    assert isinstance(values, dict)
    [[_, [attachment]]] = values.pop("attachments")
    assert attachment["name"] == "REF.json"
    assert values == {
        "web_shop": 1,
        "web_id": "REF",
        "company": 2,
        "warehouse": 3,
        "party": 10,
        "invoice_address": 11,
        "shipment_party": 20,
        "shipment_address": 21,
        "currency": 4,
        "reference": "4500012/007",
        "sale_date": date(2026, 11, 20),
        "shipping_date": date(2026, 12, 1),
        "lines": [
            [
                "create",
                [
                    {
                        "type": "line",
                        "sequence": 1,
                        "product": 30,
                        "quantity": 24.0,
                        "unit": 40,
                        "unit_price": Decimal("12.50"),
                    }
                ],
            ]
        ],
    }


def test_goods_go_to_the_customer_where_the_order_names_nobody_else() -> None:
    values = sale(order())
    assert isinstance(values, dict)
    assert (values["shipment_party"], values["shipment_address"], values["reference"]) == (10, 11, "4500012")
    assert "shipping_date" not in values


def test_not_before_is_when_shipping_starts_whatever_day_is_wanted() -> None:
    values = sale(order(requested=date(2026, 12, 9), ship_not_before=date(2026, 12, 1)))
    assert isinstance(values, dict)
    assert values["shipping_date"] == date(2026, 12, 1)


def test_a_price_per_hundred_is_the_exact_price_of_one() -> None:
    values = sale(order(line(price=Decimal("12.50"), price_per=Decimal(100))))
    assert isinstance(values, dict)
    assert values["lines"][0][1][0]["unit_price"] == Decimal("0.125")


def test_the_most_telling_party_with_a_code_is_the_customer() -> None:
    found = order(buyer=Party(name="Nobody"), bill_to=Party(code="BUY"), ship_to=Party(code="STORE-7"))
    assert party_codes(found) == {"BUY", "STORE-7"}
    values = sale(found)
    assert isinstance(values, dict)
    assert (values["party"], values["shipment_party"]) == (10, 20)


@pytest.mark.parametrize(
    ("found", "code", "path", "fix"),
    [
        (order(line(sku=None)), "tryton.item.missing", "lines[0].sku", "data"),
        (order(line(), line(sku="B")), "tryton.item.unknown", "lines[1].sku", "data"),
        (order(line(unit="XCS")), "tryton.unit.unknown", "lines[0].unit", "config"),
        (order(line(unit="LTR")), "tryton.unit.unknown", "lines[0].unit", "config"),
        (order(line(price=None)), "tryton.price.missing", "lines[0].price", "data"),
        (order(line(qty=Decimal("0.12345678901234567890"))), "tryton.quantity.inexact", "lines[0].qty", "data"),
        (order(line(price=Decimal(1), price_per=Decimal(3))), "tryton.price.inexact", "lines[0].price", "data"),
        (order(buyer=None), "tryton.customer.missing", "buyer", "data"),
        (order(buyer=Party(code="WHO")), "tryton.party.unknown", "buyer.code", "data"),
        (order(ship_to=Party(code="STORE-8")), "tryton.party.unknown", "ship_to.code", "data"),
        (order(ship_to=Party(address=Address(city="Akron"))), "tryton.ship_to.missing", "ship_to.code", "data"),
    ],
)
def test_what_cannot_be_looked_up_or_held_is_rejected_by_its_path(
    found: PurchaseOrder, code: str, path: str, fix: str
) -> None:
    rejected = sale(found)
    assert isinstance(rejected, Rejected)
    assert (rejected.code, rejected.path, rejected.fix) == (code, path, fix)


def test_a_currency_that_tryton_does_not_have_is_a_matter_of_its_settings() -> None:
    known = Known(KNOWN.shop, None, KNOWN.customers, KNOWN.products, KNOWN.units)
    rejected = sale_of(order(), reference="REF", known=known, units=UNITS)
    assert isinstance(rejected, Rejected)
    assert (rejected.code, rejected.path, rejected.fix) == ("tryton.currency", "currency", "config")


@pytest.mark.parametrize(
    ("found", "path"),
    [
        (order(charges=(Charge(kind="allowance", amount=Decimal(5)),)), "charges"),
        (order(line(charges=(Charge(kind="charge", percent=Decimal(2)),))), "lines[0].charges"),
        (order(line(), line(sublines=(SubLine(sku="C-1"),))), "lines[1].sublines"),
        (order(line(schedule=(ScheduledQuantity(qty=Decimal(12), unit="EA"),) * 2)), "lines[0].schedule"),
    ],
)
def test_what_would_change_what_is_owed_or_sent_is_refused(found: PurchaseOrder, path: str) -> None:
    rejected = refused(found)
    assert rejected is not None
    assert (rejected.code, rejected.path, rejected.fix) == ("tryton.unsupported", path, "mapping")


@pytest.mark.parametrize("purpose", list(Purpose))
def test_only_an_order_that_is_new_makes_a_sale(purpose: Purpose) -> None:
    harmless = purpose in (Purpose.ORIGINAL, Purpose.DUPLICATE, Purpose.CONFIRMATION)
    assert (refused(order(purpose=purpose)) is None) == harmless
