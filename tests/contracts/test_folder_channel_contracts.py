"""The folder channel keeps both contracts: what is dropped comes in, what goes out is published once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.channels.folder import FolderWatch
from gateway.channels.folder_transport import FolderTransport
from gateway.errors import StoreUnavailable
from gateway.pipeline.receive import Inlet
from gateway.pipeline.transport import Checkpoint, SendOutcome, Shipment, Transport
from gateway.ports import FakeClock
from gateway.store.engine import Store
from gateway.store.vault import Vault
from partners.folder_accounts import FolderAccount
from tests.contracts.inlet_contract import InletContract
from tests.contracts.transport_contract import CutOff, TransportContract


class TestFolderInlet(InletContract):
    """Dropping a file and finding it moved away is the answer of this channel."""

    channel = "folder"
    account = "acme-van"

    @contextmanager
    def serving(self, store: Store, home: Path, woken: list[str]) -> Iterator[None]:
        self.clock = FakeClock()
        self.vault = Vault(store, home / "vault", self.clock)
        self.inbox = home / "in"
        self.inbox.mkdir()
        account = FolderAccount("acme-van", "acme", inbox=Path("in"))
        inlet = Inlet(store, self.vault, self.clock, woken.extend, 5_000_000)
        self.watch = FolderWatch([account], inlet, home=home, clock=self.clock)
        yield

    def hand_in(self, name: str, content: bytes) -> bool:
        try:
            (self.inbox / name).write_bytes(content)
        except OSError:
            return False  # the file system itself takes no such name
        self.look()
        return not (self.inbox / name).exists()

    def break_off(self, name: str, content: bytes) -> None:
        """What writes it is killed and its folder's owner takes the rest away, still within the stability window."""
        (self.inbox / name).write_bytes(content)
        self.watch.look()
        self.clock.advance(timedelta(seconds=9))
        self.watch.look()
        (self.inbox / name).unlink()

    def vault_of(self, home: Path) -> Vault:
        return self.vault

    def look(self) -> None:
        try:
            self.watch.look()
            self.clock.advance(timedelta(seconds=10))
            self.watch.look()
        except StoreUnavailable:
            return

    def test_a_name_is_a_label_and_never_a_path(self, tmp_path: Path) -> None:
        names = ["a\\..\\b.edi", "CON", "$(id).edi", "a\u202egpj.edi", "a\nb.edi"]
        for name in names:
            assert self.hand_in(name, name.encode())
        assert [one.filename for one in self.kept()] == names


class AnswerLost:
    """A folder transport whose process ends right after it has published."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    def send(self, shipment: Shipment, checkpoint: Checkpoint) -> SendOutcome:
        self._inner.send(shipment, checkpoint)
        raise CutOff

    def find_out(self, shipment: Shipment) -> SendOutcome | None:
        return self._inner.find_out(shipment)


class TestFolderTransport(TransportContract):
    """The partner's program reads what it sees and deletes it, so that nothing doubled hides by overwriting."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.home = tmp_path
        self.out = tmp_path / "out"
        self.out.mkdir()
        self._read: list[bytes] = []

    def transport(self) -> Transport:
        return FolderTransport([FolderAccount("buyer", "buyer", outbox=Path("out"))], home=self.home)

    def arrived(self) -> list[bytes]:
        for path in sorted(self.out.iterdir(), key=lambda path: path.stat().st_mtime_ns):
            if not path.name.startswith("."):
                self._read.append(path.read_bytes())
                path.unlink()
        return self._read

    def go_away(self) -> None:
        self.out.rename(self.home / "unmounted")

    def come_back(self) -> None:
        (self.home / "unmounted").rename(self.out)

    def crashing_transport(self) -> Transport:
        return AnswerLost(self.transport())
