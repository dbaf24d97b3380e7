"""`tradelane bench sftp`: uploads by OpenSSH's client to our server and to OpenSSH's own, in the same run.

Ours answers each close after the file is committed, on its own PostgreSQL with fsync on; OpenSSH's writes to a folder
and syncs nothing. Every file must be in our store afterwards, byte for byte, or there is no figure. What our time is
made of is measured beside it: the processor's share of our process and of PostgreSQL, the same bytes by one INSERT and
COMMIT each, and our server over a mailbox that keeps nothing. Small files are sent in several rounds, of which the
middle one is told: a second of two processors is soon disturbed.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg

from gateway.bench import sftp_peer
from gateway.bench.figures import Peer, Row, report, row
from gateway.bench.pipeline_home import make_home, user
from gateway.bench.processor import Taken, taken
from gateway.bench.sftp_peer import PeerFailed, Server
from gateway.serving import Running, running
from gateway.store.embedded import EmbeddedPostgres
from gateway.store.mailbox import list_files
from sftp.keys import new_private_key, public_part
from sftp.memory import MemoryMailbox
from sftp.ports import Account
from sftp.server import SFTPServer

FILE_BYTES = 5_000
LARGE_BYTES = 200_000_000
SESSIONS = 8
ROUNDS = 3
"""The small files are sent so many times, each time new ones; the round with the middle ratio is told."""
REACH = 2.0
"""So many times the peer's time may be ours, as long as every file is committed."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of ours and of the peer's, and what ours took of the processor."""

    mine: float
    peer: float
    processor: Taken

    @property
    def ratio(self) -> float:
        """How many times the peer's time ours was."""
        return self.mine / self.peer


def bench_sftp(*, quick: bool = False) -> dict[str, Any]:
    """Measure: seconds of the clock, on whatever else the machine does, and of the processor.

    Args:
        quick: a tenth of the work.

    Returns:
        The object of `tradelane bench sftp --json`.

    Raises:
        PeerFailed: OpenSSH is not installed, or a file was refused, lost or changed.
    """
    lacks = sftp_peer.missing()
    if lacks is not None:
        raise PeerFailed(f"{lacks} of OpenSSH is not installed; bench sftp measures with its client, beside its server")
    count, rounds, large = (100, 1, LARGE_BYTES // 10) if quick else (1000, ROUNDS, LARGE_BYTES)
    with ExitStack() as stack:
        scratch, home, peer_home = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tradelane-bench-"))) for _ in range(3)
        )
        home.chmod(0o755)
        key = make_home(home)
        key_file = scratch / "key"
        key_file.touch(mode=0o600)
        key_file.write_bytes(key)
        gateway = stack.enter_context(running(home, roles=["sftp"], temporary=True, log_level="error"))
        postgres = EmbeddedPostgres(home).pid()
        assert postgres is not None
        ours = Server(gateway.sftp_address[1], user(0), gateway.host_key, "/in")
        theirs = stack.enter_context(sftp_peer.internal_sftp(peer_home, key))
        bare = stack.enter_context(_forgetful(key))

        def small_files() -> list[Path]:
            return [_file(scratch / f"small{number}", FILE_BYTES) for number in range(count)]

        def beside(sessions: int, files: list[Path], *, at: int = 1) -> Measured:
            """The same files to OpenSSH and to us."""
            name = f"by{sessions}x{len(files)}-{at}"
            batches = [[(path, f"{name}-{path.name}") for path in files[n::sessions]] for n in range(sessions)]
            peer = sftp_peer.upload(theirs, key_file, batches, scratch=scratch)
            before = taken(postgres)
            mine = sftp_peer.upload(ours, key_file, batches, scratch=scratch)
            processor = taken(postgres).since(before)
            _check(gateway, name, files)
            return Measured(mine, peer, processor)

        rows: list[Row] = []
        for sessions, reach in ((SESSIONS, REACH), (1, None)):
            every = [beside(sessions, small_files(), at=at) for at in range(rounds)]
            found = sorted(every, key=lambda one: one.ratio)[rounds // 2]
            at_once = f"{sessions} sessions at the same time" if sessions > 1 else "one session, one after the other"
            rows += [
                row(
                    f"{count:,} files of {FILE_BYTES:,} bytes, {at_once}, each committed before its close is answered",
                    found.mine,
                    "s",
                    better="lower",
                    reach=None if reach is None else round(reach * found.peer, 3),
                    peer=Peer("OpenSSH internal-sftp, which syncs nothing", found.peer),
                ),
                row(f"CPU of our process, a file, {at_once}", found.processor.ours * 1e3 / count, "ms", better="lower"),
                row(
                    f"CPU of PostgreSQL, a file, {at_once}",
                    found.processor.postgres * 1e3 / count,
                    "ms",
                    better="lower",
                ),
            ]
        small = small_files()
        rows += [
            row(
                f"{count:,} such files, one INSERT and COMMIT each and nothing else: the floor under one session",
                _committed(gateway, small),
                "s",
                better="lower",
            ),
            row(
                f"{count:,} such files in one session to our server and a mailbox that forgets them: SSH and SFTP",
                sftp_peer.upload(bare, key_file, [[(path, path.name) for path in small]], scratch=scratch),
                "s",
                better="lower",
            ),
        ]
        big = beside(1, [_file(scratch / "large", large)])
        megabytes = large / 1_000_000
        rate = f"one file of {large // 1_000_000} MB"
        rows.append(row(rate, megabytes / big.mine, "MB/s", peer=Peer("OpenSSH internal-sftp", megabytes / big.peer)))
    return report("sftp", rows)


@contextmanager
def _forgetful(key: bytes) -> Iterator[Server]:
    """Our server, over a mailbox that keeps no byte."""
    mailbox = MemoryMailbox(keep_bytes=0)
    mailbox.add_account(user(0), Account(user(0)), public_part(key))
    host_key = new_private_key()
    with SFTPServer(mailbox, host_keys=[host_key]) as server:
        server.start("127.0.0.1", 0)
        yield Server(server.address[1], user(0), public_part(host_key), "/in")


def _file(path: Path, size: int) -> Path:
    path.write_bytes(os.urandom(size))
    return path


def _committed(gateway: Running, files: list[Path]) -> float:
    """Seconds to commit the bytes of each file by themselves, in the database and on the disk that we use."""
    conninfo = gateway.store.url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("CREATE TABLE bench_floor (number int PRIMARY KEY, body bytea NOT NULL)")
        try:
            began = perf_counter()
            for number, path in enumerate(files):
                conn.execute("INSERT INTO bench_floor VALUES (%s, %s)", (number, path.read_bytes()))
            return perf_counter() - began
        finally:
            conn.execute("DROP TABLE bench_floor")


def _check(gateway: Running, name: str, files: list[Path]) -> None:
    """Every file is there as it was sent.

    Raises:
        PeerFailed: one is not.
    """
    with gateway.store.begin() as conn:
        kept = {found.name: found.sha256 for found in list_files(conn, account=user(0), folder="in")}
    for path in files:
        if kept.get(f"{name}-{path.name}") != hashlib.sha256(path.read_bytes()).digest():
            raise PeerFailed(f"{path.name} was answered and is not in the store as it was sent")
