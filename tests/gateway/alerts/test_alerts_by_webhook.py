"""Alerts as signed webhooks to a real server, which proves each signature as Standard Webhooks has it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from uuid import UUID

import pytest

from gateway.adapters.secrets import SecretReference
from gateway.adapters.standard_webhooks import verify
from gateway.alert_settings import WebhookChannel
from gateway.alerts.bringing_out import channel_of
from gateway.alerts.channel import NotTold
from gateway.model import AlertEvent
from gateway.store.alerts import Message

KEY = bytes(range(32))
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MESSAGE = Message(
    seq=1,
    channel="duty",
    id=UUID("01890000-0000-7000-8000-000000000001"),
    event=AlertEvent.OPENED,
    fingerprint="0f0f",
    code="unknown_item",
    reason='no item "17"',
    at=AT,
    owner=None,
)


@dataclass
class Receiver:
    """A server that keeps what it is sent, and answers with `status`."""

    url: str = ""
    status: int = 204
    requests: list[tuple[list[tuple[str, str]], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.requests.append((list(self.headers.items()), body))
            self.send_response(found.status)
            self.send_header("Location", found.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Nothing is said of a request."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/alerts"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def secret(tmp_path: Path) -> SecretReference:
    path = tmp_path / "secret"
    path.touch(mode=0o600)
    path.write_text(f"whsec_{base64.b64encode(KEY).decode()}\n")
    return SecretReference(path=path)


def tell(url: str, secret: SecretReference) -> None:
    channel_of(WebhookChannel(url, secret)).tell(MESSAGE, at=AT)


def test_a_webhook_is_signed_and_says_what_happened(receiver: Receiver, secret: SecretReference) -> None:
    tell(receiver.url, secret)
    [(headers, body)] = receiver.requests
    assert verify([KEY], headers, body, at=AT).id == str(MESSAGE.id)
    assert json.loads(body) == {
        "type": "exception.opened",
        "timestamp": "2026-03-01T12:00:00Z",
        "data": {
            "id": str(MESSAGE.id),
            "group": "0f0f",
            "code": "unknown_item",
            "reason": 'no item "17"',
            "owner": None,
        },
    }


@pytest.mark.parametrize(
    ("status", "refused"),
    [(400, True), (422, True), (302, False), (401, False), (404, False), (429, False), (503, False)],
)
def test_an_answer_that_is_not_2xx_tells_whether_the_message_is_at_fault(
    receiver: Receiver, secret: SecretReference, status: int, refused: bool
) -> None:
    receiver.status = status
    with pytest.raises(NotTold, match=f"it answered {status}; want 2xx") as caught:
        tell(receiver.url, secret)
    assert caught.value.refused is refused
    assert len(receiver.requests) == 1


def test_a_server_that_is_not_there_is_no_refusal(receiver: Receiver, secret: SecretReference) -> None:
    with pytest.raises(NotTold, match="ConnectError") as caught:
        tell("http://127.0.0.1:1/alerts", secret)
    assert not caught.value.refused


def test_without_its_secret_nothing_is_sent(receiver: Receiver, secret: SecretReference, tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.touch(mode=0o600)
    short.write_text("whsec_dG9vIHNob3J0")
    for reference in (SecretReference(path=tmp_path / "none"), SecretReference(path=short)):
        with pytest.raises(NotTold, match="secret") as caught:
            tell(receiver.url, reference)
        assert "dG9v" not in caught.value.reason
    assert receiver.requests == []
