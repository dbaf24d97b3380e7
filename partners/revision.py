"""The revision of a profile: a hash of what it means, whatever file or line says it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass, replace
from datetime import datetime

from partners.model import TradingPartner


def with_revision(partner: TradingPartner) -> TradingPartner:
    """The partner with its `revision`: SHA-256 (hex) of its resolved content."""
    content = json.dumps(_plain(partner), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return replace(partner, revision=hashlib.sha256(content.encode("ascii")).hexdigest())


def _plain(value: object) -> object:
    """A model value as JSON; where it was read from does not count."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value) if item.compare}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(str(item) for item in value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int) else str(value)
