"""Documents of warehouses and carriers that base maps can tell, generated from a seed (see `round_trip_documents`)."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from tests.canonical_documents import Made, day, digits, number, words
from tests.mappings.round_trip_documents import (
    Kind,
    absent,
    address,
    code,
    decimals,
    items,
    many,
    one_of,
    party,
    reference,
    some_contact,
    some_day,
    text,
    under,
    varied,
    whole,
)

UNITS = ("EA", "XCS", "DZN", "LBR", "KGM", "H87", "XPX")
CLOCKS = ("08:00:00", "13:30:00", "23:59:00")
ZONES = ("CT", "ET", "UT")
ORDER_STATUS = {"original": "N", "cancellation": "F", "change": "R", "confirmation": "C", "duplicate": "T"}


def some_unit(rng: random.Random) -> str:
    return rng.choice(UNITS)


def measured(*units: str) -> Made:
    return lambda rng: {"value": number(rng, 1), "unit": rng.choice(units)}


def one_number(rng: random.Random) -> dict[str, Any]:
    """A contact of G61: a name, and a number of one kind."""
    kind = rng.choice(("phone", "fax", "email"))
    return {"role": rng.choice(("IC", "SH")), "name": words(rng, 20), kind: digits(rng, 10)}


def due(*types: str) -> Made:
    """A day of G62, its time with a qualifier."""

    def made(rng: random.Random) -> dict[str, Any]:
        found: dict[str, Any] = {"type": rng.choice(types), "date": day(rng)}
        more = {"time_type": rng.choice(("U", "X")), "time": rng.choice(CLOCKS), "zone": rng.choice(ZONES)}
        return found | (more if rng.random() < 0.4 else {})

    return made


def told(rng: random.Random) -> dict[str, Any]:
    return {"text": words(rng, 60)} | ({"type": rng.choice(("WHI", "DEL"))} if rng.random() < 0.5 else {})


def other_party(rng: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {"role": rng.choice(("MA", "Z7")), "code": code(10)(rng), "code_type": "92"}
    found |= {"name": words(rng, 30), "address": address(rng) or None}
    return found | ({"name2": words(rng, 20), "contacts": [some_contact(rng)]} if rng.random() < 0.5 else {})


def item() -> dict[str, Made]:
    """An item whose numbers find room in three pairs."""
    found = {**items(), "lot": code(12), "expires": some_day, "base_qty": absent}
    return found | {"sku": code(12), "manufacturer_item": absent}


def warehouse_work(*roles: str) -> dict[str, Made]:
    """The head that all documents of a warehouse have."""
    found = varied({
        "purchase_order": code(22), "freight_terms": one_of("CC", "PP"),
        "carrier": lambda rng: {"mode": "M", "code": "NPLT", "code_type": "2", "routing": words(rng, 30)},
        "references": many(reference("CO", "ZZ")), "contacts": many(one_number), "instructions": many(told),
        "parties": many(other_party), "notes": absent, "total_unit": absent, "partner_data": absent,
        "order_number": absent, "master_reference": absent, "link_sequence": absent, "totals": lambda rng: {
            "gross_weight": measured("LBR", "KGM")(rng), "volume": measured("FTQ", "MTQ")(rng)},
    })  # fmt: skip
    for role in roles:
        found |= under(role, party())
    return found


WAREHOUSE_ORDER = warehouse_work("ship_from", "warehouse", "bill_to", "buyer", "freight_bill_to") | {
    **under("ship_to", party(contact=True)), **under("depositor", party(contact=True)),
} | varied({
    "purpose": one_of(*ORDER_STATUS), "number": code(22), "type": one_of("ZZ", "NE"), "currency": absent,
    **dict.fromkeys(("date", "ship_on", "ship_not_before", "ship_not_after", "cancel_after", "deliver_by"), some_day),
    "ship_time": one_of(*CLOCKS), "deliver_time": one_of(*CLOCKS), "total_qty": absent,
    "dates": many(due("17", "53")), "pallet_exchange": one_of("1", "2"), "cod_amount": absent,
    "equipment": lambda rng: [{"type": "TL", "temperature": {"value": whole(rng), "unit": "FAH"}}],
    **under("lines", {
        **item(), "number": code(6), "group": absent, "qty": decimals(2), "unit": some_unit,
        "requested": some_day, "notes": absent, "marks": many(text(20)), "declared_value": absent,
        "freight_class": one_of("70", "775"), "commodity_type": absent, "commodity": absent, "measures": absent,
        "pack": whole, "pack_size": decimals(1), "pack_unit": some_unit, "references": many(reference("PC", "ZZ")),
        "dates": many(due("17", "53")), "instructions": many(told), "partner_data": absent,
        "ship_to": lambda rng: {"code": code(8)(rng), "code_type": "92", "name": words(rng, 20)},
    }),
}, "purpose", "number", "lines.qty", "lines.unit", "lines.number", "lines.sku")  # fmt: skip


def order_settled(held: dict[str, Any]) -> None:
    """What hangs together in an order to a warehouse: terms with a carrier, times with days, a pack with its size."""
    held["total_qty"] = sum((line["qty"] for line in held["lines"]), Decimal(0))
    held["partner_data"] = {"order_status": ORDER_STATUS[held["purpose"]]}
    if "carrier" in held or "freight_terms" in held or "pallet_exchange" in held:
        held.setdefault("carrier", {"mode": "M"})
        held.setdefault("freight_terms", "PP")
    for moment, on in (("ship_time", "ship_on"), ("deliver_time", "deliver_by")):
        if on not in held:
            held.pop(moment, None)
    for place, line in enumerate(held["lines"], 1):
        line["group"] = str(place)
        if "pack" not in line or "pack_size" not in line or "pack_unit" not in line:
            for name in ("pack_size", "pack_unit"):
                line.pop(name, None)


def shipped_item(rng: random.Random) -> dict[str, Any]:
    """A line of a shipment: an item number at least, weights with their units."""
    found: dict[str, Any] = {"status": rng.choice(("CC", "CP")), "qty": whole(rng), "unit": some_unit(rng)}
    found["sku"] = code(12)(rng)
    more: dict[str, Any] = {
        "number": code(6)(rng), "ordered": whole(rng), "difference": whole(rng), "reason": "03",
        "gtin": digits(rng, rng.choice((12, 13, 14))), "buyer_item": code(9)(rng), "lot": code(9)(rng),
        "description": words(rng, 40), "expires": day(rng), "gross_weight": measured("LBR", "KGM", "GRM")(rng),
        "net_weight": measured("LBR", "TNE", "ONZ")(rng), "serial_numbers": [code(9)(rng), code(9)(rng)],
        "references": [reference("PC", "ZZ")(rng)], "dates": [due("94", "10")(rng)],
        "measures": [{"about": "PD", "type": "HT", "value": number(rng, 2), "unit": "FOT"}],
    }  # fmt: skip
    return found | {name: value for name, value in more.items() if rng.random() < 0.5}


def shipped_unit(rng: random.Random) -> dict[str, Any]:
    """A carton or a pallet, and what is in it."""
    found: dict[str, Any] = {"lines": many(shipped_item, most=3, fewest=1)(rng)}
    more: dict[str, Any] = {
        "sscc": digits(rng, 18), "tracking_number": code(14)(rng), "marks": words(rng, 20),
        "references": [reference("LV")(rng)],
    }  # fmt: skip
    found |= {name: value for name, value in more.items() if rng.random() < 0.5}
    if rng.random() < 0.5:
        sides = {name: {"value": number(rng, 1), "unit": "FOT"} for name in ("length", "width", "height")}
        found |= {"type": "4", **sides, "gross_weight": measured("LBR")(rng), "volume": measured("FTQ")(rng)}
    return found


WAREHOUSE_SHIPMENT = warehouse_work("ship_from", "depositor", "warehouse") | {
    **under("ship_to", party(contact=True)),
} | varied({
    "purpose": absent, "type": one_of("F", "N", "R"), "order_number": code(22), "date": some_day,
    "shipment_id": code(30), "agent_shipment_id": code(12), "bill_of_lading": code(20), "carrier_reference": code(20),
    "shipped": some_day, "shipped_time": absent, "expected": some_day, "dates": many(due("10", "53")),
    "total_qty": absent, "units": many(shipped_unit, most=3, fewest=1),
    "equipment": lambda rng: [{"type": "TL", "initial": "NPLT", "number": digits(rng, 6), "seals": [code(9)(rng)],
                               "temperature": {"value": whole(rng), "unit": "CEL"}}],
}, "order_number", "units", "type")  # fmt: skip


def shipment_settled(held: dict[str, Any]) -> None:
    """The total is the sum of the lines; what is on a trailer has a carrier; R replaces."""
    held["total_qty"] = sum((line["qty"] for unit in held["units"] for line in unit["lines"]), Decimal(0))
    for place, unit in enumerate(held["units"], 1):
        unit["number"] = str(place)
    held["purpose"] = "replacement" if held["type"] == "R" else "original"
    held.setdefault("warehouse", {"code": "WH7", "code_type": "93"})
    if "equipment" in held or "freight_terms" in held:
        held.setdefault("carrier", {"mode": "M", "code": "NPLT", "code_type": "2"})


MOVEMENTS: dict[str, Kind] = {
    "940": ("warehouse_order/v1", "OW", WAREHOUSE_ORDER, order_settled),
    "945": ("warehouse_shipment/v1", "SW", WAREHOUSE_SHIPMENT, shipment_settled),
}
