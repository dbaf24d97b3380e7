"""Several nodes: one dies whole and others go on for it; each is restarted in turn, upgraded, and nobody notices."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import pytest

from gateway.settings import DATABASE_URL
from gateway.store import audit, schema
from gateway.store.nodes import NodeState
from tests.faults.invariants import nothing_asks_for_a_person
from tests.faults.nodes import NEXT_REVISION, kill_node, next_version, second_home, seen
from tests.faults.orders import PARTNERS, order
from tests.faults.parties import ClosingClient, Consumer, Senders
from tests.faults.served import COMMAND, STARTS_WITHIN, ServedHome, is_drained, wait_until_drained
from tests.figures import Figures
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

WITHIN = 60.0
TAKEN_OVER_SECONDS = 45.0
ONCE = {"sweep", "schedules", "watches"}
EACH = 40
"""Orders that each node's partners send while the nodes are restarted."""


def now(site: ServedHome) -> datetime:
    with site.reading() as conn:
        moment: datetime = conn.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return moment


def test_a_node_that_dies_whole_is_led_and_worked_for_by_another(site: ServedHome, figures: Figures) -> None:
    checkpoints, consumer = site.home / "checkpoints", Consumer(site.erp)
    checkpoints.mkdir()
    with (site.home / "tradelane.yaml").open("a") as settings:
        settings.write(f"audit: {{checkpoints: {checkpoints}, every: 24h}}\n")
    sent = [order(partner, n + 1) for n in range(2) for partner in PARTNERS]
    site.start_and_wait("--role", "sftp")
    with ExitStack() as stack:
        first = site.start_worker_node("first", workers=1)
        stack.callback(first.end)
        wait_until(lambda: set(seen(site)[first.name].leads) >= ONCE, within=STARTS_WITHIN, what="the first to lead")
        second = site.start_worker_node("second", workers=1)
        stack.callback(second.end)
        for node in (first, second):  # that one more stands ready shows that the others work
            wait_until(lambda node=node: len(node.workers()) == 2, within=2 * STARTS_WITHIN, what="workers")
        wait_until(lambda: list(checkpoints.iterdir()), within=WITHIN, what="a checkpoint")
        assert not set(seen(site)[second.name].leads) & ONCE
        mine = f"claimed_by LIKE '{first.name}/%%' AND state IN ('working', 'sending')"
        with site.reading() as conn:  # nobody gets past this table: deliveries stay in hand
            conn.exec_driver_sql("LOCK TABLE attempt IN ACCESS EXCLUSIVE MODE")
            for each in sent:
                with ClosingClient(site, each.partner, seconds=WITHIN) as client:
                    client.put(each.content, "/in", each.filename)
                conn.exec_driver_sql("SELECT 1")  # a transaction that is idle for long is ended
            held = f"SELECT count(*) FROM delivery WHERE {mine}"
            wait_until(lambda: conn.exec_driver_sql(held).scalar_one() > 0, within=WITHIN, what="rows in its hands")
            kill_node(first)
        died, died_at = now(site), monotonic()
        with site.reading() as conn:
            in_hand = conn.exec_driver_sql(f"SELECT id FROM delivery WHERE {mine}").scalars().all()
        assert in_hand
        wait_until(lambda: set(seen(site)[second.name].leads) >= ONCE, within=WITHIN, what="the second to lead")
        led = monotonic() - died_at
        wait_until_drained(site, within=2 * WITHIN)
        consumer.empty()
        with site.reading() as conn:
            ended = conn.exec_driver_sql("SELECT max(finished_at) FROM delivery WHERE id = ANY(%s)", (in_hand,))
            taken_over = (ended.scalar_one() - died).total_seconds()
        found = seen(site)
        figures(
            "A node of two dies whole",
            {
                "rows it had in hand": len(in_hand),
                "seconds until another led": f"{led:.1f}",
                "seconds until the last of its rows was delivered": f"{taken_over:.1f}",
            },
        )
        assert taken_over <= TAKEN_OVER_SECONDS
        assert (found[first.name].state, found[first.name].rows) == (NodeState.DEAD, 0)
        assert found[second.name].state is NodeState.ALIVE
    assert consumer.numbers() == Counter(each.number for each in sent)
    nothing_asks_for_a_person(site)
    assert site.count("delivery", "crashes > 0") == 0  # a node's death blames no row
    assert len(list(checkpoints.iterdir())) == 1
    assert audit.verify(site.store()).ok


def test_nodes_are_upgraded_in_turn_while_partners_send(site: ServedHome, figures: Figures) -> None:
    database = {DATABASE_URL: site.postgres.start().replace("postgresql+psycopg", "postgresql")}
    consumer = Consumer(site.erp)
    with TemporaryDirectory(prefix="tradelane-faults-") as folder, TemporaryDirectory() as program:
        other = second_home(site, Path(folder))
        coming = next_version(Path(program)) | database
        both = (site, other)
        for home in both:
            home.start_and_wait("-n", "1", **database)
        uploads = {
            site: [(each, each.filename) for n in range(EACH // 2) for each in (order(p, n + 1) for p in PARTNERS[:2])],
            other: [
                (each, each.filename) for n in range(EACH // 2) for each in (order(p, n + 1) for p in PARTNERS[2:])
            ],
        }
        senders = {home: Senders([home], sent, within=500) for home, sent in uploads.items()}
        try:
            with consumer.at_work():
                for one in senders.values():
                    one.start()
                    one.allow(EACH // 4)
                wait_until(lambda: all(one.answered for one in senders.values()), within=WITHIN, what="answers")
                upgraded = subprocess.run(
                    [*COMMAND, "db", "upgrade", "--home", str(site.home)],
                    env={**os.environ, **coming},
                    capture_output=True,
                    text=True,
                    timeout=2 * WITHIN,
                )
                assert upgraded.returncode == 0, upgraded.stdout + upgraded.stderr
                for turn, home in enumerate(both, start=2):
                    before = {one: len(senders[one].answered) for one in both}
                    for one in senders.values():
                        one.allow(turn * EACH // 4)
                    wait_until(
                        lambda home=home, before=before: len(senders[home].answered) > before[home], within=WITHIN
                    )
                    assert home.stop() == 0, home.last_words()
                    home.start_and_wait("-n", "1", **coming)
                for one in senders.values():
                    one.allow(EACH)
                    one.join()
                wait_until(lambda: is_drained(site), within=2 * WITHIN, what="the last row")
            schemas = sorted((one.schema, one.state) for one in seen(site).values())
            assert schemas == [(NEXT_REVISION, NodeState.ALIVE)] * 2
            with site.store().begin() as conn:
                schema.keep_floor(conn, "99999")  # as an upgrade to a version that these cannot work beside
            for home in both:
                wait_until(lambda home=home: home.has_ended, within=WITHIN, what=f"its end; {home.last_words()}")
                assert home.exit_code == 2
                assert "for programs that know schema 99999" in home.last_words()
        finally:
            for home in both:
                home.stop()
    sent = [each for part in uploads.values() for each, _ in part]
    figures(
        "Two nodes upgraded in turn under traffic",
        {
            "orders sent": len(sent),
            "tries while a node was away": sum(one.retries for one in senders.values()),
            "lost": len(sent) - len(consumer.numbers()),
            "doubled": sum(consumer.numbers().values()) - len(consumer.numbers()),
        },
    )
    assert consumer.numbers() == Counter(each.number for each in sent)
    nothing_asks_for_a_person(site)
