"""Workers of a serving gateway that are killed at named moments, or stopped for so long that others take over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

import psutil
import pytest

from tests.faults.effects import check_effects
from tests.faults.histories import PARTNERS as HISTORY_PARTNERS
from tests.faults.histories import interchanges
from tests.faults.invariants import nothing_asks_for_a_person
from tests.faults.orders import PARTNERS, Order, order
from tests.faults.parties import ClosingClient, Consumer
from tests.faults.served import STARTS_WITHIN, ServedHome, resume, suspend, wait_until_drained
from tests.faults.watched_erp import WatchedERP
from tests.figures import Figures
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

PARTNER = PARTNERS[0]
WITHIN = 120.0
ZOMBIE_DOCUMENTS = 120
STOPPED_FOR = 60.0
LEAST_IN_HAND = 4
TAKEN_OVER_WITHIN = 300.0
"""Half a minute for the missed heartbeat, and a minute where the stopped worker stood inside a transaction."""


def upload(site: ServedHome, *orders: Order) -> None:
    with ClosingClient(site, PARTNER) as client:
        for each in orders:
            client.put(each.content, "/in", each.filename)


@contextmanager
def held_up(site: ServedHome, table: str) -> Iterator[None]:
    """Nobody gets past this table until the block ends."""
    with site.reading() as conn:
        conn.exec_driver_sql(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def table_locked(site: ServedHome, table: str, *, reached: Callable[[], bool]) -> Iterator[None]:
    """Whoever comes to this table waits there, for us to kill it at just this moment.

    Args:
        reached: whether the moment has come, asked together with whether somebody waits for the table.
    """
    with held_up(site, table):
        waits = f"relation = '{table}'::regclass AND NOT granted"
        yield
        wait_until(lambda: site.count("pg_locks", waits) > 0 and reached(), within=WITHIN, what=f"a wait at {table}")
        kill_workers(site)


def kill_workers(site: ServedHome) -> None:
    for process in site.workers():
        with suppress(psutil.NoSuchProcess):
            process.kill()


def arrived_once(site: ServedHome, consumer: Consumer, *orders: Order) -> None:
    wait_until_drained(site, within=WITHIN)
    consumer.empty()
    assert consumer.numbers() == Counter(each.number for each in orders)
    nothing_asks_for_a_person(site)


def test_a_worker_killed_before_its_reading_is_committed_leaves_one_answer(serving: ServedHome) -> None:
    sent, consumer = order(PARTNER, 1), Consumer(serving.erp)
    wait_until(serving.workers, within=STARTS_WITHIN)
    with table_locked(serving, "acknowledgment", reached=lambda: True):
        upload(serving, sent)
    arrived_once(serving, consumer, sent)
    assert serving.count("acknowledgment") == 1
    assert serving.count("control_number", "direction = 'out'") == 2  # one ISA13, one GS06: nothing was used up


def test_a_worker_killed_after_publishing_and_before_noting_it_publishes_no_second_time(serving: ServedHome) -> None:
    sent, consumer = order(PARTNER, 1), Consumer(serving.erp)

    def taken() -> bool:
        """The ERP empties its folder, so that what lies there tells the next worker nothing."""
        consumer.empty()
        return bool(consumer.taken)

    with table_locked(serving, "attempt", reached=taken):
        upload(serving, sent)
        wait_until(lambda: serving.count("delivery", "state = 'sending'") == 1, within=WITHIN)
    arrived_once(serving, consumer, sent)


def test_a_worker_killed_with_a_delivery_not_begun_lets_another_send_it(serving: ServedHome) -> None:
    first, second, consumer = order(PARTNER, 1), order(PARTNER, 2), Consumer(serving.erp)
    upload(serving, first)
    wait_until_drained(serving, within=WITHIN)
    aside = serving.home / "erp-away"
    serving.erp.rename(aside)
    serving.erp.write_text("no folder: what is delivered meanwhile has to be tried again")
    upload(serving, second)
    wait_until(lambda: serving.count("delivery", "state = 'retrying'") == 1, within=WITHIN)
    with table_locked(serving, "document", reached=lambda: serving.count("delivery", "state = 'working'") == 1):
        serving.erp.unlink()
        aside.rename(serving.erp)
    arrived_once(serving, consumer, first, second)


def test_a_node_stopped_for_a_minute_with_deliveries_in_hand_does_nothing_when_it_wakes(
    small_home: ServedHome, figures: Figures
) -> None:
    site, partner = small_home, HISTORY_PARTNERS[0]
    *files, last = interchanges(partner, documents=ZOMBIE_DOCUMENTS)
    erp = WatchedERP(site.erp)
    site.start_and_wait("--role", "sftp")
    with ClosingClient(site, partner) as client:
        for each in files:
            client.put(each.content, "/in", each.filename)
    sleeper = site.start_worker_node("sleeper")
    with erp.at_work():
        try:
            in_hand = f"claimed_by LIKE '{sleeper.name}/%%' AND state IN ('working', 'sending')"

            stopped: list[psutil.Process] = []

            def stopped_in_the_act() -> bool:
                """Let deliveries pile up in its hands, let it go on, and stop it somewhere in the middle of them."""
                with held_up(site, "attempt"):
                    wait_until(lambda: site.count("delivery", in_hand) >= LEAST_IN_HAND, within=STARTS_WITHIN)
                    stopped[:] = [psutil.Process(sleeper.process.pid), *sleeper.workers()]
                suspend(stopped)
                if site.count("delivery", in_hand) >= 2:
                    return True
                resume(stopped)
                return False

            wait_until(stopped_in_the_act, within=2 * STARTS_WITHIN)
            stopped_at, left = monotonic(), site.count("delivery", in_hand)
            heir = site.start_worker_node("heir")
            try:
                wait_until_drained(site, within=TAKEN_OVER_WITHIN)
                taken_over_in = monotonic() - stopped_at
                wait_until(lambda: monotonic() - stopped_at > STOPPED_FOR, within=STOPPED_FOR)
                assert b"node.dead" in heir.log.read_bytes()
                # The workers wake before their parent, which would find them silent for too long and kill them.
                resume(sleeper.workers())
                wait_until(lambda: b"work.overtaken" in sleeper.log.read_bytes(), within=WITHIN)
                resume([psutil.Process(sleeper.process.pid)])
                with ClosingClient(site, partner) as client:
                    client.put(last.content, "/in", last.filename)
                wait_until_drained(site, within=WITHIN)
            finally:
                heir.end()
        finally:
            resume([psutil.Process(sleeper.process.pid), *sleeper.workers()])
            sleeper.end()
    nothing_asks_for_a_person(site)
    check_effects(erp, [*files, last])
    assert site.count("attempt", "outcome = 'accepted'") == len(erp.seen)
    figures(
        "A node stopped (SIGSTOP) amid deliveries, and woken",
        {
            "stopped for at least": f"{STOPPED_FOR:.0f} s",
            "deliveries in its hands": left,
            "all delivered by the other after": f"{taken_over_in:.0f} s",
            "delivered twice, of": f"0, {len(erp.seen)}",
        },
    )
