"""Documents of warehouses and carriers that base maps can tell, generated from a seed (see `round_trip_documents`)."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from tests.canonical_documents import Made, day, digits, number, words
from tests.mappings.round_trip_documents import (
    PURPOSES,
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


STOPS = (("complete_load", "SF", "37", "I", "38", "K"), ("part_unload", "ST", "53", "G", "54", "L"))
"""A stop's reason, the role of its place, and the qualifiers of its window."""


def hazard(rng: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {"number": "UN1263", "count": whole(rng), "unit": "XCS", "contact": one_number(rng)}
    return found | ({"hazard_class": "3", "packing_group": "II", "description": "Paint"} if rng.random() < 0.5 else {})


def lading(rng: random.Random) -> dict[str, Any]:
    """Goods of an L5, weighed by an AT8."""
    found: dict[str, Any] = {"description": words(rng, 40), "hazards": many(hazard)(rng)}
    if rng.random() < 0.5:
        found |= {"commodity": "2903", "commodity_type": "N", "packaging": "DRM", "marks": words(rng, 20)}
    if rng.random() < 0.7:
        found |= {"weight_type": "G", "weight": measured("LBR", "KGM")(rng), "count": whole(rng)}
        found["volume"] = measured("FTQ", "MTQ")(rng)
    return found


def packing(rng: random.Random) -> dict[str, Any]:
    """What stands on the dock, by LAD."""
    found: dict[str, Any] = {"packaging": "CTN", "count": whole(rng), "weight": measured("LBR")(rng)}
    more = {"gtin": digits(rng, 14), "sku": code(9)(rng), "buyer_item": code(9)(rng), "description": words(rng, 30)}
    return found | {name: value for name, value in more.items() if rng.random() < 0.6}


def trailer(rng: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {"number": digits(rng, 6), "initial": "NPLT", "type": "TL", "length": Decimal("5300")}
    return found | {"seals": [code(9)(rng) for _ in range(rng.randint(0, 2))]}


def handled(rng: random.Random) -> dict[str, Any]:
    return rng.choice(({"code": "EX", "service": "AF"}, {"code": "HM"}, {"description": words(rng, 25) + "x"}))


def stop_order(rng: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {"reference": code(12)(rng), "order_number": code(20)(rng)}
    if rng.random() < 0.6:
        found |= {"qty": whole(rng), "unit": some_unit(rng), "weight": measured("LBR", "GRM")(rng)}
        found["volume"] = measured("FTQ")(rng)
    return found | {"dates": many(due("10", "02"))(rng), "packages": many(packing)(rng), "ladings": many(lading)(rng)}


def stop(rng: random.Random) -> dict[str, Any]:
    """A stop with its place and its window, as the qualifiers of its kind tell it."""
    reason, role, early, early_time, late, late_time = rng.choice(STOPS)
    found: dict[str, Any] = {"number": digits(rng, 2), "reason": reason}
    kept = {"role": role, "earliest_type": early, "earliest_time_type": early_time}
    found["place"] = {"code": code(10)(rng), "code_type": "93", "name": words(rng, 20), "address": address(rng) or None}
    found |= {"earliest": day(rng), "earliest_time": rng.choice(CLOCKS), "zone": rng.choice(ZONES)}
    if rng.random() < 0.5:
        found |= {"latest": day(rng), "latest_time": rng.choice(CLOCKS)}
        kept |= {"latest_type": late, "latest_time_type": late_time, "description": words(rng, 30), "pallets": "4"}
        found["place"] |= {"name2": words(rng, 20), "contact": one_number(rng)}
    if rng.random() < 0.5:
        found |= {"weight": measured("LBR")(rng), "qty": whole(rng), "unit": "XCS", "volume": measured("FTQ")(rng)}
    lists = {"references": reference("11", "ZZ"), "instructions": told, "handling": handled, "equipment": trailer}
    lists |= {"orders": stop_order, "packages": packing, "ladings": lading}
    return found | {"partner_data": kept} | {name: many(made)(rng) for name, made in lists.items()}


def carried_party() -> dict[str, Any]:
    """A party of a freight set: two lines of address, a contact with one number."""
    return {**party(), "address": short_address, "contact": lambda rng: one_number(rng) if rng.random() < 0.5 else None}


def short_address(rng: random.Random) -> dict[str, Any]:
    return {name: value for name, value in address(rng).items() if name not in ("line3", "line4")}


def freight_party(rng: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {"role": rng.choice(("MA", "Z7")), "code": code(10)(rng), "code_type": "92"}
    if rng.random() < 0.5:
        found |= {"name": words(rng, 30), "contacts": [one_number(rng)], "references": [reference("ZZ")(rng)]}
    return found


FREIGHT = {
    **under("shipper", carried_party()), **under("consignee", carried_party()), **under("bill_to", carried_party()),
    **varied({
        "shipment_id": code(20), "carrier": one_of("NPLT", "ABCD"), "bill_of_lading": code(20),
        "order_number": code(20), "references": many(reference("CO", "ZZ")), "parties": many(freight_party),
        "contacts": absent, "notes": absent, "dates": absent, "partner_data": absent,
    }, "shipment_id", "carrier"),
}  # fmt: skip
LOAD_TENDER = FREIGHT | varied({
    "purpose": one_of(*PURPOSES), "payment": one_of("collect", "prepaid", "third_party"), "type": one_of("LT"),
    "terms": one_of("DDP"), "mode": one_of("M"), "routing": one_of("B"), "respond_by": some_day,
    "respond_time": one_of(*CLOCKS), "respond_zone": one_of(*ZONES), "total_equipment": one_of(Decimal(2)),
    "equipment": many(trailer), "handling": many(handled), "instructions": many(told), "weight": measured("LBR", "KGM"),
    "volume": measured("FTQ", "MTQ"), "packages": whole, "rate": decimals(2), "rate_basis": one_of("PM"),
    "charge": decimals(2), "currency": absent, "declared_value": absent, "stops": many(stop, most=3, fewest=1),
}, "purpose", "payment", "stops")  # fmt: skip


def tender_settled(held: dict[str, Any]) -> None:
    """What hangs together in a load tender: an answer's time with its day, a mode with its routing, rate and basis."""
    if "respond_by" not in held or "respond_time" not in held:
        held.pop("respond_time", None)
        held.pop("respond_zone", None)
    for one, other in (("mode", "routing"), ("rate", "rate_basis")):
        if one not in held or other not in held:
            held.pop(one, None)
            held.pop(other, None)
    if "charge" in held:
        held["currency"] = "USD"
    if "weight" in held:
        held["partner_data"] = {"weight_type": "G"}


SHIPMENT_STATUS = FREIGHT | varied({
    "purpose": absent, "carrier_reference": code(20), "stop": one_of("1", "2"), "status": absent, "reason": absent,
    "appointment": absent, "appointment_reason": absent, "date": some_day, "time": one_of(*CLOCKS), "at": absent,
    "zone": one_of("LT", "UT", "ES"), "signed_by": absent, "event_references": many(reference("ZZ", "CO")),
    "place": lambda rng: {"city": "Ames", "region": "IA", "country": "US"}, "weight_type": one_of("G", "N"),
    "equipment": lambda rng: [{"initial": "NPLT", "number": digits(rng, 6), "type": "TL"}],
    "weight": measured("LBR", "KGM"), "packages": whole, "volume": measured("FTQ", "MTQ"),
    "exceptions": many(lambda rng: {"code": "D", "packaging": "CTN", "count": whole(rng)}),
    "notes": many(text(30)),
}, "carrier_reference", "date")  # fmt: skip


def status_settled(held: dict[str, Any]) -> None:
    """An event or an appointment; a zone with its time, and the moment where it is known; a weight with its kind."""
    rng = random.Random(held["shipment_id"])
    kind = rng.choice((("status", "reason", "X3", "NS"), ("appointment", "appointment_reason", "AA", "NA")))
    held[kind[0]], held[kind[1]] = kind[2], kind[3]
    if "time" not in held:
        held.pop("zone", None)
    zone = {"UT": UTC, "ES": timezone(timedelta(hours=-5))}.get(held.get("zone", ""))
    if zone is not None:
        held["at"] = datetime.combine(held["date"], held["time"], zone)
    if "weight" not in held or "weight_type" not in held:
        held.pop("weight", None)
        held.pop("weight_type", None)


MOVEMENTS: dict[str, Kind] = {
    "204": ("load_tender/v1", "SM", LOAD_TENDER, tender_settled),
    "214": ("shipment_status/v1", "QM", SHIPMENT_STATUS, status_settled),
    "940": ("warehouse_order/v1", "OW", WAREHOUSE_ORDER, order_settled),
    "945": ("warehouse_shipment/v1", "SW", WAREHOUSE_SHIPMENT, shipment_settled),
}
