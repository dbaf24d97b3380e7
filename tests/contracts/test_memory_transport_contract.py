"""The fake transport keeps the contract it stands in for."""

from __future__ import annotations

import pytest

from gateway.pipeline.transport import Transport
from tests.contracts.memory_partner import MemoryPartner, MemoryTransport
from tests.contracts.transport_contract import CutOff, TransportContract


class TestMemoryTransport(TransportContract):
    """See TransportContract."""

    @pytest.fixture(autouse=True)
    def _partner(self) -> None:
        self.memory = MemoryPartner()

    def transport(self) -> Transport:
        return MemoryTransport(self.memory)

    def arrived(self) -> list[bytes]:
        return [content for _, content in self.memory.files.values()]

    def go_away(self) -> None:
        self.memory.reachable = False

    def come_back(self) -> None:
        self.memory.reachable = True

    def crashing_transport(self) -> Transport:
        return MemoryTransport(self.memory, lost=CutOff())
