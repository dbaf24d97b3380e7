"""API keys: what opens an HTTPS account. The secret is shown once; only its SHA-256 is kept.

A key is 256 random bits, so a plain hash of it cannot be searched through, as one of a password could.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from gateway.store import audit
from gateway.store.tables import api_key

PREFIX = "tlk"
"""With what a key begins, so that scanners for leaked secrets know it."""

_KEY = re.compile(rf"{PREFIX}_([0-9a-f]{{12}})_([A-Za-z0-9_-]{{43}})")
_NOBODY = bytes(32)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key as it may be shown."""

    id: str
    account: str
    label: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def is_good_at(self, moment: datetime) -> bool:
        """Whether it opens its account at this (aware) moment."""
        return self.revoked_at is None and moment < self.expires_at


def add(
    conn: Connection, *, account: str, label: str, at: datetime, expires_at: datetime, actor: str
) -> tuple[ApiKey, str]:
    """Make a key. Returns it, and its text, which can never be had again."""
    id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    conn.execute(
        insert(api_key),
        {
            "id": id,
            "account": account,
            "label": label,
            "secret_sha256": _hash(secret),
            "created_at": at,
            "expires_at": expires_at,
        },
    )
    _tell(conn, id, "api_key.added", at=at, actor=actor, detail={"account": account, "label": label})
    return ApiKey(id, account, label, at, expires_at, None), f"{PREFIX}_{id}_{secret}"


def revoke(conn: Connection, id: str, *, at: datetime, actor: str) -> bool:
    """From now on the key opens nothing; False where there is none of this id that still did."""
    done = conn.execute(update(api_key).where(api_key.c.id == id, api_key.c.revoked_at.is_(None)).values(revoked_at=at))
    if done.rowcount != 1:
        return False
    _tell(conn, id, "api_key.revoked", at=at, actor=actor, detail={})
    return True


def every(conn: Connection) -> Sequence[ApiKey]:
    """All keys, oldest first, those that are revoked or over included."""
    return [_read(row) for row in conn.execute(select(api_key).order_by(api_key.c.created_at, api_key.c.id))]


def opened_by(conn: Connection, text: str, *, at: datetime) -> ApiKey | None:
    """The key this text is, if it is good at this moment. As much is done for a wrong text as for a right one."""
    match = _KEY.fullmatch(text)
    id, secret = match.groups() if match else ("", "")
    row = conn.execute(select(api_key).where(api_key.c.id == id)).one_or_none()
    same = hmac.compare_digest(_hash(secret), _NOBODY if row is None else bytes(row.secret_sha256))
    if row is None or not same:
        return None
    found = _read(row)
    return found if found.is_good_at(at) else None


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _read(row: object) -> ApiKey:
    return ApiKey(
        *(getattr(row, name) for name in ("id", "account", "label", "created_at", "expires_at", "revoked_at"))
    )


def _tell(conn: Connection, id: str, action: str, *, at: datetime, actor: str, detail: dict[str, str]) -> None:
    audit.record(conn, at=at, actor=actor, action=action, subject="api_key", subject_id=id, detail=detail)
