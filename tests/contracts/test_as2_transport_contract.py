"""What we send over AS2 keeps the contract of every transport, with a real HTTP server as the partner's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from gateway.model import Direction, Environment, TransmissionState
from gateway.pipeline.transport import Shipment, Transport
from gateway.store.engine import Store
from gateway.store.tables import transmission
from tests.contracts.transport_contract import CutOff, TransportContract
from tests.gateway.as2.parties import NOW
from tests.gateway.as2.peer import Came, Peer, Reply, serving, takes
from tests.gateway.as2.workspace import gateway_of, write_workspace


class TestAS2Transport(TransportContract):
    """See TransportContract."""

    account = "acme-as2"
    partner = "acme"

    @pytest.fixture(autouse=True)
    def _partner(self, fresh_store: Store, tmp_path: Path) -> Iterator[None]:
        self.store = fresh_store
        with serving(self._behave) as self.peer:
            self.reachable = True
            write_workspace(tmp_path, url=self.peer.url)
            self.gateway = gateway_of(tmp_path, fresh_store)
            yield

    def transport(self) -> Transport:
        return self.gateway.transports()["as2"]

    def arrived(self) -> list[bytes]:
        return self.peer.documents

    def go_away(self) -> None:
        self.reachable = False

    def come_back(self) -> None:
        self.reachable = True

    def crashing_transport(self) -> Transport:
        def crash(_peer: Peer, came: Came) -> Reply | None:
            takes(self.peer, came)
            return None

        class Crashing:
            """Ends where the connection does: after the partner took it, before its receipt was read."""

            def __init__(self, inner: Transport, peer: Peer) -> None:
                self._inner, self._peer = inner, peer

            def send(self, shipment: Shipment, checkpoint: object) -> None:
                before, self._peer.behave = self._peer.behave, crash
                try:
                    self._inner.send(shipment, checkpoint)  # type: ignore[arg-type]
                finally:
                    self._peer.behave = before
                raise CutOff

        return Crashing(self.transport(), self.peer)  # type: ignore[return-value]

    def shipment(self, content: bytes = b"ISA*" + bytes(range(256)) * 40) -> Shipment:
        """Its transmission stands in the store, as one that is under way does."""
        made = super().shipment(content)
        with self.store.begin() as conn:
            payload = self.gateway.vault.put(conn, content)
            row = {
                "id": made.id,
                "direction": Direction.OUT,
                "environment": Environment.LIVE,
                "state": TransmissionState.WORKING,
                "channel": "as2",
                "account": made.account,
                "filename": made.filename,
                "payload_sha256": payload.sha256,
                "size": payload.size,
                "received_at": NOW,
            }
            conn.execute(insert(transmission), row)
        return made

    def _behave(self, peer: Peer, came: Came) -> Reply | None:
        return takes(peer, came) if self.reachable else None

    def test_a_retry_has_the_message_id_of_the_first_try(self) -> None:
        shipment = self.shipment()
        for attempt in (1, 2):
            self.transport().send(replace(shipment, attempt=attempt), lambda: None)
        ids = [came.message_id for came in self.peer.came]
        assert ids == [f"<{shipment.id}@house>"] * 2
