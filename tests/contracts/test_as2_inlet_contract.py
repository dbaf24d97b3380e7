"""AS2 messages keep the contract of every inlet, at the ASGI application."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from gateway.as2.bodies import Bodies
from gateway.as2.mime import Pairs
from gateway.store.engine import Store
from gateway.store.vault import Vault
from tests.contracts.inlet_contract import InletContract
from tests.gateway.as2.parties import build, security
from tests.gateway.as2.workspace import gateway_of, post, request_headers, write_workspace


class TestAS2Inlet(InletContract):
    """See InletContract."""

    channel = "as2"
    account = "acme-as2"

    @contextmanager
    def serving(self, store: Store, home: Path, woken: list[str]) -> Iterator[None]:
        write_workspace(home)
        self.gateway = gateway_of(home, store)
        self.endpoint = self.gateway.as2_endpoint(woken.extend)
        self.numbers = count(1)
        yield

    def hand_in(self, name: str, content: bytes) -> bool:
        headers, body = self.message(name, content)
        answer = post(self.endpoint, headers, body)
        if answer.status != 200:
            return False
        assert b"; processed\r\n" in answer.body, "200 is a success to many senders, so it must have been one"
        return True

    def break_off(self, name: str, content: bytes) -> None:
        headers, body = self.message(name, content)
        post(self.endpoint, headers, (body[:1000], body[1000:-500]), broken_off=True)

    def vault_of(self, home: Path) -> Vault:
        return self.gateway.vault

    def message(self, name: str, content: bytes) -> tuple[Pairs, bytes]:
        with Bodies() as bodies:
            built = build(security(), bodies, content, filename=name)
            return request_headers(built.headers, message_id=f"<{next(self.numbers)}@acme>"), built.body.read()
