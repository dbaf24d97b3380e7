"""A running server on loopback, its mailbox in memory, and clients of it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import paramiko
import pytest

from sftp.client import SFTPClient
from sftp.gate import ServerLimits
from sftp.keys import new_private_key, public_part, read_private_key
from sftp.lockout import Lockout
from sftp.memory import MemoryMailbox
from sftp.ports import Account
from sftp.server import SFTPServer
from tests.interop.table import passed, table  # noqa: F401 fixtures

HOST_KEY = new_private_key()
ACME_KEY = new_private_key()
SECOND_ACME_KEY = new_private_key()
GLOBEX_KEY = new_private_key()


@dataclass
class Site:
    """A server with the accounts `acme` (two keys) and `globex`."""

    server: SFTPServer
    mailbox: MemoryMailbox

    def dial(self, user: str = "acme", key: bytes = ACME_KEY, **options: object) -> paramiko.Transport:
        """A logged-in SSH connection."""
        transport = self.knock(**options)
        try:
            transport.auth_publickey(user, read_private_key(key))
        except BaseException:
            transport.close()
            raise
        return transport

    def knock(self, *, source: str = "127.0.0.1", **options: object) -> paramiko.Transport:
        """An SSH connection that has not logged in; from another loopback address, too."""
        sock = socket.create_connection(self.server.address, timeout=20, source_address=(source, 0))
        transport = paramiko.Transport(sock, **options)  # type: ignore[arg-type]
        try:
            transport.start_client(timeout=20)
        except BaseException:
            transport.close()
            raise
        return transport

    def client(self, user: str = "acme", key: bytes = ACME_KEY) -> SFTPClient:
        """Our own client, logged in."""
        host, port = self.server.address
        return SFTPClient.connect(host, port, user=user, private_key=key, host_keys=self.server.host_keys, seconds=20)


Start = Callable[..., Site]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts servers with given limits and stops them at the end."""
    running: list[SFTPServer] = []

    def run(
        *,
        account: Account | None = None,
        keep_bytes: int = 16 << 20,
        passwords: bool = False,
        lockout: Lockout | None = None,
        **limits: float,
    ) -> Site:
        mailbox = MemoryMailbox(keep_bytes=keep_bytes)
        acme = account or Account("acme")
        mailbox.add_account("acme", acme, public_part(ACME_KEY), public_part(SECOND_ACME_KEY))
        mailbox.add_account("globex", Account("globex"), public_part(GLOBEX_KEY))
        chosen = replace(ServerLimits(refusal_seconds=0.01), **limits)  # type: ignore[arg-type]
        server = SFTPServer(mailbox, host_keys=[HOST_KEY], limits=chosen, passwords=passwords, lockout=lockout)
        server.start("127.0.0.1", 0)
        running.append(server)
        return Site(server, mailbox)

    yield run
    for server in running:
        server.stop(grace_seconds=0)


@pytest.fixture
def site(start: Start) -> Site:
    """One server with the usual limits."""
    return start()


@pytest.fixture
def sftp(site: Site) -> Iterator[paramiko.SFTPClient]:
    """A plain paramiko session of acme."""
    transport = site.dial()
    session = paramiko.SFTPClient.from_transport(transport)
    assert session is not None
    yield session
    session.close()
    transport.close()


@pytest.fixture
def acme_key() -> bytes:
    """A key of acme."""
    return ACME_KEY


@pytest.fixture
def second_acme_key() -> bytes:
    """The other key of acme."""
    return SECOND_ACME_KEY


@pytest.fixture
def globex_key() -> bytes:
    """The key of globex."""
    return GLOBEX_KEY
