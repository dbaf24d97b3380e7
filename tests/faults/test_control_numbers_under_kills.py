"""Eight processes send to one partner and are killed at any moment: no number twice, none left out, none untold."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic
from uuid import UUID

import pytest
from sqlalchemy import text

from gateway.app import load_gateway
from gateway.settings import load_settings
from gateway.store.engine import Store, open_store
from gateway.store.gaps import findings
from tests.gateway.inbound_line import Line, segments_of
from tests.gateway.sending import Buyer, answer_to, profile

PROCESSES = 8
WANTED = 400
KILLS = 40
SECONDS = 240


def _send_for_ever(url: str, home: Path) -> None:
    """Send one interchange after the other until killed."""
    store = open_store(url, connections=1)
    buyer = Buyer(Line(store, home))
    while True:
        buyer.send(answer_to("PO-1"), answer_to("PO-2"))


def _start(context: multiprocessing.context.SpawnContext, url: str, home: Path) -> BaseProcess:
    process = context.Process(target=_send_for_ever, args=(url, home), daemon=True)
    process.start()
    return process


def _sent(store: Store) -> int:
    with store.begin() as conn:
        count: int = conn.execute(text("SELECT count(*) FROM transmission WHERE direction = 'out'")).scalar_one()
    return count


def _kill(process: BaseProcess) -> None:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    process.close()


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_killed_senders_leave_neither_a_double_nor_an_untold_gap(
    fresh_database_url: str, fresh_store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "partners" / "profiles" / "buyer"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text(profile())
    chance = random.Random(4)
    context = multiprocessing.get_context("spawn")
    senders = [_start(context, fresh_database_url, tmp_path) for _ in range(PROCESSES)]
    killed, before, end = 0, 0, monotonic() + SECONDS
    try:
        while (killed < KILLS or _sent(fresh_store) < WANTED) and monotonic() < end:
            if _sent(fresh_store) > before and killed < KILLS:  # each kill meets senders that are at work
                before = _sent(fresh_store)
                place = chance.randrange(PROCESSES)
                _kill(senders[place])
                senders[place] = _start(context, fresh_database_url, tmp_path)
                killed += 1
    finally:
        for sender in senders:
            _kill(sender)
    assert (killed, _sent(fresh_store) >= WANTED) == (KILLS, True)
    _numbers_hold(fresh_store, tmp_path)


def _numbers_hold(store: Store, home: Path) -> None:
    """Every number of the ledger is used once, in the bytes of its transmission, and what is lost is told."""
    gateway = load_gateway(load_settings(home, environment={}), store)
    with store.begin() as conn:
        assert findings(conn) == []
        ledger: dict[str, dict[int, UUID]] = {"ISA13": {}, "GS06": {}}
        for row in conn.execute(text("SELECT kind, number::bigint AS number, transmission_id FROM control_number")):
            assert ledger[row.kind].setdefault(row.number, row.transmission_id) == row.transmission_id
        for numbers in ledger.values():
            assert sorted(numbers) == list(range(1, len(numbers) + 1))
        sent = {row.id: row.payload_sha256 for row in conn.execute(text("SELECT id, payload_sha256 FROM transmission"))}
        assert set(ledger["ISA13"].values()) == set(ledger["GS06"].values()) == set(sent)
        for number, id in ledger["ISA13"].items():
            segments = segments_of(gateway.vault.read(conn, sent[id]))
            assert segments[-1] == f"IEA*1*{number:09}"
            assert ledger["GS06"][int(segments[-2].split("*")[2])] == id
        expected = conn.execute(text("SELECT count(*) FROM expected_acknowledgment WHERE state = 'waiting'"))
        assert expected.scalar_one() == len(sent)
        lost = conn.execute(text("DELETE FROM control_number WHERE number = '7' RETURNING kind")).scalars().all()
        told = [(one.kind, one.oddity.value, one.first, one.last) for one in findings(conn)]
        assert sorted(told) == sorted((kind, "missing", 7, 7) for kind in lost)
