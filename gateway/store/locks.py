"""Locks that live as long as a connection does: who leads, and who is alive. Gone with the process or the database."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack, suppress

from sqlalchemy import Connection, text

from gateway.errors import StoreError, StoreUnavailable
from gateway.store.engine import Store, mapped_errors


class SessionLock:
    """An advisory lock on a connection of its own, for one thread.

    Args:
        store: whose database knows the lock.
        name: what is locked; equal names exclude one another over all nodes.
        silent_after: whole seconds without a call of `held` after which the server takes the lock away: then a holder
            that was stopped, and whose connection stands, does not keep it. Never, when None.
    """

    def __init__(self, store: Store, name: str, *, silent_after: int | None = None) -> None:
        self.name = name
        self._silent_after = silent_after
        self._store = store
        self._open: ExitStack | None = None
        self._connection: Connection | None = None

    def held(self) -> bool:
        """Take the lock if it is free, or see that it is still ours; False if another has it or the store is gone."""
        if self._connection is not None:
            try:
                with mapped_errors():
                    self._connection.execute(text("SELECT 1"))
                return True
            except StoreError:
                self._drop()
        try:
            return self._take()
        except StoreUnavailable:
            return False

    def release(self) -> None:
        """Let the lock go, if it is ours."""
        if self._connection is not None:
            with suppress(StoreError), mapped_errors():
                self._connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _key(self.name)})
                if self._silent_after is not None:  # others use the connection next
                    self._connection.execute(text("RESET idle_session_timeout"))
        self._drop()

    def _take(self) -> bool:
        opened = ExitStack()
        try:
            connection = opened.enter_context(self._store.autocommit())
            with mapped_errors():
                taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _key(self.name)})
                if not taken.scalar_one():
                    return False
                if self._silent_after is not None:
                    connection.execute(text(f"SET idle_session_timeout = '{self._silent_after:d}s'"))
            self._open, self._connection = opened.pop_all(), connection
            return True
        finally:
            opened.close()

    def _drop(self) -> None:
        opened, self._open, self._connection = self._open, None, None
        if opened is not None:
            with suppress(StoreError):
                opened.close()


def hold(conn: Connection, name: str) -> None:
    """Wait until nobody else's transaction holds this name, and hold it until this one ends."""
    conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _key(name)})


RETENTION = "retention"
"""Held, by `hold`, by who purges and by who places a legal hold: each sees what the other did, or comes first."""


def is_free(conn: Connection, name: str) -> bool:
    """Whether nobody holds the SessionLock of this name at the moment."""
    return bool(conn.execute(text("SELECT pg_try_advisory_xact_lock_shared(:key)"), {"key": _key(name)}).scalar_one())


def _key(name: str) -> int:
    """PostgreSQL's lock keys are 64-bit numbers."""
    return int.from_bytes(hashlib.sha256(f"tradelane:{name}".encode()).digest()[:8], "big", signed=True)
