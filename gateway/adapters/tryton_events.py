"""What Tryton tells of, by kind of record: sales, shipments and invoices of a shop become events, each by itself.

A record of which no document can be made is told of as `Unread`, and keeps no other from being told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from gateway.adapters.events import Event, Told, Unread
from gateway.adapters.protocol import Rejected
from gateway.adapters.tryton_books import INVOICE_LINE, SALE_LINE, Books, called, no_order
from gateway.adapters.tryton_client import NotDone, Record
from gateway.adapters.tryton_documents import SoldOrder, acknowledgment, credit_memo, invoice, ship_notice
from gateway.errors import NoTelling
from translators.canonical.common import Document

LONGEST_REASON = 400

_Made = tuple[Document, str]
"""What is told of a record: the document, and the reference of the delivery that it answers."""
_BAD = (NoTelling, ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
"""What making a document of a record raises where the record is not as it should be."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Records of one model that are told of.

    Args:
        name: in cursors, and in the ids of records and events.
        model: of Tryton.
        domain: which of them, by the shop's id.
        tell: ids -> id and what is told; an id without anything is nothing for a partner of ours.
    """

    name: str
    model: str
    domain: Callable[[int], Sequence[object]]
    tell: Callable[[Books, Sequence[int]], Mapping[int, Told]]

    def record(self, id: int) -> str:
        """What a record of it is called by us."""
        return f"{self.name}:{id}"

    def event_id(self, row: Record) -> str:
        """The same whenever the record is written again, unless it was cancelled meanwhile."""
        return self.record(row["id"]) + (":cancelled" if row["state"] == "cancelled" else "")

    def told(self, books: Books, ids: Sequence[int]) -> Mapping[int, Told]:
        """`tell`, and where Tryton cannot read one of several, each by itself.

        Raises:
            NotDone: it was not answered, or it is the question that it refuses.
        """
        try:
            return self.tell(books, ids)
        except NotDone as error:
            if not isinstance(error.outcome, Rejected):
                raise
            found: dict[int, Told] = {}
            refused = 0
            for id in ids:
                try:
                    found |= self.tell(books, [id])
                except NotDone as alone:
                    if not isinstance(alone.outcome, Rejected):
                        raise
                    refused += 1
                    found[id] = Unread(self.record(id), f"{self.model} {id}", _why(alone))
            if refused == len(ids) > 1:
                raise
            return found


def _confirmations(books: Books, ids: Sequence[int]) -> Mapping[int, Told]:
    sales = books.sales(ids)
    orders = {sale["id"]: order for sale, order in sales}

    def made(sale: Record) -> _Made | None:
        order = orders[sale["id"]]
        if order is not None:
            sold = SoldOrder(sale, order)
            return acknowledgment(sold, books.units), sold.reference
        if sale["web_id"]:
            raise no_order(called(sale))
        return None

    return _each(SALES, [sale for sale, _ in sales], made)


def _shipments(books: Books, ids: Sequence[int]) -> Mapping[int, Told]:
    fields = (
        "number", "state", "effective_date", "write_date",
        "outgoing_moves.state", "outgoing_moves.quantity", "outgoing_moves.unit.symbol",
        "outgoing_moves.product.code", "outgoing_moves.origin",
    )  # fmt: skip
    found = books.search("stock.shipment.out", (("id", "in", list(ids)),), fields)
    sold = books.sold_lines(_origins(found, "outgoing_moves"))

    def made(shipment: Record) -> _Made | None:
        of = sold.of(_origins([shipment], "outgoing_moves"))
        return (ship_notice(shipment, sold.known, books.units), of[0].sold.reference) if of else None

    return _each(SHIPMENTS, found, made)


def _invoices(books: Books, ids: Sequence[int]) -> Mapping[int, Told]:
    fields = (
        "number", "state", "invoice_date", "write_date", "currency.code",
        "total_amount", "untaxed_amount", "tax_amount", "taxes.description", "taxes.amount", "taxes.base",
        "lines.type", "lines.quantity", "lines.unit.symbol", "lines.unit_price", "lines.amount", "lines.origin",
        "lines.product.code", "lines.description", "lines.stock_moves.shipment",
    )  # fmt: skip
    found = books.search("account.invoice", (("id", "in", list(ids)),), fields)
    origins = list(_origins(found, "lines"))
    before = books.billed_before(origins)
    sold = books.sold_lines([*origins, *(one.origin for one in before.values())])
    shipments = books.shipment_numbers(line for one in found for line in one["lines"] or ())

    def made(bill: Record) -> _Made | None:
        mine = list(_origins([bill], "lines"))
        of = sold.of([*mine, *(before[origin].origin for origin in mine if origin in before)])
        if not of:
            return None
        if bill["total_amount"] >= 0:
            return invoice(bill, sold.known, shipments, books.units), of[0].sold.reference
        if books.credit_reason is None:
            raise NoTelling(
                "it is a credit note, and why it was given nobody said: set credit_reason of the destination"
            )
        memo = credit_memo(bill, sold.known, before, books.units, reason=books.credit_reason)
        return memo, of[0].sold.reference

    return _each(INVOICES, found, made)


def _each(feed: Feed, records: Iterable[Record], made: Callable[[Record], _Made | None]) -> dict[int, Told]:
    """Each record by itself: what goes wrong with one is told of that one."""
    told: dict[int, Told] = {}
    for record in records:
        name = feed.record(record["id"])
        try:
            found = made(record)
        except _BAD as error:
            told[record["id"]] = Unread(name, f"{feed.name} {called(record)}", _why(error))
            continue
        if found is not None:
            document, reference = found
            told[record["id"]] = Event(feed.event_id(record), document, about=reference, record=name)
    return told


def _why(error: Exception) -> str:
    """What a person is told; values of a partner's document are not repeated."""
    match error:
        case NoTelling():
            said = str(error)
        case ValidationError():
            said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        case _:
            said = f"the record is not as it should be: {type(error).__name__}"
    return said[:LONGEST_REASON]


def _origins(records: Iterable[Record], lines: str) -> Iterator[str]:
    """What the lines of records come from, as `sale.line,7`."""
    return (line["origin"] for record in records for line in record[lines] or () if line["origin"])


def _of_sales(shop: int) -> Sequence[object]:
    return (
        ("web_shop", "=", shop),
        ("state", "in", ["confirmed", "processing", "done", "cancelled"]),
    )


def _of_shipments(shop: int) -> Sequence[object]:
    return (("moves.origin.sale.web_shop", "=", shop, SALE_LINE), ("state", "=", "done"))


def _of_invoices(shop: int) -> Sequence[object]:
    """Of goods that were sold; or, as a credit note names it, of what was billed for such."""
    return (
        [
            "OR",
            ("lines.origin.sale.web_shop", "=", shop, SALE_LINE),
            ("lines.origin.origin.sale.web_shop", "=", shop, INVOICE_LINE, SALE_LINE),
        ],
        ("type", "=", "out"),
        ("state", "in", ["posted", "paid"]),
    )


SALES = Feed("sale", "sale.sale", _of_sales, _confirmations)
SHIPMENTS = Feed("shipment", "stock.shipment.out", _of_shipments, _shipments)
INVOICES = Feed("invoice", "account.invoice", _of_invoices, _invoices)
FEEDS = (SALES, SHIPMENTS, INVOICES)
"""In the order in which things happen to one order."""
