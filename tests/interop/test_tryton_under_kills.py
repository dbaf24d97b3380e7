"""Orders to a real Tryton while our processes, the database and Tryton itself are killed: none lost, none sold twice.

CI runs 60 orders (or `TRADELANE_TRYTON_ORDERS`) on one node, `make soak` 200 on one node and on two.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from secrets import randbits
from tempfile import TemporaryDirectory
from time import monotonic

import pytest

from tests.faults.invariants import nothing_asks_for_a_person
from tests.faults.orders import PARTNERS
from tests.faults.served import ServedHome, WorkerNode, wait_until_drained
from tests.figures import Figures
from tests.gateway.inbound_line import group, interchange
from tests.interop.tryton_peer import Tryton
from tests.waiting import wait_until

ORDERS = int(os.environ.get("TRADELANE_TRYTON_ORDERS", "60"))
RELEASES = 4
"""Each order number comes so often, as releases of it, which must become sales in their order."""
SECONDS = 300
VICTIMS = ("a worker", "Tryton", "a worker", "the gateway", "a worker", "PostgreSQL")
BUYER = PARTNERS[0]
SETTINGS = """\
sftp: {{host: 127.0.0.1, port: {port}}}
workers: 2
destinations:
  erp: {{kind: tryton, url: "{url}", api_key: "file:tryton-key", shop: {shop}}}
"""
PROFILE = """\
name: A buyer
identifiers: [{qualifier: ZZ, id: PARTNER1}]
sftp: [{user: partner1}]
agreements:
  - {document: "850", direction: in, map: base/850.in, deliver_to: [erp], currency: USD}
  - {document: "855", direction: out, map: base/855.out}
"""


def release(number: str, place: int, st02: int) -> list[str]:
    """One release of an order."""
    return [
        f"ST*850*{st02:04}",
        f"BEG*00*RL*{number}*{place:03}*20261120",
        "N1*ST*Store 42*92*00042",
        f"PO1*1*{place}*EA*12.5**VN*00123",
        "CTT*1",
        f"SE*6*{st02:04}",
    ]


@dataclass
class Run:
    """Some orders on their way into a shop of their own, by the processes of one node or two."""

    erp: Tryton
    site: ServedHome
    shop: int
    orders: int
    second: WorkerNode | None = None
    killed: Counter[str] = field(default_factory=Counter)

    def upload(self) -> None:
        """A file for each release, of all the order numbers."""
        numbers = [f"PO-{place:03}" for place in range(self.orders // RELEASES)]
        with self.site.client(BUYER) as client:
            for place in range(1, RELEASES + 1):
                sets = [release(number, place, st02) for st02, number in enumerate(numbers, 1)]
                content = interchange(
                    [group(sets, control=f"{place}")], sender=BUYER.isa_id, receiver="TRADELANE", control=f"{place:09}"
                )
                client.put(content, "/in", f"{place}.edi")

    def delivered(self) -> int:
        return self.site.count("delivery", "destination = 'erp' AND state = 'delivered'")

    def is_amid_a_sale(self) -> bool:
        return self.site.count("delivery", "destination = 'erp' AND state = 'sending'") > 0

    def kill(self, victim: str, chance: random.Random) -> None:
        match victim:
            case "Tryton":
                self.erp.server.kill()
                self.erp.server.start()
            case "the gateway":
                self.site.kill_gateway()
                self.site.start()
                wait_until(self.site.greets, within=SECONDS)
            case "PostgreSQL":
                self.site.kill_postgres()
            case _:
                workers = [*self.site.workers(), *([] if self.second is None else self.second.workers())]
                chance.choice(workers).kill()
        self.killed[victim] += 1

    def amid(self, victims: Iterator[str], kills: int, chance: random.Random) -> None:
        """Kill one after the other, each amid a sale and after some more were completed, at random."""
        for place, victim in enumerate(islice(victims, kills)):
            least = (place + chance.random()) * self.orders / (kills + 1)
            wait_until(
                lambda least=least: self.delivered() >= least and self.is_amid_a_sale(),  # type: ignore[misc]  # a default
                within=SECONDS,
                what=f"a sale half made and {least:.0f} delivered before {victim} is killed",
            )
            self.kill(victim, chance)


def orders_under_kills(erp: Tryton, figures: Figures, *, nodes: int, orders: int, kills: int) -> None:
    began, seed = monotonic(), int(os.environ.get("TRADELANE_FAULT_SEED") or randbits(32))
    chance = random.Random(seed)
    name, shop = erp.new_shop()
    with TemporaryDirectory(prefix="tradelane-tryton-") as folder, ExitStack() as closing:
        site = ServedHome(Path(folder))
        closing.callback(site.remove)
        (site.home / "tradelane.yaml").write_text(SETTINGS.format(port=site.port, url=erp.url, shop=name))
        (site.home / "partners" / "profiles" / BUYER.user / "profile.yaml").write_text(PROFILE)
        key = site.home / "tryton-key"
        key.touch(mode=0o600)
        key.write_text(erp.seeded.api_key)
        site.start()
        wait_until(site.greets, within=SECONDS)
        run = Run(erp, site, shop, orders)
        if nodes == 2:
            run.second = site.start_worker_node("second")
            closing.callback(run.second.end)
        run.upload()
        run.amid(cycle(VICTIMS), kills, chance)
        wait_until(lambda: run.delivered() == orders, within=SECONDS, what=f"all sold; seed {seed}: {run.killed}")
        answered = "kind = 'order_acknowledgment' AND state = 'active'"
        wait_until(lambda: site.count("document", answered) == orders, within=SECONDS, what="all answered")
        wait_until_drained(site, within=SECONDS)
        nothing_asks_for_a_person(site)
        sales = erp.sales(shop)
    wanted = [f"PO-{place:03}/{at:03}" for place in range(orders // RELEASES) for at in range(1, RELEASES + 1)]
    assert sorted(sale["reference"] for sale in sales) == wanted, f"seed {seed}: {run.killed}"
    assert {sale["state"] for sale in sales} == {"processing"}
    for number in {sale["reference"].partition("/")[0] for sale in sales}:
        made = [sale["reference"] for sale in sales if sale["reference"].startswith(f"{number}/")]
        assert made == sorted(made), f"seed {seed}: out of order"
    figures(
        f"Orders to Tryton under kills, {nodes} node{'s' if nodes > 1 else ''}",
        {
            "orders": orders,
            "killed": ", ".join(f"{who} {times}" for who, times in run.killed.items()),
            "orders lost, sold twice, out of order": "0, 0, 0",
            "seconds": f"{monotonic() - began:.0f}",
            "seed": seed,
        },
    )


@pytest.mark.interop
@pytest.mark.timeout(600)
def test_orders_under_kills_are_sold_once_each_and_in_order(erp: Tryton, figures: Figures) -> None:
    orders_under_kills(erp, figures, nodes=1, orders=ORDERS, kills=len(VICTIMS))


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("nodes", [1, 2])
def test_two_hundred_orders_under_kills_are_sold_once_each_and_in_order(
    erp: Tryton, figures: Figures, nodes: int
) -> None:
    orders_under_kills(erp, figures, nodes=nodes, orders=200, kills=3 * len(VICTIMS))
