"""A business system with a REST API on loopback, for tests of the `webhook` kind and of settings for it.

`POST /orders` takes a document, once for each reference (or, natively, each key), `GET /orders?reference=R` tells of
it, `POST /token` gives OAuth 2 tokens. It refuses whoever does not prove himself as it wants.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from gateway.adapters.loopback import LoopbackServer
from gateway.adapters.standard_webhooks import verify
from gateway.errors import WebhookRefused

Answer = tuple[int, dict[str, str], object]


@dataclass(slots=True)
class Demands:
    """What it asks of its callers; may be changed while it runs.

    Args:
        authorization: the header's value that lets in; "" for no matter which, and the current token where `client` is.
        client: id and secret that get a token; None where there are no tokens.
        token_seconds: how long one lasts, as it says itself.
        signing_key: of Standard Webhooks signatures; None where none is wanted.
        mac_key: of a hex HMAC of the body in `X-Signature`; None where none is wanted.
        native: answers the same key as the first time, instead of refusing the same reference.
        unknown_items: item numbers that it does not know.
    """

    authorization: str = ""
    client: tuple[str, str] | None = None
    token_seconds: int = 3600
    signing_key: bytes | None = None
    mac_key: bytes | None = None
    native: bool = False
    unknown_items: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Kept:
    """A document it has: under which reference, its own number for it, and the bytes that came."""

    reference: str
    id: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came."""

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)


class FakeRestSystem(LoopbackServer):
    """The server; a context manager that listens while it is entered.

    Args:
        demands: what it asks of callers.
        tls: for https.
        port: any free one where it is 0; that of an earlier one, to be back where that was.
    """

    def __init__(self, demands: Demands | None = None, *, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.demands = demands or Demands()
        self.kept: list[Kept] = []
        self.asked: list[Asked] = []
        self.tokens: list[str] = []
        self._answers: dict[str, tuple[bytes, Answer]] = {}
        self._lock = threading.Lock()
        server = _Server(("127.0.0.1", port), _Handler)
        server.system = self
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        super().__init__(server)

    @property
    def url(self) -> str:
        """Where it is, without a path."""
        host, port = self.address
        return f"{self._scheme}://{host}:{port}"

    def effects(self, reference: str) -> list[bytes]:
        """The documents it has of a reference, one for each effect."""
        with self._lock:
            return [one.content for one in self.kept if one.reference == reference]

    def answer(self, asked: Asked, body: bytes) -> Answer:
        """Work one request."""
        with self._lock:
            self.asked.append(asked)
            path = urlsplit(asked.target).path
            if (asked.method, path) == ("POST", "/token"):
                return self._token(asked.headers, body)
            if not self._lets_in(asked.headers, body):
                return 401, {}, {"error": {"code": "unauthorized"}}
            if path != "/orders":
                return 404, {}, {"error": {"code": "not_found"}}
            if asked.method == "GET":
                [wanted] = parse_qs(urlsplit(asked.target).query).get("reference", [""])
                return 200, {}, {"items": [{"id": one.id} for one in self.kept if one.reference == wanted]}
            return self._natively(asked, body) if self.demands.native else self._take(asked, body)

    def _natively(self, asked: Asked, body: bytes) -> Answer:
        key = asked.headers.get("idempotency-key", "")
        if key in self._answers:
            before, (status, headers, found) = self._answers[key]
            if before != body:
                return 422, {}, {"error": {"code": "key_reused", "message": "this key came with another body"}}
            return status, {**headers, "Idempotent-Replayed": "true"}, found
        answer = self._take(asked, body)
        self._answers[key] = (body, answer)
        return answer

    def _take(self, asked: Asked, body: bytes) -> Answer:
        reference = asked.headers.get("tradelane-reference", "")
        before = next((one for one in self.kept if one.reference == reference), None)
        if before is not None:
            found = {"code": "duplicate", "id": before.id, "content": hashlib.sha256(before.content).hexdigest()}
            return 409, {}, {"error": found}
        for place, line in enumerate(json.loads(body).get("lines", [])):
            if line.get("sku") in self.demands.unknown_items:
                error = {"code": "unknown_item", "message": "no such item", "field": f"lines.{place}.sku"}
                return 422, {}, {"error": error}
        self.kept.append(Kept(reference, f"SO-{len(self.kept) + 1}", body))
        return 201, {}, {"id": self.kept[-1].id, "status": "created"}

    def _token(self, headers: Mapping[str, str], body: bytes) -> Answer:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        client = (form.get("client_id", ""), form.get("client_secret", ""))
        if (proof := headers.get("authorization", "")).startswith("Basic "):
            user, _, password = base64.b64decode(proof.removeprefix("Basic ")).decode().partition(":")
            client = (unquote(user), unquote(password))
        if form.get("grant_type") != "client_credentials" or client != self.demands.client:
            return 401, {}, {"error": "invalid_client"}
        self.tokens.append(f"token-{len(self.tokens) + 1}")
        return (
            200,
            {},
            {
                "access_token": self.tokens[-1],
                "token_type": "Bearer",
                "expires_in": self.demands.token_seconds,
            },
        )

    def _lets_in(self, headers: Mapping[str, str], body: bytes) -> bool:
        wanted = self.demands.authorization
        if self.demands.client is not None:
            wanted = f"Bearer {self.tokens[-1]}" if self.tokens else "no token yet"
        if wanted and headers.get("authorization") != wanted:
            return False
        if not body:
            return True
        if self.demands.mac_key is not None:
            mac = hmac.digest(self.demands.mac_key, body, "sha256").hex()
            return hmac.compare_digest(mac, headers.get("x-signature", ""))
        if self.demands.signing_key is not None:
            try:
                verify([self.demands.signing_key], headers.items(), body, at=datetime.now(UTC), window=_ANY_TIME)
            except WebhookRefused:
                return False
        return True


_ANY_TIME = timedelta(days=365_000)
"""Its callers' clocks may be turned."""


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    system: FakeRestSystem

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is no news."""


class _Handler(BaseHTTPRequestHandler):
    """One request of one connection."""

    timeout = 60

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the name of the one it replaces
        """Nothing is told."""

    def _answer(self) -> None:
        assert isinstance(self.server, _Server)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, more, found = self.server.system.answer(Asked(self.command, self.path, headers), body)
        content = json.dumps(found).encode()
        self.send_response_only(status)
        for name, value in {**more, "Content-Type": "application/json", "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
