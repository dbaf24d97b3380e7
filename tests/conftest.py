"""What all tests share: one PostgreSQL for the run, and for each module a database cloned from a template."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import structlog
from sqlalchemy import make_url

from gateway.store.embedded import EmbeddedPostgres
from gateway.store.engine import Store, migrate, open_store, psycopg_url

pytest_plugins = ["tests.figures"]

# A test server forgets its data at the end of the run, so it need not reach the disk; the fault suite's servers do.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


@pytest.fixture(autouse=True)
def logs_of_nobody() -> Iterator[None]:
    """A gateway that ran in this process has set up logs for itself; the next test begins without."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL whose role may make databases: TRADELANE_TEST_DATABASE_URL, or one of our own for this run."""
    given = os.environ.get("TRADELANE_TEST_DATABASE_URL")
    if given:
        yield psycopg_url(given)
        return
    homes = Path(tempfile.gettempdir()) / f"tradelane-tests-{os.geteuid()}"
    _remove_left_behind(homes)
    home = homes / str(os.getpid())
    home.mkdir(parents=True)
    server = EmbeddedPostgres(home, settings=FAST)
    try:
        yield server.start()
    finally:
        server.remove()
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def template_database(postgres_url: str) -> Iterator[str]:
    """The name of a migrated database that others are cloned from: TRADELANE_TEST_TEMPLATE, or one of our own."""
    given = os.environ.get("TRADELANE_TEST_TEMPLATE")
    if given:
        yield given
        return
    name = f"template_{uuid4().hex}"
    _run(postgres_url, f"CREATE DATABASE {name}")
    migrate(_renamed(postgres_url, name))
    yield name
    _run(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


class Clones:
    """Databases cloned from a template, from the second on one ahead of who wants it: a test need not wait."""

    def __init__(self, postgres_url: str, template: str) -> None:
        self._url, self._template = postgres_url, template
        self._thread = ThreadPoolExecutor(1)
        self._taken = 0
        self._ahead: Future[str] | None = None

    def take(self) -> str:
        """The URL of a new one."""
        name = self._make() if self._ahead is None else self._ahead.result()
        self._taken += 1
        self._ahead = self._thread.submit(self._make) if self._taken > 1 else None
        return _renamed(self._url, name)

    def give_back(self, url: str) -> None:
        """Have it dropped."""
        self._thread.submit(self._drop, make_url(url).database)

    def close(self) -> None:
        """Drop what nobody took."""
        if self._ahead is not None:
            self.give_back(_renamed(self._url, self._ahead.result()))
        self._thread.shutdown()

    def _make(self) -> str:
        name = f"test_{uuid4().hex}"
        _run(self._url, f"CREATE DATABASE {name} TEMPLATE {self._template}")
        return name

    def _drop(self, name: str) -> None:
        _run(self._url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def clones(postgres_url: str, template_database: str) -> Iterator[Clones]:
    """Migrated databases."""
    made = Clones(postgres_url, template_database)
    yield made
    made.close()


@pytest.fixture(scope="module")
def database_url(clones: Clones) -> Iterator[str]:
    """A migrated database for one module; its tests share it."""
    url = clones.take()
    yield url
    clones.give_back(url)


@pytest.fixture
def fresh_database_url(clones: Clones) -> Iterator[str]:
    """A migrated database for one test, for those that count everything or break it."""
    url = clones.take()
    yield url
    clones.give_back(url)


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A database without any schema."""
    name = f"empty_{uuid4().hex}"
    _run(postgres_url, f"CREATE DATABASE {name} TEMPLATE template0")
    yield _renamed(postgres_url, name)
    _run(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def store(database_url: str) -> Iterator[Store]:
    """The module's database, open."""
    opened = open_store(database_url)
    yield opened
    opened.close()


@pytest.fixture
def fresh_store(fresh_database_url: str) -> Iterator[Store]:
    """One test's database, open."""
    opened = open_store(fresh_database_url)
    yield opened
    opened.close()


def _renamed(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _run(url: str, statement: str) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement)


def _remove_left_behind(homes: Path) -> None:
    """Stop the servers of test runs that were killed before they could do so."""
    for home in homes.glob("*") if homes.is_dir() else ():
        if home.name.isdigit() and not Path("/proc", home.name).exists():
            EmbeddedPostgres(home).remove()
            shutil.rmtree(home, ignore_errors=True)
