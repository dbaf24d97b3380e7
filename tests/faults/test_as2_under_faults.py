"""AS2 while its database is gone, its disk full or its connection reset: no false MDN, and one effect afterwards.

The gateway stands in this process; its database alone goes away, of a server that others use meanwhile.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, event, make_url

from gateway.api.server import HttpServer
from gateway.as2.algorithms import Compression
from gateway.as2.mdn import Sent, Verdict, judge
from gateway.as2.message import Built
from gateway.as2.server import Answer
from gateway.errors import StoreUnavailable
from gateway.model import TransmissionState
from gateway.store.crashes import give_back
from gateway.store.engine import Store
from tests.gateway.as2.parties import ORDER, security
from tests.gateway.as2.peer import Came, Peer, Reply, serving, takes
from tests.gateway.as2.workspace import request_headers, write_workspace
from tests.gateway.channels.test_as2_receiving import House
from tests.gateway.channels.test_as2_sending import Sender
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]

MEGABYTE = 1 << 20


@pytest.fixture
def house(fresh_store: Store, tmp_path: Path) -> Iterator[House]:
    write_workspace(tmp_path)
    made = House(fresh_store, tmp_path)
    with made.bodies:
        yield made


@contextmanager
def database_gone(url: str) -> Iterator[None]:
    """One database of the server lets nobody in, and those who were in are cut off."""
    made = make_url(url)
    name, beside = made.database, made.set(drivername="postgresql", database="postgres")
    with psycopg.connect(beside.render_as_string(hide_password=False), autocommit=True) as conn:
        conn.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            conn.execute("SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity WHERE datname = %s", [name])
            yield
        finally:
            conn.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def refused(answer: Answer) -> bool:
    """An honest failure: come back later, and nothing that could be taken for a receipt."""
    headers = dict(answer.headers)
    assert "report" not in headers["Content-Type"]
    assert b"isposition" not in answer.body
    return answer.status == 503 and int(headers["Retry-After"]) > 0


def check_taken_once(house: House, built: Built) -> None:
    """The partner sends it twice more: one transmission, the same receipt each time."""
    answers = [house.post(built) for _ in range(2)]
    for answer in answers:
        assert judge(house.mdn(answer), Sent("<1@acme>", built.mics)).verdict is Verdict.DELIVERED
    assert answers[0].body == answers[1].body
    assert house.count() == 1


def test_a_message_without_a_database_gets_no_mdn_and_afterwards_has_one_effect(
    house: House, fresh_database_url: str
) -> None:
    built = house.built()
    with database_gone(fresh_database_url):
        assert all(refused(house.post(built)) for _ in range(3))
    assert house.count() == 0
    check_taken_once(house, built)


def test_a_database_that_goes_at_the_commit_gets_no_mdn(house: House, fresh_database_url: str) -> None:
    built = house.built()
    commits: list[object] = []

    def cut(conn: object) -> None:
        """The first only looks whether the message is known; the second keeps it."""
        commits.append(conn)
        if len(commits) == 2:
            with database_gone(fresh_database_url):
                pass

    event.listen(Engine, "commit", cut)
    try:
        assert refused(house.post(built))
    finally:
        event.remove(Engine, "commit", cut)
    assert len(commits) == 2
    assert house.count() == 0
    check_taken_once(house, built)


def test_a_message_of_ours_without_a_database_is_not_sent(fresh_store: Store, tmp_path: Path) -> None:
    with serving() as peer:
        write_workspace(tmp_path, url=peer.url)
        sender = Sender(fresh_store, tmp_path, peer)
        sender.id = sender.queue()
        with database_gone(fresh_store.url), pytest.raises(StoreUnavailable):
            sender.run()
        assert peer.came == []
        assert sender.run() == 1
        assert (sender.state(), peer.documents) == (TransmissionState.SENT, [ORDER])


def test_a_database_gone_when_the_mdn_comes_ends_in_one_message_that_is_known_as_sent(
    fresh_store: Store, tmp_path: Path
) -> None:
    """The partner has taken it, and we cannot note that: it goes again under its Message-ID, and is a repeat there."""
    gone = database_gone(fresh_store.url)

    def takes_while_we_lose_the_database(peer: Peer, came: Came) -> Reply:
        if not peer.came:
            gone.__enter__()
        return takes(peer, came)

    with serving(takes_while_we_lose_the_database) as peer:
        write_workspace(tmp_path, url=peer.url)
        sender = Sender(fresh_store, tmp_path, peer)
        sender.id = sender.queue()
        with pytest.raises(StoreUnavailable):
            sender.run()
        gone.__exit__(None, None, None)
        assert len(peer.came) == 1
        assert sender.state() is TransmissionState.SENDING
        with fresh_store.begin() as conn:
            give_back(conn, "w", now=sender.clock.now())
        sender.clock.advance(timedelta(minutes=1))
        assert sender.run() == 1
        assert sender.state() is TransmissionState.SENT
        assert len({came.message_id for came in peer.came}) == 1
        assert peer.documents == [ORDER]


@pytest.fixture(params=["vault", "as2-spool"])
def small_disk(house: House, request: pytest.FixtureRequest) -> Iterator[Path]:
    """One of the folders that take large messages, on a file system of 1 MiB of its own."""
    folder = house.home / request.param
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() != 0 or not mount(folder, "size=1m"):
        pytest.skip("needs the right to mount a small tmpfs: run as root, outside of an unprivileged container")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def mount(folder: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def used(folder: Path) -> int:
    return os.statvfs(folder).f_blocks - os.statvfs(folder).f_bfree


def test_a_full_disk_gets_no_mdn_and_goes_on_when_there_is_room(house: House, small_disk: Path) -> None:
    large = house.built(os.urandom(8 * MEGABYTE), replace(security(), compression=Compression.NONE))
    empty = used(small_disk)
    for _ in range(2):
        assert refused(house.post(large))
        assert used(small_disk) <= empty + 1  # the lock file's page
    assert house.count() == 0
    small = house.post(house.built(), message_id="<small@acme>")
    assert house.mdn(small).message_id == "<small@acme>"
    assert mount(small_disk, "remount,size=64m")
    assert judge(house.mdn(house.post(large)), Sent("<1@acme>", large.mics)).verdict is Verdict.DELIVERED
    assert house.mdn(house.post(large)).message_id == "<1@acme>"
    assert house.count() == 2


def test_a_reset_anywhere_in_a_body_leaves_nothing_and_a_lost_answer_is_given_again(house: House) -> None:
    built = house.built(os.urandom(2 * MEGABYTE), replace(security(), compression=Compression.NONE))
    body = built.body.read()
    lines = [f"{name}: {value}" for name, value in request_headers(built.headers)]
    head = "\r\n".join(["POST /as2 HTTP/1.1", "Host: house", f"Content-Length: {len(body)}", *lines, "", ""]).encode()
    app = house.gateway.http_app(house.woken.extend)
    server = HttpServer(app, host="127.0.0.1", port=0, connections=20)
    server.start()
    try:
        for share in (0.0, 0.1, 0.5, 0.999):
            reset(server.address, head + body[: int(len(body) * share)])
        folders = (house.home / "vault" / "incoming", house.home / "as2-spool")
        wait_until(lambda: not [path for folder in folders for path in folder.glob("*")], within=60)
        assert house.count() == 0
        reset(server.address, head + body, after=lambda: house.count() == 1)
    finally:
        server.stop()
    check_taken_once(house, built)


def reset(address: tuple[str, int], data: bytes, *, after: Callable[[], bool] = lambda: True) -> None:
    """Send bytes and break the connection as a crash does, without reading what comes back."""
    with socket.create_connection(address, timeout=60) as sock:
        sock.sendall(data)
        wait_until(after, within=60)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
