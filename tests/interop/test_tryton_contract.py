"""The Tryton adapter keeps the contract against a real Tryton: keys, crashes between its steps, polling, values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from gateway.adapters.events import Event, Page, Pollable, Told, Unread
from gateway.adapters.kit import REFERENCE, AdapterContract, Crash, FakeDelivery, deliver
from gateway.adapters.kit_events import PollingContract
from gateway.adapters.protocol import Accepted, ExternalRef, Rejected, Uncertain
from gateway.adapters.tryton import TrytonAdapter, TrytonConfig
from tests.interop.tryton_peer import Tryton
from translators.canonical.parts import Party
from translators.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine

pytestmark = [pytest.mark.interop, pytest.mark.timeout(600)]


def tryton_order(*, number: str = "4500/..\\12 ü", price: str = "0.10") -> PurchaseOrder:
    """An awkward order that a sale can be made of: small and large numbers, leading zeros, a leap day."""
    return PurchaseOrder(
        number=number,
        release="007",
        date=date(2028, 2, 29),
        currency="USD",
        requested=date(2028, 3, 31),
        requested_time=time(23, 59, 59),
        ship_to=Party(code="00042", name='Smith & "Söhne" <GmbH>'),
        total=Decimal("12345678901234567890.123456789"),
        lines=(
            PurchaseOrderLine(number="1", qty=Decimal("1E+3"), unit="EA", price=Decimal(price), sku="00123"),
            PurchaseOrderLine(number="2", qty=Decimal("0.01"), unit="KGM", price=Decimal("123456789.0001"), sku="B-77"),
        ),
        partner_data={"department": "=1+1"},
    )


class CuttingTransport(httpx.BaseTransport):
    """Cuts one write off: before it leaves (even steps) or after Tryton has done it (odd ones)."""

    def __init__(self, step: int, cut: Exception | Crash) -> None:
        self._left = step
        self._cut = cut
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "POST":
            return self._inner.handle_request(request)
        if self._left == 0:
            raise self._cut
        answer = self._inner.handle_request(request)
        answer.read()
        self._left -= 2
        if self._left == -1:
            raise self._cut
        return answer

    def close(self) -> None:
        self._inner.close()


class TrytonPeer:
    """A web shop of its own in a Tryton."""

    def __init__(self, erp: Tryton, folder: Path) -> None:
        self._erp = erp
        self.name, self.shop = erp.new_shop()
        self._key = folder / "api-key"
        self._key.touch(mode=0o600)
        self._key.write_text(erp.seeded.api_key)

    def settings(self) -> Mapping[str, object]:
        return {"url": self._erp.url, "api_key": f"file:{self._key}", "shop": self.name}

    def secrets(self) -> Sequence[str]:
        return (self._erp.seeded.api_key,)

    def adapter(
        self, transport: httpx.BaseTransport | None = None, *, credit_reason: str | None = None
    ) -> TrytonAdapter:
        config = TrytonConfig.model_validate({**self.settings(), "credit_reason": credit_reason})
        return TrytonAdapter(config, transport=transport)

    def crashing_adapter(self, steps: int) -> TrytonAdapter:
        return self.adapter(CuttingTransport(steps, Crash()))

    def consume(self) -> None:
        self._erp.sales(self.shop)

    def effects(self, reference: str) -> list[bytes]:
        return self._erp.attached(self.shop, reference)

    def everything(self) -> object:
        admin = self._erp.admin
        models = ("sale.sale", "sale.line", "stock.move", "account.invoice", "party.party", "ir.attachment")
        return {model: admin.search(model, fields=("write_date", "create_date")) for model in models}

    def states(self) -> list[str]:
        """Of its sales."""
        return [sale["state"] for sale in self._erp.sales(self.shop)]

    def pollable(self) -> Pollable:
        return self.adapter()

    def happen(self, count: int) -> list[str]:
        first = len(self._erp.sales(self.shop))
        numbers = [f"PO-{first + place}" for place in range(count)]
        for number in numbers:
            outcome = submit(self.adapter(), tryton_order(number=number), number)
            assert isinstance(outcome, Accepted), outcome
        return numbers


def submit(adapter: TrytonAdapter, order: PurchaseOrder, reference: str, resume: ExternalRef | None = None) -> object:
    return adapter.submit(order, reference=reference, request_key="k", resume=resume, checkpoint=lambda _: None)


class TestTryton(AdapterContract, PollingContract):
    """Every test of both contracts, and what is Tryton's own."""

    @pytest.fixture(autouse=True)
    def _running(self, erp: Tryton, tmp_path: Path) -> None:
        self.erp, self.folder = erp, tmp_path

    def peer(self) -> TrytonPeer:
        return TrytonPeer(self.erp, self.folder)

    def telling_peer(self) -> TrytonPeer:
        return self.peer()

    def order(self, *, price: str = "0.10") -> PurchaseOrder:
        return tryton_order(price=price)

    @pytest.mark.parametrize("write", range(3), ids=["made", "quoted", "confirmed"])
    def test_an_answer_that_is_lost_after_the_commit_is_found_out(self, write: int) -> None:
        peer, delivery = self.peer(), FakeDelivery()
        lost = peer.adapter(CuttingTransport(2 * write + 1, httpx.ReadError("reset")))
        outcome = deliver(delivery, lost, self.order())
        assert isinstance(outcome, Uncertain) if write == 0 else isinstance(outcome, Accepted), outcome
        assert peer.adapter().probe(REFERENCE) is not None
        assert len(peer.effects(REFERENCE)) == 1
        if write == 0:
            assert isinstance(deliver(delivery, peer.adapter(), self.order()), Accepted)
        assert len(peer.effects(REFERENCE)) == 1
        assert peer.states() == ["processing"]

    def test_an_unknown_product_is_rejected_by_its_place_and_leaves_nothing(self) -> None:
        peer = self.peer()
        order = self.order()
        lines = (order.lines[0], order.lines[1].model_copy(update={"sku": "NONE-SUCH"}))
        outcome = deliver(FakeDelivery(), peer.adapter(), order.model_copy(update={"lines": lines}))
        assert isinstance(outcome, Rejected)
        assert (outcome.code, outcome.path) == ("tryton.item.unknown", "lines[1].sku")
        assert peer.states() == []

    def test_what_tryton_refuses_is_rejected_in_its_own_words(self) -> None:
        peer = self.peer()
        lines = (self.order().lines[0].model_copy(update={"qty": Decimal("0.5")}),)
        outcome = deliver(FakeDelivery(), peer.adapter(), self.order().model_copy(update={"lines": lines}))
        assert isinstance(outcome, Rejected)
        assert outcome.code == "tryton.refused"
        assert '"Quantity"' in outcome.message
        assert peer.states() == []

    def test_a_wrong_key_pauses_the_destination(self) -> None:
        peer = self.peer()
        key = self.folder / "wrong-key"
        key.touch(mode=0o600)
        key.write_text("wrong")
        config = TrytonConfig.model_validate({**peer.settings(), "api_key": f"file:{key}"})
        outcome = deliver(FakeDelivery(), TrytonAdapter(config), self.order())
        assert getattr(outcome, "scope", None) == "target", outcome
        report = TrytonAdapter(config).check()
        assert not report.ok
        assert "401" in report.findings[0].message

    def test_values_arrive_in_the_sale_as_they_were(self) -> None:
        peer = self.peer()
        assert isinstance(deliver(FakeDelivery(), peer.adapter(), self.order()), Accepted)
        domain = ["sale.web_shop", "=", peer.shop]
        lines = self.erp.admin.search("sale.line", domain, fields=("quantity", "unit_price", "product.code"))
        found = [(line["product."]["code"], line["quantity"], line["unit_price"]["decimal"]) for line in lines]
        assert found == [("00123", 1000.0, "0.10"), ("B-77", 0.01, "123456789.0001")]

    def test_the_answer_ship_notice_and_invoice_of_an_order_are_told_in_turn(self) -> None:
        peer = self.peer()
        order = replace_lines(self.order())
        assert isinstance(submit(peer.adapter(), order, "REF-1"), Accepted)
        [sale] = self.erp.sales(peer.shop)
        page = peer.adapter().poll(None, 10)
        self.erp.ship(sale["id"])
        shipped = peer.adapter().poll(page.cursor, 10)
        self.erp.invoice(sale["id"])
        invoiced = peer.adapter().poll(shipped.cursor, 10)
        answer, notice, bill = only(page), only(shipped), only(invoiced)
        assert [event.about for event in (answer, notice, bill)] == ["REF-1"] * 3
        assert answer.document.model_dump()["answer"] == "accepted"
        said = notice.document.model_dump()
        assert [(item["number"], item["qty"], item["unit"]) for item in said["orders"][0]["items"]] == [
            ("1", Decimal(1000), "EA"),
            ("2", Decimal("0.01"), "KGM"),
        ]
        owed = bill.document.model_dump()
        assert owed["shipment_id"] == said["shipment_id"]
        assert owed["total"] == Decimal("100.25")
        assert peer.adapter().poll(invoiced.cursor, 10).items == ()

    def test_a_credit_note_is_told_as_a_credit_memo_where_its_reason_is_known(self) -> None:
        peer = self.peer()
        assert isinstance(submit(peer.adapter(), replace_lines(self.order()), "REF-1"), Accepted)
        [sale] = self.erp.sales(peer.shop)
        self.erp.ship(sale["id"])
        self.erp.invoice(sale["id"])
        cursor = peer.adapter().poll(None, 10).cursor
        self.erp.credit(sale["id"])
        page = peer.adapter().poll(cursor, 10)
        [found] = page.items
        assert isinstance(found, Unread)
        assert "credit_reason" in found.reason
        [told] = peer.adapter(credit_reason="04").tell_again([found.record])
        assert isinstance(told, Event)
        assert told.about == "REF-1"
        memo = told.document.model_dump()
        assert told.document.kind == "credit_memo"
        assert (memo["amount"], memo["order_number"]) == (Decimal("100.25"), self.order().number)
        assert memo["invoice_number"] is not None
        lines = [(line["number"], line["amount"], line["credited_qty"], line["unit"]) for line in memo["lines"]]
        assert lines == [("1", Decimal(100), Decimal(1000), "EA"), ("2", Decimal("0.25"), Decimal("0.01"), "KGM")]
        assert peer.adapter().poll(page.cursor, 10).items == ()

    def test_a_sale_in_a_unit_nobody_knows_is_told_of_and_keeps_no_other(self) -> None:
        peer = self.peer()
        peer.happen(1)
        with pytest.raises(Crash):
            submit(peer.adapter(CuttingTransport(1, Crash())), self.order(), "REF-1")
        *_, sale = self.erp.sales(peer.shop)
        [carat] = self.erp.admin.search("product.uom", ["symbol", "=", "c"])
        [_, line] = self.erp.admin.search("sale.line", ["sale", "=", sale["id"]])
        self.erp.admin.call("model.sale.line.write", [line["id"]], {"unit": carat["id"]})
        assert isinstance(submit(peer.adapter(), self.order(), "REF-1", ExternalRef("REF-1")), Accepted)
        good, bad = peer.adapter().poll(None, 10).items
        assert isinstance(good, Event)
        assert isinstance(bad, Unread)
        assert (bad.record, "Tryton's c;" in bad.reason) == (f"sale:{sale['id']}", True)

    def test_what_a_person_changed_is_answered_as_changed(self) -> None:
        peer = self.peer()
        cut = peer.adapter(CuttingTransport(4, Crash()))
        with pytest.raises(Crash):
            submit(cut, self.order(), "REF-1")
        [sale] = self.erp.sales(peer.shop)
        assert sale["state"] == "quotation"
        self.erp.admin.press("sale.sale", "draft", sale["id"])
        first, second = self.erp.admin.search("sale.line", ["sale", "=", sale["id"]])
        self.erp.admin.call("model.sale.line.write", [first["id"]], {"quantity": 900.0})
        self.erp.admin.call("model.sale.line.delete", [second["id"]])
        outcome = submit(peer.adapter(), self.order(), "REF-1", ExternalRef("REF-1"))
        assert isinstance(outcome, Accepted)
        event = only(peer.adapter().poll(None, 10))
        told = event.document.model_dump()
        answers = [(line["number"], one["answer"], one["qty"]) for line in told["lines"] for one in line["answers"]]
        assert answers == [("1", "quantity_changed", Decimal(900)), ("2", "rejected", Decimal("0.01"))]
        assert told["answer"] == "accepted_with_changes"

    def test_a_cancelled_sale_rejects_the_order(self) -> None:
        peer = self.peer()
        with pytest.raises(Crash):
            submit(peer.adapter(CuttingTransport(1, Crash())), self.order(), "REF-1")
        [sale] = self.erp.sales(peer.shop)
        self.erp.admin.press("sale.sale", "cancel", sale["id"])
        event = only(peer.adapter().poll(None, 10))
        assert event.document.model_dump()["answer"] == "rejected"
        assert submit(peer.adapter(), self.order(), "REF-1", ExternalRef("REF-1")) == Accepted(
            ExternalRef(f"sale/{sale['id']}"), "cancelled"
        )


def only(page: Page[Told]) -> Event:
    """The one event that was told."""
    [found] = page.items
    assert isinstance(found, Event)
    return found


def replace_lines(order: PurchaseOrder) -> PurchaseOrder:
    """With a price that makes a round total: 1,000 at 0.10 and a hundredth of a kilo at 25."""
    second = order.lines[1].model_copy(update={"price": Decimal(25)})
    return order.model_copy(update={"lines": (order.lines[0], second)})
