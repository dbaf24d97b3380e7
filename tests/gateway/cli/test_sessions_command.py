"""`sessions` lists who is logged in, `sessions kick` has him cut."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Thread

import orjson
from click.testing import Result

from gateway.store import sessions
from gateway.store.engine import Store
from gateway.store.sessions import SessionRow

Tradelane = Callable[..., Result]


def row(id: str) -> SessionRow:
    now = datetime.now(UTC)
    return SessionRow(id, "acme", "203.0.113.7", "SSH-2.0-x", {"password": "right"}, 1, True, now, now)


def test_nobody_is_logged_in_where_no_server_runs(tradelane: Tradelane, fresh_store: Store) -> None:
    env = {"TRADELANE_DATABASE_URL": fresh_store.url}
    result = tradelane("sessions", env=env)
    assert (result.exit_code, "nobody is logged in" in result.output) == (0, True)
    refused = tradelane("sessions", "kick", "a1", env=env)
    assert refused.exit_code == 1
    assert "no connection a1" in refused.output


def test_who_is_logged_in_is_listed_and_kicked(tradelane: Tradelane, fresh_store: Store) -> None:
    env = {"TRADELANE_DATABASE_URL": fresh_store.url}
    with fresh_store.begin() as conn:
        sessions.post(conn, "one", [row("a1")], at=datetime.now(UTC))
    listed = orjson.loads(tradelane("sessions", "--json", env=env).stdout)
    assert (listed["id"], listed["account"], listed["busy"]) == ("a1", "acme", True)
    assert "203.0.113.7" in tradelane("sessions", env=env).stdout
    done = Event()

    def serve() -> None:
        """A server that does what is asked of it."""
        while not done.is_set():
            with fresh_store.begin() as conn:
                if sessions.post(conn, "one", [row("a1")], at=datetime.now(UTC)):
                    sessions.post(conn, "one", [], at=datetime.now(UTC))
                    return
            done.wait(0.05)

    server = Thread(target=serve)
    server.start()
    try:
        assert tradelane("sessions", "kick", "a1", env=env).exit_code == 0
    finally:
        done.set()
        server.join()
