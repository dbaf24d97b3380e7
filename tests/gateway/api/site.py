"""A gateway's HTTP API on loopback for tests: a real server, two partners, and calls in their names."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from gateway.api.app import create_app
from gateway.api.limits import RequestLimits
from gateway.api.server import HttpServer
from gateway.api.services import Services
from gateway.channels.https import HttpsChannel
from gateway.http_settings import TlsFiles
from gateway.store import api_keys
from gateway.store.engine import Store
from sftp.lockout import Lockout, LockoutRules
from tests.gateway.inbound_line import Line

PROFILE = """\
name: {key}
identifiers:
  - {{qualifier: ZZ, id: {isa}}}
https:
  - {{user: {key}-api, file_bytes: {limit}{more}}}
sftp:
  - {{user: {key}-sftp}}
agreements:
  - {{document: "850", direction: in, map: base/850.in, deliver_to: [erp], currency: USD}}
"""
OURSELVES = "us:\n  name: Us\n  identifiers:\n    - {qualifier: ZZ, id: TRADELANE}\n"


@dataclass
class Seconds:
    """A count of seconds that stands still until it is changed."""

    passed: float = 0.0

    def __call__(self) -> float:
        """So many."""
        return self.passed


@dataclass
class Site:
    """A running server."""

    line: Line
    channel: HttpsChannel
    server: HttpServer
    seconds: Seconds
    keys: dict[str, str] = field(default_factory=dict)
    woken: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it answers."""
        scheme = "https" if self.server.secure else "http"
        return f"{scheme}://127.0.0.1:{self.server.address[1]}"

    def key(self, account: str, *, days: int = 30) -> str:
        """A new key of an account."""
        at = self.line.clock.now()
        with self.line.store.begin() as conn:
            _, text = api_keys.add(
                conn, account=account, label="test", at=at, expires_at=at + timedelta(days=days), actor="test"
            )
        return text

    @contextmanager
    def client(self, account: str | None = "acme-api", **options: Any) -> Iterator[httpx.Client]:
        """A client that calls as this account; as nobody where None."""
        headers = {} if account is None else {"Authorization": f"Bearer {self.keys[account]}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=20, trust_env=False, **options) as client:
            yield client

    def send(self, content: bytes = b"ISA*x", *, account: str = "acme-api", **params: str) -> UUID:
        """Upload a file; the id of its transmission."""
        with self.client(account) as client:
            answer = client.post("/v1/transmissions", content=content, params=params)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    def raw(self, request: bytes, *, half_close: bool = False, seconds: float = 20, source: str = "127.0.0.1") -> bytes:
        """Send bytes as they are, perhaps from another loopback address; all that comes until the server closes."""
        with socket.create_connection(self.server.address, timeout=seconds, source_address=(source, 0)) as sock:
            sock.sendall(request)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := sock.recv(65536):
                answer += piece
        return answer


@contextmanager
def serving(
    store: Store,
    home: Path,
    *,
    limits: RequestLimits | None = None,
    tls: TlsFiles | None = None,
    connections: int = 100,
    per_address: int | None = None,
    proxies: tuple[str, ...] = (),
    file_bytes: str = "8 MiB",
    more: str = "",
    woken: list[str] | None = None,
    failures: int = 1000,
) -> Iterator[Site]:
    """A server with the partners acme and globex, each with an HTTPS and an SFTP account.

    After so many `failures` to show a good key an address is locked out for a minute.
    """
    profiles = home / "partners" / "profiles"
    for key, isa in (("acme", "ACME"), ("globex", "GLOBEX")):
        (profiles / key).mkdir(parents=True)
        text = PROFILE.format(key=key, isa=isa, limit=file_bytes, more=more if key == "acme" else "")
        (profiles / key / "profile.yaml").write_text(text)
    (profiles / "ourselves.yaml").write_text(OURSELVES)
    (home / "tradelane.yaml").write_text("samples: false\n")
    line = Line(store, home)
    heard = line.woken if woken is None else woken
    gateway = line.gateway
    channel = HttpsChannel(store, gateway.vault, gateway.registry, line.clock, gateway.inlet(heard.extend))
    seconds = Seconds()
    lockout = Lockout(LockoutRules(failures=failures, half_life_seconds=60), now=seconds)
    app = create_app(Services(channel, gateway.intake.admit, lockout), limits=limits)
    server = HttpServer(
        app,
        host="127.0.0.1",
        port=0,
        connections=connections,
        per_address=per_address,
        tls=tls,
        trusted_proxies=proxies,
    )
    server.start()
    try:
        site = Site(line, channel, server, seconds, woken=heard)
        site.keys = {account: site.key(account) for account in ("acme-api", "globex-api")}
        yield site
    finally:
        server.stop()
