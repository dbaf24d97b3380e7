"""The one door to the database: open it, check it, migrate it, and turn its errors into ours."""

from __future__ import annotations

import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import orjson
import psycopg
from alembic import command
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Dialect, Engine, Executable, create_engine, event, text
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.exc import (
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool

from gateway import metrics
from gateway.errors import StoreConflict, StoreError, StoreRefused, StoreUnavailable
from gateway.store import schema

OLDEST = 150000  # PostgreSQL 15, as server_version_num says it
MIGRATION_LOCK = 0x7472_6D69  # advisory lock keys: the bytes of "trmi" and so on, unlikely to meet another program's
MIGRATION_TRIES = 20
TABLE_SECONDS = 3
"""So long a migration waits for a table, and everybody else behind it."""
CONNECT_SECONDS = 10
IDLE_SECONDS = 60

_DIALECT: Dialect = psycopg_dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has no types for it
_DRIVER_UNAVAILABLE = (psycopg.OperationalError, psycopg.InterfaceError)


class Store:
    """An open database. Rows are read and moved by the functions of this package, inside `begin()`.

    Made by `open_store`. One Store per process; it may be shared by threads, never carried over a fork.
    """

    def __init__(self, engine: Engine, *, url: str) -> None:
        self._engine = engine
        self.url = url

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises:
            StoreUnavailable: the database is gone or busy; the block may be run again. After a failing commit the
                work may have been kept all the same.
            StoreConflict: a constraint refused a row.
            StoreError: any other fault of the database.
        """
        with mapped_errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """A connection on which every statement commits by itself, for session locks and waiting on rows."""
        with mapped_errors(), self._engine.connect() as plain:
            yield plain.execution_options(isolation_level="AUTOCOMMIT")

    def run(self, statement: Executable, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """One statement that commits by itself, handed to the driver as it is: in a quarter of the time.

        For what a partner waits for at every file. Values and results are the driver's own: no type of SQLAlchemy
        converts them.

        Args:
            statement: made once and kept; its SQL is made once, too.
            values: its parameters.

        Raises:
            StoreUnavailable, StoreConflict, StoreError: as `begin`.
        """
        sql, usual = _as_sent(statement)
        with mapped_errors(), self._lent() as driver:
            cursor = driver.execute(sql, {**usual, **values})
            metrics.STATEMENTS.inc()
            return cursor.fetchall() if cursor.description is not None else []

    @contextmanager
    def _lent(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """A connection of the pool as the driver knows it; one that broke does not go back."""
        lent = self._engine.raw_connection()
        driver: psycopg.Connection[tuple[Any, ...]] = lent.driver_connection  # type: ignore[assignment]
        try:
            driver.autocommit = True
            yield driver
        finally:
            if driver.info.transaction_status is TransactionStatus.IDLE:
                driver.autocommit = False
                lent.close()
            else:
                lent.invalidate()

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A read-only transaction in which every statement sees the same moment."""
        with mapped_errors(), self._engine.connect() as plain:
            connection = plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()


def open_store(url: str, *, connections: int = 5) -> Store:
    """Open a migrated database.

    Args:
        url: `postgresql+psycopg://...` or `postgresql://...`.
        connections: how many transactions of this process may run at once.

    Raises:
        StoreUnavailable: it does not answer.
        StoreRefused: it is too old, has another schema, or a pooler shares its sessions.
    """
    store = open_any(url, connections=connections)
    try:
        with store.begin() as connection:
            schema.check(connection)
    except BaseException:
        store.close()
        raise
    return store


def open_any(url: str, *, connections: int = 2) -> Store:
    """Open a database whatever schema it has, to look at that or to change it.

    Raises:
        StoreUnavailable: it does not answer.
        StoreRefused: it is too old, or a pooler shares its sessions.
    """
    url = psycopg_url(url)
    store = Store(_engine(url, connections=connections), url=url)
    try:
        with store.begin() as connection:
            _check_version(connection)
        _check_sessions(store)
    except BaseException:
        store.close()
        raise
    return store


def migrate(url: str) -> None:
    """Bring a database to the newest schema; several processes may do so at once, one does the work.

    A table that others work on just then is waited for a little, again and again, so that they are not held up. A
    database that is newer than this program, and bears it, stays as it is.

    Raises:
        StoreUnavailable: it does not answer, or its tables are never free.
        StoreRefused: it is too old, or newer and not for this program.
    """
    with _migrating(url) as connection:
        if schema.is_newer(schema.found(connection)):
            schema.check(connection)
            return
        connection.commit()
        for left in reversed(range(MIGRATION_TRIES)):
            try:
                with mapped_errors():
                    connection.execute(text(f"SET lock_timeout = '{TABLE_SECONDS}s'"))
                    command.upgrade(schema.alembic_config(connection), "head")
                    connection.commit()
                break
            except StoreUnavailable:
                connection.rollback()
                if not left:
                    raise


def migrate_new(url: str) -> None:
    """Give a database without a schema the newest one; one that has a schema stays as it is.

    Raises:
        StoreUnavailable: it does not answer.
        StoreRefused: it is too old.
    """
    with _migrating(url) as connection:
        is_new = schema.found(connection).revision is None
    if is_new:
        migrate(url)


@contextmanager
def _migrating(url: str) -> Iterator[Connection]:
    """A connection on which a schema is read or changed, by one at a time."""
    engine = create_engine(psycopg_url(url), poolclass=NullPool, connect_args={"connect_timeout": CONNECT_SECONDS})
    with mapped_errors(), engine.connect() as connection:
        _check_version(connection)
        connection.commit()
        # A session lock: taken before, given back after the transaction that migrates.
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
        yield connection


def psycopg_url(url: str) -> str:
    """The same URL with our driver named: what operators write is `postgresql://` or `postgres://`.

    Raises:
        StoreRefused: it is not a PostgreSQL URL.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise StoreRefused(f"the database URL begins with {scheme[:20]!r}; want postgresql://user@host/database")
    return f"postgresql+psycopg://{rest}"


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Turn SQLAlchemy's and psycopg's errors into ours."""
    try:
        yield
    except (OperationalError, InterfaceError, DisconnectionError, PoolTimeout, *_DRIVER_UNAVAILABLE) as error:
        raise StoreUnavailable(_message(error)) from error
    except (IntegrityError, psycopg.IntegrityError) as error:
        raise StoreConflict(_message(error)) from error
    except psycopg.Error as error:
        raise StoreError(_message(error)) from error
    except SQLAlchemyError as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise StoreUnavailable(_message(error)) from error
        raise StoreError(_message(error)) from error


def _message(error: SQLAlchemyError | psycopg.Error) -> str:
    """The database's first line only: statements and their values stay out of messages and logs."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    lines = str(origin).strip().splitlines()
    return f"the database says: {lines[0] if lines else type(origin).__name__}"


@cache
def _as_sent(statement: Executable) -> tuple[str, Mapping[str, object]]:
    """A statement as the driver takes it, and those of its parameters that are always the same."""
    compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]  # every statement has it
    return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}


def _engine(url: str, *, connections: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=30,
        pool_use_lifo=True,  # few connections in use are few servers, whose plans and caches are warm
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "tradelane"},
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )
    event.listen(engine, "connect", _limit_idling)
    event.listen(engine, "checkout", _refuse_closed)
    event.listen(engine, "after_cursor_execute", _count)
    return engine


def _limit_idling(driver: Any, *_: object) -> None:
    """Let the server end a transaction whose process was stopped, so that its locks do not stop the others."""
    driver.autocommit = True
    driver.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
    driver.autocommit = False


def _count(*_: object) -> None:
    metrics.STATEMENTS.inc()


def _refuse_closed(driver: Any, *_: object) -> None:
    """Leave out a pooled connection whose server has gone: its socket is readable, which an idle one never is.

    It costs no round trip, as a ping before each transaction would.
    """
    poll = select.poll()
    poll.register(driver.fileno(), select.POLLIN | select.POLLHUP)
    if poll.poll(0):
        raise DisconnectionError("the server closed this connection")


def _check_version(connection: Connection) -> None:
    version = connection.execute(text("SELECT current_setting('server_version_num')::int")).scalar_one()
    if version < OLDEST:
        raise StoreRefused(f"the database is PostgreSQL {version // 10000}; want 15 or newer")


def _check_sessions(store: Store) -> None:
    """Refuse a pooler that changes the session between transactions: advisory locks and prepared statements need one.

    A direct connection was told its server process's id at login. A pooler tells an id of its own; then two
    connections are made to take turns: if they ever share a process, or one's process changes, sessions are shared.
    """
    asked = text("SELECT pg_backend_pid()")
    with store.autocommit() as direct:
        if direct.connection.driver_connection.info.backend_pid == direct.execute(asked).scalar_one():  # type: ignore[union-attr]
            return
    aside = create_engine(store.url, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_SECONDS})
    with mapped_errors(), aside.connect() as plain, aside.connect() as second:
        first = plain.execution_options(isolation_level="AUTOCOMMIT")
        known = first.execute(asked).scalar_one()
        for _ in range(8):
            with second.begin():
                other = second.execute(asked).scalar_one()
                if other == known or first.execute(asked).scalar_one() != known:
                    raise StoreRefused(
                        "a pooler in transaction mode stands before the database; want session mode or none"
                    )
