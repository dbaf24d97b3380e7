"""The `tryton` kind: an order becomes a sale of Tryton, quoted and confirmed; what becomes of it is polled for.

The sale's `web_id`, unique in its web shop, is the delivery's reference: a sale is made once, whoever tries how often.
Everything after it (quote, confirm) is read before it is done, so a try that was cut off is finished by the next.
Source: trytond 8.2 with the modules sale, web_shop and account_invoice_stock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway.adapters.events import Page, Told
from gateway.adapters.protocol import (
    Accepted,
    Checkpoint,
    CheckReport,
    Duplicate,
    ExternalRef,
    Finding,
    Manifest,
    Outcome,
    Rejected,
)
from gateway.adapters.secrets import SecretReference
from gateway.adapters.tryton_books import Books
from gateway.adapters.tryton_client import NotDone, Record, TrytonClient
from gateway.adapters.tryton_documents import Units
from gateway.adapters.tryton_feeds import Feeds
from gateway.adapters.tryton_orders import (
    UNITS,
    Customer,
    Known,
    Shop,
    attachment_name,
    party_codes,
    refused,
    sale_of,
)
from translators.canonical.common import CanonicalFormError, Document
from translators.canonical.credit_memo import CreditMemo
from translators.canonical.invoice import Invoice
from translators.canonical.order_acknowledgment import OrderAcknowledgment
from translators.canonical.purchase_order import PurchaseOrder
from translators.canonical.ship_notice import ShipNotice

BUTTONS: Mapping[str, str] = {"draft": "quote", "quotation": "confirm"}
"""State of a sale -> the button that brings it on; in any other it is complete."""

_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]+(/[A-Za-z0-9._~-]+)+/?")


class TrytonConfig(BaseModel):
    """Where Tryton is, and what of it is ours.

    Args:
        url: of the database, as `https://erp.example/production`.
        api_key: of a user application "REST API".
        shop: name of the web shop, of Tradelane's own, that the sales belong to; its company sells.
        units: canonical units beside the usual, each with its symbol in Tryton.
        timeout_seconds: for each step of a request.
        overlap_seconds: how much longer than a transaction of Tryton ever takes a poll looks back.
        credit_reason: why credit notes are given, of X12 426: an 812 has to say it and Tryton does not know it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    api_key: SecretReference
    shop: str = Field(min_length=1)
    units: Mapping[str, str] = Field(default_factory=dict)
    timeout_seconds: float = Field(default=30, gt=0, le=600)
    overlap_seconds: int = Field(default=300, ge=1, le=86_400)
    credit_reason: str | None = Field(default=None, min_length=1, max_length=2)

    @field_validator("url")
    @classmethod
    def _of_a_database(cls, url: str) -> str:
        if not _URL.fullmatch(url):
            raise ValueError("want https://HOST/DATABASE")
        return url


@dataclass(frozen=True, slots=True)
class _Sale:
    """A sale that is there."""

    id: int
    state: str
    content: bytes | None

    @property
    def ref(self) -> ExternalRef:
        return ExternalRef(f"sale/{self.id}")


class TrytonAdapter:
    """One web shop of one Tryton.

    Args:
        config: where.
        transport: of its requests; a test's may fail.
    """

    Config: ClassVar[type[BaseModel]] = TrytonConfig

    def __init__(self, config: TrytonConfig, *, transport: httpx.BaseTransport | None = None) -> None:
        self._config = config
        self._units = {**UNITS, **config.units}
        self._client = TrytonClient(config.url, config.api_key, timeout=config.timeout_seconds, transport=transport)

    @property
    def manifest(self) -> Manifest:
        """Takes orders; its web shop refuses a reference it has."""
        return Manifest(
            name="tryton",
            version="1",
            accepts=frozenset({PurchaseOrder.kind}),
            emits=frozenset({OrderAcknowledgment.kind, ShipNotice.kind, Invoice.kind, CreditMemo.kind}),
            idempotency="unique_reference",
            max_in_flight=2,
        )

    def check(self) -> CheckReport:
        """Whether it answers us, has the shop, and lets us read what an order needs; reads only."""
        try:
            shop = self._shop()
        except NotDone as error:
            return CheckReport((Finding("shop", False, str(error)),))
        if isinstance(shop, Rejected):
            return CheckReport((Finding("shop", False, shop.message),))
        findings = [Finding("shop", True, f"{self._config.shop} of company {shop.company}")]
        for model in ("sale.sale", "product.product", "party.identifier", "stock.shipment.out", "account.invoice"):
            try:
                self._client.search(model, (), ("id",), company=shop.company, limit=1)
                findings.append(Finding(model, True, "may be read"))
            except NotDone as error:
                findings.append(Finding(model, False, str(error)))
        return CheckReport(tuple(findings))

    def submit(
        self,
        document: Document,
        *,
        reference: str,
        request_key: str,  # noqa: ARG002 the reference is what Tryton tells two tries by
        resume: ExternalRef | None,
        checkpoint: Checkpoint,
    ) -> Outcome:
        """Make the sale, unless it is there; then quote and confirm it."""
        if not isinstance(document, PurchaseOrder):
            return Rejected("tryton.kind", f"a {document.kind} is no order", path="", fix="config")
        no = refused(document)
        if no is not None:
            return no
        try:
            shop = self._shop()
            if isinstance(shop, Rejected):
                return shop
            return self._brought(document, shop, reference=reference, resume=resume, checkpoint=checkpoint)
        except NotDone as error:
            return error.outcome

    def probe(self, reference: str) -> ExternalRef | None:
        """The sale of this reference, complete or not."""
        shop = self._shop()
        found = None if isinstance(shop, Rejected) else self._sale(shop, reference)
        return None if found is None else found.ref

    def poll(self, cursor: str | None, limit: int) -> Page[Told]:
        """Sales confirmed or cancelled, shipments that were sent, invoices and credit notes that were posted."""
        return self._feeds().page(cursor, limit)

    def tell_again(self, records: Sequence[str]) -> Sequence[Told]:
        """Those of them that are as `poll` tells of them."""
        return self._feeds().again(records)

    def _feeds(self) -> Feeds:
        shop = self._shop()
        if isinstance(shop, Rejected):
            raise NotDone(shop, shop.message)
        books = Books(self._client, shop, Units(self._units), self._config.credit_reason)
        return Feeds(books, self._config.overlap_seconds)

    def _brought(
        self,
        order: PurchaseOrder,
        shop: Shop,
        *,
        reference: str,
        resume: ExternalRef | None,
        checkpoint: Checkpoint,
    ) -> Outcome:
        sale, ours = self._sale(shop, reference), resume is not None
        begun = ExternalRef(reference)
        if sale is None:
            values = sale_of(order, reference=reference, known=self._known(order, shop), units=self._units)
            if isinstance(values, Rejected):
                return values
            if resume is None:
                checkpoint(begun)
            sale = self._made(values, shop, reference)
            if sale is None:
                sale, ours = self._sale(shop, reference), True
        elif resume is None and sale.state in BUTTONS:
            checkpoint(begun)
        if sale is None:  # deleted between two requests of ours
            return Rejected("tryton.gone", "the sale was deleted while it was made", path="", fix="data")
        state = self._complete(sale, shop, reference)
        same = _is_same(sale.content, order)
        if ours and same is not False:
            return Accepted(sale.ref, state)
        return Duplicate(sale.ref, same_content=bool(same))

    def _made(self, values: Mapping[str, object], shop: Shop, reference: str) -> _Sale | None:
        """None once it is made; the sale that was there first where the shop has one of this reference."""
        try:
            self._client.create("sale.sale", values, company=shop.company)
        except NotDone as error:
            if not isinstance(error.outcome, Rejected):
                raise
            found = self._sale(shop, reference)
            if found is None:
                raise
            return found
        return None

    def _complete(self, sale: _Sale, shop: Shop, reference: str) -> str:
        """Press what brings it on; its state then. Another may press, too: what counts is the state it has."""
        state = sale.state
        while state in BUTTONS:
            try:
                self._client.press("sale.sale", sale.id, BUTTONS[state], company=shop.company)
            except NotDone:
                now = self._sale(shop, reference)
                if now is None or now.state == state:
                    raise
            else:
                now = self._sale(shop, reference)
            state = now.state if now is not None else "deleted"
        return state

    def _sale(self, shop: Shop, reference: str) -> _Sale | None:
        domain = (("web_shop", "=", shop.id), ("web_id", "=", reference))
        fields = ("state", "attachments.name", "attachments.data")
        found = self._client.search("sale.sale", domain, fields, company=shop.company)
        if not found:
            return None
        name = attachment_name(reference)
        contents = [each["data"] for each in found[0]["attachments"] or [] if each["name"] == name]
        return _Sale(found[0]["id"], found[0]["state"], contents[-1] if contents else None)

    def _shop(self) -> Shop | Rejected:
        fields = ("company.id", "warehouses.id")
        found = self._client.search("web.shop", (("name", "=", self._config.shop),), fields)
        if len(found) != 1:
            text = f"want one web shop {self._config.shop} in Tryton, found {len(found)}"
            return Rejected("tryton.shop", text, path="", fix="config")
        warehouses = found[0]["warehouses"] or []
        if len(warehouses) != 1:
            text = f"want one warehouse of the web shop {self._config.shop}, found {len(warehouses)}"
            return Rejected("tryton.warehouse", text, path="", fix="config")
        return Shop(found[0]["id"], found[0]["company"]["id"], warehouses[0]["id"])

    def _known(self, order: PurchaseOrder, shop: Shop) -> Known:
        """Look up the codes of an order; what is not found, or not alone, is left out."""
        codes = party_codes(order)
        wanted = {line.sku for line in order.lines if line.sku is not None}
        symbols = {self._units[line.unit] for line in order.lines if line.unit in self._units}
        salable = (("code", "in", sorted(wanted)), ("salable", "=", True))
        products = self._client.search("product.product", salable, ("code",), company=shop.company)
        units = self._client.search("product.uom", (("symbol", "in", sorted(symbols)),), ("symbol",))
        currencies = self._client.search("currency.currency", (("code", "=", order.currency),), ("code",))
        fields = ("code", "party.id", "party.addresses.id")
        parties = self._client.search(
            "party.identifier", (("code", "in", sorted(codes)),), fields, company=shop.company
        )
        return Known(
            shop,
            currencies[0]["id"] if len(currencies) == 1 else None,
            {code: customer for code, customer in _alone(parties).items() if customer is not None},
            {found["code"]: found["id"] for found in products},
            {found["symbol"]: found["id"] for found in units},
        )


def _alone(identifiers: list[Record]) -> dict[str, Customer | None]:
    """Code -> the party that alone has it, and an address; None for one that several have."""
    found: dict[str, Customer | None] = {}
    for each in identifiers:
        code, party = each["code"], each["party"]
        addresses = party["addresses"] or []
        mine = Customer(party["id"], addresses[0]["id"]) if addresses else None
        found[code] = mine if found.get(code, mine) == mine else None
    return found


def _is_same(content: bytes | None, order: PurchaseOrder) -> bool | None:
    """Whether this is the order that the sale was made of; None where it was taken away."""
    if content is None:
        return None
    try:
        return PurchaseOrder.from_json_bytes(content).content_hash() == order.content_hash()
    except CanonicalFormError:
        return False
