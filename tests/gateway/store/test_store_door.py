"""The door to the database: whom it lets in, and what its errors become."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from gateway.errors import StoreConflict, StoreError, StoreRefused, StoreUnavailable
from gateway.store.engine import Store, migrate, open_store, psycopg_url


@pytest.mark.parametrize("url", ["sqlite:///x", "mysql://u@h/d", "nonsense", "postgresql+asyncpg://u@h/d"])
def test_only_a_postgresql_url_is_taken(url: str) -> None:
    with pytest.raises(StoreRefused, match="want postgresql://"):
        open_store(url)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_way_to_write_the_url_is_taken(scheme: str) -> None:
    assert psycopg_url(f"{scheme}://u:p@h:5432/d?x=1") == "postgresql+psycopg://u:p@h:5432/d?x=1"


def test_a_database_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="the database says"):
        open_store(f"postgresql:///d?host={tmp_path}")
    with pytest.raises(StoreUnavailable, match="the database says"):
        migrate(f"postgresql:///d?host={tmp_path}")


def test_a_block_that_ends_well_is_committed_and_one_that_raises_is_not(store: Store) -> None:
    def fail() -> None:
        with store.begin() as conn:
            conn.execute(text("INSERT INTO node VALUES ('two', now(), now())"))
            raise LookupError

    with store.begin() as conn:
        conn.execute(text("INSERT INTO node VALUES ('one', now(), now())"))
    with pytest.raises(LookupError):
        fail()
    with store.begin() as conn:
        assert conn.execute(text("SELECT name FROM node")).scalars().all() == ["one"]


@pytest.mark.parametrize(
    ("statement", "ours"),
    [
        ("INSERT INTO audit_head (position, seal, settled_seq) VALUES (0, '', 0)", StoreConflict),
        ("SELECT 1 / 0", StoreError),
        ("SELECT no_such_column", StoreError),
    ],
)
def test_the_databases_errors_become_ours(store: Store, statement: str, ours: type[StoreError]) -> None:
    def run() -> None:
        with store.begin() as conn:
            conn.execute(text(statement))

    with pytest.raises(StoreError) as caught:
        run()
    assert type(caught.value) is ours
    assert str(caught.value).startswith("the database says: ")
    assert "\n" not in str(caught.value)


def test_a_connection_cut_by_the_server_costs_no_later_transaction(store: Store, postgres_url: str) -> None:
    with store.begin() as conn:
        pid = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
    plain = make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as other:
        ended = other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,)).fetchone()
        assert ended == (True,)
    with store.begin() as conn:
        assert conn.execute(text("SELECT pg_backend_pid()")).scalar_one() != pid


def test_a_connection_cut_within_a_transaction_is_unavailable(store: Store) -> None:
    def cut() -> None:
        with store.begin() as conn:
            conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StoreUnavailable):
        cut()


def test_a_statement_by_itself_is_committed_and_its_rows_are_the_drivers(fresh_store: Store) -> None:
    made = text("INSERT INTO node VALUES (:name, now(), now()) RETURNING name, 100 % 7")
    assert fresh_store.run(made, {"name": "three"}) == [("three", 2)]
    assert fresh_store.run(text("UPDATE node SET name = 'four' WHERE name = :name"), {"name": "three"}) == []
    with fresh_store.begin() as conn:
        assert conn.execute(text("SELECT count(*) FROM node WHERE name = 'four'")).scalar_one() == 1


def test_after_a_statement_by_itself_its_connection_makes_transactions_again(store: Store) -> None:
    (pid,) = store.run(text("SELECT pg_backend_pid()"), {})[0]

    def fail() -> None:
        with store.begin() as conn:
            assert conn.execute(text("SELECT pg_backend_pid()")).scalar_one() == pid
            conn.execute(text("INSERT INTO node VALUES ('five', now(), now())"))
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert store.run(text("SELECT 1 FROM node WHERE name = 'five'"), {}) == []


@pytest.mark.parametrize(
    ("statement", "ours"),
    [
        ("INSERT INTO audit_head (position, seal, settled_seq) VALUES (0, '', 0)", StoreConflict),
        ("SELECT 1 / 0", StoreError),
        ("SELECT pg_terminate_backend(pg_backend_pid())", StoreUnavailable),
    ],
)
def test_a_statement_by_itself_that_fails_costs_no_later_one(
    store: Store, statement: str, ours: type[StoreError]
) -> None:
    with pytest.raises(StoreError, match="the database says: ") as caught:
        store.run(text(statement), {})
    assert type(caught.value) is ours
    assert store.run(text("SELECT 2"), {}) == [(2,)]


def test_a_statement_by_itself_is_unavailable_where_no_server_is(tmp_path: Path) -> None:
    away = Store(create_engine(f"postgresql+psycopg:///d?host={tmp_path}"), url="")
    with pytest.raises(StoreUnavailable, match="the database says"):
        away.run(text("SELECT 1"), {})


def test_a_transaction_of_a_stopped_process_is_ended_by_the_server(store: Store) -> None:
    with store.begin() as conn:
        assert conn.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one() == "1min"


def test_a_snapshot_sees_one_moment_and_writes_nothing(store: Store) -> None:
    with store.snapshot() as conn:
        before = conn.execute(text("SELECT count(*) FROM map_revision")).scalar_one()
        with store.begin() as other:
            other.execute(text("INSERT INTO map_revision VALUES ('m', 'r', '', now())"))
        assert conn.execute(text("SELECT count(*) FROM map_revision")).scalar_one() == before

    def write() -> None:
        with store.snapshot() as conn:
            conn.execute(text("DELETE FROM map_revision"))

    with pytest.raises(StoreError, match="read-only"):
        write()


class Pooler:
    """A pooler of our own for the tests, with cancel keys of its own as poolers have.

    Args:
        target: the socket of the real server.
        folder: where its own socket goes.
        sharing: True as a pooler in transaction mode: one server connection for all clients.
    """

    def __init__(self, target: str, folder: Path, *, sharing: bool) -> None:
        self._target = target
        self._sharing = sharing
        self._shared: tuple[socket.socket, bytes] | None = None
        self._turn = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        self._start(self._accept)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, work: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._sockets.append(client)
                self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, EOFError):
            startup = self._exactly(client, int.from_bytes(head := self._exactly(client, 4)) - 4)
            server, greeting = self._server(head + startup)
            client.sendall(greeting)
            while True:
                kind, message = self._message(client)
                if kind == b"X":
                    return
                with self._turn if self._sharing else nullcontext():
                    # One statement, or one transaction, holds the server connection.
                    while True:
                        server.sendall(message)
                        if kind in b"QS":
                            status = self._relay(server, client)
                            if status == b"I":
                                break
                        kind, message = self._message(client)

    def _server(self, startup: bytes) -> tuple[socket.socket, bytes]:
        """A server connection and the greeting to give, with a cancel key of the pooler's own."""
        with self._turn:
            if self._sharing and self._shared:
                return self._shared
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._sockets.append(server)
            server.connect(self._target)
            server.sendall(startup)
            greeting = b""
            while True:
                kind, message = self._message(server)
                if kind == b"K":
                    message = b"K" + (12).to_bytes(4) + (77).to_bytes(4) + bytes(4)
                greeting += message
                if kind == b"Z":
                    break
            self._shared = (server, greeting)
            return self._shared

    def _relay(self, server: socket.socket, client: socket.socket) -> bytes:
        while True:
            kind, message = self._message(server)
            client.sendall(message)
            if kind == b"Z":
                return message[-1:]

    def _message(self, source: socket.socket) -> tuple[bytes, bytes]:
        head = self._exactly(source, 5)
        return head[:1], head + self._exactly(source, int.from_bytes(head[1:]) - 4)

    @staticmethod
    def _exactly(source: socket.socket, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = source.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data


@pytest.fixture
def pooled(database_url: str, tmp_path: Path) -> Iterator[Any]:
    opened: list[Pooler] = []
    url = make_url(database_url)
    if not str(url.query.get("host", "")).startswith("/"):
        pytest.skip("the test's pooler speaks to a Unix socket; the given database is reached another way")

    def stand_before(*, sharing: bool) -> str:
        opened.append(Pooler(f"{url.query['host']}/.s.PGSQL.5432", tmp_path, sharing=sharing))
        return url.set(query={"host": str(tmp_path)}).render_as_string(hide_password=False)

    yield stand_before
    for pooler in opened:
        pooler.close()


def test_a_pooler_that_shares_sessions_is_refused(pooled: Any) -> None:
    with pytest.raises(StoreRefused, match="transaction mode"):
        open_store(pooled(sharing=True))


def test_a_pooler_in_session_mode_is_taken(pooled: Any) -> None:
    opened = open_store(pooled(sharing=False), connections=1)
    with opened.begin() as conn:
        assert conn.execute(text("SELECT 1")).scalar_one() == 1
    opened.close()


def test_a_signal_of_a_child_does_not_break_a_transaction(store: Store) -> None:
    """The parent of workers gets SIGCHLD at any time; a wait for the database goes on."""
    before = signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGCHLD))
        timer.start()
        with store.begin() as conn:
            assert conn.execute(text("SELECT 1 FROM pg_sleep(0.2)")).scalar_one() == 1
        timer.join()
    finally:
        signal.signal(signal.SIGCHLD, before)
