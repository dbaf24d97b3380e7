"""The one door to the database: open it, check it, migrate it, and turn its errors into ours."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
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

from gateway.errors import StoreConflict, StoreError, StoreRefused, StoreUnavailable

OLDEST = 150000  # PostgreSQL 15, as server_version_num says it
MIGRATION_LOCK = 0x7472_6D69  # advisory lock keys: the bytes of "trmi" and so on, unlikely to meet another program's
CONNECT_SECONDS = 10
IDLE_SECONDS = 60


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
    url = psycopg_url(url)
    store = Store(_engine(url, connections=connections), url=url)
    try:
        with store.begin() as connection:
            _check_version(connection)
            _check_head(connection)
        _check_sessions(store)
    except BaseException:
        store.close()
        raise
    return store


def migrate(url: str) -> None:
    """Bring a database to the newest schema; several processes may do so at once, one does the work.

    Raises:
        StoreUnavailable: it does not answer.
        StoreRefused: it is too old, or newer than this program.
    """
    with mapped_errors():
        engine = create_engine(psycopg_url(url), poolclass=NullPool, connect_args={"connect_timeout": CONNECT_SECONDS})
        with engine.connect() as connection:
            _check_version(connection)
            connection.commit()
            # A session lock: taken before, given back after the transaction that migrates.
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()
            current = MigrationContext.configure(connection).get_current_revision()
            connection.commit()
            scripts = ScriptDirectory.from_config(_alembic())
            if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
                raise StoreRefused(f"the database has schema {current!r}, newer than this program; upgrade Tradelane")
            command.upgrade(_alembic(connection), "head")
            connection.commit()


def program_schema() -> str:
    """The newest schema this program knows."""
    head = ScriptDirectory.from_config(_alembic()).get_current_head()
    assert head is not None
    return head


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
    except (OperationalError, InterfaceError, DisconnectionError, PoolTimeout) as error:
        raise StoreUnavailable(_message(error)) from error
    except IntegrityError as error:
        raise StoreConflict(_message(error)) from error
    except SQLAlchemyError as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise StoreUnavailable(_message(error)) from error
        raise StoreError(_message(error)) from error


def _message(error: SQLAlchemyError) -> str:
    """The database's first line only: statements and their values stay out of messages and logs."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    lines = str(origin).strip().splitlines()
    return f"the database says: {lines[0] if lines else type(origin).__name__}"


def _engine(url: str, *, connections: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=30,
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "tradelane"},
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )
    event.listen(engine, "connect", _limit_idling)
    event.listen(engine, "checkout", _refuse_closed)
    return engine


def _limit_idling(driver: Any, *_: object) -> None:
    """Let the server end a transaction whose process was stopped, so that its locks do not stop the others."""
    driver.autocommit = True
    driver.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
    driver.autocommit = False


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


def _check_head(connection: Connection) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    wanted = program_schema()
    if current != wanted:
        raise StoreRefused(f"the database has schema {current or 'none'}, want {wanted}; run tradelane db upgrade")


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


def _alembic(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    config.attributes["connection"] = connection
    return config
