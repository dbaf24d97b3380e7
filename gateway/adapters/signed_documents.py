"""Webhooks in which a business system hands in a canonical document for a partner, signed as Standard Webhooks has it.

The body is `{"type": ..., "timestamp": ..., "data": {"partner": P, "environment": "live", "document": {...}}}`;
`environment` may be left out for live, and only `data` is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from gateway.adapters.events import Event, Notice
from gateway.adapters.secrets import SecretReference
from gateway.adapters.standard_webhooks import signing_key, verify
from gateway.errors import WebhookRefused
from gateway.model import Environment
from translators.canonical.common import CanonicalFormError, Document
from translators.canonical.registry import model_named
from translators.errors import shown

LONGEST_REASON = 500
_KEYS = frozenset({"partner", "environment", "document"})


@dataclass(frozen=True, slots=True)
class SignedDocuments:
    """What one business system may hand in.

    Args:
        secrets: in force; several while one is replaced.
        partners: keys of those it may hand in for.
    """

    secrets: tuple[SecretReference, ...]
    partners: frozenset[str]

    def verify_and_parse(self, headers: Sequence[tuple[str, str]], body: bytes, *, at: datetime) -> Notice:
        """Prove one, and read its document; see `gateway.adapters.events.HearsWebhooks`.

        Raises:
            SecretMissing: a secret is not there.
        """
        keys = [signing_key(secret.read()) for secret in self.secrets]
        signed = verify(keys, headers, body, at=at)
        data = _data(body)
        if unknown := sorted(set(data) - _KEYS):
            raise _unreadable(f"data has {shown(', '.join(unknown))}; want partner, environment and document")
        partner, document = data.get("partner"), data.get("document")
        if not isinstance(partner, str) or partner not in self.partners:
            raise _unreadable(f"data.partner is {shown(str(partner))}, for whom this sender does not speak")
        try:
            environment = Environment(data.get("environment", Environment.LIVE))
        except ValueError as error:
            raise _unreadable("data.environment is neither live nor test") from error
        event = Event(signed.id, _document(document), partner=partner, environment=environment)
        return Notice(signed.id, signed.at, (event,))


def _data(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _unreadable(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    data = found.get("data") if isinstance(found, dict) else None
    if not isinstance(data, dict):
        raise _unreadable('want a JSON object with "data", an object')
    return data


def _document(found: object) -> Document:
    schema = found.get("schema") if isinstance(found, dict) else None
    if not isinstance(schema, str):
        raise _unreadable('want data.document, an object with "schema", as invoice/v1')
    try:
        return model_named(schema).from_json_bytes(orjson.dumps(found))
    except CanonicalFormError as error:
        raise _unreadable(" ".join(str(error).split())[:LONGEST_REASON]) from error


def _unreadable(reason: str) -> WebhookRefused:
    return WebhookRefused(reason, proved=True)
