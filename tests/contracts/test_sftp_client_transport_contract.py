"""Files brought to a partner's own SFTP server keep the contract of every transport."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.channels.sftp_sender import SftpClientTransport
from gateway.pipeline.transport import Delivered, Transport, Uncertain
from gateway.ports import FakeClock
from gateway.store.engine import Store
from partners.registry import PartnerRegistry
from partners.remotes import RemoteAccount
from sftp.errors import ConnectionLostError
from sftp.keys import new_private_key, public_part
from sftp.memory_remote import MemoryRemote
from sftp.remote import Remote
from tests.contracts.transport_contract import CutOff, TransportContract

PROFILE = """\
name: Buyer
sftp_client:
  - name: buyer
    host: sftp.buyer.example
    user: house
    key: buyer
    host_keys: ["{host_key}"]
    send: {{folder: /in}}
"""


class TestSftpClientTransport(TransportContract):
    """See TransportContract."""

    @pytest.fixture(autouse=True)
    def _partner(self, store: Store, tmp_path: Path) -> None:
        self.remote = MemoryRemote()
        self.reachable = True
        self.store = store
        folder = tmp_path / "buyer"
        folder.mkdir()
        (folder / "profile.yaml").write_text(PROFILE.format(host_key=public_part(new_private_key()).line))
        self.registry = PartnerRegistry.load([tmp_path])

    def connect(self, account: RemoteAccount) -> Remote:
        assert account.host == "sftp.buyer.example"
        if not self.reachable:
            raise ConnectionLostError("nobody answers")
        return self.remote

    def transport(self) -> Transport:
        return SftpClientTransport(self.store, self.registry, FakeClock(), self.connect)

    def arrived(self) -> list[bytes]:
        return [content for path, (content, _) in self.remote.files.items() if not path.endswith(".part")]

    def go_away(self) -> None:
        self.reachable = False

    def come_back(self) -> None:
        self.reachable = True

    def crashing_transport(self) -> Transport:
        def cut_off(method: str, _path: str) -> None:
            if method == "rename":
                self.remote.after = lambda _method, _path: None
                raise CutOff

        self.remote.after = cut_off
        return self.transport()

    def test_the_name_is_never_seen_before_the_file_is_whole(self) -> None:
        seen: list[tuple[str, list[str]]] = []
        self.remote.before = lambda method, _path: seen.append((method, sorted(self.remote.files)))
        self.transport().send(self.shipment(), lambda: seen.append(("checkpoint", sorted(self.remote.files))))
        assert [method for method, _ in seen] == ["write", "stat", "stat", "checkpoint", "rename"]
        assert all(not path.endswith(".edi") for _, paths in seen for path in paths)
        assert list(self.remote.files) == ["/in/855_000000001.edi"]

    def test_an_answer_to_the_rename_that_was_lost_is_found_out(self) -> None:
        def lose(method: str, _path: str) -> None:
            if method == "rename":
                raise ConnectionLostError("reset")

        self.remote.after = lose
        shipment = self.shipment()
        assert isinstance(self.transport().send(shipment, lambda: None), Uncertain)
        assert isinstance(self.transport().find_out(shipment), Delivered)

    def test_a_rename_that_never_happened_is_done_again(self) -> None:
        def lose(method: str, _path: str) -> None:
            if method == "rename":
                self.remote.before = lambda _method, _path: None
                raise ConnectionLostError("reset")

        self.remote.before = lose
        shipment = self.shipment()
        assert isinstance(self.transport().send(shipment, lambda: None), Uncertain)
        assert self.transport().find_out(shipment) is None
        assert isinstance(self.transport().send(shipment, lambda: None), Delivered)
        assert len(self.arrived()) == 1

    def test_a_file_the_partner_took_before_we_knew_waits_for_a_person(self) -> None:
        shipment = self.shipment()
        with pytest.raises(CutOff):
            self.crashing_transport().send(shipment, lambda: None)
        self.remote.files.clear()
        assert isinstance(self.transport().find_out(shipment), Uncertain)

    def test_a_close_that_kept_half_is_not_renamed(self) -> None:
        def cut(method: str, path: str) -> None:
            if method == "write":
                self.remote.place(path, b"half")

        self.remote.after = cut
        outcome = self.transport().send(self.shipment(), lambda: pytest.fail("nothing may be taken"))
        assert "has 4 bytes there" in getattr(outcome, "reason", "")
        assert self.arrived() == []
