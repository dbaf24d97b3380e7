"""The whole line while any of its processes is killed amid 2,000 documents, on one node and on two with one database.

The ERP empties its folder as it is filled. Every order comes in four steps, which have to arrive once each, in order.
"""

from __future__ import annotations

import os
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import median
from time import monotonic

import pytest

from gateway.store import audit
from tests.faults.effects import check_effects
from tests.faults.histories import PARTNERS, Interchange, schedule
from tests.faults.invariants import check_ledger, check_stored_bytes, nothing_asks_for_a_person
from tests.faults.killing import SingleNode, Stage, TwoNodes, kill_now_and_then, last_words, recoveries, supervised
from tests.faults.parties import Collected, Senders, collect
from tests.faults.served import STARTS_WITHIN, ServedHome, wait_until_drained
from tests.faults.watched_erp import WatchedERP
from tests.figures import Figures
from tests.waiting import wait_until

SEED = int(os.environ.get("TRADELANE_FAULT_SEED", "20261121"))
DOCUMENTS = 2_000
KILLS = int(os.environ.get("TRADELANE_FAULT_KILLS", "8"))
SOAK_KILLS = int(os.environ.get("TRADELANE_FAULT_KILLS", "10000"))
DOCUMENTS_FOR_A_KILL = 20
SECONDS_FOR_A_KILL = 30.0
DRAINED_WITHIN = 420.0


@pytest.mark.faults
@pytest.mark.timeout(1200)
def test_a_single_node_delivers_each_document_once_and_in_order_whatever_is_killed(
    single_node: SingleNode, figures: Figures
) -> None:
    the_line_holds(single_node, figures, kills=KILLS, title="2,000 documents under kill -9, a single node")


@pytest.mark.faults
@pytest.mark.timeout(1200)
def test_two_nodes_deliver_each_document_once_and_in_order_whatever_is_killed(
    two_nodes: TwoNodes, figures: Figures
) -> None:
    the_line_holds(two_nodes, figures, kills=KILLS, title="2,000 documents under kill -9, two nodes")


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("nodes", ["single_node", "two_nodes"])
def test_a_release_survives_ten_thousand_kills(nodes: str, request: pytest.FixtureRequest, figures: Figures) -> None:
    stage = request.getfixturevalue(nodes)
    the_line_holds(stage, figures, kills=SOAK_KILLS // 2, title=f"kill -9, {nodes.replace('_', ' ')}, soak")


def the_line_holds(stage: Stage, figures: Figures, *, kills: int, title: str) -> None:
    """Upload, kill, drain, collect; then nothing is lost, doubled or out of order, and every invariant holds."""
    sys.stdout.write(f"TRADELANE_FAULT_SEED={SEED}\n")  # shown by pytest when the test fails
    chance = random.Random(SEED)
    documents = max(DOCUMENTS, kills * DOCUMENTS_FOR_A_KILL)
    uploads = schedule(PARTNERS, chance, documents=documents)
    files = {each.filename: each for each, _ in uploads}
    site = stage.sites[0]
    began = monotonic()
    erp = WatchedERP(site.erp)
    with erp.at_work(), supervised(stage):
        senders = Senders(stage.sites, uploads, within=300 + kills * SECONDS_FOR_A_KILL)
        senders.start()
        try:
            done = kill_now_and_then(stage, senders, chance, kills=kills, uploads=len(uploads))
        finally:
            senders.allow(len(uploads))
            senders.join()
        sent_in = monotonic() - began
        drained_in = wait_until_drained(site, within=DRAINED_WITHIN)
        wait_until(lambda: not site.has_ended and site.greets(), within=STARTS_WITHIN, what="SFTP after the last kill")
        collected = [file for partner in PARTNERS for file in collect(site, partner)]

    assert len(senders.answered) == len(uploads), last_words(stage)
    nothing_asks_for_a_person(site)
    check_effects(erp, files.values())
    check_stored_bytes(site, [(one.order, one.filename) for one in senders.answered])
    copies = copies_received(site, list(files.values()))
    answered = Counter(one.order.filename for one in senders.answered)
    assert {name: copies[name] for name, count in answered.items() if copies[name] < count} == {}  # an OK without a row
    check_answers(collected, files, copies)
    check_ledger(site, collected)
    audit.Sealer(site.store()).seal_pending()
    assert audit.verify(site.store()).ok

    recovered = recoveries(done, senders)
    took = [seconds for _, seconds in recovered]
    different = len({one.content for one in collected})
    killed = Counter(kill.victim for kill in done)
    figures(
        title,
        {
            "killed": ", ".join(f"{name} {killed[name]}" for name in stage.victims),
            "documents, in so many uploads answered OK": f"{len(erp.seen):,}, {len(senders.answered):,}",
            "lost, doubled, out of order": "0, 0, 0",
            "duplicates received, answered with the stored bytes": sum(copies.values()) - len(files),
            "acknowledgments collected (different)": f"{len(collected)} ({different})",
            "kill to the next upload answered OK: median, longest": f"{median(took):.1f} s, {max(took):.1f} s",
            "sent in, then drained in": f"{sent_in:.0f} s, {drained_in:.1f} s",
            "seed": SEED,
        },
    )


def copies_received(site: ServedHome, files: Sequence[Interchange]) -> Counter[str]:
    """How often the bytes of each file were received, as the store has it."""
    names = {each.sha256: each.filename for each in files}
    with site.reading() as conn:
        rows = conn.exec_driver_sql("SELECT payload_sha256 FROM transmission WHERE direction = 'in'").scalars().all()
    return Counter(names[bytes(sha256)] for sha256 in rows)


def check_answers(collected: Sequence[Collected], files: dict[str, Interchange], copies: Counter[str]) -> None:
    """One 997 for each group, accepting it, and the same bytes again for each time it was received."""
    about: dict[tuple[str, int], list[bytes]] = defaultdict(list)
    for file in collected:
        said = [segment for segment in file.segments if segment[0] in ("ST", "AK1", "AK9")]
        for st, ak1, ak9 in zip(said[::3], said[1::3], said[2::3], strict=True):
            assert (st[1], ak9[1]) == ("997", "A")
            about[file.partner.user, int(ak1[2])].append(file.content)
    for name, each in files.items():
        for group in each.groups:
            answers = about.pop((each.partner.user, group))
            assert len(set(answers)) == 1, f"{name}: group {group} has {len(set(answers))} different acknowledgments"
            assert len(answers) == copies[name], f"{name} came {copies[name]} times, answered {len(answers)} times"
    assert not about
