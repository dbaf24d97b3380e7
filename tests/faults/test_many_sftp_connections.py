"""A thousand connections: strangers that say nothing, guessers, slow readers; a partner is served beside them."""

from __future__ import annotations

import contextlib
import resource
import socket
import statistics
import time
from collections.abc import Iterator

import paramiko
import pytest

from sftp.client import SFTPClient
from sftp.gate import ServerLimits
from sftp.keys import new_private_key, public_part, read_private_key
from sftp.lockout import LockoutRules
from sftp.memory import MemoryMailbox
from sftp.ports import Account
from sftp.server import SFTPServer
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

KEY = new_private_key()
WANTED = 1000
ROUNDS = 20


@pytest.fixture
def descriptors() -> Iterator[int]:
    """As many connections as this process may have both ends of, up to WANTED."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    raised = hard if hard != resource.RLIM_INFINITY else 8192
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(raised, 8192), hard))
    yield min(WANTED, min(raised, 8192) // 2 - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def serving(limits: ServerLimits) -> Iterator[tuple[SFTPServer, MemoryMailbox]]:
    mailbox = MemoryMailbox()
    mailbox.add_account("acme", Account("acme"), public_part(KEY))
    server = SFTPServer(mailbox, host_keys=[new_private_key()], limits=limits)
    server.start("127.0.0.1", 0)
    try:
        yield server, mailbox
    finally:
        server.stop(grace_seconds=0)


def client_of(server: SFTPServer) -> SFTPClient:
    host, port = server.address
    return SFTPClient.connect(host, port, user="acme", private_key=KEY, host_keys=server.host_keys, seconds=60)


def median_seconds(client: SFTPClient, name: str) -> float:
    spans = []
    for number in range(ROUNDS):
        began = time.perf_counter()
        client.put(b"ISA*", "/in", f"{name}-{number}.edi")
        spans.append(time.perf_counter() - began)
    return statistics.median(spans)


def test_a_thousand_silent_connections_do_not_slow_down_a_partner(descriptors: int) -> None:
    assert descriptors >= 400, "this machine allows too few descriptors to say anything"
    roomy = ServerLimits(connections=2 * WANTED, connections_per_address=2 * WANTED, strangers=2 * WANTED)
    with serving(roomy) as (server, mailbox), client_of(server) as client:
        alone = median_seconds(client, "alone")
        with contextlib.ExitStack() as stack:
            silent = [
                stack.enter_context(socket.create_connection(server.address, timeout=60)) for _ in range(descriptors)
            ]
            for sock in silent:
                assert sock.recv(4) == b"SSH-"
            assert server.connections == descriptors + 1
            beside = median_seconds(client, "beside")
            assert beside <= 2 * alone + 0.02
        wait_until(lambda: server.connections == 1, within=120)
        assert len(mailbox.counted) == 2 * ROUNDS


def test_beyond_the_limits_connections_are_closed_at_once_and_a_partner_that_is_in_stays(descriptors: int) -> None:
    with serving(ServerLimits(strangers=50)) as (server, _), client_of(server) as client:
        with contextlib.ExitStack() as stack:
            answers = []
            for _ in range(descriptors):
                sock = stack.enter_context(socket.create_connection(server.address, timeout=60))
                try:
                    answers.append(sock.recv(4))
                except ConnectionResetError:
                    answers.append(b"")
            assert answers.count(b"SSH-") == 50
            client.put(b"ISA*", "/in", "po.edi")
        wait_until(lambda: server.connections == 1, within=60)


def test_a_guesser_is_shut_out_and_a_partner_that_is_in_stays() -> None:
    limits = ServerLimits(refusal_seconds=0.0, lockout=LockoutRules(failures=5))
    with serving(limits) as (server, _), client_of(server) as client:
        tried = 0
        for _ in range(50):
            try:
                transport = paramiko.Transport(socket.create_connection(server.address, timeout=60))
                transport.start_client(timeout=60)
            except (OSError, EOFError, paramiko.SSHException):
                continue
            tried += 1
            with contextlib.closing(transport), pytest.raises((paramiko.SSHException, EOFError)):
                transport.auth_publickey("acme", read_private_key(new_private_key()))
            wait_until(lambda: server.connections == 1, within=60)
        assert tried == 5
        client.put(b"ISA*", "/in", "po.edi")
