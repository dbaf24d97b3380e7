"""The whole line while the gateway, its PostgreSQL or both are killed at twenty moments of 200 different uploads."""

from __future__ import annotations

import os
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import median
from threading import Event
from time import monotonic

import pytest

from gateway.store import audit
from tests.faults.invariants import check_ledger, check_stored_bytes, nothing_asks_for_a_person
from tests.faults.orders import PARTNERS, Order, order
from tests.faults.parties import Collected, Consumer, Senders, collect
from tests.faults.served import ServedHome, wait_until_drained
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(420)]

SEED = int(os.environ.get("TRADELANE_FAULT_SEED", "20261121"))
ORDERS_EACH = 50
SENT_TWICE_EACH = 10
KILLS = 20
KINDS = ("gateway", "postgres", "both")
SHARE_INTO_RECOVERY = 0.2
UPLOADS_UNDER_WAY = 8
LATEST_KILL_SECONDS = (0.05, 0.5)
"""After the answer a kill waits for: amid the uploads, or amid the work that they caused."""
RECOVERED_WITHIN = 40.0
SENDING_WITHIN = 300.0
DRAINED_WITHIN = 60.0


def schedule(chance: random.Random) -> list[tuple[Order, str]]:
    """Every partner's uploads: 50 different files, ten of them a second time under another name, some moments later."""
    uploads: list[tuple[Order, str]] = []
    for partner in PARTNERS:
        own = [(each, each.filename) for each in (order(partner, n + 1) for n in range(ORDERS_EACH))]
        for place in sorted(chance.sample(range(ORDERS_EACH), SENT_TWICE_EACH), reverse=True):
            again = own[place][0]
            own.insert(min(len(own), place + chance.randint(1, 8)), (again, f"again-{again.filename}"))
        uploads += own
    return uploads


def kill_now_and_then(
    site: ServedHome, senders: Senders, chance: random.Random, *, uploads: int
) -> list[tuple[str, float]]:
    """Twenty kills, each a moment after so many answers; what is dead is started again at once, as by an init system.

    The senders do not run away meanwhile: until a kill they may begin only a few uploads more than it waits for. Some
    kills wait for an answer given since the one before, others fall into the recovery.
    """
    kinds = [KINDS[n % len(KINDS)] for n in range(KILLS)]
    chance.shuffle(kinds)
    kills: list[tuple[str, float]] = []
    for kind, answers in zip(kinds, sorted(chance.sample(range(uploads - 8), KILLS)), strict=True):
        senders.allow(answers + UPLOADS_UNDER_WAY)
        into_recovery = chance.random() < SHARE_INTO_RECOVERY
        latest = 0.0 if into_recovery or not kills else kills[-1][1]
        wait_until(
            lambda answers=answers, latest=latest: (
                len(senders.answered) >= answers and (not latest or senders.answered_since(latest))
            ),
            within=RECOVERED_WITHIN,
            what=f"{answers} answers after {len(kills)} kills; {site.last_words()}",
        )
        Event().wait(chance.uniform(0, chance.choice(LATEST_KILL_SECONDS)))
        kills.append((kind, monotonic()))
        if kind in ("gateway", "both"):
            site.kill_gateway()
        if kind in ("postgres", "both"):
            site.kill_postgres()
        if site.has_ended:
            site.start()
        # the next kill may wait for an answer that only a further upload can give
        senders.allow(len(senders.answered) + UPLOADS_UNDER_WAY)
    senders.allow(uploads)
    return kills


def recoveries(kills: Sequence[tuple[str, float]], senders: Senders) -> list[float]:
    """Seconds from each kill to the end of the first upload that began after it and was answered OK."""
    ends = sorted(one.ended for one in senders.answered)
    begun = {one.ended: one.began for one in senders.answered}
    found = []
    for _, at in kills:
        first = next((end for end in ends if begun[end] >= at), None)
        if first is not None:
            found.append(first - at)
    return found


def test_every_order_arrives_once_whatever_is_killed(serving: ServedHome, capsys: pytest.CaptureFixture[str]) -> None:
    sys.stdout.write(f"TRADELANE_FAULT_SEED={SEED}\n")  # shown by pytest when the test fails
    chance = random.Random(SEED)
    uploads = schedule(chance)
    orders = {each.number: each for each, _ in uploads}
    assert len(orders) == ORDERS_EACH * len(PARTNERS) == 200
    began = monotonic()
    consumer = Consumer(serving.erp)
    with consumer.at_work():
        senders = Senders(serving, uploads, within=SENDING_WITHIN)
        senders.start()
        try:
            kills = kill_now_and_then(serving, senders, chance, uploads=len(uploads))
        finally:
            senders.allow(len(uploads))
            senders.join()
        sent_in = monotonic() - began
        drained_in = wait_until_drained(serving, within=DRAINED_WITHIN)
        collected = [file for partner in PARTNERS for file in collect(serving, partner)]

    assert len(senders.answered) == len(uploads)
    assert consumer.numbers() == Counter(orders.keys())
    nothing_asks_for_a_person(serving)
    check_stored_bytes(serving, [(one.order, one.filename) for one in senders.answered])
    copies = transmissions_of(serving, orders)
    for number, each in orders.items():
        assert copies[number] >= sum(one.order is each for one in senders.answered), (
            f"{number}: an answer without a row"
        )
    check_answers(collected, orders, copies)
    check_ledger(serving, collected)
    sealed = audit.Sealer(serving.store())
    sealed.seal_pending()
    assert audit.verify(serving.store()).ok

    took = recoveries(kills, senders)
    duplicates = serving.count("transmission", "direction = 'in' AND state = 'duplicate'")
    rows = [
        (
            "kills (gateway, PostgreSQL, both)",
            ", ".join(str(Counter(kind for kind, _ in kills)[kind]) for kind in KINDS),
        ),
        ("uploads answered OK", len(senders.answered)),
        ("tries that were not answered, repeated", senders.retries),
        ("duplicates received and answered again", duplicates),
        ("acknowledgments collected (different)", f"{len(collected)} ({len({file.content for file in collected})})"),
        ("kill to next answer, median / longest", f"{median(took):.2f} s / {max(took):.2f} s"),
        ("sending, then draining", f"{sent_in:.1f} s, {drained_in:.1f} s"),
    ]
    with capsys.disabled():
        sys.stdout.write("\n" + "".join(f"  {name:42} {value}\n" for name, value in [("seed", SEED), *rows]))


def transmissions_of(site: ServedHome, orders: dict[str, Order]) -> Counter[str]:
    """How often the bytes of each order were received, as the store has it."""
    names = {each.sha256: number for number, each in orders.items()}
    with site.reading() as conn:
        rows = conn.exec_driver_sql("SELECT payload_sha256 FROM transmission WHERE direction = 'in'").scalars().all()
    return Counter(names[bytes(sha256)] for sha256 in rows)


def check_answers(collected: Sequence[Collected], orders: dict[str, Order], copies: Counter[str]) -> None:
    """One 997 for each interchange, accepting it, and the same bytes again for each time it was received."""
    about: dict[tuple[str, int], list[bytes]] = defaultdict(list)
    for file in collected:
        assert file.element("ST", 1) == "997"
        assert file.element("AK9", 1) == "A"
        about[file.partner.user, int(file.element("AK1", 2))].append(file.content)
    for number, each in orders.items():
        answers = about.pop((each.partner.user, each.control_number))
        assert len(set(answers)) == 1, f"{number} has {len(set(answers))} different acknowledgments"
        assert len(answers) == copies[number], f"{number} came {copies[number]} times, answered {len(answers)} times"
    assert not about
