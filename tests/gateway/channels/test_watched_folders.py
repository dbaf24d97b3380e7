"""Watched folders: each version of a file once, moved only after it is kept; nothing in a folder is followed or run."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from gateway.channels.folder import DONE, FolderWatch
from gateway.channels.folder_transport import STAGING, FolderTransport, file_name
from gateway.errors import IntakeClosed, StoreUnavailable
from gateway.pipeline.receive import Inlet
from gateway.pipeline.transport import Delivered, Refused, RetryLater, Shipment, Uncertain
from gateway.ports import FakeClock
from gateway.store.engine import Store
from gateway.store.tables import folder_file, transmission
from gateway.store.vault import Vault
from partners.folder_accounts import FolderAccount
from tests.contracts.transport_contract import TransportContract

ACCOUNT = FolderAccount("acme-van", "acme", inbox=Path("in"), carries=frozenset({"acme"}))
WINDOW = timedelta(seconds=10)


class Folder:
    """A watched folder and what came of it."""

    def __init__(self, store: Store, home: Path, account: FolderAccount = ACCOUNT) -> None:
        self.store, self.home, self.account = store, home, account
        self.inbox = home / "in"
        self.inbox.mkdir(parents=True, exist_ok=True)
        self.clock = FakeClock()
        self.vault = Vault(store, home / "vault", self.clock)
        self.woken: list[str] = []
        self.wake = self.woken.extend
        self.watch = self.new_watch()

    def new_watch(self, account: FolderAccount | None = None, **changed: Any) -> FolderWatch:
        inlet = replace(Inlet(self.store, self.vault, self.clock, self.woken.extend, 5_000_000), **changed)
        return FolderWatch([account or self.account], inlet, home=self.home, clock=self.clock)

    def drop(self, name: str, content: bytes = b"ISA*x") -> Path:
        path = self.inbox / name
        path.write_bytes(content)
        return path

    def settle(self) -> int:
        """Look, let the window pass, look again."""
        self.watch.look()
        self.clock.advance(WINDOW)
        return self.watch.look()

    def taken(self) -> list[tuple[str, bytes]]:
        with self.store.begin() as conn:
            rows = conn.execute(
                select(transmission.c.filename, transmission.c.payload_sha256).order_by(transmission.c.seq)
            ).all()
            return [(row.filename, self.vault.read(conn, row.payload_sha256)) for row in rows]

    def done(self) -> list[Path]:
        return sorted(path for path in (self.inbox / DONE).rglob("*") if path.is_file())

    def ledger(self) -> int:
        with self.store.begin() as conn:
            return len(conn.execute(select(folder_file)).all())


@pytest.fixture
def folder(fresh_store: Store, tmp_path: Path) -> Folder:
    return Folder(fresh_store, tmp_path)


def test_a_file_counts_once_it_has_lain_unchanged_for_the_window(folder: Folder) -> None:
    path = folder.drop("po.edi", b"half")
    assert folder.watch.look() == 0
    folder.clock.advance(WINDOW - timedelta(seconds=1))
    path.write_bytes(b"half and the rest")
    assert folder.watch.look() == 0
    folder.clock.advance(WINDOW - timedelta(seconds=1))
    assert folder.watch.look() == 0
    folder.clock.advance(timedelta(seconds=1))
    assert folder.watch.look() == 1
    assert folder.taken() == [("po.edi", b"half and the rest")]
    assert folder.woken == ["in:acme-van:flow"]


def test_what_was_taken_lies_in_done_under_its_transmission_and_is_not_taken_again(folder: Folder) -> None:
    folder.drop("po.edi")
    assert folder.settle() == 1
    assert folder.settle() == 0
    [path] = folder.done()
    assert (path.name, path.read_bytes()) == ("po.edi", b"ISA*x")
    assert UUID(path.parent.name)
    assert folder.ledger() == 0


def test_it_may_be_removed_instead(fresh_store: Store, tmp_path: Path) -> None:
    folder = Folder(fresh_store, tmp_path, replace(ACCOUNT, keep=False))
    folder.drop("po.edi")
    assert folder.settle() == 1
    assert folder.done() == []
    assert sorted(path.name for path in folder.inbox.iterdir()) == [DONE]


def test_the_same_name_again_is_a_new_file(folder: Folder) -> None:
    for content in (b"ISA*one", b"ISA*two", b"ISA*two"):
        folder.drop("po.edi", content)
        assert folder.settle() == 1
    assert [content for _, content in folder.taken()] == [b"ISA*one", b"ISA*two", b"ISA*two"]


def test_files_come_in_the_order_they_were_written(folder: Folder) -> None:
    for place, name in enumerate(("c.edi", "a.edi", "b.edi")):
        os.utime(folder.drop(name), (1_000_000 + place, 1_000_000 + place))
    assert folder.settle() == 3
    assert [name for name, _ in folder.taken()] == ["c.edi", "a.edi", "b.edi"]


def test_names_of_files_still_being_sent_do_not_count(folder: Folder) -> None:
    for name in ("po.tmp", "PO.TMP", "po.edi.part", "po.filepart", ".po.edi"):
        folder.drop(name)
    assert folder.settle() == 0
    (folder.inbox / "po.tmp").rename(folder.inbox / "po.edi")
    assert folder.settle() == 1


def test_nothing_but_plain_files_counts_and_nothing_is_followed_waited_for_or_run(
    folder: Folder, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"of the machine")
    ran = tmp_path / "ran"
    (folder.inbox / "link.edi").symlink_to(secret)
    (folder.inbox / "dangling.edi").symlink_to(tmp_path / "nothing")
    os.mkfifo(folder.inbox / "pipe.edi")
    (folder.inbox / "sub").mkdir()
    (folder.inbox / "sub" / "inner.edi").write_bytes(b"ISA")
    script = folder.drop("run.sh", f"#!/bin/sh\ntouch {ran}\n".encode())
    script.chmod(0o777)
    folder.drop("$(touch ran).edi")
    folder.drop("po.edi; touch ran")
    assert folder.settle() == 3
    assert not ran.exists()
    assert not (folder.home / "ran").exists()
    assert b"of the machine" not in [content for _, content in folder.taken()]
    assert sorted(path.name for path in folder.inbox.iterdir()) == sorted(
        [DONE, "dangling.edi", "link.edi", "pipe.edi", "sub"]
    )
    assert secret.read_bytes() == b"of the machine"


def test_a_file_that_becomes_a_link_between_two_looks_is_not_followed(folder: Folder, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"ISA*x")
    path = folder.drop("po.edi")

    folder.watch.look()
    folder.clock.advance(WINDOW)
    before = path.lstat()
    path.unlink()
    path.symlink_to(secret)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns), follow_symlinks=False)
    assert folder.watch.look() == 0
    assert folder.taken() == []


def test_test_folders_mark_what_comes(fresh_store: Store, tmp_path: Path) -> None:
    folder = Folder(fresh_store, tmp_path, replace(ACCOUNT, test=True))
    folder.drop("po.edi")
    folder.settle()
    with folder.store.begin() as conn:
        assert conn.execute(select(transmission.c.environment)).scalars().all() == ["test"]


def test_a_crash_between_commit_and_move_takes_nothing_in_twice(folder: Folder) -> None:
    folder.drop("po.edi")

    class Killed(Exception):
        """The process ends here."""

    def killed(_lanes: list[str]) -> None:
        raise Killed

    first = folder.new_watch(wake=killed)
    first.look()
    folder.clock.advance(WINDOW)
    with pytest.raises(Killed):
        first.look()
    assert len(folder.taken()) == 1
    assert (folder.inbox / "po.edi").exists()
    assert folder.ledger() == 1
    folder.watch = folder.new_watch()
    assert folder.settle() == 0
    assert len(folder.taken()) == 1
    assert [path.name for path in folder.done()] == ["po.edi"]
    assert folder.ledger() == 0


def test_a_crash_between_move_and_forgetting_leaves_no_trace_behind(folder: Folder) -> None:
    path = folder.drop("po.edi")
    first = folder.new_watch(wake=lambda _: path.unlink())  # moved away, and then killed
    first.look()
    folder.clock.advance(WINDOW)
    first.look()
    folder.clock.advance(WINDOW)
    folder.watch.look()
    assert folder.ledger() == 0
    assert len(folder.taken()) == 1


def test_what_takes_the_name_while_the_first_is_taken_is_not_lost(folder: Folder) -> None:
    path = folder.drop("po.edi", b"ISA*one")

    def overwritten(_lanes: list[str]) -> None:
        other = folder.inbox / ".new"
        other.write_bytes(b"ISA*two")
        other.rename(path)

    first = folder.new_watch(wake=overwritten)
    first.look()
    folder.clock.advance(WINDOW)
    assert first.look() == 1
    assert path.read_bytes() == b"ISA*two"
    folder.watch = folder.new_watch()
    assert folder.settle() == 1
    assert [content for _, content in folder.taken()] == [b"ISA*one", b"ISA*two"]


def test_what_grows_while_it_is_taken_comes_again_whole(folder: Folder) -> None:
    path = folder.drop("po.edi", b"ISA*one")

    def appended(_lanes: list[str]) -> None:
        with path.open("ab") as file:
            file.write(b"*more")

    first = folder.new_watch(wake=appended)
    first.look()
    folder.clock.advance(WINDOW)
    first.look()
    folder.watch = folder.new_watch()
    assert folder.settle() == 1
    assert [content for _, content in folder.taken()] == [b"ISA*one", b"ISA*one*more"]


def test_two_watchers_at_once_take_each_file_once(folder: Folder) -> None:
    other = folder.new_watch()
    for number in range(5):
        folder.drop(f"{number}.edi", b"ISA*%d" % number)
    folder.watch.look()
    other.look()
    folder.clock.advance(WINDOW)
    assert folder.watch.look() + other.look() == 5
    assert len(folder.taken()) == 5


def test_a_closed_intake_leaves_the_files_where_they_are(folder: Folder) -> None:
    path = folder.drop("po.edi")

    def closed() -> None:
        raise IntakeClosed("full", retry_after=30)

    watch = folder.new_watch(admit=closed)
    watch.look()
    folder.clock.advance(WINDOW)
    with pytest.raises(IntakeClosed):
        watch.look()
    assert path.exists()
    assert folder.settle() == 1


def test_a_disk_that_refuses_leaves_the_file_where_it_is(folder: Folder, tmp_path: Path) -> None:
    path = folder.drop("po.edi", b"x" * 2_000_000)
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    watch = folder.new_watch(vault=Vault(folder.store, blocked, folder.clock))
    watch.look()
    folder.clock.advance(WINDOW)
    with pytest.raises(StoreUnavailable):
        watch.look()
    assert path.exists()
    assert folder.taken() == []


def test_a_folder_that_is_not_there_does_not_hold_the_others(fresh_store: Store, tmp_path: Path) -> None:
    folder = Folder(fresh_store, tmp_path)
    inlet = Inlet(fresh_store, folder.vault, folder.clock, folder.woken.extend, 5_000_000)
    missing = replace(ACCOUNT, user="missing", inbox=Path("missing"))
    folder.watch = FolderWatch([missing, ACCOUNT], inlet, home=tmp_path, clock=folder.clock)
    folder.drop("po.edi")
    assert folder.settle() == 1
    (tmp_path / "missing").mkdir()
    (tmp_path / "missing" / "late.edi").write_bytes(b"ISA*late")
    assert folder.settle() == 1


def test_a_name_that_is_no_text_is_kept_escaped(folder: Folder) -> None:
    os.close(os.open(os.fsencode(folder.inbox) + b"/\xff.edi", os.O_CREAT | os.O_WRONLY, 0o600))
    assert folder.settle() == 1
    assert folder.taken() == [("\\xff.edi", b"")]


def test_a_clock_that_is_put_back_only_delays(folder: Folder) -> None:
    folder.drop("po.edi")
    folder.watch.look()
    folder.clock.advance(-timedelta(hours=1))
    assert folder.settle() == 1


def test_the_watch_ends_when_it_is_told_to(folder: Folder) -> None:
    stop = Event()
    stop.set()
    folder.watch.run(stop)
    folder.drop("po.edi")
    folder.watch.look()
    folder.clock.advance(WINDOW)
    assert folder.watch.look(stop) == 0


def shipment(**changed: Any) -> Shipment:
    return replace(TransportContract().shipment(b"ISA*855"), **changed)


def to(tmp_path: Path) -> FolderTransport:
    (tmp_path / "out").mkdir(exist_ok=True)
    return FolderTransport([FolderAccount("buyer", "buyer", outbox=Path("out"))], home=tmp_path)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("997_1.edi", "997_1.edi"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("/etc/cron.d/x", "_etc_cron.d_x"),
        ("..", "file"),
        (".hidden", "hidden"),
        ("a\x00b\r\nc", "a_b_c"),
        ("x" * 300, "x" * 100),
        ("ünï", "_n_"),
    ],
)
def test_a_label_becomes_a_name_that_means_nothing(label: str, name: str) -> None:
    assert file_name(label) == name


def test_what_lies_there_already_is_not_overwritten(tmp_path: Path) -> None:
    transport = to(tmp_path)
    (tmp_path / "out" / "855_000000001.edi").write_bytes(b"somebody else's")
    one = shipment()
    assert isinstance(transport.send(one, lambda: None), Delivered)
    assert (tmp_path / "out" / "855_000000001.edi").read_bytes() == b"somebody else's"
    assert (tmp_path / "out" / f"{one.id}-855_000000001.edi").read_bytes() == b"ISA*855"


def test_an_account_without_a_folder_is_for_a_person(tmp_path: Path) -> None:
    one = shipment(account="nobody")
    assert isinstance(to(tmp_path).send(one, lambda: None), Refused)
    assert isinstance(to(tmp_path).find_out(one), Refused)


def test_an_empty_mount_is_not_taken_for_proof_that_everything_was_published(tmp_path: Path) -> None:
    transport = to(tmp_path)
    assert isinstance(transport.find_out(shipment()), Uncertain)
    (tmp_path / "out" / STAGING).mkdir()
    assert isinstance(transport.find_out(shipment()), Delivered)


def test_a_folder_that_cannot_be_written_to_is_tried_again(tmp_path: Path) -> None:
    transport = to(tmp_path)
    (tmp_path / "out" / STAGING).write_text("in the way")
    began: list[bool] = []
    assert isinstance(transport.send(shipment(), lambda: began.append(True)), RetryLater)
    assert not began
