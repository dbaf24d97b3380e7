"""How a row of the audit log becomes a link of the chain. `gateway/evidence/verify.py` says the same a second time."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import Protocol

GENESIS = bytes(32)
"""What stands before the first row."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class AuditRow(Protocol):
    """The columns that are sealed."""

    @property
    def seq(self) -> int:
        """Its number in the table."""
        ...

    @property
    def at(self) -> datetime:
        """The moment, aware."""
        ...

    @property
    def actor(self) -> str:
        """Who."""
        ...

    @property
    def action(self) -> str:
        """What."""
        ...

    @property
    def subject(self) -> str:
        """To what kind of thing."""
        ...

    @property
    def subject_id(self) -> str:
        """To which."""
        ...

    @property
    def detail(self) -> str:
        """Canonical JSON."""
        ...


def link_of(position: int, row: AuditRow) -> bytes:
    """Every field has a fixed width or its length before it, so that no two rows have the same link."""
    microseconds = (row.at - _EPOCH) // timedelta(microseconds=1)
    parts = [struct.pack(">qqq", position, row.seq, microseconds)]
    for value in (row.actor, row.action, row.subject, row.subject_id, row.detail):
        encoded = value.encode("utf-8")
        parts += [struct.pack(">I", len(encoded)), encoded]
    return hashlib.sha256(b"".join(parts)).digest()


def seal_after(previous: bytes, link: bytes) -> bytes:
    """The seal of a link, after the seal before it."""
    return hashlib.sha256(previous + link).digest()
