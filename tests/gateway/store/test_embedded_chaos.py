"""Starters and servers killed at seeded moments: whatever the mix, the next start has the server and the data."""

from __future__ import annotations

import multiprocessing
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from sqlalchemy import make_url

from gateway.store.embedded import EmbeddedPostgres

QUICK = {"shared_buffers": "16MB", "max_connections": "20"}
ROUNDS = 12
STARTERS = 3


def start_again_and_again(home: Path, began: Any) -> None:
    while True:
        EmbeddedPostgres(home, settings=QUICK).start()
        began.release()


def plain_url(server: EmbeddedPostgres) -> str:
    return make_url(server.start()).set(drivername="postgresql").render_as_string(hide_password=False)


def note(server: EmbeddedPostgres, number: int) -> None:
    """Write a row as a client does that tries again until the database has said yes."""
    while True:
        with suppress(psycopg.OperationalError), psycopg.connect(plain_url(server), autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS rounds (n integer PRIMARY KEY)")
            connection.execute("INSERT INTO rounds VALUES (%s) ON CONFLICT DO NOTHING", (number,))
            return


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_any_mix_of_kills_and_starters_converges(tmp_path: Path) -> None:
    chance = random.Random(20260105)
    home = tmp_path / "home"
    server = EmbeddedPostgres(home, settings=QUICK)
    context = multiprocessing.get_context("spawn")
    began = context.Semaphore(0)
    starters: list[Any] = []
    try:
        for round_ in range(ROUNDS):
            while len(starters) < STARTERS:
                starters.append(context.Process(target=start_again_and_again, args=(home, began)))
                starters[-1].start()
            assert began.acquire(timeout=60)
            note(server, round_)
            victims = []
            if chance.random() < 0.5:
                victims.append(psutil.Process(starters.pop(chance.randrange(STARTERS)).pid))
            pid = server.pid()
            if pid is not None and chance.random() < 0.8:
                postmaster = psutil.Process(pid)
                children = postmaster.children()
                victims += [postmaster, *chance.sample(children, chance.randrange(len(children) + 1))]
            chance.shuffle(victims)
            for victim in victims:
                with suppress(psutil.NoSuchProcess):
                    victim.kill()
        for starter in starters:
            starter.kill()
        note(server, ROUNDS)
        with psycopg.connect(plain_url(server)) as connection:
            kept = connection.execute("SELECT n FROM rounds ORDER BY n").fetchall()
        assert [row[0] for row in kept] == list(range(ROUNDS + 1))
    finally:
        for starter in starters:
            starter.kill()
            starter.join()
        server.remove()
