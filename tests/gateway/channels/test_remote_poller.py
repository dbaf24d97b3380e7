"""Visits to partners' own servers: when, what a failure does, what a person is told; each file once, in the store."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any, BinaryIO

import pytest
from sqlalchemy import select

from gateway.channels.sftp_client import RemoteConnect, StoreLedger, read_secret, session_of
from gateway.channels.sftp_poller import RemotePoller
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.receive import Arrival, Inlet
from gateway.store.engine import Store
from gateway.store.tables import exception, remote_file, remote_state, transmission
from partners.remotes import RemoteAccount
from sftp.errors import ConnectionLostError, HostKeyError, LoginError, RemoteError, SetupError
from sftp.keys import new_private_key, public_part
from sftp.memory_remote import EPOCH, MemoryRemote
from sftp.poller import Ledger, Version
from sftp.remote import Remote
from tests.gateway.inbound_line import Line, file_of
from tests.waiting import wait_until

HOST_KEY, NEXT_HOST_KEY = (public_part(new_private_key()).line for _ in range(2))
PROFILE = """\
name: Host
time_zone: America/Chicago
sftp_client:
  - name: hosted
    host: sftp.host.example
    user: house
    key: hosted
    host_keys: {pins}
    carries: [acme]
    stable_polls: 1
    every: 5m
    {more}
    fetch:
      - {{folder: /out, after: delete}}
      - {{folder: /in, after: move, move_to: /done, environment: test}}
"""


class CutOff(Exception):
    """Our process ended here."""


class World:
    """A workspace with a partner that hosts, its server in memory, and what goes wrong on the way there."""

    def __init__(self, store: Store, home: Path) -> None:
        self.store = store
        self.home = home
        self.remote = MemoryRemote()
        self.fault: RemoteError | SetupError | None = None
        self.pin(HOST_KEY)

    def pin(self, *keys: str, more: str = "port: 22") -> None:
        """Write the profile, and load it anew."""
        folder = self.home / "partners" / "profiles" / "host"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "profile.yaml").write_text(PROFILE.format(pins=[*keys], more=more))
        clock = self.line.clock if hasattr(self, "line") else None
        self.line = Line(self.store, self.home)
        if clock is not None:
            self.line.clock.advance(clock.now() - self.line.clock.now())
        self.restart()

    def restart(self, ledger: Callable[[Store, Inlet, RemoteAccount], Ledger] = StoreLedger) -> None:
        """A new process of the poller."""
        inlet = self.line.gateway.inlet(self.line.woken.extend)
        self.poller = RemotePoller(
            store=self.store,
            inlet=inlet,
            registry=self.line.gateway.registry,
            connect=self.connect,
            backoff=Backoff(first=timedelta(seconds=10), random=lambda: 0.0),
            ledger=ledger,
        )

    def connect(self, account: RemoteAccount) -> Remote:
        if self.fault is not None:
            raise self.fault
        return self.remote

    @property
    def account(self) -> RemoteAccount:
        found = self.line.gateway.registry.way("hosted")
        assert isinstance(found, RemoteAccount)
        return found

    def visit(self) -> bool:
        """Visit if it is due; whether it was."""
        due = self.poller.due()
        for account in due:
            self.poller.visit(account)
        return bool(due)

    def waits(self) -> timedelta:
        """How long until the next visit."""
        state = self.rows(remote_state)[0]
        found: datetime = state["next_at"]
        return found - self.line.clock.now()

    def rows(self, table: Any) -> list[Any]:
        with self.store.begin() as conn:
            return list(conn.execute(select(table)).mappings())

    def matters(self) -> list[tuple[str, str]]:
        return [(row["code"], row["state"]) for row in self.rows(exception)]


@pytest.fixture
def world(fresh_store: Store, tmp_path: Path) -> World:
    return World(fresh_store, tmp_path)


def test_a_fetched_file_is_worked_like_any_other_and_then_cleared(world: World) -> None:
    world.remote.place("/out/po.edi", file_of("PO-1"))
    assert world.visit()
    assert world.line.woken == ["in:hosted:flow"]
    world.line.run()
    assert world.line.numbers() == ["PO-1"]
    assert world.remote.files == {}
    [row] = world.rows(remote_file)
    assert (row["account"], row["path"], row["size"]) == ("hosted", "/out/po.edi", len(file_of("PO-1")))
    assert row["cleared_at"] is not None


def test_a_folder_of_tests_delivers_nothing(world: World) -> None:
    world.remote.place("/in/po.edi", file_of("PO-1"))
    world.visit()
    world.line.run()
    assert list(world.remote.files) == ["/done/po.edi"]
    [row] = [row for row in world.rows(transmission) if row["direction"] == "in"]
    assert (row["environment"], row["state"]) == ("test", "processed")
    assert world.line.numbers() == []


def test_the_answer_goes_by_another_way_where_nothing_is_sent_to_the_server(world: World) -> None:
    world.remote.place("/out/po.edi", file_of("PO-1"))
    world.visit()
    world.line.run()
    assert len(world.line.out("acme")) == 1


def test_a_partner_carries_only_whom_it_may(world: World) -> None:
    world.remote.place("/out/po.edi", file_of("PO-1").replace(b"ACME ", b"OTHER"))
    world.visit()
    world.line.run()
    assert world.line.numbers() == []


def test_visits_keep_their_distance(world: World) -> None:
    assert world.visit()
    assert not world.visit()
    assert world.waits() == timedelta(minutes=5)
    world.line.clock.advance(timedelta(minutes=5))
    assert world.visit()


def test_visits_keep_to_the_windows_of_the_partners_time_zone(world: World) -> None:
    world.pin(HOST_KEY, more="windows: ['Mon-Fri 06:00-07:00']")  # it is Monday, 03:00 in Chicago
    assert not world.visit()
    world.line.clock.advance(timedelta(hours=3))
    assert world.visit()
    world.line.clock.advance(timedelta(minutes=55))
    assert world.visit()
    assert world.waits() == timedelta(hours=23, minutes=5)


def test_a_time_of_day_is_waited_for_even_the_first_time(world: World) -> None:
    text = (world.home / "partners/profiles/host/profile.yaml").read_text().replace("every: 5m", "at: ['06:00']")
    (world.home / "partners/profiles/host/profile.yaml").write_text(text)
    world.line = Line(world.store, world.home)
    world.restart()
    assert not world.visit()
    world.line.clock.advance(timedelta(hours=3))
    assert world.visit()
    assert world.waits() == timedelta(days=1)


def test_another_host_key_stops_the_visits_and_tells_a_person_until_it_is_pinned(world: World) -> None:
    world.fault = HostKeyError("shows host key SHA256:evil")
    assert world.visit()
    assert world.matters() == [("sftp_client.host_key", "open")]
    world.fault = None
    world.line.clock.advance(timedelta(days=30))
    assert not world.visit()
    world.pin(HOST_KEY, NEXT_HOST_KEY)
    assert world.visit()
    assert world.matters() == [("sftp_client.host_key", "resolved")]


@pytest.mark.parametrize("fault", [LoginError("no"), SetupError("there is no secret hosted")])
def test_who_is_not_let_in_pauses_at_once_and_tells_a_person_once(
    world: World, fault: RemoteError | SetupError
) -> None:
    world.fault = fault
    for _ in range(3):
        assert world.visit()
        assert world.waits() == timedelta(minutes=30)
        world.line.clock.advance(timedelta(minutes=30))
    assert world.matters() == [("sftp_client.login", "open")]


def test_failures_back_off_until_the_breaker_opens_and_one_good_visit_closes_it(world: World) -> None:
    world.fault = ConnectionLostError("refused")
    waits = []
    for _ in range(7):
        assert world.visit()
        waits.append(world.waits().total_seconds())
        world.line.clock.advance(world.waits())
    assert waits == [10, 20, 40, 80, 1800, 1800, 1800]
    assert world.matters() == [("sftp_client.unreachable", "open")]
    world.fault = None
    assert world.visit()
    assert world.waits() == timedelta(minutes=5)
    assert world.matters() == [("sftp_client.unreachable", "resolved")]
    assert world.rows(remote_state)[0]["failures"] == 0


def test_a_file_that_cannot_be_dealt_with_is_told_once_until_a_visit_goes_without(world: World) -> None:
    world.remote.place("/out/a\x1b.edi", b"ISA")
    for _ in range(2):
        world.visit()
        world.line.clock.advance(timedelta(minutes=5))
    assert world.matters() == [("sftp_client.file", "open")]
    world.remote.files.clear()
    world.visit()
    assert world.matters() == [("sftp_client.file", "resolved")]


STEPS = [(when, method) for method in ("list", "get", "stat", "remove", "rename") for when in ("before", "after")]
STORE_STEPS = ["before the commit", "after the commit", "before it is noted as cleared"]


@pytest.mark.parametrize("step", [*STEPS, *STORE_STEPS], ids=str)
def test_a_poller_killed_at_any_step_takes_each_file_exactly_once(world: World, step: tuple[str, str] | str) -> None:
    contents = {"/out/a.edi": b"ISA*a", "/out/b.edi": b"ISA*b", "/in/c.edi": b"ISA*c", "/in/d.edi": b"ISA*d"}
    for path, content in contents.items():
        world.remote.place(path, content)
    kills = 0

    def kill(*_: object) -> None:
        nonlocal kills
        if kills < 2:
            kills += 1
            raise CutOff

    if isinstance(step, tuple):
        setattr(world.remote, step[0], lambda method, _path: kill() if method == step[1] else None)
    for _ in range(5):
        world.restart(dying(step, kill) if isinstance(step, str) else StoreLedger)
        try:
            world.poller.visit(world.account)
        except CutOff:
            continue
        world.line.clock.advance(timedelta(minutes=5))
    assert kills == 2
    taken = [row for row in world.rows(transmission) if row["direction"] == "in"]
    assert sorted(row["filename"] for row in taken) == ["a.edi", "b.edi", "c.edi", "d.edi"]
    assert sorted(world.remote.files) == ["/done/c.edi", "/done/d.edi"]
    assert all(row["cleared_at"] is not None for row in world.rows(remote_file))


def dying(step: str, kill: Callable[[], None]) -> Callable[[Store, Inlet, RemoteAccount], Ledger]:
    """Makes ledgers that die at a step."""

    class Dying(StoreLedger):
        def take(self, version: Version, fetch: Callable[[BinaryIO], None], *, kept_there: bool) -> bool:
            def fetched(into: BinaryIO) -> None:
                fetch(into)
                if step == "before the commit":
                    kill()

            taken = super().take(version, fetched, kept_there=kept_there)
            if step == "after the commit":
                kill()
            return taken

        def cleared(self, version: Version) -> None:
            if step == "before it is noted as cleared":
                kill()
            super().cleared(version)

    return Dying


def test_two_nodes_do_not_visit_at_the_same_time(world: World) -> None:
    with session_of(world.store, world.account) as ours:
        assert ours
        assert world.poller.visit(world.account) is None
    assert world.poller.visit(world.account) is not None


def test_two_nodes_that_both_fetch_a_file_keep_it_once(world: World) -> None:
    """The lock of a session can be lost with its connection: the ledger holds all the same."""
    world.remote.place("/out/a.edi", b"ISA*a")
    inlet = world.line.gateway.inlet(world.line.woken.extend)
    ledger = StoreLedger(world.store, inlet, world.account)
    version = Version("/out/a.edi", 5, EPOCH)
    results: list[bool] = []

    def fetch(into: BinaryIO) -> None:
        into.write(b"ISA*a")

    threads = [Thread(target=lambda: results.append(ledger.take(version, fetch, kept_there=False))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, False, False, True]
    assert len(world.rows(transmission)) == 1


def test_the_poller_runs_until_it_is_told_to_stop(world: World) -> None:
    world.remote.place("/out/po.edi", file_of("PO-1"))
    stop = Event()
    thread = Thread(target=world.poller.run, args=(stop,))
    thread.start()
    try:
        wait_until(lambda: world.remote.files == {}, within=20)
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    (tmp_path / "secrets").mkdir()
    path = tmp_path / "secrets" / "hosted"
    path.touch(mode=0o600)
    path.write_bytes(b"secret")
    return tmp_path


def test_a_secret_is_read_only_where_nobody_else_can(secrets: Path) -> None:
    assert read_secret(secrets, "hosted") == b"secret"
    os.chmod(secrets / "secrets" / "hosted", 0o640)
    with pytest.raises(SetupError, match="can be read by others"):
        read_secret(secrets, "hosted")
    with pytest.raises(SetupError, match="there is no secret other"):
        read_secret(secrets, "other")
    large = secrets / "secrets" / "large"
    large.touch(mode=0o600)
    large.write_bytes(bytes(100_000))
    with pytest.raises(SetupError, match="100000 bytes"):
        read_secret(secrets, "large")


def test_a_server_nobody_listens_at_is_a_lost_connection(world: World, secrets: Path) -> None:
    (secrets / "secrets" / "hosted").write_bytes(new_private_key())
    with pytest.raises(ConnectionLostError):
        RemoteConnect(secrets, seconds=5.0)(_at_a_closed_port(world.account))


def _at_a_closed_port(account: RemoteAccount) -> RemoteAccount:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return replace(account, host="127.0.0.1", port=port)


def test_an_arrival_by_the_poller_names_its_channel(world: World) -> None:
    world.remote.place("/out/a.edi", b"ISA")
    world.visit()
    [row] = world.rows(transmission)
    found = Arrival(row["channel"], row["account"], row["filename"], row["environment"])
    assert found == Arrival("sftp-client", "hosted", "a.edi", "live")  # type: ignore[arg-type]
