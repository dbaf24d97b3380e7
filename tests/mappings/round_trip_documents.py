"""Documents that base maps can tell, generated from a seed: as an inbound map would have made them.

Each kind has makers for its fields (see `Shape`), and a function that settles what hangs on other fields.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from tests.canonical_documents import Made, Shape, day, digits, number, random_document, words
from translators.canonical.common import Document
from translators.canonical.registry import CANONICAL

Kind = tuple[str, str, Mapping[str, Made], Callable[[dict[str, Any]], None]]
"""A kind of document: its schema, the functional group of its set, the makers of its fields, what settles them."""

UNITS = {"EA": "EA", "XCS": "CA", "DZN": "DZ", "LBR": "LB", "KGM": "KG"}
DAYS = (
    "requested",
    "ship_not_before",
    "ship_not_after",
    "cancel_after",
    "shipped",
    "delivered",
    "expected",
    "promised",
)
PURPOSES = ("original", "cancellation", "change", "replacement", "confirmation", "duplicate")
ZONES = ("CT", "ET", "UT")


def one_of(*values: Any) -> Made:
    return lambda rng: rng.choice(values)


def text(longest: int) -> Made:
    return lambda rng: words(rng, longest)


def code(length: int) -> Made:
    return lambda rng: "".join(rng.choices("ABCDEFGHJKLMNP0123456789", k=rng.randint(2, length)))


def decimals(places: int) -> Made:
    return lambda rng: number(rng, places)


def absent(rng: random.Random) -> None:
    return None


def some_day(rng: random.Random) -> Any:
    return day(rng)


def whole(rng: random.Random) -> Decimal:
    return Decimal(rng.randint(1, 9999))


def sometimes(made: Made) -> Made:
    return lambda rng: made(rng) if rng.random() < 0.6 else None


def varied(makers: Mapping[str, Made], *always: str) -> dict[str, Made]:
    """Makers that make a field sometimes, but those named always."""
    return {name: made if name in always or made is absent else sometimes(made) for name, made in makers.items()}


def party(*, contact: bool = False) -> dict[str, Any]:
    """Makers of a party's parts: a code with its type always, as a party without name or code has no N1."""
    return {
        "code": code(12), "code_type": one_of("92", "9", "91"), "name": sometimes(text(30)),
        "name2": sometimes(text(30)), "tax_number": absent,
        "address": address, "contact": sometimes(some_contact) if contact else absent,
    }  # fmt: skip


def address(rng: random.Random) -> dict[str, Any]:
    """An address whose lines are filled from the first on."""
    lines = {f"line{place}": words(rng, 30) for place in range(1, rng.randint(0, 4) + 1)}
    found: dict[str, Any] = {
        "city": words(rng, 15) + "x",
        "region": "IA",
        "postal_code": digits(rng, 5),
        "country": "US",
    }
    return {**lines, **{key: value for key, value in found.items() if rng.random() < 0.7}}


def some_contact(rng: random.Random) -> dict[str, Any]:
    """A contact that can be told: a role, and a name or a number."""
    found = {"role": rng.choice(("BD", "IC", "RE")), "name": words(rng, 20)}
    return found | {key: digits(rng, 10) for key in ("phone", "fax") if rng.random() < 0.5} | email(rng)


def email(rng: random.Random) -> dict[str, str]:
    return {"email": f"{digits(rng, 5)}@example.com"} if rng.random() < 0.5 else {}


def charge(rng: random.Random) -> dict[str, Any]:
    """A charge or allowance as SAC can tell it: a code, and amount, percent or rate."""
    found: dict[str, Any] = {"kind": rng.choice(("allowance", "charge")), "code": rng.choice(("D240", "C310", "F050"))}
    found["amount"] = number(rng, 2)
    if rng.random() < 0.5:
        found |= {"percent": Decimal(rng.randint(1, 99)), "rate": number(rng, 3)}
    if rng.random() < 0.5:
        found |= {"unit": rng.choice(list(UNITS)), "qty": whole(rng)}
    if rng.random() < 0.5:
        found |= {"handling": rng.choice(("02", "06")), "reference": code(10)(rng), "description": words(rng, 40)}
    return found


def tax(rng: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {"type": rng.choice(("ST", "VA", "GS")), "percent": Decimal(rng.randint(1, 25))}
    more = {"amount": number(rng, 2), "jurisdiction": "IA", "exemption": "2", "base_amount": whole(rng), "number": "T1"}
    return found | {key: value for key, value in more.items() if rng.random() < 0.5}


def term(rng: random.Random) -> dict[str, Any]:
    """A term of payment; a discount has its days or its day, and both an amount and a percentage may stand."""
    found: dict[str, Any] = {"type": "01", "basis": "3"}
    if rng.random() < 0.5:
        found |= {"discount_percent": Decimal(rng.randint(1, 9)), "discount_days": Decimal(rng.randint(1, 60))}
        found |= {"discount_due": day(rng)} if rng.random() < 0.5 else {"discount_amount": number(rng, 2)}
    if rng.random() < 0.5:
        found |= {"net_days": Decimal(rng.randint(1, 90)), "net_due": day(rng), "description": words(rng, 40)}
    return found


def reference(*types: str) -> Made:
    def made(rng: random.Random) -> dict[str, Any]:
        found = {"type": rng.choice(types), "value": code(15)(rng)}
        return found | ({"description": words(rng, 40)} if rng.random() < 0.3 else {})

    return made


def dated(*types: str) -> Made:
    def made(rng: random.Random) -> dict[str, Any]:
        found: dict[str, Any] = {"type": rng.choice(types), "date": day(rng)}
        return found | (
            {"time": f"{rng.randrange(24):02d}:30:00", "zone": rng.choice(ZONES)} if rng.random() < 0.3 else {}
        )

    return made


def role_party(rng: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {"role": rng.choice(("MA", "Z7", "CN")), "name": words(rng, 30), "code_type": "92"}
    found |= {"code": code(10)(rng), "address": address(rng) or None}
    if rng.random() < 0.5:
        found |= {"name2": words(rng, 20), "references": [reference("IA", "ZZ")(rng)], "contacts": [some_contact(rng)]}
    return found


def carrier(rng: random.Random) -> dict[str, Any]:
    found = {"code": "ABCD", "code_type": "2", "mode": "M"}
    return found | ({"routing": words(rng, 30), "service": "G2"} if rng.random() < 0.5 else {})


def many(made: Made, *, most: int = 2, fewest: int = 0) -> Made:
    return lambda rng: [made(rng) for _ in range(rng.randint(fewest, most))]


def items() -> dict[str, Made]:
    """An item of a line."""
    return {
        "gtin": lambda rng: digits(rng, rng.choice((12, 13, 14))), "sku": code(12), "buyer_item": code(12),
        "manufacturer_item": code(12), "item_ids": absent, "description": text(40),
    }  # fmt: skip


def under(prefix: str, makers: Mapping[str, Any]) -> dict[str, Made]:
    return {f"{prefix}.{name}": made for name, made in makers.items()}


HEAD: dict[str, Made] = varied({
    "purpose": one_of(*PURPOSES), "currency": one_of("USD", "CAD", "EUR"), "contract": code(10), "release": code(10),
    "contact": lambda rng: {key: value for key, value in some_contact(rng).items() if key != "role"},
    "freight_terms": one_of("CC", "PP"), "freight_place": absent, "carrier": carrier,
    "requested_time": absent, "total": decimals(2), "notes": many(text(60)), "contacts": many(
        lambda rng: {**some_contact(rng), "role": "IC"}),
    "payment_terms": many(term), "references": many(reference("VR", "ZZ", "CO")), "charges": many(charge),
    "dates": many(dated("010", "118", "191")), "parties": many(role_party), "taxes": many(tax),
    **dict.fromkeys(DAYS, some_day),
}, "purpose", "currency") | {
    **{name: made for role in ("bill_to", "seller", "ship_from", "remit_to") for name, made in
       under(role, party()).items()},
    **{name: made for role in ("ship_to", "buyer") for name, made in under(role, party(contact=True)).items()},
    "seller.name2": absent, "seller.address": absent,
}  # fmt: skip
LINE: dict[str, Made] = varied({
    **items(), "number": code(6), "qty": decimals(3), "unit": one_of(*UNITS), "price": decimals(4), "price_per": absent,
    "price_basis": one_of("PE", "TE"), "base_qty": absent, "pack": whole, "pack_size": absent, "pack_unit": absent,
    "notes": many(text(60)), "references": many(reference("ZZ", "CO")), "dates": many(dated("010", "118")),
    "charges": many(charge), "taxes": many(tax),
    "schedule": many(lambda rng: {"qty": number(rng, 2), "unit": rng.choice(list(UNITS)), "requested": day(rng)}),
    "partner_data": absent,
}, "qty", "unit")  # fmt: skip


def with_partner_data(held: dict[str, Any], **found: str | None) -> None:
    """What the inbound map keeps of the partner's own words."""
    told = {name: value for name, value in found.items() if value is not None}
    if told:
        held["partner_data"] = told
    if "price" not in held:  # X12 004010 PO1 C0504: a basis is of a price
        held.pop("price_basis", None)


def order_settled(held: dict[str, Any]) -> None:
    with_partner_data(held, order_type="SA" if held["type"] == "stand_alone" else "RO")
    for line in held["lines"]:
        with_partner_data(line, unit=UNITS[line["unit"]])


def answer_settled(held: dict[str, Any]) -> None:
    codes = {"accepted": "AD", "accepted_with_changes": "AC", "rejected": "RD"}
    with_partner_data(held, answer=codes[held["answer"]])
    for line in held.get("lines", ()):
        with_partner_data(line, unit=UNITS[line["unit"]])


def invoice_settled(held: dict[str, Any]) -> None:
    """The total is what lines, charges and taxes make, as our own validator wants it."""
    total = Decimal(0)
    for part in (held, *held["lines"]):
        total += sum((tax.get("amount", Decimal(0)) for tax in part.get("taxes", ())), Decimal(0))
        for one in part.get("charges", ()):
            total += one["amount"] if one["kind"] == "charge" else -one["amount"]
    for line in held["lines"]:
        total += line["qty"] * line["price"]
        with_partner_data(line, unit=UNITS[line["unit"]])
    held["total"] = total.quantize(Decimal("0.01"))


def answered(rng: random.Random) -> dict[str, Any]:
    word, code_of = rng.choice((("accepted", "IA"), ("backordered", "IB"), ("rejected", "IR"), ("substituted", "IS")))
    found: dict[str, Any] = {"answer": word, "reason": code_of, "qty": number(rng, 2), "unit": rng.choice(list(UNITS))}
    if rng.random() < 0.5:
        found |= {"date_type": "068", "date": day(rng)}
    if rng.random() < 0.5:
        found["substitute"] = {"sku": code(8)(rng), "buyer_item": code(8)(rng)}
    return found


def subline(rng: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {
        "number": code(5)(rng),
        "relation": "I",
        "qty": whole(rng),
        "unit": "EA",
        "sku": code(8)(rng),
    }
    return found | ({"price": number(rng, 3), "description": words(rng, 20)} if rng.random() < 0.5 else {})


ORDER = {
    **HEAD, **under("lines", LINE), "number": code(22), "type": one_of("stand_alone", "rush"),
    "lines.sku": code(12), "lines.sublines": sometimes(many(subline)), "partner_data": absent,
}  # fmt: skip
ANSWER = {
    **HEAD, **under("lines", LINE), "answer": one_of("accepted", "accepted_with_changes", "rejected"),
    "order_number": code(22), "seller_order": sometimes(code(20)), "change_number": absent,
    "lines.answers": many(answered), "lines.qty": decimals(3), "lines.unit": one_of(*UNITS), "partner_data": absent,
}  # fmt: skip
INVOICE = HEAD | under("lines", LINE) | varied({
    "number": code(22), "type": one_of("product", "prepaid", "consolidated"),
    "order_number": code(22), "shipment_id": code(20), "bill_of_lading": code(20), "department": code(6),
    "corrects": code(20), "package": absent, "total": decimals(2), "discountable": decimals(2),
    "discounted_total": decimals(2), "discount": decimals(2), "lines_total": absent, "tax_total": absent,
    "ship_to.contact": absent, "buyer.contact": absent, "lines.notes": absent, "lines.ordered": absent,
    "lines.backordered": absent, "lines.amount": absent, "lines.order_number": code(22), "lines.order_line": code(6),
    "lines.shipment_id": code(20), "lines.schedule": absent, "lines.price": decimals(4), "partner_data": absent,
}, "number", "total", "lines.price")  # fmt: skip


def weight(rng: random.Random) -> dict[str, Any]:
    return {"value": number(rng, 1), "unit": rng.choice(("LBR", "KGM"))}


def shipped_item(rng: random.Random) -> dict[str, Any]:
    unit = rng.choice(list(UNITS))
    found: dict[str, Any] = {"number": code(6)(rng), "qty": number(rng, 2), "unit": unit, "sku": code(12)(rng)}
    found["partner_data"] = {"unit": UNITS[unit]}
    more: dict[str, Any] = {
        "gtin": digits(rng, 14), "buyer_item": code(9)(rng), "manufacturer_item": code(9)(rng), "lot": code(9)(rng),
        "ordered": {"value": number(rng, 2), "unit": unit}, "shipped_to_date": whole(rng), "status": "AC",
        "description": words(rng, 30), "expires": day(rng), "pack": whole(rng),
        "references": [reference("ZZ", "CO")(rng)], "dates": [dated("094", "010")(rng)],
    }  # fmt: skip
    return found | {key: value for key, value in more.items() if rng.random() < 0.5}


def shipped_pack(rng: random.Random, level: str, **inner: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"level": level, "sscc": digits(rng, 18), **inner}
    more: dict[str, Any] = {
        "tracking_number": code(12)(rng), "references": [reference("LS")(rng)],
        "type": "CTN", "count": whole(rng), "gross_weight": weight(rng),
    }  # fmt: skip
    told = {key: value for key, value in more.items() if rng.random() < 0.5}
    return found | (told if "type" not in told or "count" in told else {})


def shipped_order(rng: random.Random, **inner: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"order_number": code(20)(rng), **inner}
    more: dict[str, Any] = {
        "release": code(5)(rng), "order_date": day(rng), "seller_order": code(9)(rng), "department": code(5)(rng),
        "invoice_number": code(9)(rng), "package": {"type": "CTN25", "count": whole(rng), "gross_weight": weight(rng)},
        "ship_to": {"code": code(5)(rng), "code_type": "92", "name": words(rng, 20), "address": {"city": "Ames"}},
        "buyer": {"code": code(5)(rng), "code_type": "92", "name": words(rng, 20)},
        "parties": [{"role": "Z7", "code": code(5)(rng), "code_type": "92"}],
        "references": [reference("CO")(rng)], "dates": [dated("004", "010")(rng)],
    }  # fmt: skip
    return found | {key: value for key, value in more.items() if rng.random() < 0.5}


def packed(rng: random.Random) -> list[dict[str, Any]]:
    """Pallets of cartons and cartons of items, in any order."""
    found = []
    for _ in range(rng.randint(1, 3)):
        carton = shipped_pack(rng, "pack", items=many(shipped_item, fewest=1)(rng))
        found.append(shipped_pack(rng, "tare", packs=[carton]) if rng.random() < 0.4 else carton)
    return found


def shipment_settled(held: dict[str, Any]) -> None:
    """The tree of one of the four hierarchies of BSN05."""
    rng = random.Random(held["shipment_id"])
    held["structure"] = rng.choice(("pick_and_pack", "standard_pack", "pack_before_order", "order_only"))
    orders = range(rng.randint(1, 3))
    match held["structure"]:
        case "pick_and_pack":
            held["orders"] = [shipped_order(rng, packs=packed(rng)) for _ in orders]
        case "order_only":
            held["orders"] = [shipped_order(rng, items=many(shipped_item, fewest=1)(rng)) for _ in orders]
        case "standard_pack":
            held["orders"] = [
                shipped_order(rng, items=[shipped_item(rng) | {"packs": [shipped_pack(rng, "pack")]}]) for _ in orders
            ]
        case _:
            inner = [shipped_order(rng, items=[shipped_item(rng)]) for _ in orders]
            carton = shipped_pack(rng, "pack", orders=inner)
            held["packs"] = [shipped_pack(rng, "tare", packs=[carton]) if rng.random() < 0.5 else carton]


SHIPMENT: dict[str, Made] = HEAD | varied({
    "shipment_id": code(20), "time": one_of("10:30:00", "23:59:00"), "type": one_of("AS"), "structure": absent,
    "bill_of_lading": code(20), "carrier_reference": code(20), "expected_time": absent, "shipped_time": absent,
    "currency": absent, "package": absent, "charges": absent, "orders": absent, "packs": absent, "notes": absent,
    "contacts": absent, "ship_to.contact": absent, "buyer.contact": absent, "partner_data": absent,
    "equipment": many(lambda rng: {"type": "TL", "number": digits(rng, 6), "seals": [code(9)(rng)]}),
    "packages": many(lambda rng: {"type": "CTN25", "count": whole(rng), "gross_weight": weight(rng)}),
}, "shipment_id", "time")  # fmt: skip

KINDS: dict[str, Kind] = {
    "850": ("purchase_order/v1", "PO", ORDER, order_settled),
    "855": ("order_acknowledgment/v1", "PR", ANSWER, answer_settled),
    "856": ("ship_notice/v1", "SH", SHIPMENT, shipment_settled),
    "810": ("invoice/v1", "IN", INVOICE, invoice_settled),
}


def generated(kind: Kind, seed: int) -> Document:
    """A document that its base maps can tell, as its inbound map would have made it."""
    schema, _, makers, settle = kind
    model = CANONICAL[schema]
    held = random_document(model, f"round trip {seed}", Shape(makers)).model_dump(exclude_defaults=True)
    held["purpose"] = held.get("purpose", "original")
    settle(held)
    return model.model_validate(held)
