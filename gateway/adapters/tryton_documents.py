"""What Tryton has for a partner, as canonical documents: a sale answers its order, shipments and invoices follow it.

Each line finds its order's line by its place in the sale, which the order gave it; what the partner called it comes
from the order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from gateway.adapters.tryton_client import Record
from gateway.errors import NoTelling
from translators.canonical.credit_memo import AdjustedLine, CreditMemo
from translators.canonical.invoice import Invoice, InvoiceLine
from translators.canonical.order_acknowledgment import (
    AnsweredQuantity,
    LineAnswer,
    OrderAcknowledgment,
    OrderAcknowledgmentLine,
    OrderAnswer,
)
from translators.canonical.parts import Item, Quantity, Tax
from translators.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine
from translators.canonical.ship_notice import ShipNotice, ShippedItem, ShippedOrder

ORDER_ONLY = "order_only"

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class SoldOrder:
    """A sale of ours: its record, and the order it was made of."""

    sale: Record
    order: PurchaseOrder

    @property
    def reference(self) -> str:
        """Of the delivery that made it."""
        return str(self.sale["web_id"])


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line of a sale."""

    sold: SoldOrder
    sequence: int | None

    @property
    def ordered(self) -> PurchaseOrderLine | None:
        """The order's line it was made of; None for one that was added in Tryton."""
        lines = self.sold.order.lines
        return lines[self.sequence - 1] if self.sequence and self.sequence <= len(lines) else None


@dataclass(frozen=True, slots=True)
class BilledBefore:
    """The line of an invoice that a line of a credit note takes back: what it billed, and where."""

    origin: str | None
    invoice_number: str | None
    invoice_date: date | None


@dataclass(frozen=True, slots=True)
class Units:
    """The units of a destination: canonical -> symbol."""

    symbols: Mapping[str, str]

    def code(self, record: Record, ordered: PurchaseOrderLine | None) -> str:
        """The canonical unit of a quantity: the order's own word where it is the same unit.

        Raises:
            NoTelling: there is none.
        """
        symbol = record["unit"]["symbol"] if record["unit"] else None
        if ordered is not None and self.symbols.get(ordered.unit) == symbol:
            return ordered.unit
        for code, found in self.symbols.items():
            if found == symbol:
                return code
        raise NoTelling(f"no unit stands for Tryton's {symbol}; add it to units of the destination")


def acknowledgment(sold: SoldOrder, units: Units) -> OrderAcknowledgment:
    """The answer to an order whose sale is confirmed, or cancelled."""
    sale, order = sold.sale, sold.order
    cancelled = sale["state"] == "cancelled"
    made = {line["sequence"]: line for line in sale["lines"] or () if line["type"] == "line"}
    places = range(1, len(order.lines) + 1)
    lines = [
        _gone(order.lines[place - 1])
        if cancelled or place not in made
        else _answered(made[place], SoldLine(sold, place), units)
        for place in places
    ]
    if not cancelled:
        lines += [_answered(line, SoldLine(sold, None), units) for at, line in made.items() if at not in places]
    whole = all(one.answer is LineAnswer.ACCEPTED for line in lines for one in line.answers)
    answer = OrderAnswer.ACCEPTED if whole else OrderAnswer.ACCEPTED_WITH_CHANGES
    return OrderAcknowledgment(
        answer=OrderAnswer.REJECTED if cancelled else answer,
        order_number=order.number,
        release=order.release,
        order_date=order.date,
        date=sale["write_date"].date(),
        seller_order=sale["number"],
        contract=order.contract,
        currency=sale["currency"]["code"],
        promised=None if cancelled else sale["shipping_date"],
        ship_to=order.ship_to,
        bill_to=order.bill_to,
        buyer=order.buyer,
        seller=order.seller,
        lines=tuple(lines),
    )


def ship_notice(shipment: Record, sold: Mapping[str, SoldLine], units: Units) -> ShipNotice:
    """The notice of a shipment.

    Args:
        shipment: its record.
        sold: `sale.line,ID` -> the line; moves of other origins are not told of.
        units: of the destination.
    """
    held: dict[str, list[ShippedItem]] = {}
    orders: dict[str, SoldOrder] = {}
    for move in shipment["outgoing_moves"] or ():
        line = sold.get(move["origin"])
        if line is None or move["state"] != "done":
            continue
        ordered = line.ordered
        orders[line.sold.reference] = line.sold
        item = ShippedItem(
            **_names(ordered, move["product"]),
            number=None if ordered is None else ordered.number,
            qty=move["quantity"],
            unit=units.code(move, ordered),
            ordered=None if ordered is None else Quantity(value=ordered.qty, unit=ordered.unit),
        )
        held.setdefault(line.sold.reference, []).append(item)
    first = next(iter(orders.values())).order
    ended: datetime = shipment["write_date"]
    return ShipNotice(
        shipment_id=shipment["number"],
        date=shipment["effective_date"],
        time=ended.time().replace(microsecond=0),
        structure=ORDER_ONLY,
        shipped=shipment["effective_date"],
        ship_to=first.ship_to,
        buyer=first.buyer,
        seller=first.seller,
        orders=tuple(
            ShippedOrder(
                order_number=one.order.number,
                release=one.order.release,
                order_date=one.order.date,
                seller_order=one.sale["number"],
                items=tuple(held[reference]),
            )
            for reference, one in orders.items()
        ),
    )


def invoice(
    found: Record, sold: Mapping[str, SoldLine], shipments: Mapping[int, Sequence[str]], units: Units
) -> Invoice:
    """A posted invoice.

    Args:
        found: its record.
        sold: `sale.line,ID` -> the line.
        shipments: id of an invoice line -> the shipments it bills.
        units: of the destination.
    """
    billed = [line for line in found["lines"] or () if line["type"] == "line"]
    orders = {line.sold.reference: line.sold.order for line in (sold.get(each["origin"]) for each in billed) if line}
    first = next(iter(orders.values()))
    alone = len(orders) == 1
    numbers = sorted({number for each in billed for number in shipments.get(each["id"], ())})
    return Invoice(
        number=found["number"],
        date=found["invoice_date"],
        currency=found["currency"]["code"],
        order_number=first.number if alone else None,
        release=first.release if alone else None,
        order_date=first.date if alone else None,
        shipment_id=numbers[0] if len(numbers) == 1 else None,
        bill_to=first.bill_to,
        ship_to=first.ship_to,
        buyer=first.buyer,
        seller=first.seller,
        contract=first.contract if alone else None,
        total=found["total_amount"],
        lines_total=found["untaxed_amount"],
        tax_total=found["tax_amount"],
        taxes=tuple(
            Tax(type=tax["description"], amount=tax["amount"], base_amount=tax["base"]) for tax in found["taxes"] or ()
        ),
        lines=tuple(_billed(each, sold.get(each["origin"]), shipments.get(each["id"], ()), units) for each in billed),
    )


def credit_memo(
    found: Record, sold: Mapping[str, SoldLine], before: Mapping[str, BilledBefore], units: Units, *, reason: str
) -> CreditMemo:
    """A posted credit note: an invoice whose amounts have the other sign.

    Args:
        found: its record.
        sold: `sale.line,ID` -> the line.
        before: `account.invoice.line,ID` -> what was billed by it.
        units: of the destination.
        reason: why each line is credited, X12 426.
    """
    lines = [line for line in found["lines"] or () if line["type"] == "line"]
    told = [(line, before.get(line["origin"]), _sold_of(line["origin"], sold, before)) for line in lines]
    orders = {of.sold.reference: of.sold.order for _, _, of in told if of is not None}
    bills = {(taken.invoice_number, taken.invoice_date) for _, taken, _ in told if taken is not None}
    first = next(iter(orders.values()))
    alone = len(orders) == 1
    bill = next(iter(bills)) if len(bills) == 1 else (None, None)
    return CreditMemo(
        number=found["number"],
        date=found["invoice_date"],
        currency=found["currency"]["code"],
        direction="credit",
        amount=-found["total_amount"],
        order_number=first.number if alone else None,
        release=first.release if alone else None,
        order_date=first.date if alone else None,
        invoice_number=bill[0],
        invoice_date=bill[1],
        bill_to=first.bill_to,
        ship_to=first.ship_to,
        buyer=first.buyer,
        seller=first.seller,
        contract=first.contract if alone else None,
        taxes=tuple(
            Tax(type=tax["description"], amount=-tax["amount"], base_amount=-tax["base"])
            for tax in found["taxes"] or ()
        ),
        lines=tuple(_credited(line, taken, of, units, reason=reason) for line, taken, of in told),
    )


def _credited(
    line: Record, taken: BilledBefore | None, sold: SoldLine | None, units: Units, *, reason: str
) -> AdjustedLine:
    ordered = None if sold is None else sold.ordered
    is_credit = line["amount"] <= 0
    has_unit = line["unit"] is not None
    return AdjustedLine(
        **_names(ordered, line["product"], description=line["description"]),
        reason=reason,
        direction="credit" if is_credit else "debit",
        amount=abs(line["amount"]),
        number=None if ordered is None else ordered.number,
        credited_qty=abs(line["quantity"]) if has_unit else None,
        unit=units.code(line, ordered) if has_unit else None,
        invoice_number=None if taken is None else taken.invoice_number,
        order_number=None if sold is None else sold.sold.order.number,
    )


def _sold_of(origin: str | None, sold: Mapping[str, SoldLine], before: Mapping[str, BilledBefore]) -> SoldLine | None:
    taken = before.get(origin) if origin else None
    return sold.get((origin if taken is None else taken.origin) or "")


def _billed(line: Record, sold: SoldLine | None, shipments: Sequence[str], units: Units) -> InvoiceLine:
    ordered = None if sold is None else sold.ordered
    per = None if ordered is None else ordered.price_per
    return InvoiceLine(
        **_names(ordered, line["product"], description=line["description"]),
        number=None if ordered is None else ordered.number,
        qty=line["quantity"],
        unit=units.code(line, ordered),
        price=line["unit_price"] * (per or _ONE),
        price_per=per,
        amount=line["amount"],
        order_number=None if sold is None else sold.sold.order.number,
        order_line=None if ordered is None else ordered.number,
        shipment_id=shipments[0] if len(shipments) == 1 else None,
    )


def _answered(line: Record, sold: SoldLine, units: Units) -> OrderAcknowledgmentLine:
    """A line as Tryton has it now, and what that means for the order's."""
    ordered = sold.ordered
    unit = units.code(line, ordered)
    per = None if ordered is None else ordered.price_per
    price = line["unit_price"] * (per or _ONE)
    product = line["product"]["code"] if line["product"] else None
    substitute = None
    if ordered is None:
        answer = LineAnswer.ACCEPTED_WITH_CHANGES
    elif product != ordered.sku:
        answer, substitute = LineAnswer.SUBSTITUTED, Item(sku=product, description=line["description"])
    else:
        changed = [
            what
            for what, is_so in (
                (LineAnswer.QUANTITY_CHANGED, (line["quantity"], unit) != (ordered.qty, ordered.unit)),
                (LineAnswer.PRICE_CHANGED, price != ordered.price),
            )
            if is_so
        ]
        answer = LineAnswer.ACCEPTED if not changed else changed[0]
        answer = LineAnswer.ACCEPTED_WITH_CHANGES if len(changed) > 1 else answer
    return OrderAcknowledgmentLine(
        **_names(ordered, line["product"]),
        number=None if ordered is None else ordered.number,
        qty=line["quantity"] if ordered is None else ordered.qty,
        unit=unit if ordered is None else ordered.unit,
        price=price,
        price_per=per,
        answers=(AnsweredQuantity(answer=answer, qty=line["quantity"], unit=unit, substitute=substitute),),
    )


def _gone(ordered: PurchaseOrderLine) -> OrderAcknowledgmentLine:
    rejected = AnsweredQuantity(answer=LineAnswer.REJECTED, qty=ordered.qty, unit=ordered.unit)
    return OrderAcknowledgmentLine(
        **_names(ordered, None), number=ordered.number, qty=ordered.qty, unit=ordered.unit, answers=(rejected,)
    )


def _names(
    ordered: PurchaseOrderLine | None, product: Record | None, *, description: str | None = None
) -> dict[str, str | None]:
    """What an item is known under: by the partner, where the partner ordered it."""
    if ordered is not None:
        return {"gtin": ordered.gtin, "sku": ordered.sku, "buyer_item": ordered.buyer_item}
    return {"sku": product["code"] if product else None, "description": description or None}
