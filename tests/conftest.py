"""What all tests share: one PostgreSQL for the run, and for each module a database cloned from a template."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from gateway.store.embedded import EmbeddedPostgres
from gateway.store.engine import Store, migrate, open_store, psycopg_url

# A test server forgets its data at the end of the run, so it need not reach the disk; the fault suite's servers do.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


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
    """The name of a migrated database that others are cloned from."""
    name = f"template_{uuid4().hex}"
    _run(postgres_url, f"CREATE DATABASE {name}")
    migrate(_renamed(postgres_url, name))
    yield name
    _run(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    """A migrated database for one module; its tests share it."""
    name = f"module_{uuid4().hex}"
    _run(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template_database}")
    yield _renamed(postgres_url, name)
    _run(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def fresh_database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    """A migrated database for one test, for those that count everything or break it."""
    name = f"test_{uuid4().hex}"
    _run(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template_database}")
    yield _renamed(postgres_url, name)
    _run(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


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
