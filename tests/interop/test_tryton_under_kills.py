"""Twenty orders to a real Tryton while workers are killed amid the steps of a sale: none lost, none twice."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from time import monotonic

import psutil
import pytest
from sqlalchemy import func, select

from gateway.model import DeliveryState, DocumentState
from gateway.serving import Running, running
from gateway.store.tables import delivery, document
from tests.faults.served import worker_processes
from tests.gateway.inbound_line import group, interchange
from tests.interop.conftest import Figures
from tests.interop.tryton_peer import Tryton
from tests.interop.tryton_site import Buyer, TrytonSite, buyer_of, open_exceptions, tryton_site
from tests.waiting import wait_until

pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

SEED = 20261121
ORDERS = 20
KILLS = 6
SECONDS = 120
COMPLETE = "processing"


def order(place: int) -> list[str]:
    """One order of the file."""
    return [
        f"ST*850*{place:04}",
        f"BEG*00*SA*PO-{place:02}**20261120",
        "N1*ST*Store 42*92*00042",
        f"PO1*1*{place}*EA*12.5**VN*00123",
        "CTT*1",
        f"SE*6*{place:04}",
    ]


def kill_amid_sales(erp: Tryton, site: TrytonSite, chance: random.Random) -> list[str]:
    """Six kills, each while a sale is half made or a moment after one was completed; what was seen at each."""
    seen: list[str] = []
    complete = 0
    for _ in range(KILLS):
        state = chance.choice(["draft", "quotation", COMPLETE])

        def reached(state: str = state, complete: int = complete) -> str:
            states = Counter(sale["state"] for sale in erp.sales(site.shop))
            ended = states[COMPLETE] == ORDERS
            amid = states[COMPLETE] > complete and states[state] > 0
            return "end" if ended else state if amid else ""

        found = wait_until(reached, within=SECONDS, what=f"a {state} after {len(seen)} kills")
        if found == "end":
            break
        workers = worker_processes(psutil.Process())
        if workers:
            chance.choice(workers).kill()
            seen.append(found)
        complete = Counter(sale["state"] for sale in erp.sales(site.shop))[COMPLETE]
    return seen


def delivered(gateway: Running) -> Counter[str]:
    with gateway.store.begin() as conn:
        rows = conn.execute(select(delivery.c.state).where(delivery.c.destination == "erp"))
        return Counter(rows.scalars())


def answered(gateway: Running) -> int:
    counted = select(func.count()).where(
        document.c.kind == "order_acknowledgment", document.c.state == DocumentState.ACTIVE
    )
    with gateway.store.begin() as conn:
        return int(conn.execute(counted).scalar_one())


def test_workers_killed_amid_sales_lose_none_and_make_none_twice(erp: Tryton, tmp_path: Path, figures: Figures) -> None:
    began = monotonic()
    with tryton_site(erp, workers=2) as site:
        partner = buyer_of(site, tmp_path)
        with running(site.home, temporary=True, log_level="error") as gateway:
            buyer = Buyer(partner.talk(gateway.sftp_address, gateway.host_key), tmp_path)
            sets = [order(place) for place in range(1, ORDERS + 1)]
            buyer.put(interchange([group(sets)], sender="BUYER", receiver="US"), "orders.edi")
            kills = kill_amid_sales(erp, site, random.Random(SEED))
            wait_until(lambda: delivered(gateway) == {DeliveryState.DELIVERED: ORDERS}, within=SECONDS)
            wait_until(lambda: answered(gateway) == ORDERS, within=SECONDS)
            assert open_exceptions(gateway) == []
            assert answered(gateway) == ORDERS
            sales = erp.sales(site.shop)
    assert sorted(sale["reference"] for sale in sales) == [f"PO-{place:02}" for place in range(1, ORDERS + 1)]
    assert {sale["state"] for sale in sales} == {COMPLETE}
    assert len(kills) >= KILLS // 2, kills
    figures(
        f"Tryton under kills: {ORDERS} orders, {len(kills)} kills ({', '.join(kills)}), 0 lost, 0 twice, "
        f"{monotonic() - began:.1f} s"
    )
