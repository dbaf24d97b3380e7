"""The whole way with a real ERP: an 850 over SFTP is a sale in Tryton, whose answer, shipment and invoice go back.

The partner's 997s are matched, and one order number joins all of it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import orjson
import pytest

from gateway.demo import selling
from gateway.demo.partner import DemoPartner
from gateway.serving import Running, running
from gateway.store import timeline
from tests.figures import Figures
from tests.gateway.inbound_line import group, interchange
from tests.interop.table import Passed
from tests.interop.tryton_peer import Tryton, tryton_version
from tests.interop.tryton_site import Buyer, TrytonSite, buyer_of, is_delivered, tryton_site
from tests.waiting import wait_until

SECONDS = 90
NUMBER = "4500012"
ORDER = [
    "ST*850*0001",
    f"BEG*00*SA*{NUMBER}**20261120",
    "N1*BY*A buyer*92*BUYER-1",
    "N1*ST*Store 42*92*00042",
    "PO1*10*24*EA*12.5**IN*B-1*VN*00123",
    "PO1*20*7.5*KG*0.5**IN*B-2*VN*B-77",
    "CTT*2",
    "SE*8*0001",
]

pytestmark = [pytest.mark.interop, pytest.mark.timeout(600)]


def life_of(gateway: Running, id: UUID) -> dict[str, Any]:
    with gateway.store.begin() as conn:
        return timeline.life(conn, id)


def received(gateway: Running) -> list[dict[str, Any]]:
    with gateway.store.begin() as conn:
        return timeline.newest(conn, direction="in")


def test_an_order_is_sold_answered_shipped_and_billed_by_tryton(
    erp: Tryton, tmp_path: Path, passed: Passed, figures: Figures
) -> None:
    began, times = monotonic(), dict[str, object]()

    def done(what: str) -> None:
        times[what] = f"{monotonic() - began:.1f} s"

    with tryton_site(erp, workers=1) as site:
        partner = buyer_of(site, tmp_path)
        flow(erp, site, partner, tmp_path, done)
    passed("trytond", tryton_version(), "both", "850 to sale, 855, 856, 810, each with its 997")
    figures("An order to cash in Tryton, since the gateway was started", times)


def flow(erp: Tryton, site: TrytonSite, partner: DemoPartner, folder: Path, done: Callable[[str], None]) -> None:
    """From the order's upload to the last 997."""
    with running(site.home, temporary=True, log_level="warning") as gateway:
        done("serving")
        buyer = Buyer(partner.talk(gateway.sftp_address, gateway.host_key), folder)
        buyer.put(interchange([group([ORDER])], sender="BUYER", receiver="US"), "order.edi")
        wait_until(lambda: is_delivered(gateway), within=SECONDS)
        [sale] = erp.sales(site.shop)
        assert (sale["reference"], sale["state"]) == (NUMBER, "processing")
        done("sale confirmed")
        files = wait_until(lambda: buyer.collects("855", gateway), within=SECONDS)
        done("855 collected")
        erp.ship(sale["id"])
        files += wait_until(lambda: buyer.collects("856", gateway), within=SECONDS)
        done("856 collected")
        erp.invoice(sale["id"])
        files += wait_until(lambda: buyer.collects("810", gateway), within=SECONDS)
        done("810 collected")
        text = b"".join(files)
        assert f"BAK*00*AD*{NUMBER}*20261120".encode() in text
        assert b"ACK*IA*24*EA" in text
        assert b"ACK*IA*7.5*KG" in text
        assert f"PRF*{NUMBER}".encode() in text
        assert b"SN1**24*EA**24*EA" in text
        assert b"TDS*30375" in text  # 24 at 12.50 and 7.5 at 0.50
        [order] = [row for row in received(gateway) if row["filename"] == "order.edi"]
        assert selling.acknowledge(gateway, buyer.way, files, folder=folder / "997") == 3
        id = UUID(order["id"])
        wait_until(lambda: selling.all_accepted(life_of(gateway, id)["family"]), within=SECONDS)
        done("997s matched")
        family = shown(site.home, "show", order["id"])["family"]
        assert sorted(one["kind"] for one in family) == [
            "invoice",
            "order_acknowledgment",
            "purchase_order",
            "ship_notice",
        ]
        assert selling.outcomes(family) == {
            "order_acknowledgment": ["accepted"],
            "ship_notice": ["accepted"],
            "invoice": ["accepted"],
        }
        done("shown")
        assert gateway.verify_audit().ok
        assert len(erp.sales(site.shop)) == 1


def shown(home: Path, *arguments: str) -> Any:
    """What the command says, as JSON."""
    command = [str(Path(sys.prefix) / "bin" / "tradelane"), *arguments, "--home", str(home), "--json"]
    said = subprocess.run(command, capture_output=True, check=True, timeout=SECONDS)
    return orjson.loads(said.stdout)
