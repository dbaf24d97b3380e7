"""Who is logged in over SFTP is listed in the store, and can be kicked from there."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import paramiko
import pytest

from gateway.channels.sftp_sessions import SessionBoard
from gateway.ports import SystemClock
from gateway.store import sessions
from gateway.store.engine import Store
from gateway.store.sessions import SessionRow
from gateway.store.tables import audit
from sftp.client import SFTPClient
from sftp.errors import RemoteError
from sftp.keys import new_private_key, public_part
from sftp.memory import MemoryMailbox
from sftp.ports import Account
from sftp.server import SFTPServer
from tests.waiting import wait_until

KEY = new_private_key()
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ROW = SessionRow("a1", "acme", "203.0.113.7", "SSH-2.0-x", {"publickey": "SHA256:x"}, 1, False, NOW, NOW)


@pytest.fixture
def server() -> Iterator[SFTPServer]:
    mailbox = MemoryMailbox()
    mailbox.add_account("acme", Account("acme"), public_part(KEY))
    served = SFTPServer(mailbox, host_keys=[new_private_key()])
    served.start("127.0.0.1", 0)
    yield served
    served.stop(grace_seconds=0)


def client_of(server: SFTPServer) -> SFTPClient:
    host, port = server.address
    return SFTPClient.connect(host, port, user="acme", private_key=KEY, host_keys=server.host_keys, seconds=20)


def listed(store: Store) -> list[dict[str, object]]:
    with store.begin() as conn:
        return sessions.listed(conn, at=datetime.now(UTC))


def test_a_connection_is_listed_while_it_lasts(fresh_store: Store, server: SFTPServer) -> None:
    board = SessionBoard(server, fresh_store, SystemClock())
    with client_of(server) as client:
        list(client.list("/in"))
        board.post()
        [row] = listed(fresh_store)
        assert (row["account"], row["address"], row["sessions"]) == ("acme", "127.0.0.1", 1)
        assert row["proofs"] == {"publickey": public_part(KEY).fingerprint}
    wait_until(lambda: server.connections == 0, within=20)
    board.post()
    assert listed(fresh_store) == []


def test_who_is_kicked_is_cut_and_the_audit_log_says_by_whom(fresh_store: Store, server: SFTPServer) -> None:
    board = SessionBoard(server, fresh_store, SystemClock())
    with client_of(server) as client, client_of(server) as other:
        board.post()
        id = str(listed(fresh_store)[0]["id"])
        with fresh_store.begin() as conn:
            assert sessions.ask_to_kick(conn, id, by="cli:ops", at=datetime.now(UTC))
        board.post()
        wait_until(lambda: server.connections == 1, within=20)
        with pytest.raises(RemoteError):
            list(client.list("/in"))
        list(other.list("/in"))
        board.post()
        assert [row["id"] for row in listed(fresh_store)] != [id]
    with fresh_store.begin() as conn:
        [row] = conn.execute(audit.select()).mappings()
    assert (row["action"], row["actor"], row["subject_id"]) == ("sftp.kicked", "cli:ops", id)
    assert '"account":"acme"' in row["detail"]


def test_a_board_that_runs_posts_by_itself_and_leaves_nothing(fresh_store: Store, server: SFTPServer) -> None:
    stop = Event()
    thread = Thread(target=SessionBoard(server, fresh_store, SystemClock()).run, args=(stop,))
    thread.start()
    transport = paramiko.Transport(server.address)
    transport.connect(username="acme", pkey=paramiko.Ed25519Key.from_private_key(_text(KEY)))
    try:
        wait_until(lambda: len(listed(fresh_store)) == 1, within=20)
        assert listed(fresh_store)[0]["sessions"] == 0
        server.stop(grace_seconds=0)
    finally:
        stop.set()
        thread.join()
        transport.close()
    assert listed(fresh_store) == []


def _text(key: bytes) -> io.StringIO:
    return io.StringIO(key.decode())


def test_a_node_posts_its_own_and_leaves_the_others(store: Store) -> None:
    with store.begin() as conn:
        sessions.post(conn, "one", [ROW], at=NOW)
        sessions.post(conn, "two", [replace(ROW, id="b1")], at=NOW)
        sessions.post(conn, "one", [], at=NOW + timedelta(seconds=1))
        assert [row["id"] for row in sessions.listed(conn, at=NOW)] == ["b1"]
        sessions.post(conn, "two", [], at=NOW)


def test_a_silent_nodes_connections_are_listed_no_more_and_cannot_be_kicked(store: Store) -> None:
    with store.begin() as conn:
        sessions.post(conn, "one", [ROW], at=NOW)
        later = NOW + sessions.SILENT_AFTER + timedelta(seconds=1)
        assert sessions.listed(conn, at=later) == []
        assert not sessions.is_listed(conn, "a1", at=later)
        assert not sessions.ask_to_kick(conn, "a1", by="cli:ops", at=later)
        sessions.post(conn, "two", [], at=NOW + 5 * sessions.SILENT_AFTER)
        assert sessions.listed(conn, at=NOW) == []


def test_a_kick_outlives_the_next_posting(store: Store) -> None:
    with store.begin() as conn:
        sessions.post(conn, "one", [ROW], at=NOW)
        assert sessions.ask_to_kick(conn, "a1", by="cli:ops", at=NOW)
        assert sessions.post(conn, "one", [ROW], at=NOW) == ["a1"]
        assert sessions.post(conn, "one", [], at=NOW) == []
