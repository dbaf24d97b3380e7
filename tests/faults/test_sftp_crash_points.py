"""kill -9 at every durable boundary of SFTP, both ways: nothing answered is lost, each file has one effect."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import paramiko
import pytest
from paramiko.sftp import CMD_CLOSE
from sqlalchemy import select

from gateway.crash_points import CRASH_AT, POINTS
from gateway.model import Environment
from gateway.pipeline.outgoing import put_out, way_to
from gateway.ports import new_id
from gateway.store.crashes import give_back
from gateway.store.engine import Store
from gateway.store.rows import NewRows
from gateway.store.tables import remote_file, transmission
from sftp.keys import new_private_key, public_part, read_private_key
from sftp.memory import MemoryMailbox
from sftp.ports import Account, Area, Place
from sftp.server import SFTPServer
from tests.faults.sftp_child import WORKER
from tests.gateway.inbound_line import Line, file_of
from tests.waiting import wait_until

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[2]
KEY, HOST_KEY = new_private_key(), new_private_key()
OUT, IN = Place(Area.OUT), Place(Area.IN)
PROFILE = """\
name: Host
sftp: [{{user: house, carries: [acme], pickup: rename}}]
sftp_client:
  - name: hosted
    host: 127.0.0.1
    port: {port}
    user: us
    key: hosted
    host_keys: ["{pin}"]
    carries: [acme]
    stable_polls: 1
    every: 1s
    fetch: [{{folder: /out}}]
    send: {{folder: /in}}
"""
RECEIVE = ["sftp.receive.before_commit", "sftp.receive.after_commit"]
RENAME = ["sftp.rename.before_commit", "sftp.rename.after_commit"]
POLL = ["receive.before_commit", "receive.after_commit", "sftp.poll.after_clearing"]
SEND = ["sftp.send.after_temporary", "sftp.send.after_checkpoint", "sftp.send.after_rename"]


class World:
    """A workspace, the partner's own server beside it, and child processes that work on both."""

    def __init__(self, store: Store, url: str, home: Path) -> None:
        self.store, self.url, self.home = store, url, home
        self.partner = MemoryMailbox()
        self.partner.add_account("us", Account("us"), public_part(KEY))
        self.server = SFTPServer(self.partner, host_keys=[HOST_KEY])
        self.server.start("127.0.0.1", 0)
        (home / "secrets").mkdir()
        for path in (home / "secrets" / "hosted", home / "host_key"):
            path.touch(mode=0o600)
            path.write_bytes(KEY if path.name == "hosted" else HOST_KEY)
        folder = home / "partners" / "profiles" / "host"
        (folder / "keys").mkdir(parents=True)
        (folder / "keys" / "one.pub").write_text(public_part(KEY).line + "\n")
        pin = public_part(HOST_KEY).line
        (folder / "profile.yaml").write_text(PROFILE.format(port=self.server.address[1], pin=pin))
        self.line = Line(store, home)
        self.days = 0

    def child(self, command: str, *, point: str = "") -> subprocess.Popen[bytes]:
        """A process that works; with a point it dies there."""
        self.days += 1
        arguments = [sys.executable, "-m", "tests.faults.sftp_child", command, self.url, str(self.home), str(self.days)]
        environment = os.environ | ({CRASH_AT: point} if point else {})
        return subprocess.Popen(arguments, cwd=ROOT, env=environment, stderr=subprocess.PIPE)

    def run(self, command: str, *, point: str = "") -> None:
        """Run one to its end, or to its death."""
        process = self.child(command, point=point)
        _, said = process.communicate(timeout=120)
        assert process.returncode == (-signal.SIGKILL if point else 0), said.decode()[-2000:]

    @contextmanager
    def serving(self, *, point: str = "") -> Iterator[subprocess.Popen[bytes]]:
        """Our SFTP server, in a process."""
        (self.home / "port").unlink(missing_ok=True)
        process = self.child("serve", point=point)
        try:
            wait_until(lambda: (self.home / "port").exists() or process.poll() is not None, within=60)
            yield process
        finally:
            process.kill()
            process.communicate()

    def upload(self, content: bytes, *, rename: bool) -> bool:
        """Send a file as a partner does; whether the last request was answered as done."""
        sock_address = ("127.0.0.1", int((self.home / "port").read_text()))
        transport = paramiko.Transport(sock_address)
        try:
            transport.connect(username="house", pkey=read_private_key(KEY))
            session = paramiko.SFTPClient.from_transport(transport)
            assert session is not None
            file = session.open("/in/po.tmp" if rename else "/in/po.edi", "wb")
            file.write(content)
            session._request(CMD_CLOSE, file.handle)
            if rename:
                session.posix_rename("/in/po.tmp", "/in/po.edi")
        except (OSError, EOFError, paramiko.SSHException):
            return False
        finally:
            with suppress(EOFError, OSError):
                transport.close()
        return True

    def count(self, direction: str) -> int:
        with self.store.begin() as conn:
            return len(conn.execute(select(transmission.c.id).where(transmission.c.direction == direction)).all())


@pytest.fixture
def world(fresh_store: Store, fresh_database_url: str, tmp_path: Path) -> Iterator[World]:
    made = World(fresh_store, fresh_database_url, tmp_path)
    yield made
    made.server.stop(grace_seconds=0)


@pytest.mark.parametrize("point", [*RECEIVE, *RENAME])
def test_a_server_killed_at_a_commit_never_answers_for_what_it_lost_and_the_file_has_one_effect(
    world: World, point: str
) -> None:
    rename = point in RENAME
    with world.serving(point=point) as process:
        assert not world.upload(file_of("PO-1"), rename=rename)
        assert process.wait(60) == -signal.SIGKILL
    assert world.count("in") == (1 if point.endswith("after_commit") else 0)
    with world.serving():
        assert world.upload(file_of("PO-1"), rename=rename)
    world.line.run()
    assert world.line.numbers() == ["PO-1"]


@pytest.mark.parametrize("point", POLL)
def test_a_poller_killed_anywhere_takes_the_file_exactly_once(world: World, point: str) -> None:
    world.partner.place("us", OUT, "po.edi", file_of("PO-1"))
    world.run("poll", point=point)
    world.run("poll")
    assert world.partner.kept("us", OUT, "po.edi") is None
    assert world.count("in") == 1
    with world.store.begin() as conn:
        [cleared_at] = conn.execute(select(remote_file.c.cleared_at)).scalars()
    assert cleared_at is not None
    world.line.run()
    assert world.line.numbers() == ["PO-1"]


@pytest.mark.parametrize("point", SEND)
def test_a_sender_killed_anywhere_has_its_file_at_the_partners_once(world: World, point: str) -> None:
    content, id = b"ISA*855", new_id()
    rows = NewRows()
    gateway = world.line.gateway
    with world.store.begin() as conn:
        put_out(
            conn,
            way_to(gateway.registry, "hosted"),
            id=id,
            at=world.line.clock.now(),
            partner="host",
            filename="855_000000001.edi",
            environment=Environment.LIVE,
            payload=gateway.vault.put(rows, content),
            later=rows,
        )
        rows.write(conn)
    world.run("send", point=point)
    with world.store.begin() as conn:
        give_back(conn, WORKER, now=world.line.clock.now() + timedelta(days=1))
    world.run("send")
    assert [(one.name, one.content) for one in world.partner.counted] == [("855_000000001.edi", content)]
    with world.store.begin() as conn:
        assert conn.execute(select(transmission.c.state).where(transmission.c.id == id)).scalar_one() == "sent"
    assert [entry.name for entry in world.partner.entries(Account("us"), IN)] == ["855_000000001.edi"]


def test_every_point_of_sftp_is_one_of_those_killed_at() -> None:
    assert {point for point in POINTS if point.startswith("sftp.")} == {*RECEIVE, *RENAME, *POLL[2:], *SEND}
