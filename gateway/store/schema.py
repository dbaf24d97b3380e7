"""The database's schema and who may work on it: the newest a program knows, and the oldest program a database bears.

Migrations add (a table, a column with a default, an index) and take away only what no program uses any more. One that
programs of before can live with says so in its module: `compatible_from = "0023"`, the oldest schema whose programs may
go on working; without it only programs that know the migration itself may. The newest of these among all that were
applied is the database's floor, kept in a row of its own, so that a program can tell by it whether a schema newer than
it knows is one it may work on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select
from sqlalchemy.dialects.postgresql import insert

from gateway.errors import StoreRefused
from gateway.store.tables import schema_floor


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database has.

    Attributes:
        revision: the last migration applied; None: it has no schema yet.
        floor: the oldest schema whose programs may work on it; None: it does not say, as before there were floors.
    """

    revision: str | None
    floor: str | None


def alembic_config(connection: Connection | None = None) -> Config:
    """Where the migrations are, and the connection they run on."""
    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    config.attributes["connection"] = connection
    return config


def program_schema() -> str:
    """The newest schema this program knows."""
    return list(_known())[-1]


def found(conn: Connection) -> Schema:
    """What this database has."""
    revision = MigrationContext.configure(conn).get_current_revision()
    has_floor = revision is not None and inspect(conn).has_table(schema_floor.name)
    floor = conn.execute(select(schema_floor.c.compatible_from)).scalar_one_or_none() if has_floor else None
    return Schema(revision, floor)


def check(conn: Connection) -> None:
    """See that this program may work on this database: on the schema it knows, or a newer one that bears it.

    Raises:
        StoreRefused: it may not; says what to do.
    """
    known, newest, schema = _known(), program_schema(), found(conn)
    if schema.revision is None or (schema.revision in known and schema.revision != newest):
        raise StoreRefused(
            f"the database has schema {schema.revision or 'none'}, want {newest}; run tradelane db upgrade"
        )
    if schema.floor not in known:  # newer than this program; or about to be, and older programs are to end before
        wanted = schema.floor or schema.revision
        raise StoreRefused(
            f"the database has schema {schema.revision}, for programs that know schema {wanted} or a later one;"
            f" this one knows {newest} and must not work on it: upgrade Tradelane"
        )


def is_newer(schema: Schema) -> bool:
    """Whether this program does not know the schema."""
    return schema.revision is not None and schema.revision not in _known()


def floor_of(revision: str) -> str:
    """The oldest schema whose programs may work on a database of this one, which this program knows."""
    order = list(_known())
    upto = order[: order.index(revision) + 1]
    return max((_known()[one] for one in upto), key=order.index)


def bears(floor: str, program: str) -> bool:
    """Whether a database of this floor bears a program that knows `program` as its newest schema.

    One we do not know is newer than we are; "" is one that does not say.
    """
    order = list(_known())
    return bool(program) and (program not in order or order.index(program) >= order.index(floor))


def keep_floor(conn: Connection, floor: str | None = None) -> None:
    """Write the floor of the schema that the database has now, or raise it ahead of a migration."""
    schema = found(conn)
    if schema.revision is not None and inspect(conn).has_table(schema_floor.name):
        row = {"compatible_from": floor or floor_of(schema.revision)}
        kept = insert(schema_floor).values(singleton=True, **row)
        conn.execute(kept.on_conflict_do_update(index_elements=["singleton"], set_=row))


@cache
def _known() -> Mapping[str, str]:
    """Every schema this program knows, oldest first, with the oldest one whose programs may work on it."""
    scripts = list(ScriptDirectory.from_config(alembic_config()).walk_revisions())
    return {one.revision: getattr(one.module, "compatible_from", one.revision) for one in reversed(scripts)}
