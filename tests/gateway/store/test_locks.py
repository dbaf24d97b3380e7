"""Session locks: one holder, gone with its connection."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url, text

from gateway.store.engine import Store
from gateway.store.locks import SessionLock, is_free
from tests.waiting import wait_until


@pytest.fixture
def name() -> str:
    return str(uuid4())


def free(store: Store, name: str) -> bool:
    with store.begin() as conn:
        return is_free(conn, name)


def test_a_lock_has_one_holder_until_it_is_released(store: Store, name: str) -> None:
    first, second = SessionLock(store, name), SessionLock(store, name)
    assert free(store, name)
    assert first.held()
    assert first.held()
    assert not second.held()
    assert not free(store, name)
    first.release()
    assert free(store, name)
    assert second.held()
    first.release()
    assert not free(store, name)
    second.release()


def test_other_names_are_other_locks(store: Store, name: str) -> None:
    one, other = SessionLock(store, name), SessionLock(store, name + "x")
    assert one.held()
    assert other.held()
    one.release()
    other.release()


def test_a_lock_lost_with_its_connection_is_taken_again(store: Store, name: str) -> None:
    lock = SessionLock(store, name)
    assert lock.held()
    with store.begin() as conn:
        holders = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        assert conn.execute(text(holders)).scalars().all() == [True]
    assert free(store, name)
    assert lock.held()
    assert not free(store, name)
    lock.release()


def test_a_lock_is_lost_while_the_database_lets_nobody_in(postgres_url: str, fresh_store: Store, name: str) -> None:
    lock = SessionLock(fresh_store, name)
    assert lock.held()
    database = make_url(fresh_store.url).database
    plain = make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as conn:
        conn.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        conn.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [database])
        assert not lock.held()
        conn.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
    assert lock.held()
    lock.release()


def test_a_holder_that_says_nothing_loses_its_lock(fresh_store: Store, name: str) -> None:
    """As one that was stopped does, whose connection stands."""
    silent, other = SessionLock(fresh_store, name, silent_after=1), SessionLock(fresh_store, name, silent_after=1)
    assert silent.held()
    assert not other.held()
    wait_until(other.held, within=20)
    assert not silent.held()
    other.release()


def test_a_released_connection_may_be_silent_again(store: Store, name: str) -> None:
    lock = SessionLock(store, name, silent_after=1)
    assert lock.held()
    lock.release()
    with store.autocommit() as conn:
        assert conn.execute(text("SHOW idle_session_timeout")).scalar_one() == "0"
