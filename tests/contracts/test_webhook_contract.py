"""The webhook adapter keeps the contract, before a REST system that refuses a reference twice, or a key, or neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from gateway.adapters.kit import Crash, awkward_order
from gateway.adapters.kit_network import NetworkContract
from gateway.adapters.webhook import WebhookAdapter
from gateway.adapters.webhook_config import WebhookConfig
from gateway.adapters.webhook_fake import Demands, FakeRestSystem
from translators.canonical.common import Document

SECRET = "canary-4711"
UNKNOWN_ITEM = "00123"
ANSWERS: list[dict[str, Any]] = [
    {"outcome": "accepted", "status": "2xx", "id": "/id", "state": "/status"},
    {"outcome": "duplicate", "status": "409", "id": "/error/id", "content_sha256": "/error/content"},
    {
        "outcome": "duplicate",
        "status": "422",
        "where": {"/error/code": "key_reused"},
        "same_content": False,
    },
    {
        "outcome": "rejected",
        "status": "422",
        "code": "/error/code",
        "message": "/error/message",
        "path": "/error/field",
    },
]


class CrashingTransport(httpx.BaseTransport):
    """The process ends before, or right after, a request: step 2n before, 2n + 1 after the nth."""

    def __init__(self, step: int) -> None:
        self._inner = httpx.HTTPTransport()
        self._left = step

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._left == 0:
            raise Crash
        response = self._inner.handle_request(request)
        if self._left == 1:
            response.close()
            raise Crash
        self._left -= 2
        return response

    def close(self) -> None:
        self._inner.close()


class RestPeer:
    """A REST system, and adapters for it that are closed when the test is over."""

    def __init__(self, system: FakeRestSystem, closing: ExitStack, more: Mapping[str, Any], secret: Path) -> None:
        self.system = system
        self._closing = closing
        self._more = more
        self._secret = secret

    @property
    def address(self) -> tuple[str, int]:
        return self.system.address

    def settings(self) -> Mapping[str, object]:
        return self._settings(self.address)

    def secrets(self) -> Sequence[str]:
        return (SECRET,)

    def adapter(self) -> WebhookAdapter:
        return self.adapter_through(self.address)

    def adapter_through(self, address: tuple[str, int]) -> WebhookAdapter:
        return self._closed_later(WebhookAdapter(WebhookConfig.model_validate(self._settings(address))))

    def crashing_adapter(self, steps: int) -> WebhookAdapter:
        config = WebhookConfig.model_validate(self.settings())
        return self._closed_later(WebhookAdapter(config, transport=CrashingTransport(steps)))

    def consume(self) -> None:
        """It works at once."""

    def effects(self, reference: str) -> list[bytes]:
        return self.system.effects(reference)

    def everything(self) -> object:
        return list(self.system.kept)

    def unacceptable(self) -> tuple[Document, str]:
        self.system.demands.unknown_items = frozenset({UNKNOWN_ITEM})
        return awkward_order(), "lines.0.sku"

    def _settings(self, address: tuple[str, int]) -> dict[str, object]:
        url = f"http://{address[0]}:{address[1]}"
        auth = {
            "type": "oauth2",
            "token_url": f"{url}/token",
            "client_id": "us",
            "client_secret": f"file:{self._secret}",
        }
        return {
            "url": f"{url}/orders",
            "auth": auth,
            "answers": ANSWERS,
            "probe": {"url": f"{url}/orders?reference={{reference}}", "id": "/items/0/id"},
            **self._more,
        }

    def _closed_later(self, adapter: WebhookAdapter) -> WebhookAdapter:
        self._closing.callback(adapter.close)
        return adapter


class WebhookAgainst(NetworkContract):
    """Every test of the contract, on one kind of system."""

    __test__ = False
    native = False
    more: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture(autouse=True)
    def _closing(self, tmp_path: Path) -> Iterator[None]:
        self._secret = tmp_path / "secret"
        self._secret.touch(mode=0o600)
        self._secret.write_text(SECRET)
        with ExitStack() as self._stack:
            yield

    def peer(self) -> RestPeer:
        demands = Demands(client=("us", SECRET), native=self.native)
        system = self._stack.enter_context(FakeRestSystem(demands))
        return RestPeer(system, self._stack, self.more, self._secret)


class TestUniqueReference(WebhookAgainst):
    __test__ = True
    more: ClassVar[Mapping[str, Any]] = {"idempotency": "unique_reference"}


class TestNativeKeys(WebhookAgainst):
    __test__ = True
    native = True
    more: ClassVar[Mapping[str, Any]] = {"idempotency": "native"}


class TestOnlyAsked(WebhookAgainst):
    """Nothing is promised but that it can be asked."""

    __test__ = True
