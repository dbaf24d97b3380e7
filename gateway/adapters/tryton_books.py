"""What a shop's records in Tryton are about: sales with the orders they were made of, and lines with their sales."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.adapters.tryton_client import Record, TrytonClient
from gateway.adapters.tryton_documents import BilledBefore, SoldLine, SoldOrder, Units
from gateway.adapters.tryton_orders import Shop, attachment_name
from gateway.errors import NoTelling
from translators.canonical.common import CanonicalFormError
from translators.canonical.purchase_order import PurchaseOrder

SALE_LINE = "sale.line"
INVOICE_LINE = "account.invoice.line"


@dataclass(frozen=True, slots=True)
class SoldLines:
    """Lines of a shop's sales, by what moves and invoice lines call them.

    Args:
        known: those of sales whose order is known.
        orphans: those of sales whose order cannot be read any more, each with what its sale is called.
    """

    known: Mapping[str, SoldLine]
    orphans: Mapping[str, str]

    def of(self, origins: Iterable[str | None]) -> list[SoldLine]:
        """The lines that a record is about; none where it is about no sale of ours.

        Raises:
            NoTelling: it is about a sale whose order cannot be read.
        """
        found = []
        for origin in origins:
            if origin is not None and origin in self.orphans:
                raise no_order(self.orphans[origin])
            if origin is not None and origin in self.known:
                found.append(self.known[origin])
        return found


@dataclass(frozen=True, slots=True)
class Books:
    """The records of one shop.

    Args:
        units: of the destination.
        credit_reason: why the shop gives credit; None where nobody said.
    """

    client: TrytonClient
    shop: Shop
    units: Units
    credit_reason: str | None = None

    def search(self, model: str, domain: Sequence[object], fields: Sequence[str]) -> list[Record]:
        """Records of the shop's company.

        Raises:
            NotDone: it was not answered.
        """
        return self.client.search(model, domain, fields, company=self.shop.company, order=(("id", "ASC"),))

    def sales(self, ids: Iterable[int]) -> list[tuple[Record, PurchaseOrder | None]]:
        """Sales of the shop, each with its order; None where it has none that can be read."""
        fields = (
            "state", "number", "web_id", "write_date", "shipping_date", "currency.code",
            "attachments.name", "attachments.data",
            "lines.type", "lines.sequence", "lines.quantity", "lines.unit.symbol", "lines.unit_price",
            "lines.product.code", "lines.description",
        )  # fmt: skip
        domain = (("web_shop", "=", self.shop.id), ("id", "in", sorted(set(ids))))
        return [(sale, _order_of(sale)) for sale in self.search("sale.sale", domain, fields)]

    def sold_lines(self, origins: Iterable[str | None]) -> SoldLines:
        """The lines of the shop's sales among these origins."""
        domain = (("id", "in", _ids(origins, SALE_LINE)), ("sale.web_shop", "=", self.shop.id))
        lines = self.search(SALE_LINE, domain, ("sequence", "sale.id"))
        known, orphans = {}, {}
        sales = {sale["id"]: (sale, order) for sale, order in self.sales(line["sale"]["id"] for line in lines)}
        for line in lines:
            sale, order = sales[line["sale"]["id"]]
            name = f"{SALE_LINE},{line['id']}"
            if order is not None:
                known[name] = SoldLine(SoldOrder(sale, order), line["sequence"])
            elif sale["web_id"]:
                orphans[name] = called(sale)
        return SoldLines(known, orphans)

    def billed_before(self, origins: Iterable[str | None]) -> dict[str, BilledBefore]:
        """The invoice lines among these origins, by what the lines of a credit note call them."""
        domain = (("id", "in", _ids(origins, INVOICE_LINE)),)
        lines = self.search(INVOICE_LINE, domain, ("origin", "invoice.number", "invoice.invoice_date"))
        return {
            f"{INVOICE_LINE},{line['id']}": BilledBefore(
                line["origin"], line["invoice"]["number"], line["invoice"]["invoice_date"]
            )
            for line in lines
            if line["invoice"]
        }

    def shipment_numbers(self, lines: Iterable[Record]) -> dict[int, list[str]]:
        """Id of an invoice line -> the numbers of the shipments whose goods it bills."""
        of = {
            line["id"]: _ids((move["shipment"] for move in line["stock_moves"] or ()), "stock.shipment.out")
            for line in lines
        }
        ids = sorted({id for several in of.values() for id in several})
        rows = self.search("stock.shipment.out", (("id", "in", ids),), ("number",))
        numbers = {row["id"]: row["number"] for row in rows}
        return {line: [numbers[id] for id in several] for line, several in of.items()}


def called(record: Record) -> str:
    """What people in Tryton call a record."""
    return str(record["number"] or record["id"])


def no_order(sale: str) -> NoTelling:
    """Nothing can be told of a sale without its order."""
    return NoTelling(f"the order that sale {sale} was made of is not attached to it any more, or cannot be read")


def _ids(origins: Iterable[str | None], model: str) -> list[int]:
    """The ids of those origins that are records of a model, as `sale.line,7`."""
    prefix = f"{model},"
    return sorted({int(each.removeprefix(prefix)) for each in origins if each and each.startswith(prefix)})


def _order_of(sale: Record) -> PurchaseOrder | None:
    name = attachment_name(str(sale["web_id"]))
    for attachment in sale["attachments"] or ():
        if attachment["name"] == name:
            try:
                return PurchaseOrder.from_json_bytes(attachment["data"])
            except CanonicalFormError:
                return None
    return None
