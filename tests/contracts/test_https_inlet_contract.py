"""Uploads over HTTP keep the contract of every inlet."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.store.engine import Store
from gateway.store.vault import Vault
from tests.contracts.inlet_contract import InletContract
from tests.gateway.api.site import Site, serving


class TestHttpsInlet(InletContract):
    """See InletContract."""

    channel = "https"
    account = "acme-api"

    @contextmanager
    def serving(self, store: Store, home: Path, woken: list[str]) -> Iterator[None]:
        with serving(store, home, woken=woken) as found:
            self.site: Site = found
            yield

    def hand_in(self, name: str, content: bytes) -> bool:
        with self.site.client() as client:
            answer = client.post("/v1/transmissions", content=content, params={"filename": name})
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
        return answer.status_code == 201

    def break_off(self, name: str, content: bytes) -> None:
        head = (
            f"POST /v1/transmissions?filename={name} HTTP/1.1\r\nHost: here\r\n"
            f"Authorization: Bearer {self.site.keys[self.account]}\r\nContent-Length: {len(content) + 1}\r\n\r\n"
        )
        with socket.create_connection(self.site.server.address, timeout=20) as sock:
            sock.sendall(head.encode() + content)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def vault_of(self, home: Path) -> Vault:
        return self.site.line.gateway.vault


class TestHttpsForms(TestHttpsInlet):
    """The same for multipart/form-data."""

    def hand_in(self, name: str, content: bytes) -> bool:
        with self.site.client() as client:
            return client.post("/v1/transmissions", files={"file": (name, content)}).status_code == 201
