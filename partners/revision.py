"""The revision of a profile: a hash of what it means, whatever file or line says it.

What is hashed is a text that may be shown: a password stands in it as the hash of its hash, and a file that lies beside
the profile (a schema) as its own hash.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass, replace
from datetime import datetime

from partners.logins import PasswordHash
from partners.model import TradingPartner

LARGE = 4096
"""Bytes of more than so many stand in the text by their SHA-256."""


def with_revision(partner: TradingPartner) -> TradingPartner:
    """The partner with its `revision`: SHA-256 (hex) of its resolved content."""
    return replace(partner, revision=hashlib.sha256(resolved(partner).encode("ascii")).hexdigest())


def resolved(partner: TradingPartner) -> str:
    """What a profile means, as JSON in ASCII without secrets; its SHA-256 is the partner's `revision`."""
    content = _plain(replace(partner, revision=""))
    return json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _plain(value: object) -> object:
    """A model value as JSON; where it was read from does not count."""
    if isinstance(value, PasswordHash):
        value = replace(value, text=f"sha256:{hashlib.sha256(value.text.encode()).hexdigest()}")
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value) if item.compare}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(str(item) for item in value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.hex() if len(value) <= LARGE else f"sha256:{hashlib.sha256(value).hexdigest()}"
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int) else str(value)
