"""Uploads to the SFTP server keep the contract of every inlet, over a real connection."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import paramiko
from paramiko.sftp import CMD_CLOSE

from gateway.app import Gateway, load_gateway
from gateway.ports import FakeClock
from gateway.settings import load_settings
from gateway.store.engine import Store
from gateway.store.vault import Vault
from sftp.keys import new_private_key, public_part, read_private_key
from sftp.server import SFTPServer
from tests.contracts.inlet_contract import InletContract

KEY = new_private_key()


class TestSftpInlet(InletContract):
    """See InletContract."""

    channel = "sftp"
    account = "acme"

    @contextmanager
    def serving(self, store: Store, home: Path, woken: list[str]) -> Iterator[None]:
        profiles = home / "partners" / "profiles"
        (profiles / "acme" / "keys").mkdir(parents=True)
        (profiles / "acme" / "profile.yaml").write_text("name: Acme\nsftp:\n  - user: acme\n")
        (profiles / "acme" / "keys" / "one.pub").write_text(public_part(KEY).line + "\n")
        (profiles / "ourselves.yaml").write_text("us:\n  name: Us\n  identifiers:\n    - {qualifier: ZZ, id: US}\n")
        (home / "tradelane.yaml").write_text("samples: false\n")
        self.gateway: Gateway = load_gateway(load_settings(home, environment={}), store, clock=FakeClock())
        server = SFTPServer(self.gateway.mailbox(woken.extend), host_keys=[new_private_key()])
        server.start("127.0.0.1", 0)
        self.address = server.address
        try:
            yield
        finally:
            server.stop(grace_seconds=0)

    def hand_in(self, name: str, content: bytes) -> bool:
        with self._logged_in() as session:
            try:
                file = session.open(f"/in/{name}", "wb")
                file.write(content)
                session._request(CMD_CLOSE, file.handle)  # as file.close(), which swallows what it is answered
            except OSError:
                return False
        return True

    def break_off(self, name: str, content: bytes) -> None:
        with self._logged_in() as session:
            file = session.open(f"/in/{name}", "wb")
            file.write(content)
            channel = session.get_channel()
            assert channel is not None
            sock = channel.get_transport().sock
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()  # a reset

    def vault_of(self, home: Path) -> Vault:
        return self.gateway.vault

    @contextmanager
    def _logged_in(self) -> Iterator[paramiko.SFTPClient]:
        with closing(paramiko.Transport(socket.create_connection(self.address, timeout=20))) as transport:
            transport.connect(username="acme", pkey=read_private_key(KEY))
            session = paramiko.SFTPClient.from_transport(transport)
            assert session is not None
            yield session
