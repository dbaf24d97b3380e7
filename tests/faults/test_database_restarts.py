"""PostgreSQL stopped and started again and again while two nodes deliver: nothing lost, doubled or out of order."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections import Counter
from statistics import median
from time import monotonic

import pytest

from gateway.store.embedded import EmbeddedPostgres
from tests.faults.effects import check_effects
from tests.faults.histories import PARTNERS, schedule
from tests.faults.invariants import nothing_asks_for_a_person
from tests.faults.killing import UPLOADS_UNDER_WAY, TwoNodes, last_words
from tests.faults.parties import Senders
from tests.faults.served import wait_until_drained
from tests.faults.watched_erp import WatchedERP
from tests.figures import Figures
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]

SEED = int(os.environ.get("TRADELANE_FAULT_SEED", "20261121"))
DOCUMENTS = 800
RESTARTS = 6
ORDERS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
"""As `pg_ctl stop -m` tells the postmaster."""
WITHIN = 240.0


def stop(server: EmbeddedPostgres, order: signal.Signals) -> None:
    """Tell it to stop so, and wait until it has."""
    pid = wait_until(server.pid, within=WITHIN, what="a PostgreSQL that listens")
    os.kill(pid, order)
    wait_until(lambda: not server.running(), within=WITHIN, what=f"an end of PostgreSQL after {order.name}")


def test_a_database_restarted_under_deliveries_costs_nothing_but_time(two_nodes: TwoNodes, figures: Figures) -> None:
    sys.stdout.write(f"TRADELANE_FAULT_SEED={SEED}\n")  # shown by pytest when the test fails
    chance = random.Random(SEED)
    site = two_nodes.east
    uploads = schedule(PARTNERS, chance, documents=DOCUMENTS)
    files = {each.filename: each for each, _ in uploads}
    documents = sum(len(each.steps) for each in files.values())
    how = [list(ORDERS)[n % len(ORDERS)] for n in range(RESTARTS)]
    chance.shuffle(how)
    recovered: list[float] = []
    erp = WatchedERP(site.erp)
    with erp.at_work():
        senders = Senders(two_nodes.sites, uploads, within=WITHIN * 3)
        senders.start()
        try:
            for place, name in enumerate(how):
                wanted = documents * place // (RESTARTS + 1)
                senders.allow(len(uploads) * (place + 1) // (RESTARTS + 1))
                wait_until(
                    lambda wanted=wanted: len(erp.seen) > wanted,
                    within=WITHIN,
                    what=f"{wanted} deliveries after {place} restarts; {last_words(two_nodes)}",
                )
                stop(site.postgres, ORDERS[name])
                seen = len(erp.seen)
                site.postgres.start()
                back_at = monotonic()
                senders.allow(len(senders.answered) + UPLOADS_UNDER_WAY)  # there has to be something to deliver
                wait_until(
                    lambda seen=seen: len(erp.seen) > seen,
                    within=WITHIN,
                    what=f"a delivery after restart {place + 1}, {name}; {last_words(two_nodes)}",
                )
                recovered.append(erp.taken_at - back_at)
        finally:
            senders.allow(len(uploads))
            senders.join()
        wait_until_drained(site, within=WITHIN)

    assert len(senders.answered) == len(uploads), last_words(two_nodes)
    nothing_asks_for_a_person(site)
    check_effects(erp, files.values())
    stops = Counter(how)
    figures(
        "PostgreSQL stopped and started under deliveries, two nodes",
        {
            "stopped": ", ".join(f"{name} {stops[name]}" for name in ORDERS),
            "documents delivered": len(erp.seen),
            "lost, doubled, out of order": "0, 0, 0",
            "database back to the next delivery: median, longest": f"{median(recovered):.1f} s, {max(recovered):.1f} s",
            "seed": SEED,
        },
    )
