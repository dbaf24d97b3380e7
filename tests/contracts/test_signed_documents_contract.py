"""Webhooks that hand in documents keep the contract: what is forged, changed or stale is refused."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from gateway.adapters.events import HearsWebhooks
from gateway.adapters.kit import awkward_order
from gateway.adapters.kit_events import SignedWebhook, WebhookContract
from gateway.adapters.secrets import SecretReference
from gateway.adapters.signed_documents import SignedDocuments
from gateway.adapters.standard_webhooks import PREFIX, WINDOW, signature_headers

KEY = b"thirty-two bytes of a shared key"
BODY = {"type": "document", "data": {"partner": "acme", "document": orjson.loads(awkward_order().to_json_bytes())}}


class Sender:
    """A system that holds the shared secret."""

    def __init__(self, secret: SecretReference) -> None:
        self._secret = secret

    def hears(self) -> HearsWebhooks:
        return SignedDocuments((self._secret,), frozenset({"acme"}))

    def signed(self, *, at: datetime) -> SignedWebhook:
        body = orjson.dumps(BODY)
        return SignedWebhook(list(signature_headers(KEY, id="msg_1", body=body, at=at).items()), body)


class TestSignedDocuments(WebhookContract):
    """Every test of the contract."""

    moment = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    window = WINDOW

    @pytest.fixture(autouse=True)
    def _secret(self, tmp_path: Path) -> None:
        path = tmp_path / "secret"
        path.touch(mode=0o600)
        path.write_text(PREFIX + base64.b64encode(KEY).decode())
        self._reference = SecretReference(path=path)

    def webhook_peer(self) -> Sender:
        return Sender(self._reference)
