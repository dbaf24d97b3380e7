"""A standard partner: the documents it may exchange by base maps, and the order-to-cash scenario that certifies it."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from translators.x12.model import Delimiters
from translators.x12.writer import ControlNumbers, OutboundGroup, OutboundInterchange, OutboundSet, write_interchange

DOCUMENTS = MappingProxyType(
    {
        "850": ("in", "base/850.in"),
        "855": ("out", "base/855.out"),
        "856": ("out", "base/856.out"),
        "810": ("out", "base/810.out"),
    }
)
"""Set -> direction and base map, for a partner who buys from us."""

ORDER = "SCENARIO-1"
SHIPMENT = "SCENARIO-SHIPMENT-1"
INVOICE = "SCENARIO-INVOICE-1"
SCENARIO_FILE = "order-to-cash.yaml"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

_STEPS = {
    "850": (
        "  - receive: order.edi\n"
        "    expect:\n"
        f'      documents: [{{kind: purchase_order, number: {ORDER}, "lines[0].qty": "24"}}]\n'
        '      segments: ["AK9*A*1*1*1"]\n'
    ),
    "855": (
        "  - send: answer.json\n"
        f'    expect: {{segments: ["BAK*00*AD*{ORDER}*20260302*****20260303"]}}\n'
        "  - acknowledge: last\n"
    ),
    "856": (f'  - send: notice.json\n    expect: {{segments: ["PRF*{ORDER}"]}}\n  - acknowledge: last\n'),
    "810": (
        "  - send: invoice.json\n"
        f'    expect: {{segments: ["BIG*20260305*{INVOICE}**{ORDER}****00", "TDS*30000"]}}\n'
        "  - acknowledge: last\n"
    ),
}


def write_scenario(
    folder: Path, *, documents: Collection[str], sender: str, receiver: str, version: str, currency: str
) -> Path:
    """Write the scenario and its files for the documents that were agreed; the scenario's own file.

    Args:
        folder: where to; files of the same names are written anew.
        documents: keys of DOCUMENTS.
        sender: the partner's identity, as `ZZ/ACME`.
        receiver: ours.
        version: GS08.
        currency: ISO 4217.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if "850" in documents:
        (folder / "order.edi").write_bytes(_order(sender, receiver, version))
    for code, name, content in (
        ("855", "answer.json", _answer(currency)),
        ("856", "notice.json", _notice()),
        ("810", "invoice.json", _invoice(currency)),
    ):
        if code in documents:
            (folder / name).write_text(json.dumps(content, indent=2) + "\n")
    path = folder / SCENARIO_FILE
    path.write_text("name: order to cash\nsteps:\n" + "".join(_STEPS[code] for code in DOCUMENTS if code in documents))
    return path


def _order(sender: str, receiver: str, version: str) -> bytes:
    segments = [
        ["BEG", "00", "SA", ORDER, "", "20260302"],
        ["PO1", "1", "24", "EA", "12.5", "PE", "IN", "A-20415", "VN", "TL-100"],
        ["CTT", "1"],
    ]
    theirs, ours = tuple(sender.split("/", 1)), tuple(receiver.split("/", 1))
    group = OutboundGroup("PO", theirs[1], ours[1], version, [OutboundSet("850", segments)])
    repetition = "^" if version >= "00402" else None
    interchange = OutboundInterchange(
        sender=(theirs[0], theirs[1]),
        receiver=(ours[0], ours[1]),
        version=version[:5],
        delimiters=Delimiters(repetition=repetition),
        groups=[group],
    )
    return write_interchange(interchange, numbers=ControlNumbers(1, (1,)), at=AT)


def _answer(currency: str) -> dict[str, Any]:
    return {
        "schema": "order_acknowledgment/v1",
        "purpose": "original",
        "answer": "accepted",
        "order_number": ORDER,
        "order_date": "2026-03-02",
        "date": "2026-03-03",
        "currency": currency,
    }


def _notice() -> dict[str, Any]:
    item = {"number": "1", "qty": "24", "unit": "EA", "buyer_item": "A-20415"}
    return {
        "schema": "ship_notice/v1",
        "purpose": "original",
        "shipment_id": SHIPMENT,
        "date": "2026-03-04",
        "time": "10:30:00",
        "orders": [{"order_number": ORDER, "items": [item]}],
    }


def _invoice(currency: str) -> dict[str, Any]:
    line = {"number": "1", "qty": "24", "unit": "EA", "price": "12.5", "buyer_item": "A-20415"}
    return {
        "schema": "invoice/v1",
        "purpose": "original",
        "number": INVOICE,
        "date": "2026-03-05",
        "currency": currency,
        "total": "300",
        "order_number": ORDER,
        "shipment_id": SHIPMENT,
        "lines": [line],
    }
