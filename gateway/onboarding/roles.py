"""What a partner is to us: ROLES, with the documents each exchanges by base maps, and an example of every document.

The examples make the scenario that certifies a partner. What the partner sends in it is written with the base map that
mirrors the one that reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

ORDER = "SCENARIO-1"
SHIPMENT = "SCENARIO-SHIPMENT-1"
INVOICE = "SCENARIO-INVOICE-1"
_WAREHOUSE = {"code": "WH1", "code_type": "92"}
_LINE = {"number": "1", "qty": "24", "unit": "EA", "price": "12.5", "buyer_item": "A-20415", "sku": "TL-100"}
_STORED = {"number": "1", "qty": "24", "unit": "EA", "sku": "TL-100"}


@dataclass(frozen=True, slots=True)
class Example:
    """One document that passes with partners of a role.

    Args:
        incoming: it is the partner's.
        file: what it is called in the scenario, without its ending.
        canonical: the document; `currency` is filled in where it is None.
        expected: of what comes in, values of the canonical document; of what goes out, segments.
    """

    incoming: bool
    file: str
    canonical: Mapping[str, Any]
    expected: Mapping[str, str] | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """What a partner is to us.

    Args:
        meaning: in a sentence, for people.
        scenario: what the scenario is called.
        examples: set -> one of it, in the order they pass.
    """

    meaning: str
    scenario: str
    examples: Mapping[str, Example]

    def map_of(self, code: str) -> str:
        """The base map of one of its sets."""
        return f"base/{code}.{self.direction_of(code)}"

    def direction_of(self, code: str) -> str:
        """Which way one of its sets goes, seen from us."""
        return "in" if self.examples[code].incoming else "out"


_ORDER = {
    "schema": "purchase_order/v1",
    "purpose": "original",
    "number": ORDER,
    "date": "2026-03-02",
    "currency": None,
    "lines": [_LINE],
}
_ANSWER = {
    "schema": "order_acknowledgment/v1",
    "purpose": "original",
    "answer": "accepted",
    "order_number": ORDER,
    "order_date": "2026-03-02",
    "date": "2026-03-03",
    "currency": None,
}
_NOTICE = {
    "schema": "ship_notice/v1",
    "purpose": "original",
    "shipment_id": SHIPMENT,
    "date": "2026-03-04",
    "time": "10:30:00",
    "orders": [
        {
            "order_number": ORDER,
            "items": [{"number": "1", "qty": "24", "unit": "EA", "buyer_item": "A-20415"}],
        }
    ],
}
_INVOICE = {
    "schema": "invoice/v1",
    "purpose": "original",
    "number": INVOICE,
    "date": "2026-03-05",
    "currency": None,
    "total": "300",
    "order_number": ORDER,
    "shipment_id": SHIPMENT,
    "lines": [{"number": "1", "qty": "24", "unit": "EA", "price": "12.5", "buyer_item": "A-20415"}],
}
_STOCK_ORDER = {
    "schema": "warehouse_order/v1",
    "purpose": "original",
    "number": "SCENARIO-WO-1",
    "lines": [_STORED],
}
_TRANSFER = {
    "schema": "stock_transfer_notice/v1",
    "purpose": "original",
    "order_number": "SCENARIO-ST-1",
    "date": "2026-03-03",
    "warehouse": _WAREHOUSE,
    "carrier": {"code": "SCEN", "mode": "M"},
    "lines": [_STORED],
}
_RECEIPT = {
    "schema": "warehouse_receipt/v1",
    "purpose": "original",
    "number": "SCEN-WR-1",
    "date": "2026-03-04",
    "order_number": "SCENARIO-ST-1",
    "warehouse": _WAREHOUSE,
    "lines": [_STORED],
}
_STOCK_SHIPMENT = {
    "schema": "warehouse_shipment/v1",
    "purpose": "original",
    "order_number": "SCENARIO-WO-1",
    "date": "2026-03-05",
    "warehouse": _WAREHOUSE,
    "carrier": {"code": "SCEN", "mode": "M"},
    "units": [{"number": "1", "lines": [{"status": "CC", "qty": "24", "unit": "EA", "sku": "TL-100"}]}],
}
_TENDER = {
    "schema": "load_tender/v1",
    "purpose": "original",
    "shipment_id": "SCENARIO-LOAD-1",
    "carrier": "SCEN",
    "payment": "prepaid",
    "stops": [{"number": "1", "reason": "load"}, {"number": "2", "reason": "unload"}],
}
_RESPONSE = {
    "schema": "tender_response/v1",
    "purpose": "original",
    "shipment_id": "SCENARIO-LOAD-1",
    "carrier": "SCEN",
    "date": "2026-03-02",
    "answer": "accepted",
}
_STATUS = {
    "schema": "shipment_status/v1",
    "purpose": "original",
    "shipment_id": "SCENARIO-LOAD-1",
    "carrier": "SCEN",
    "carrier_reference": "SCENARIO-PRO-1",
    "status": "X3",
    "reason": "NS",
}
_FREIGHT = {
    "schema": "freight_invoice/v1",
    "purpose": "original",
    "number": "SCENARIO-FB-1",
    "date": "2026-03-06",
    "carrier": "SCEN",
    "payment": "prepaid",
    "shipment_id": "SCENARIO-LOAD-1",
    "total": "410.5",
    "currency": None,
}

ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "buyer": Role(
            "it buys from us",
            "order to cash",
            {
                "850": Example(
                    True, "order", _ORDER, {"kind": "purchase_order", "number": ORDER, "lines[0].qty": "24"}
                ),
                "855": Example(False, "answer", _ANSWER, (f"BAK*00*AD*{ORDER}*20260302*****20260303",)),
                "856": Example(False, "notice", _NOTICE, (f"PRF*{ORDER}",)),
                "810": Example(False, "invoice", _INVOICE, (f"BIG*20260305*{INVOICE}**{ORDER}****00", "TDS*30000")),
            },
        ),
        "seller": Role(
            "it sells to us",
            "purchase to pay",
            {
                "850": Example(False, "order", _ORDER, (f"BEG*00*SA*{ORDER}**20260302",)),
                "855": Example(True, "answer", _ANSWER, {"kind": "order_acknowledgment", "order_number": ORDER}),
                "856": Example(
                    True, "notice", _NOTICE, {"kind": "ship_notice", "orders[0].items[0].buyer_item": "A-20415"}
                ),
                "810": Example(True, "invoice", _INVOICE, {"kind": "invoice", "number": INVOICE, "total": "300"}),
            },
        ),
        "warehouse": Role(
            "it keeps and ships our goods",
            "storage",
            {
                "943": Example(False, "transfer", _TRANSFER, ("W06*F*SCENARIO-ST-1*20260303",)),
                "944": Example(True, "receipt", _RECEIPT, {"kind": "warehouse_receipt", "number": "SCEN-WR-1"}),
                "940": Example(False, "order", _STOCK_ORDER, ("W05*N*SCENARIO-WO-1",)),
                "945": Example(
                    True,
                    "shipment",
                    _STOCK_SHIPMENT,
                    {"kind": "warehouse_shipment", "order_number": "SCENARIO-WO-1", "units[0].lines[0].qty": "24"},
                ),
            },
        ),
        "carrier": Role(
            "it carries our goods",
            "tender to freight bill",
            {
                "204": Example(False, "tender", _TENDER, ("B2**SCEN**SCENARIO-LOAD-1**PP", "B2A*00")),
                "990": Example(True, "response", _RESPONSE, {"kind": "tender_response", "answer": "accepted"}),
                "214": Example(
                    True,
                    "status",
                    _STATUS,
                    {"kind": "shipment_status", "status": "X3", "shipment_id": "SCENARIO-LOAD-1"},
                ),
                "210": Example(True, "bill", _FREIGHT, {"kind": "freight_invoice", "total": "410.5"}),
            },
        ),
    }
)
"""Role -> what it means. Source: the base maps by the role we play, docs/base-maps.md."""


def with_currency(canonical: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """A document of an example in a currency."""
    return {**canonical, **({"currency": currency} if "currency" in canonical else {})}
