"""What happened in Tryton since a cursor: three feeds, each in the order in which its records were last written.

Tryton stamps a record with the beginning of its transaction, which may commit after a later one. So a poll looks back
over `overlap_seconds`, and the cursor names what it has told of in that time; what was told is not told again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog

from gateway.adapters.events import Event, Page
from gateway.adapters.tryton_client import Record, TrytonClient
from gateway.adapters.tryton_documents import SoldLine, SoldOrder, Units, acknowledgment, invoice, ship_notice
from gateway.adapters.tryton_orders import Shop, attachment_name
from translators.canonical.common import CanonicalFormError
from translators.canonical.purchase_order import PurchaseOrder

ROWS_AT_ONCE = 200
LINE = "sale.line"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Feed:
    """Records of one model that are told of.

    Args:
        name: in the cursor and in events' ids.
        model: of Tryton.
        domain: which of them, by the shop's id.
        tell: ids -> id and event; an id without one is nothing for a partner of ours.
    """

    name: str
    model: str
    domain: Callable[[int], Sequence[object]]
    tell: Callable[[Feeds, Sequence[int]], Mapping[int, Event]]


@dataclass(slots=True)
class _Position:
    """How far a feed was told: the newest moment, and what of the time before it."""

    until: datetime | None = None
    told: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Feeds:
    """The feeds of one shop.

    Args:
        units: canonical -> symbol.
        overlap_seconds: how far a poll looks back.
    """

    client: TrytonClient
    shop: Shop
    units: Mapping[str, str]
    overlap_seconds: int

    def page(self, cursor: str | None, limit: int) -> Page[Event]:
        """See `gateway.adapters.events.Pollable.poll`."""
        positions = _read(cursor)
        events: list[Event] = []
        more = False
        for feed in FEEDS:
            position = positions.setdefault(feed.name, _Position())
            rows, left = self._fresh(feed, position, limit - len(events))
            more = more or left
            if not rows:
                continue
            made = feed.tell(self, [row["id"] for row in rows])
            events += [made[row["id"]] for row in rows if row["id"] in made]
            self._moved(feed, position, rows)
            if len(events) >= limit:
                more = True
                break
        return Page(tuple(events), _written(positions), more)

    def sold(self, domain: Sequence[object]) -> dict[int, SoldOrder]:
        """Sales of ours, each with its order, by id; one that was made by others, without an order, is left out."""
        fields = (
            "state", "number", "web_id", "write_date", "shipping_date", "currency.code",
            "attachments.name", "attachments.data",
            "lines.type", "lines.sequence", "lines.quantity", "lines.unit.symbol", "lines.unit_price",
            "lines.product.code", "lines.description",
        )  # fmt: skip
        found = {}
        for sale in self.search("sale.sale", (("web_shop", "=", self.shop.id), *domain), fields):
            order = _order_of(sale)
            if order is None:
                log.warning("tryton.sale_without_order", sale=sale["id"])
            else:
                found[int(sale["id"])] = SoldOrder(sale, order)
        return found

    def sold_lines(self, origins: Iterable[str | None]) -> dict[str, SoldLine]:
        """Lines of sales of ours, by what moves and invoice lines call them."""
        ids = sorted({int(each.partition(",")[2]) for each in origins if each and each.startswith(f"{LINE},")})
        domain = (("id", "in", ids), ("sale.web_shop", "=", self.shop.id))
        lines = self.search(LINE, domain, ("sequence", "sale.id"))
        sold = self.sold((("id", "in", sorted({line["sale"]["id"] for line in lines})),))
        return {
            f"{LINE},{line['id']}": SoldLine(sold[line["sale"]["id"]], line["sequence"])
            for line in lines
            if line["sale"]["id"] in sold
        }

    def search(self, model: str, domain: Sequence[object], fields: Sequence[str]) -> list[Record]:
        """Records of the shop's company."""
        return self.client.search(model, domain, fields, company=self.shop.company, order=(("id", "ASC"),))

    def _fresh(self, feed: _Feed, position: _Position, limit: int) -> tuple[list[Record], bool]:
        """At most so many rows that were not told of, and whether there are more."""
        domain = list(feed.domain(self.shop.id))
        if position.until is not None:
            domain.append(("write_date", ">=", position.until - timedelta(seconds=self.overlap_seconds)))
        fresh: list[Record] = []
        for offset in range(0, 1_000_000_000, ROWS_AT_ONCE):
            rows = self.client.search(
                feed.model,
                domain,
                ("write_date", "state"),
                company=self.shop.company,
                order=(("write_date", "ASC"), ("id", "ASC")),
                limit=ROWS_AT_ONCE,
                offset=offset,
            )
            for row in rows:
                id = _event_id(feed, row)
                if id in position.told:
                    position.told[id] = row["write_date"]
                else:
                    fresh.append(row)
            if len(fresh) > limit or len(rows) < ROWS_AT_ONCE:
                break
        return fresh[:limit], len(fresh) > limit

    def _moved(self, feed: _Feed, position: _Position, rows: Sequence[Record]) -> None:
        position.told.update({_event_id(feed, row): row["write_date"] for row in rows})
        newest = max(row["write_date"] for row in rows)
        position.until = newest if position.until is None else max(newest, position.until)
        begin = position.until - timedelta(seconds=self.overlap_seconds)
        position.told = {id: at for id, at in position.told.items() if at >= begin}


def _confirmations(feeds: Feeds, ids: Sequence[int]) -> Mapping[int, Event]:
    sold = feeds.sold((("id", "in", list(ids)),))
    return {
        id: Event(_event_id(_SALES, one.sale), acknowledgment(one, Units(feeds.units)), about=one.reference)
        for id, one in sold.items()
    }


def _shipments(feeds: Feeds, ids: Sequence[int]) -> Mapping[int, Event]:
    fields = (
        "number", "state", "effective_date", "write_date",
        "outgoing_moves.state", "outgoing_moves.quantity", "outgoing_moves.unit.symbol",
        "outgoing_moves.product.code", "outgoing_moves.origin",
    )  # fmt: skip
    found = feeds.search("stock.shipment.out", (("id", "in", list(ids)),), fields)
    sold = feeds.sold_lines(move["origin"] for one in found for move in one["outgoing_moves"] or ())
    events = {}
    for one in found:
        of = [sold[move["origin"]] for move in one["outgoing_moves"] or () if move["origin"] in sold]
        if of:
            notice = ship_notice(one, sold, Units(feeds.units))
            events[int(one["id"])] = Event(_event_id(_SHIPMENTS, one), notice, about=of[0].sold.reference)
    return events


def _invoices(feeds: Feeds, ids: Sequence[int]) -> Mapping[int, Event]:
    fields = (
        "number", "state", "invoice_date", "write_date", "currency.code",
        "total_amount", "untaxed_amount", "tax_amount", "taxes.description", "taxes.amount", "taxes.base",
        "lines.type", "lines.quantity", "lines.unit.symbol", "lines.unit_price", "lines.amount", "lines.origin",
        "lines.product.code", "lines.description", "lines.stock_moves.shipment",
    )  # fmt: skip
    found = feeds.search("account.invoice", (("id", "in", list(ids)),), fields)
    lines = [line for one in found for line in one["lines"] or ()]
    sold = feeds.sold_lines(line["origin"] for line in lines)
    shipments = _shipment_numbers(feeds, lines)
    events = {}
    for one in found:
        of = [sold[line["origin"]] for line in one["lines"] or () if line["origin"] in sold]
        if of and one["total_amount"] < 0:
            log.warning("tryton.credit_note_left_to_a_person", invoice=one["id"])
        elif of:
            bill = invoice(one, sold, shipments, Units(feeds.units))
            events[int(one["id"])] = Event(_event_id(_INVOICES, one), bill, about=of[0].sold.reference)
    return events


def _shipment_numbers(feeds: Feeds, lines: Iterable[Record]) -> dict[int, list[str]]:
    """Id of an invoice line -> the numbers of the shipments whose goods it bills."""
    prefix = "stock.shipment.out,"
    of: dict[int, set[int]] = {
        line["id"]: {
            int(move["shipment"].removeprefix(prefix))
            for move in line["stock_moves"] or ()
            if (move["shipment"] or "").startswith(prefix)
        }
        for line in lines
    }
    ids = sorted({id for several in of.values() for id in several})
    rows = feeds.search("stock.shipment.out", (("id", "in", ids),), ("number",))
    numbers = {row["id"]: row["number"] for row in rows}
    return {line: [numbers[id] for id in sorted(several)] for line, several in of.items()}


def _order_of(sale: Record) -> PurchaseOrder | None:
    name = attachment_name(str(sale["web_id"]))
    for attachment in sale["attachments"] or ():
        if attachment["name"] == name:
            try:
                return PurchaseOrder.from_json_bytes(attachment["data"])
            except CanonicalFormError:
                return None
    return None


def _event_id(feed: _Feed, row: Record) -> str:
    """The same whenever the record is written again, unless it was cancelled meanwhile."""
    return f"{feed.name}:{row['id']}" + (":cancelled" if row["state"] == "cancelled" else "")


def _of_sales(shop: int) -> Sequence[object]:
    return (
        ("web_shop", "=", shop),
        ("write_date", "!=", None),
        ("state", "in", ["confirmed", "processing", "done", "cancelled"]),
    )


def _of_shipments(shop: int) -> Sequence[object]:
    return (("moves.origin.sale.web_shop", "=", shop, LINE), ("state", "=", "done"))


def _of_invoices(shop: int) -> Sequence[object]:
    return (
        ("lines.origin.sale.web_shop", "=", shop, LINE),
        ("type", "=", "out"),
        ("state", "in", ["posted", "paid"]),
    )


_SALES = _Feed("sale", "sale.sale", _of_sales, _confirmations)
_SHIPMENTS = _Feed("shipment", "stock.shipment.out", _of_shipments, _shipments)
_INVOICES = _Feed("invoice", "account.invoice", _of_invoices, _invoices)
FEEDS = (_SALES, _SHIPMENTS, _INVOICES)
"""In the order in which things happen to one order."""


def _read(cursor: str | None) -> dict[str, _Position]:
    found: dict[str, Any] = {} if cursor is None else orjson.loads(cursor)
    return {
        name: _Position(
            datetime.fromisoformat(held["until"]) if held["until"] else None,
            {id: datetime.fromisoformat(at) for id, at in held["told"].items()},
        )
        for name, held in found.items()
    }


def _written(positions: Mapping[str, _Position]) -> str:
    plain = {
        name: {
            "until": held.until.isoformat() if held.until else None,
            "told": {id: at.isoformat() for id, at in held.told.items()},
        }
        for name, held in positions.items()
    }
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()
