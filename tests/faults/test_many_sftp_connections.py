"""Many connections: strangers that say nothing, guessers, those who ask for new keys again and again.

A partner is served beside them; each test prints what that cost it. `make soak` takes ten thousand of them.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import paramiko
import pytest

from sftp.client import SFTPClient
from sftp.connection import EXCHANGES_A_MINUTE
from sftp.gate import ServerLimits
from sftp.keys import new_private_key, public_part, read_private_key
from sftp.lockout import LockoutRules
from sftp.memory import MemoryMailbox
from sftp.ports import Account
from sftp.server import SFTPServer
from tests.figures import Figures
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(300)

KEY = new_private_key()
WANTED = 1000
TEN_THOUSAND = 10_000
FLOOD = """
import socket, sys
host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
refused = 0
held = []
while refused < count:
    sock = socket.create_connection((host, port), timeout=300)
    held.append(sock)
    if len(held) == 800:
        for sock in held:
            try:
                refused += sock.recv(4) == b""
            except ConnectionResetError:
                refused += 1
            sock.close()
        held.clear()
"""
"""Opens connections, eight hundred at a time, until so many were closed in its face."""
HOLDER = """
import resource, select, socket, sys
host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
poll, held = select.poll(), {}
def open_one():
    sock = socket.create_connection((host, port), timeout=300)
    held[sock.fileno()] = sock
    poll.register(sock, select.POLLIN)
for _ in range(count):
    open_one()
greeted, told = set(), False
while True:
    for number, _ in poll.poll():
        try:
            said = held[number].recv(4096)
        except ConnectionResetError:
            said = b""
        if said:
            greeted.add(number)
            if len(greeted) == count and not told:
                told = True
                sys.stdout.write("ready")
                sys.stdout.flush()
        else:
            poll.unregister(number)
            held.pop(number).close()
            open_one()
"""
"""Holds connections and says nothing on them; those that are given up on are opened anew."""
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


@dataclass(frozen=True, slots=True)
class Spans:
    """Seconds that uploads took."""

    taken: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.taken)

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.taken, n=100, method="inclusive")[98]


def spans(client: SFTPClient, name: str, rounds: int = ROUNDS) -> Spans:
    """Of so many uploads."""
    taken = []
    for number in range(rounds):
        began = time.perf_counter()
        client.put(b"ISA*", "/in", f"{name}-{number}.edi")
        taken.append(time.perf_counter() - began)
    return Spans(taken)


def tell(figures: Figures, what: str, alone: Spans, beside: Spans, **also: object) -> None:
    """How long an upload took, alone and beside what others do."""
    told = {"alone": alone, "beside them": beside}
    rows = {
        f"{when}: median, p99": f"{found.median * 1000:.1f} ms, {found.p99 * 1000:.1f} ms"
        for when, found in told.items()
    }
    figures(f"An upload over SFTP beside {what}", rows | also)


@contextlib.contextmanager
def holding(address: tuple[str, int], count: int) -> Iterator[None]:
    """Another process holds so many greeted connections."""
    command = [sys.executable, "-c", HOLDER, *map(str, (*address, count))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.read(5) == b"ready"
            yield
        finally:
            process.kill()


def check_silent(figures: Figures, wanted: int, *, rounds: int, most: Callable[[float], float]) -> None:
    """So many connections that say nothing, and a partner beside them whose median is at most so much."""
    roomy = ServerLimits(connections=2 * wanted, connections_per_address=2 * wanted, strangers=2 * wanted)
    with serving(roomy) as (server, mailbox), client_of(server) as client:
        alone = spans(client, "alone", rounds)
        with holding(server.address, wanted):
            wait_until(lambda: server.connections > wanted * 0.8, within=600)
            beside = spans(client, "beside", rounds)
            tell(figures, f"{wanted:,} silent connections", alone, beside)
            assert server.connections > wanted * 0.5
            assert beside.median <= most(alone.median)
        wait_until(lambda: server.connections == 1, within=600)
        assert len(mailbox.counted) == 2 * rounds


@pytest.mark.faults
@pytest.mark.usefixtures("descriptors")
def test_a_thousand_silent_connections_do_not_slow_down_a_partner(figures: Figures) -> None:
    check_silent(figures, WANTED, rounds=ROUNDS, most=lambda alone: 2 * alone + 0.02)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_ten_thousand_connections_at_once_leave_a_partner_served(figures: Figures) -> None:
    """A server takes a hundred strangers; the others are closed at once, ten thousand times."""
    with serving(ServerLimits(connections_per_address=500)) as (server, mailbox), client_of(server) as client:
        alone = spans(client, "alone", 500)
        taken: list[float] = []
        command = [sys.executable, "-c", FLOOD, *map(str, (*server.address, TEN_THOUSAND))]
        with subprocess.Popen(command) as flood:
            while flood.poll() is None:
                taken += spans(client, f"beside{len(taken)}", 20).taken
        assert flood.returncode == 0
        beside = Spans(taken)
        tell(figures, f"{TEN_THOUSAND:,} connections", alone, beside)
        assert beside.p99 < 1
        assert len(mailbox.counted) == 500 + len(taken)


def check_rekeying(figures: Figures, wanted: int, *, rounds: int) -> None:
    """So many who are let in ask for new keys without end, and come back when they are cut off for it."""
    over, cuts, asked = threading.Event(), [0] * wanted, [0] * wanted

    def storm(place: int) -> None:
        while not over.is_set():
            with client_of(server) as other, contextlib.suppress(paramiko.SSHException, EOFError, OSError):
                for _ in range(EXCHANGES_A_MINUTE + 1):
                    other._transport.renegotiate_keys()
                    asked[place] += 1
                pytest.fail("nobody minds")
            cuts[place] += 1

    with serving(ServerLimits()) as (server, mailbox), client_of(server) as client:
        alone = spans(client, "alone", rounds)
        with ThreadPoolExecutor(wanted) as pool:
            storming = [pool.submit(storm, place) for place in range(wanted)]
            try:
                wait_until(lambda: all(asked) or any(one.done() for one in storming), within=60)
                beside = spans(client, "beside", rounds)
                wait_until(lambda: all(cuts) or any(one.done() for one in storming), within=120)
            finally:
                over.set()
            for one in storming:
                one.result()
        counts = {"key exchanges": f"{sum(asked):,}", "cut off": f"{sum(cuts)} times"}
        tell(figures, f"{wanted} who change keys without end", alone, beside, **counts)
        assert all(cuts)
        assert sum(asked) <= sum(cuts) * EXCHANGES_A_MINUTE
        assert len(mailbox.counted) == 2 * rounds
        wait_until(lambda: server.connections == 1, within=60)


@pytest.mark.faults
def test_who_asks_for_new_keys_without_end_is_cut_off_and_others_are_served(figures: Figures) -> None:
    check_rekeying(figures, 3, rounds=ROUNDS)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_many_who_ask_for_new_keys_without_end_do_not_stop_others(figures: Figures) -> None:
    check_rekeying(figures, 16, rounds=1000)


@pytest.mark.faults
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


@pytest.mark.faults
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
            with contextlib.closing(transport), pytest.raises((paramiko.SSHException, EOFError, ConnectionError)):
                transport.auth_publickey("acme", read_private_key(new_private_key()))
            wait_until(lambda: server.connections == 1, within=60)
        assert tried == 5
        client.put(b"ISA*", "/in", "po.edi")
