"""The poller takes each file once, whatever breaks at whatever step, and leaves alone what is not its own."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import BinaryIO, cast

import pytest
import structlog

from sftp.errors import ConnectionLostError, RemoteNotThereError, RemoteRefusedError
from sftp.memory_remote import EPOCH, MemoryRemote
from sftp.poller import After, Fetching, Polled, Poller, Version
from sftp.remote import RemoteFile


class CutOff(Exception):
    """Our process ended here."""


@dataclass
class MemoryLedger:
    """What outlives the poller: in memory, with a fault to order.

    Args:
        before_commit: called before anything is kept.
        after_commit: called once it is.
    """

    taken: list[tuple[str, bytes]] = field(default_factory=list)
    there: dict[Version, bytes] = field(default_factory=dict)
    before_commit: Callable[[], None] = lambda: None
    after_commit: Callable[[], None] = lambda: None
    before_clear: Callable[[], None] = lambda: None

    def is_taken(self, version: Version) -> bool:
        return version in self.there

    def take(self, version: Version, fetch: Callable[[BinaryIO], None], *, kept_there: bool) -> bool:
        into = io.BytesIO()
        fetch(cast(BinaryIO, into))
        content = into.getvalue()
        self.before_commit()
        same = [known for known, bytes_ in self.there.items() if known.path == version.path and bytes_ == content]
        for known in [known for known in self.there if known.path == version.path]:
            del self.there[known]
        self.there[version] = content
        if same and not kept_there:
            return False
        self.taken.append((version.path, content))
        self.after_commit()
        return True

    def cleared(self, version: Version) -> None:
        self.before_clear()
        self.there = {known: content for known, content in self.there.items() if known.path != version.path}

    def missing(self, folder: str, there: Collection[str]) -> None:
        self.there = {known: content for known, content in self.there.items() if known.path in there}


def poller(ledger: MemoryLedger, *rules: Fetching, stable_polls: int = 1, stopping: Event | None = None) -> Poller:
    return Poller(
        ledger,
        rules or (Fetching("/out"),),
        stable_polls=stable_polls,
        stopping=stopping or Event(),
        log=structlog.get_logger(),
    )


@pytest.fixture
def remote() -> MemoryRemote:
    return MemoryRemote()


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


def test_a_file_is_fetched_once_it_was_seen_the_same_so_often(remote: MemoryRemote, ledger: MemoryLedger) -> None:
    polls = poller(ledger, stable_polls=3)
    remote.place("/out/a.edi", b"IS")
    assert polls.poll(remote) == Polled(waiting=1)
    remote.place("/out/a.edi", b"ISA", at=EPOCH)
    assert polls.poll(remote) == Polled(waiting=1)
    remote.place("/out/a.edi", b"ISB", at=EPOCH + timedelta(seconds=1))
    for _ in range(2):
        assert polls.poll(remote) == Polled(waiting=1)
    assert polls.poll(remote) == Polled(taken=1, cleared=1)
    assert (ledger.taken, remote.files) == ([("/out/a.edi", b"ISB")], {})


def test_only_plain_files_with_names_of_ours_are_fetched(remote: MemoryRemote, ledger: MemoryLedger) -> None:
    remote.folders.add("/out/sub")
    for name in ("a.EDI", "b.edi.tmp", ".c.edi", "d.txt", "e.edi.filepart", "f.edi"):
        remote.place(f"/out/{name}", b"ISA")
    poller(ledger, Fetching("/out", names=("*.edi", "*.tmp"))).poll(remote)
    assert [path for path, _ in ledger.taken] == ["/out/a.EDI", "/out/f.edi"]


def test_the_oldest_is_fetched_first(remote: MemoryRemote, ledger: MemoryLedger) -> None:
    remote.place("/out/a", b"2", at=EPOCH + timedelta(seconds=2))
    remote.place("/out/b", b"1", at=EPOCH)
    remote.place("/out/c", b"0", at=None)
    poller(ledger).poll(remote)
    assert [content for _, content in ledger.taken] == [b"0", b"1", b"2"]


@pytest.mark.parametrize("name", ["\uff0e\uff0e", "a\x1b.edi", "x" * 256, "a\u202egpj.edi", "a\\b"])
def test_a_hostile_name_is_told_and_touches_nothing(remote: MemoryRemote, ledger: MemoryLedger, name: str) -> None:
    remote.place(f"/out/{name}", b"ISA")
    remote.place("/out/good.edi", b"ISA")
    done = poller(ledger).poll(remote)
    assert [path for path, _ in ledger.taken] == ["/out/good.edi"]
    assert len(done.troubles) == 1
    assert f"/out/{name}" in remote.files


def test_a_listed_name_that_is_a_path_leads_nowhere(ledger: MemoryLedger) -> None:
    @dataclass
    class Liar(MemoryRemote):
        def list(self, folder: str) -> Iterator[RemoteFile]:
            yield RemoteFile("x/../../in/secret", 3, EPOCH, is_folder=False, is_plain=True)

        def get(self, path: str, into: BinaryIO) -> int:
            return super().get(posixpath.normpath(path), into)

        def stat(self, path: str) -> RemoteFile:
            return super().stat(posixpath.normpath(path))

    remote = Liar()
    remote.place("/in/secret", b"ISA")
    assert len(poller(ledger).poll(remote).troubles) == 1
    assert "/in/secret" in remote.files
    assert ledger.taken == []


def test_a_file_over_the_limit_is_told_and_left(remote: MemoryRemote, ledger: MemoryLedger) -> None:
    remote.place("/out/big", bytes(101))
    done = poller(ledger, Fetching("/out", file_bytes=100)).poll(remote)
    assert done.troubles == [("/out/big", "/out/big has 101 bytes; want 100 at most")]
    assert ledger.taken == []


def test_a_file_that_changes_while_it_is_fetched_is_not_taken(remote: MemoryRemote, ledger: MemoryLedger) -> None:
    remote.place("/out/a.edi", b"ISA")
    polls = poller(ledger, stable_polls=1)

    def grow(method: str, path: str) -> None:
        if method == "get":
            remote.place(path, b"ISA*more", at=EPOCH + timedelta(seconds=1))

    remote.after = grow
    assert polls.poll(remote) == Polled(waiting=1)
    assert ledger.taken == []
    remote.after = lambda _method, _path: None
    polls.poll(remote)
    assert ledger.taken == [("/out/a.edi", b"ISA*more")]


def test_a_fetched_file_can_be_moved_and_a_taken_name_is_no_obstacle(
    remote: MemoryRemote, ledger: MemoryLedger
) -> None:
    polls = poller(ledger, Fetching("/out", after=After.MOVE, move_to="/done"))
    for content in (b"one", b"two"):
        remote.place("/out/a.edi", content)
        polls.poll(remote)
    assert [content for _, content in ledger.taken] == [b"one", b"two"]
    names = sorted(remote.files)
    assert names[1] == "/done/a.edi"
    assert names[0].startswith("/done/a-")
    assert names[0].endswith(".edi")


def test_a_file_that_is_kept_there_is_fetched_once_for_each_time(remote: MemoryRemote, ledger: MemoryLedger) -> None:
    polls = poller(ledger, Fetching("/out", after=After.KEEP))
    remote.place("/out/daily.csv", b"same")
    for _ in range(3):
        polls.poll(remote)
    remote.place("/out/daily.csv", b"same", at=EPOCH + timedelta(days=1))
    for _ in range(3):
        polls.poll(remote)
    assert ledger.taken == [("/out/daily.csv", b"same")] * 2


def test_the_same_file_again_after_it_was_cleared_is_a_new_one(remote: MemoryRemote, ledger: MemoryLedger) -> None:
    polls = poller(ledger)
    for _ in range(2):
        remote.place("/out/a.edi", b"ISA")
        polls.poll(remote)
    assert len(ledger.taken) == 2


def test_what_cannot_be_cleared_is_told_and_never_fetched_again(remote: MemoryRemote, ledger: MemoryLedger) -> None:
    def refuse(method: str, path: str) -> None:
        if method == "remove":
            raise RemoteRefusedError(f"{path}: permission denied")

    remote.before = refuse
    remote.place("/out/a.edi", b"ISA")
    polls = poller(ledger)
    for number in range(3):
        done = polls.poll(remote)
        assert done.troubles == [("/out/a.edi", "/out/a.edi: permission denied")]
        remote.place("/out/a.edi", b"ISA", at=EPOCH + timedelta(seconds=number))  # its server's times are no good
    assert ledger.taken == [("/out/a.edi", b"ISA")]


def test_one_bad_file_does_not_hold_up_the_others(remote: MemoryRemote, ledger: MemoryLedger) -> None:
    def refuse(method: str, path: str) -> None:
        if method == "get" and path.endswith("a.edi"):
            raise RemoteRefusedError(f"{path}: permission denied")

    remote.before = refuse
    for name in ("a.edi", "b.edi"):
        remote.place(f"/out/{name}", b"ISA")
    assert len(poller(ledger).poll(remote).troubles) == 1
    assert ledger.taken == [("/out/b.edi", b"ISA")]


def test_a_file_the_partner_took_back_is_no_trouble(remote: MemoryRemote, ledger: MemoryLedger) -> None:
    def vanish(method: str, path: str) -> None:
        if method == "remove":
            del remote.files[path]
            raise RemoteNotThereError(path)

    remote.before = vanish
    remote.place("/out/a.edi", b"ISA")
    assert poller(ledger).poll(remote) == Polled(taken=1, cleared=1)


def test_a_folder_that_cannot_be_listed_fails_the_visit(remote: MemoryRemote, ledger: MemoryLedger) -> None:
    with pytest.raises(RemoteRefusedError):
        poller(ledger, Fetching("/nowhere")).poll(remote)


def test_a_stop_ends_the_poll_between_two_files(remote: MemoryRemote, ledger: MemoryLedger) -> None:
    stopping = Event()
    ledger.after_commit = stopping.set
    for name in "ab":
        remote.place(f"/out/{name}", b"ISA")
    poller(ledger, stopping=stopping).poll(remote)
    assert len(ledger.taken) == 1


REMOTE_STEPS = [
    (when, method) for method in ("list", "get", "stat", "remove", "rename") for when in ("before", "after")
]
LEDGER_STEPS = [("ledger", step) for step in ("before_commit", "after_commit", "before_clear")]


@pytest.mark.parametrize("after", [After.DELETE, After.MOVE])
@pytest.mark.parametrize("step", [*REMOTE_STEPS, *LEDGER_STEPS], ids=lambda step: f"{step[0]}-{step[1]}")
@pytest.mark.parametrize("fault", [CutOff(), ConnectionLostError("gone")], ids=["crash", "connection"])
def test_each_file_is_taken_exactly_once_wherever_it_breaks(
    remote: MemoryRemote, ledger: MemoryLedger, step: tuple[str, str], after: After, fault: Exception
) -> None:
    """Broken at the step for the first file, then at the same step for the second, then left in peace."""
    when, what = step
    rule = Fetching("/out", after=after, move_to="/done")
    files = {f"/out/{name}.edi": b"ISA*" + name.encode() for name in "abc"}
    for path, content in files.items():
        remote.place(path, content)
    broken = 0

    def strike(method: str = what, path: str = "") -> None:
        nonlocal broken
        if method == what and broken < 2:
            broken += 1
            raise fault

    if when == "ledger":
        setattr(ledger, what, strike)
    else:
        setattr(remote, when, strike)
    for _ in range(4):  # each time a new process, which remembers nothing
        try:
            poller(ledger, rule).poll(remote)
        except (CutOff, ConnectionLostError):
            continue
    assert broken == (0 if (what, after) in {("remove", After.MOVE), ("rename", After.DELETE)} else 2)
    assert sorted(ledger.taken) == sorted(files.items())
    left = {path: content for path, (content, _) in remote.files.items()}
    moved = {path.replace("/out", "/done"): content for path, content in files.items()}
    assert left == ({} if after is After.DELETE else moved)
    assert ledger.there == {}
