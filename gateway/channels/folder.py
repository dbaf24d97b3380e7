"""The folder channel: files dropped into a watched folder come in, each version once, and are moved away afterwards.

A folder is data. Nothing in it is ever run, no link in it is followed, and of a name only its text is kept. A file
counts once it has lain unchanged for the account's stability window; it is moved only after its bytes are committed,
and a ledger row of the same transaction knows it again after a crash in between.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Event
from uuid import UUID

import structlog

from gateway import crash_points
from gateway.errors import IntakeClosed, StoreConflict, StoreUnavailable
from gateway.model import Environment
from gateway.pipeline.receive import Arrival, Inlet, Received, Taken
from gateway.ports import Clock
from gateway.store import Connection, folder_files
from gateway.store.folder_files import FolderFile
from gateway.store.locks import SessionLock
from gateway.store.rows import NewRows
from gateway.store.vault import StoredPayload
from partners.folder_accounts import FolderAccount

DONE = ".done"
WATCHER = "folder-watch"
"""The lock of the node that watches: one does."""
WATCHER_SILENT_SECONDS = 60
LOOK_SECONDS = 1.0
COPY_BYTES = 1 << 18

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Version:
    """What tells one version of a file from another without reading it."""

    inode: int
    size: int
    changed_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> Version:
        """The version a stat tells of."""
        return cls(found.st_ino, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class _Seen:
    version: Version
    since: datetime


class FolderWatch:
    """Watches the folders of all accounts. For one thread.

    Args:
        accounts: of them, those that have an inbox are watched.
        inlet: where files are handed in.
        home: what relative folders are below.
        clock: what the stability window is told by.
    """

    def __init__(self, accounts: Sequence[FolderAccount], inlet: Inlet, *, home: Path, clock: Clock) -> None:
        self._folders = [(account, home / account.inbox) for account in accounts if account.inbox is not None]
        self._inlet = inlet
        self._clock = clock
        self.leader = WATCHER
        self.leads = False
        """Whether this node is the one that watches, as it knew at its last look."""
        self._seen: dict[tuple[str, str], _Seen] = {}
        self._unavailable: set[str] = set()

    def run(self, stop: Event) -> None:
        """Look at every folder again and again, while this node is the one that watches, until `stop` is set."""
        if not self._folders:
            return
        lock = SessionLock(self._inlet.store, WATCHER, silent_after=WATCHER_SILENT_SECONDS)
        try:
            while not stop.wait(LOOK_SECONDS):
                self.leads = lock.held()
                if not self.leads:
                    self._seen.clear()
                    continue
                try:
                    self.look(stop)
                except (StoreUnavailable, IntakeClosed) as error:
                    log.warning("folder.waits", reason=str(error)[:200])
        finally:
            self.leads = False
            lock.release()

    def look(self, stop: Event | None = None) -> int:
        """Look at every folder once, and take in what counts; how many files that were.

        Raises:
            StoreUnavailable: the database or our disk is broken; the files stay where they are.
            IntakeClosed: nothing more is taken in for now; likewise.
        """
        taken = 0
        for account, folder in self._folders:
            try:
                taken += self._look_at(account, folder, stop)
            except OSError as error:
                if account.user not in self._unavailable:
                    log.warning("folder.unavailable", account=account.user, reason=error.strerror)
                self._unavailable.add(account.user)
            else:
                self._unavailable.discard(account.user)
        return taken

    def _look_at(self, account: FolderAccount, folder: Path, stop: Event | None) -> int:
        now = self._clock.now()
        found = _versions(account, folder)
        for key in [key for key in self._seen if key[0] == account.user and key[1] not in found]:
            del self._seen[key]
        with self._inlet.store.begin() as conn:
            names = frozenset(label(name) for name in found)
            folder_files.forget_taken_before(conn, account=account.user, names=names, before=now)
        taken = 0
        for name, version in sorted(found.items(), key=lambda item: (item[1].changed_ns, item[0])):
            if stop is not None and stop.is_set():
                break
            if self._is_stable(account, name, version, now):
                taken += self._take(account, folder, name, version)
        return taken

    def _is_stable(self, account: FolderAccount, name: str, version: Version, now: datetime) -> bool:
        seen = self._seen.get((account.user, name))
        if seen is None or seen.version != version or seen.since > now:
            self._seen[account.user, name] = _Seen(version, now)
            return False
        return now - seen.since >= account.stable

    def _take(self, account: FolderAccount, folder: Path, name: str, version: Version) -> bool:
        """Take one file in; False where it turns out to be another version than was looked at."""
        self._seen.pop((account.user, name), None)
        with self._inlet.spool() as spool, _opened(folder / name) as descriptor:
            if descriptor is None or _version_of(descriptor) != version:
                return False
            while chunk := os.read(descriptor, COPY_BYTES):
                spool.write(chunk)
            if _version_of(descriptor) != version:
                return False
            payload = spool.payload
            file = FolderFile(account.user, label(name), version.inode, version.changed_ns, payload.sha256)

            def earlier(conn: Connection, _payload: StoredPayload) -> UUID | None:
                return folder_files.find(conn, file)

            def beside(_conn: Connection, rows: NewRows, received: Received, _payload: StoredPayload) -> None:
                folder_files.remember(rows, file, transmission_id=received.id, at=self._clock.now())

            environment = Environment.TEST if account.test else Environment.LIVE
            arrival = Arrival("folder", account.user, label(name), environment)
            taken = self._taken(lambda: self._inlet.take(spool, arrival, earlier=earlier, beside=beside))
        self._move_away(account, folder, name, version, taken.id)
        crash_points.reached("folder.after_move")
        with self._inlet.store.begin() as conn:
            folder_files.forget(conn, file)
        return not taken.repeated

    def _taken(self, take: Callable[[], Taken]) -> Taken:
        try:
            return take()
        except StoreConflict:  # another node took it at the same moment, as it thought that we were gone
            return take()

    def _move_away(self, account: FolderAccount, folder: Path, name: str, version: Version, id: UUID) -> None:
        """Move a file out of sight. What meanwhile took its name, or grew, is put back and looked at anew."""
        away = folder / DONE / str(id)
        away.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(folder / name, away / name)
        except FileNotFoundError:  # taken away by somebody else: its bytes are ours already
            away.rmdir()
            return
        if Version.of(os.lstat(away / name)) != version:
            _put_back(away / name, folder)
            log.info("folder.changed_while_taken", account=account.user)
        elif not account.keep:
            os.unlink(away / name)
        if not any(away.iterdir()):
            away.rmdir()


def label(name: str) -> str:
    """A file's name as text that can be kept: bytes that are not UTF-8 are escaped."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _versions(account: FolderAccount, folder: Path) -> dict[str, Version]:
    """The plain files of a folder that may count: no links, no folders, nothing special, no held or hidden names."""
    found: dict[str, Version] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            folded = entry.name.casefold()
            if entry.name == DONE or any(fnmatchcase(folded, pattern.casefold()) for pattern in account.held_names):
                continue
            try:
                seen = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(seen.st_mode):
                found[entry.name] = Version.of(seen)
    return found


@contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    """A plain file to read; None where it is gone, or is none. Neither a link is followed nor a pipe waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError:
        log.warning("folder.unreadable", folder=str(path.parent))
        yield None
        return
    except OSError:
        yield None
        return
    try:
        yield descriptor if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    finally:
        os.close(descriptor)


def _version_of(descriptor: int) -> Version:
    return Version.of(os.fstat(descriptor))


def _put_back(path: Path, folder: Path) -> None:
    """Give a file its place again; where a newer one has it, beside that one."""
    for name in (path.name, path.parent.name):  # the other name is that of a transmission, and so free
        try:
            os.link(path, folder / name, follow_symlinks=False)
        except FileExistsError:
            continue
        os.unlink(path)
        return
