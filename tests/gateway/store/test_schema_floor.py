"""Who may work on which schema: the floor that migrations write, and what programs make of it."""

from __future__ import annotations

import re

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, text

from gateway.errors import StoreRefused
from gateway.store import schema
from gateway.store.engine import Store, migrate, migrate_new, open_any, open_store
from gateway.store.schema import alembic_config, bears, floor_of, program_schema

FIRST_WITH_A_FLOOR = "0023"
TAKES_AWAY = re.compile(
    r"\b(DROP (TABLE|COLUMN|CONSTRAINT|INDEX)|RENAME|SET NOT NULL|ALTER COLUMN \S+ TYPE|DELETE FROM|TRUNCATE)\b"
    r"|ADD CONSTRAINT|ADD COLUMN (?!.*DEFAULT).* NOT NULL",  # one with a default is filled in for them
    re.IGNORECASE,
)
"""What a program that does not know of it may stumble over."""


def set_schema(store: Store, revision: str, floor: str) -> None:
    """As a newer program would leave it."""
    with store.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
        conn.execute(text("UPDATE schema_floor SET compatible_from = :floor"), {"floor": floor})


def upgraded_to(url: str, revision: str) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        command.upgrade(alembic_config(connection), revision)
        connection.commit()
    engine.dispose()


def found(conn: Connection) -> tuple[str | None, str | None]:
    seen = schema.found(conn)
    return seen.revision, seen.floor


def test_a_migrated_database_says_whom_it_is_for(store: Store) -> None:
    with store.begin() as conn:
        assert found(conn) == (program_schema(), floor_of(program_schema()))


def test_the_floor_is_the_newest_that_any_migration_asks_for() -> None:
    assert floor_of("0003") == "0003"  # says nothing: only programs that know it
    assert floor_of("0023") == "0023"
    assert floor_of("0024") == "0023"  # an index: the programs of before can live with it


def test_a_newer_program_is_borne_an_older_one_only_down_to_the_floor() -> None:
    assert bears("0023", "0023")
    assert bears("0023", "0024")
    assert bears("0023", "9999")
    assert not bears("0023", "0020")
    assert not bears("0023", "")


def test_a_newer_schema_that_bears_us_is_worked_on(fresh_store: Store) -> None:
    set_schema(fresh_store, "9999", floor=program_schema())
    open_store(fresh_store.url).close()
    migrate(fresh_store.url)
    migrate_new(fresh_store.url)
    with fresh_store.begin() as conn:
        assert found(conn) == ("9999", program_schema())


def test_a_newer_schema_that_does_not_bear_us_is_refused(fresh_store: Store) -> None:
    set_schema(fresh_store, "9999", floor="9998")
    for refuses in (open_store, migrate):
        with pytest.raises(StoreRefused, match=r"schema 9999, for programs that know schema 9998 .* upgrade Tradelane"):
            refuses(fresh_store.url)


def test_a_floor_that_is_raised_ahead_refuses_us_before_the_schema_changes(fresh_store: Store) -> None:
    set_schema(fresh_store, program_schema(), floor="9999")
    with pytest.raises(StoreRefused, match="must not work on it"):
        open_store(fresh_store.url)


def test_an_older_schema_asks_for_an_upgrade(empty_database_url: str) -> None:
    upgraded_to(empty_database_url, FIRST_WITH_A_FLOOR)
    migrate_new(empty_database_url)  # leaves it as it is
    with pytest.raises(StoreRefused, match=r"has schema 0023, want .*; run tradelane db upgrade"):
        open_store(empty_database_url)
    opened = open_any(empty_database_url)
    with opened.begin() as conn:
        assert found(conn) == ("0023", "0023")
    opened.close()
    migrate(empty_database_url)
    open_store(empty_database_url).close()


def test_a_database_of_before_there_were_floors_is_upgraded(empty_database_url: str) -> None:
    upgraded_to(empty_database_url, "0020")
    opened = open_any(empty_database_url)
    with opened.begin() as conn:
        assert found(conn) == ("0020", None)
    opened.close()
    migrate(empty_database_url)
    open_store(empty_database_url).close()


def test_a_new_database_is_given_its_schema(empty_database_url: str) -> None:
    migrate_new(empty_database_url)
    open_store(empty_database_url).close()


def test_a_migration_that_older_programs_live_with_takes_nothing_away(empty_database_url: str) -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    later = [one for one in scripts.walk_revisions() if one.revision > FIRST_WITH_A_FLOOR][::-1]
    assert any(hasattr(one.module, "compatible_from") for one in later)
    upgraded_to(empty_database_url, FIRST_WITH_A_FLOOR)
    engine = create_engine(empty_database_url)
    said: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _conn, _cursor, statement, *_: said.append(statement))
    with engine.connect() as connection:
        for script in later:
            said.clear()
            command.upgrade(alembic_config(connection), script.revision)
            if hasattr(script.module, "compatible_from"):
                assert script.module.compatible_from < script.revision
                assert [one for one in said if TAKES_AWAY.search(one)] == [], script.revision
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE node DROP COLUMN roles",
        "ALTER TABLE node RENAME COLUMN a TO b",
        "ALTER TABLE node ALTER COLUMN roles SET NOT NULL",
        "ALTER TABLE node ALTER COLUMN workers TYPE BIGINT",
        "ALTER TABLE node ADD COLUMN a TEXT NOT NULL",
        "ALTER TABLE node ADD CONSTRAINT c CHECK (a > 0)",
        "DROP TABLE node",
    ],
)
def test_what_takes_away_is_known(statement: str) -> None:
    assert TAKES_AWAY.search(statement)


@pytest.mark.parametrize(
    "statement",
    ["CREATE INDEX a ON node (name)", "ALTER TABLE node ADD COLUMN a TEXT", "CREATE TABLE a (b TEXT NOT NULL)"],
)
def test_what_adds_is_let_pass(statement: str) -> None:
    assert not TAKES_AWAY.search(statement)
