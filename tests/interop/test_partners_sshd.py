"""A partner that hosts OpenSSH's sshd with internal-sftp: what we fetch from it and bring to it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.channels.sftp_client import RemoteConnect
from gateway.channels.sftp_poller import RemotePoller
from gateway.pipeline.transport import Delivered, Transport
from gateway.store.engine import Store
from gateway.store.tables import exception, transmission
from sftp.keys import new_private_key, public_part
from tests.contracts.transport_contract import CutOff, TransportContract
from tests.gateway.inbound_line import Line, file_of
from tests.sftp.openssh import OpenSSHServer, needs_sshd

pytestmark = [pytest.mark.interop, needs_sshd]

PEER = "OpenSSH sshd (internal-sftp)"
Passed = Callable[..., None]
KEY = new_private_key()
PROFILE = """\
name: Host
sftp_client:
  - name: hosted
    host: {host}
    port: {port}
    user: {user}
    key: hosted
    host_keys: ["{pin}"]
    carries: [acme]
    stable_polls: 2
    every: 1s
    fetch: [{{folder: {folder}/out, after: move, move_to: {folder}/done}}]
    send: {{folder: {folder}/for-host}}
"""


class Peer:
    """The partner's server, and our workspace that knows it."""

    def __init__(self, store: Store, home: Path, sshd_home: Path) -> None:
        self.sshd = OpenSSHServer(sshd_home, KEY)
        self.folder = Path(self.sshd.folder)
        for name in ("out", "done", "for-host"):
            path = self.folder / name
            path.mkdir()
            os.chown(path, self.folder.stat().st_uid, self.folder.stat().st_gid)
        self.home = home
        self.store = store
        (home / "secrets").mkdir()
        secret = home / "secrets" / "hosted"
        secret.touch(mode=0o600)
        secret.write_bytes(KEY)
        self.load(self.sshd.host_key.line)

    def load(self, pin: str) -> None:
        host, port = self.sshd.address
        folder = self.home / "partners" / "profiles" / "host"
        folder.mkdir(parents=True, exist_ok=True)
        text = PROFILE.format(host=host, port=port, user=self.sshd.user, pin=pin, folder=self.folder)
        (folder / "profile.yaml").write_text(text)
        self.line = Line(self.store, self.home)
        self.poller = self.gateway.poller(self.line.woken.extend)

    @property
    def gateway(self) -> Gateway:
        return self.line.gateway

    def place(self, name: str, content: bytes) -> None:
        """The partner puts a file out; its server's user owns it."""
        path = self.folder / "out" / name
        path.write_bytes(content)
        os.chown(path, self.folder.stat().st_uid, self.folder.stat().st_gid)

    def visit(self, poller: RemotePoller | None = None) -> None:
        for account in (poller or self.poller).due():
            (poller or self.poller).visit(account)
        self.line.clock.advance(timedelta(seconds=1))

    def left(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.folder / folder).iterdir())


@pytest.fixture(scope="session")
def version() -> str:
    """Of OpenSSH, as its client tells it: `9.2p1`."""
    said = subprocess.run(["ssh", "-V"], capture_output=True, text=True).stderr
    return said.removeprefix("OpenSSH_").split(",")[0].split()[0]


@pytest.fixture
def peer(fresh_store: Store, tmp_path: Path) -> Iterator[Peer]:
    with tempfile.TemporaryDirectory(prefix="tradelane-sshd-") as sshd_home:
        made = Peer(fresh_store, tmp_path, Path(sshd_home))
        yield made
        made.sshd.stop()


def test_files_are_fetched_worked_and_moved_there(peer: Peer, passed: Passed, version: str) -> None:
    peer.place("po.edi", file_of("PO-1"))
    peer.place("half.edi.part", b"ISA")
    (peer.folder / "out" / "link.edi").symlink_to(peer.folder / "out" / "half.edi.part")
    peer.visit()
    assert peer.left("done") == []
    peer.visit()
    assert peer.left("done") == ["po.edi"]
    assert peer.left("out") == ["half.edi.part", "link.edi"]
    peer.line.run()
    assert peer.line.numbers() == ["PO-1"]
    passed(PEER, version, "to us", "files are fetched, worked and moved there")


def test_a_large_file_arrives_as_it_is(peer: Peer, passed: Passed, version: str) -> None:
    content = os.urandom(5_000_000)
    peer.place("large.bin", content)
    for _ in range(2):
        peer.visit()
    with peer.store.begin() as conn:
        [sha256] = conn.execute(transmission.select().with_only_columns(transmission.c.payload_sha256)).scalars()
        assert peer.gateway.vault.read(conn, sha256) == content
    passed(PEER, version, "to us", "a large file is fetched as it is")


def test_a_server_killed_while_we_fetch_loses_and_doubles_nothing(peer: Peer, passed: Passed, version: str) -> None:
    for name in ("a.edi", "b.edi"):
        peer.place(name, file_of(f"PO-{name[0]}", control=f"{ord(name[0]):09d}"))
    peer.visit()
    connect = peer.gateway.transports()["sftp-client"].connect  # type: ignore[attr-defined]
    assert isinstance(connect, RemoteConnect)

    class Killing(RemoteConnect):
        """The server dies as soon as the first file was fetched."""

        def __call__(self, account):  # type: ignore[no-untyped-def]
            remote = super().__call__(account)
            get = remote.get

            def fetched(path, into):  # type: ignore[no-untyped-def]
                length = get(path, into)
                peer.sshd.kill()
                return length

            remote.get = fetched
            return remote

    inlet = peer.gateway.inlet(peer.line.woken.extend)
    killed = RemotePoller(
        store=peer.store, inlet=inlet, registry=peer.gateway.registry, connect=Killing(peer.home, 10.0)
    )
    for _ in range(2):
        peer.visit(killed)
    peer.line.clock.advance(timedelta(minutes=5))
    for _ in range(3):
        peer.visit()
        peer.line.clock.advance(timedelta(minutes=5))
    assert peer.left("done") == ["a.edi", "b.edi"]
    peer.line.run()
    assert peer.line.numbers() == ["PO-a", "PO-b"]
    passed(PEER, version, "to us", "killed while we fetch: nothing lost, nothing doubled")


def test_another_host_key_stops_everything_and_the_right_one_lets_it_go_on(
    peer: Peer, passed: Passed, version: str
) -> None:
    peer.load(public_part(new_private_key()).line)
    peer.place("po.edi", file_of("PO-1"))
    for _ in range(3):
        peer.visit()
    assert peer.left("out") == ["po.edi"]
    with peer.store.begin() as conn:
        [code] = conn.execute(exception.select().with_only_columns(exception.c.code)).scalars()
    assert code == "sftp_client.host_key"
    peer.line.clock.advance(timedelta(hours=1))
    clock = peer.line.clock.now()
    peer.load(peer.sshd.host_key.line)
    peer.line.clock.advance(clock - peer.line.clock.now())
    for _ in range(2):
        peer.visit()
    assert peer.left("done") == ["po.edi"]
    passed(PEER, version, "to us", "another host key stops the visits")


class TestSendingToSshd(TransportContract):
    """See TransportContract; the partner is a real sshd."""

    account = "hosted"
    partner = "host"

    @pytest.fixture(autouse=True)
    def _partner(self, peer: Peer) -> None:
        self.peer = peer
        self.away = False

    def transport(self) -> Transport:
        return self.peer.gateway.transports()["sftp-client"]

    def arrived(self) -> list[bytes]:
        folder = self.peer.folder / "for-host"
        paths = sorted((path for path in folder.iterdir() if path.suffix != ".part"), key=_changed)
        return [path.read_bytes() for path in paths]

    def go_away(self) -> None:
        (self.peer.home / "secrets" / "hosted").chmod(0o644)

    def come_back(self) -> None:
        (self.peer.home / "secrets" / "hosted").chmod(0o600)

    def crashing_transport(self) -> Transport | None:
        whole = self.transport()
        connect = whole.connect  # type: ignore[attr-defined]

        def crashing(account):  # type: ignore[no-untyped-def]
            remote = connect(account)
            rename = remote.rename

            def renamed(source, target):  # type: ignore[no-untyped-def]
                rename(source, target)
                raise CutOff

            remote.rename = renamed
            return remote

        return type(whole)(whole.store, whole.registry, whole.clock, crashing)  # type: ignore[attr-defined, call-arg]

    def test_nothing_temporary_is_left_and_the_receipt_names_the_path(self, passed: Passed, version: str) -> None:
        outcome = self.transport().send(self.shipment(), lambda: None)
        assert isinstance(outcome, Delivered)
        assert "/for-host/855_000000001.edi" in outcome.receipt
        assert [path.name for path in (self.peer.folder / "for-host").iterdir()] == ["855_000000001.edi"]
        passed(PEER, version, "from us", "a file is sent under a temporary name and renamed")


def _changed(path: Path) -> tuple[int, str]:
    return (path.stat().st_mtime_ns, path.name)
