"""What is told of Tryton's records, each by itself: what goes wrong with one is told of that one alone."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64decode
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.adapters.events import Event, Told, Unread
from gateway.adapters.secrets import SecretReference
from gateway.adapters.tryton import TrytonAdapter, TrytonConfig
from gateway.adapters.tryton_client import NotDone
from gateway.adapters.tryton_orders import attachment_name
from translators.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine

SHOP = {"id": 3, "name": "Shop", "company": {"id": 1}, "warehouses": [{"id": 9}]}


def at(minute: int) -> dict[str, Any]:
    moment = datetime(2026, 11, 21, 9, minute)  # noqa: DTZ001 Tryton's are UTC, bare
    parts = {name: getattr(moment, name) for name in ("year", "month", "day", "hour", "minute", "second")}
    return {"__class__": "datetime", **parts, "microsecond": 0}


def number(value: str) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": value}


def day() -> dict[str, Any]:
    return {"__class__": "date", "year": 2026, "month": 11, "day": 21}


def order(number: str) -> PurchaseOrder:
    line = PurchaseOrderLine(number="1", qty=Decimal(2), unit="EA", price=Decimal("12.5"), sku="A-1")
    return PurchaseOrder(number=number, date=date(2026, 11, 20), currency="USD", lines=(line,))


def sale(id: int, *, minute: int = 0, symbol: str = "u", content: bytes | None = None) -> dict[str, Any]:
    """A confirmed sale of order PO-id, with one line of the same id."""
    reference = f"REF-{id}"
    data = {"__class__": "bytes", "base64": b64encode(content or order(f"PO-{id}").to_json_bytes()).decode()}
    return {
        "id": id,
        "state": "processing",
        "number": f"S-{id}",
        "web_id": reference,
        "write_date": at(minute),
        "shipping_date": None,
        "currency": {"code": "USD"},
        "attachments": [{"name": attachment_name(reference), "data": data}],
        "lines": [
            {
                "type": "line",
                "sequence": 1,
                "quantity": 2.0,
                "unit": {"symbol": symbol},
                "unit_price": number("12.5"),
                "product": {"code": "A-1"},
                "description": None,
            }
        ],
    }


def bill(id: int, origin: str, *, sign: int = 1, minute: int = 0) -> dict[str, Any]:
    """A posted invoice of one line that came from there; a credit note where the sign is -1."""
    line = {
        "id": id,
        "type": "line",
        "quantity": 2.0 * sign,
        "unit": {"symbol": "u"},
        "unit_price": number("12.5"),
        "amount": number(str(25 * sign)),
        "origin": origin,
        "product": {"code": "A-1"},
        "description": None,
        "stock_moves": None,
    }
    return {
        "id": id,
        "state": "posted",
        "number": f"INV-{id}",
        "invoice_date": day(),
        "write_date": at(minute),
        "currency": {"code": "USD"},
        "total_amount": number(str(25 * sign)),
        "untaxed_amount": number(str(25 * sign)),
        "tax_amount": number("0"),
        "taxes": None,
        "lines": [line],
    }


@dataclass(slots=True)
class FakeTryton:
    """Answers searches with records that it holds: of the ids asked for, written at a moment or later.

    Args:
        failing: model and id: a search that would read the whole of that record is answered by 500.
    """

    sales: list[dict[str, Any]] = field(default_factory=list)
    invoices: list[dict[str, Any]] = field(default_factory=list)
    failing: set[tuple[str, int]] = field(default_factory=set)

    def answer(self, request: httpx.Request) -> httpx.Response:
        model = request.url.path.rpartition("/")[2]
        domain = json.loads(urlsafe_b64decode(request.url.params["d"]))
        fields = request.url.params.get_list("f")
        found = [row for row in self._held(model) if _fits(row, domain)]
        if len(fields) > 2 and any((model, row["id"]) in self.failing for row in found):
            return httpx.Response(500, html="<p>a field cannot be computed</p>")
        return httpx.Response(200, json=sorted(found, key=lambda row: row["id"]))

    def _held(self, model: str) -> list[dict[str, Any]]:
        match model:
            case "web.shop":
                return [SHOP]
            case "sale.sale":
                return self.sales
            case "sale.line":
                return [{"id": one["id"], "sequence": 1, "sale": {"id": one["id"]}} for one in self.sales]
            case "account.invoice":
                return self.invoices
            case "account.invoice.line":
                return [
                    {
                        "id": line["id"],
                        "origin": line["origin"],
                        "invoice": {"number": one["number"], "invoice_date": one["invoice_date"]},
                    }
                    for one in self.invoices
                    for line in one["lines"]
                ]
            case _:
                return []


def _fits(row: dict[str, Any], domain: list[Any]) -> bool:
    for name, operator, value, *_ in (clause for clause in domain if clause[0] != "OR"):
        if (name, operator) == ("id", "in") and row["id"] not in value:
            return False
        if (name, operator) == ("write_date", ">=") and _moment(row["write_date"]) < _moment(value):
            return False
    return True


def _moment(value: dict[str, Any]) -> tuple[int, ...]:
    return tuple(value[name] for name in ("year", "month", "day", "hour", "minute", "second"))


@pytest.fixture
def erp() -> FakeTryton:
    return FakeTryton()


@pytest.fixture
def key(tmp_path: Path) -> SecretReference:
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_text("0123abcd\n")
    return SecretReference(path=path)


def adapter(erp: FakeTryton, key: SecretReference, **more: Any) -> TrytonAdapter:
    config = TrytonConfig(url="https://erp.example/db", api_key=key, shop="Shop", **more)
    return TrytonAdapter(config, transport=httpx.MockTransport(erp.answer))


def told(items: tuple[Told, ...]) -> list[str]:
    """What each is of; the reason behind it where it could not be read."""
    return [one.id if isinstance(one, Event) else f"{one.record}! {one.reason}" for one in items]


def test_a_sale_with_a_unit_nobody_knows_keeps_no_other_from_being_told(erp: FakeTryton, key: SecretReference) -> None:
    erp.sales = [sale(1), sale(2, symbol="jar", minute=1), sale(3, minute=2)]
    page = adapter(erp, key).poll(None, 10)
    assert told(page.items) == [
        "sale:1",
        "sale:2! no unit stands for Tryton's jar; add it to units of the destination",
        "sale:3",
    ]
    assert not page.more
    assert adapter(erp, key).poll(page.cursor, 10).items == ()


def test_an_unread_sale_is_told_of_when_it_is_written_again_and_a_read_one_is_not(
    erp: FakeTryton, key: SecretReference
) -> None:
    erp.sales = [sale(1), sale(2, symbol="jar")]
    first = adapter(erp, key).poll(None, 10)
    erp.sales = [sale(1, minute=1), sale(2, symbol="jar", minute=1)]
    second = adapter(erp, key).poll(first.cursor, 10)
    assert [one[:7] for one in told(second.items)] == ["sale:2!"]
    erp.sales[1] = sale(2, minute=2)
    third = adapter(erp, key).poll(second.cursor, 10)
    assert told(third.items) == ["sale:2"]
    assert adapter(erp, key).poll(third.cursor, 10).items == ()


def test_a_record_that_tryton_itself_cannot_read_is_found_among_the_others(
    erp: FakeTryton, key: SecretReference
) -> None:
    erp.sales, erp.failing = [sale(1), sale(2), sale(3)], {("sale.sale", 2)}
    first, second, third = adapter(erp, key).poll(None, 10).items
    assert told((first, third)) == ["sale:1", "sale:3"]
    assert isinstance(second, Unread)
    assert second.record == "sale:2"
    assert "500" in second.reason


def test_a_question_that_tryton_refuses_for_every_record_stops_the_poll(erp: FakeTryton, key: SecretReference) -> None:
    erp.sales, erp.failing = [sale(1), sale(2)], {("sale.sale", 1), ("sale.sale", 2)}
    with pytest.raises(NotDone, match="500"):
        adapter(erp, key).poll(None, 10)


def test_a_sale_whose_order_was_taken_away_is_told_of_and_so_is_its_invoice(
    erp: FakeTryton, key: SecretReference
) -> None:
    erp.sales, erp.invoices = [sale(1, content=b"{}")], [bill(5, "sale.line,1")]
    reason = "the order that sale S-1 was made of is not attached to it any more, or cannot be read"
    assert told(adapter(erp, key).poll(None, 10).items) == [f"sale:1! {reason}", f"invoice:5! {reason}"]


def test_what_a_person_sold_without_an_order_is_nobody_s_matter(erp: FakeTryton, key: SecretReference) -> None:
    erp.sales = [{**sale(1), "web_id": None, "attachments": None}]
    erp.invoices = [bill(5, "sale.line,1")]
    assert adapter(erp, key).poll(None, 10).items == ()


@pytest.mark.parametrize("origin", ["account.invoice.line,5", "sale.line,1"])
def test_a_credit_note_becomes_a_credit_memo(erp: FakeTryton, key: SecretReference, origin: str) -> None:
    erp.sales, erp.invoices = [sale(1)], [bill(5, "sale.line,1"), bill(6, origin, sign=-1)]
    found = adapter(erp, key, credit_reason="04").poll(None, 10).items[-1]
    assert isinstance(found, Event)
    assert (found.id, found.about) == ("invoice:6", "REF-1")
    memo = found.document.model_dump()
    assert found.document.kind == "credit_memo"
    assert (memo["number"], memo["direction"], memo["amount"]) == ("INV-6", "credit", Decimal(25))
    assert memo["order_number"] == "PO-1"
    is_of_a_bill = origin.startswith("account")
    assert memo["invoice_number"] == ("INV-5" if is_of_a_bill else None)
    [line] = memo["lines"]
    assert (line["reason"], line["direction"], line["amount"]) == ("04", "credit", Decimal(25))
    assert (line["number"], line["sku"], line["credited_qty"], line["unit"]) == ("1", "A-1", Decimal(2), "EA")


def test_a_credit_note_is_not_passed_over_where_nobody_said_why_credit_is_given(
    erp: FakeTryton, key: SecretReference
) -> None:
    erp.sales, erp.invoices = [sale(1)], [bill(6, "sale.line,1", sign=-1)]
    page = adapter(erp, key).poll(None, 10)
    reason = "it is a credit note, and why it was given nobody said: set credit_reason of the destination"
    assert told(page.items) == ["sale:1", f"invoice:6! {reason}"]
    [again] = adapter(erp, key, credit_reason="04").tell_again(["invoice:6"])
    assert isinstance(again, Event)
    assert adapter(erp, key).tell_again(["invoice:6", "sale:99"]) == [page.items[1]]


def test_a_record_that_is_not_as_it_should_be_is_named_without_its_values(
    erp: FakeTryton, key: SecretReference
) -> None:
    erp.sales = [sale(1), {**sale(2), "currency": None}, {**sale(3), "currency": {"code": "nonsense"}}]
    _, broken, wrong = adapter(erp, key).poll(None, 10).items
    assert isinstance(broken, Unread)
    assert broken.reason == "the record is not as it should be: TypeError"
    assert isinstance(wrong, Unread)
    assert wrong.reason.startswith("currency: ")
    assert "nonsense" not in wrong.reason
