"""The migrations make exactly the tables of gateway.store.tables, once, however many start at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from gateway.errors import StoreRefused
from gateway.store.engine import Store, migrate, open_store
from gateway.store.migrations.ours import is_ours
from gateway.store.tables import metadata

CATALOG = """
    SELECT 'column', table_name, column_name, concat_ws(' ', data_type, is_nullable, column_default, is_identity)
      FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""


def catalog(connection: Connection) -> set[tuple[str, ...]]:
    rows = {tuple(row) for row in connection.execute(text(CATALOG))}
    return {row for row in rows if not row[1].startswith(("procrastinate", "alembic"))}


def test_the_migrated_database_has_no_difference_from_the_tables(store: Store) -> None:
    with store.begin() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_ours, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_migrated_catalog_is_the_one_the_tables_describe(store: Store, empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        metadata.create_all(connection)
        described = catalog(connection)
    engine.dispose()
    with store.begin() as connection:
        assert catalog(connection) == described


def test_the_queue_has_its_tables_and_functions(store: Store) -> None:
    with store.begin() as connection:
        tables = connection.execute(text("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'procrastinate%'"))
        functions = connection.execute(text("SELECT count(*) FROM pg_proc WHERE proname LIKE 'procrastinate%'"))
        assert tables.scalar_one() >= 4
        assert functions.scalar_one() >= 5


def test_several_starters_migrate_an_empty_database_at_once(empty_database_url: str) -> None:
    with ThreadPoolExecutor(4) as starters:
        list(starters.map(migrate, [empty_database_url] * 4))
    opened = open_store(empty_database_url)
    with opened.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit_head")).scalar_one() == 1
    opened.close()


def test_an_unmigrated_database_is_refused(empty_database_url: str) -> None:
    with pytest.raises(StoreRefused, match="schema none, want"):
        open_store(empty_database_url)
