"""A chain sealed by the old rule is sealed anew when the database is brought up to date, and keeps its faults."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

from gateway.store.audit import AuditFaultKind, verify
from gateway.store.engine import migrate, open_store

AT = datetime(2026, 1, 5, 9, 30, 15, 5, tzinfo=UTC)


def at_0012(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "0012")


def old_seal(previous: bytes, position: int, seq: int, actor: str) -> bytes:
    microseconds = (AT - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    parts = [previous, struct.pack(">qqq", position, seq, microseconds)]
    for value in (actor, "b", "c", "d", "{}"):
        parts += [struct.pack(">I", len(value)), value.encode()]
    return hashlib.sha256(b"".join(parts)).digest()


@pytest.mark.parametrize("tampered", [False, True])
def test_an_old_chain_holds_afterwards_if_it_held_before(empty_database_url: str, *, tampered: bool) -> None:
    engine = create_engine(empty_database_url)
    with engine.begin() as conn:
        at_0012(conn)
        seal = bytes(32)
        for number in (1, 2, 3):
            conn.execute(
                text(
                    "INSERT INTO audit (at, actor, action, subject, subject_id, detail)"
                    " VALUES (:at, :actor, 'b', 'c', 'd', '{}')"
                ),
                {"at": AT, "actor": f"a{number}"},
            )
            seal = old_seal(seal, number, number, f"a{number}")
            conn.execute(text("INSERT INTO audit_seal VALUES (:n, :n, :seal)"), {"n": number, "seal": seal})
        conn.execute(text("UPDATE audit_head SET position = 3, seal = :seal, settled_seq = 3"), {"seal": seal})
        if tampered:
            conn.execute(text("UPDATE audit SET actor = 'x' WHERE seq = 2"))
    engine.dispose()
    migrate(empty_database_url)
    store = open_store(empty_database_url)
    faults = [(fault.kind, fault.seq) for fault in verify(store).faults]
    store.close()
    assert faults == ([(AuditFaultKind.CHANGED, 2)] if tampered else [])
