"""Fetching from somebody else's server: each file once, whatever breaks at whatever step.

List, filter, wait until a file has not changed over some polls, fetch it, have the ledger commit it, and only then move
or delete it there. What the ledger knows and is still there was not cleared away: that is done, and nothing is fetched.
"""

from __future__ import annotations

import hashlib
import posixpath
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import BinaryIO, Protocol

import structlog

from sftp.errors import (
    BadNameError,
    RemoteNotThereError,
    RemoteRefusedError,
    StillChangingError,
)
from sftp.paths import checked_name
from sftp.ports import TEMPORARY_NAMES
from sftp.remote import Remote, RemoteFile
from translators.errors import shown

MOST_LISTED = 100_000
"""Names of one folder that are looked at; the others wait until these are gone."""


class After(StrEnum):
    """What becomes of a file at the other side once it is ours."""

    DELETE = "delete"
    MOVE = "move"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Fetching:
    """One folder that is fetched from.

    Args:
        folder: its path there.
        names: patterns of the names that are ours to fetch, compared without regard to case.
        held: patterns of names that are still being written.
        after: what becomes of a file that was fetched.
        move_to: the folder it is moved to, for After.MOVE.
        file_bytes: the largest file that is taken.
    """

    folder: str
    names: tuple[str, ...] = ("*",)
    held: tuple[str, ...] = TEMPORARY_NAMES
    after: After = After.DELETE
    move_to: str = ""
    file_bytes: int = 1 << 30

    def wants(self, name: str) -> bool:
        """Whether a file of this name is fetched."""
        folded = name.casefold()
        return any(fnmatchcase(folded, pattern.casefold()) for pattern in self.names) and not any(
            fnmatchcase(folded, pattern.casefold()) for pattern in self.held
        )


@dataclass(frozen=True, slots=True)
class Version:
    """A file as a listing tells of it; the same path with another size or time is another version."""

    path: str
    size: int
    modified_at: datetime | None

    @property
    def name(self) -> str:
        """Its last part."""
        return posixpath.basename(self.path)


class Ledger(Protocol):
    """What was fetched, kept where it outlives us."""

    def is_taken(self, version: Version) -> bool:
        """Whether this version was taken and not cleared away since."""

    def take(self, version: Version, fetch: Callable[[BinaryIO], None], *, kept_there: bool) -> bool:
        """Have the bytes fetched and keep them with the version, in one transaction; durable when this returns.

        Args:
            version: as listed.
            fetch: writes the bytes; raises where they are not this version's.
            kept_there: the file stays at the other side, so that a new time means a new file. Otherwise the same bytes
                under the same path, not cleared since, are the file we could not clear away.

        Returns:
            False where it is that file: then only the ledger was brought up to date.
        """

    def cleared(self, version: Version) -> None:
        """The file was moved or deleted there: another of the same name, size and time is a new one."""

    def missing(self, folder: str, there: Collection[str]) -> None:
        """Of what was taken from the folder and not cleared, all but these paths is gone from there."""


@dataclass(slots=True)
class Polled:
    """What one poll did.

    Args:
        taken: files that are ours now.
        cleared: files moved or deleted there.
        waiting: files that may still be changing.
        troubles: path and reason of what could not be done, the connection standing.
    """

    taken: int = 0
    cleared: int = 0
    waiting: int = 0
    troubles: list[tuple[str, str]] = field(default_factory=list)


class Poller:
    """Fetches from one partner, a session at a time.

    Args:
        ledger: see Ledger.
        rules: the folders.
        stable_polls: a file is fetched at the poll that has seen it so many times the same.
        stopping: when set, the poll ends after the file it is at.
        log: bound to the partner.
    """

    def __init__(
        self,
        ledger: Ledger,
        rules: Iterable[Fetching],
        *,
        stable_polls: int,
        stopping: threading.Event,
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._ledger = ledger
        self._rules = tuple(rules)
        self._stable_polls = stable_polls
        self._stopping = stopping
        self._log = log
        self._seen: dict[str, tuple[Version, int]] = {}

    def poll(self, remote: Remote) -> Polled:
        """Look once into every folder, and fetch what is ripe.

        Raises:
            ConnectionLostError: the session broke; the next poll goes on where this one was.
            RemoteRefusedError: a folder cannot be listed.
        """
        done = Polled()
        seen: dict[str, tuple[Version, int]] = {}
        for rule in self._rules:
            found, all_of_them = self._listed(remote, rule, done)
            if all_of_them:
                self._ledger.missing(rule.folder, {version.path for version in found})
            for version in found:
                if self._stopping.is_set():
                    return done
                try:
                    self._look_at(remote, rule, version, seen, done)
                except StillChangingError:
                    done.waiting += 1
                except RemoteRefusedError as error:
                    done.troubles.append((version.path, str(error)))
        self._seen = seen
        return done

    def _listed(self, remote: Remote, rule: Fetching, done: Polled) -> tuple[list[Version], bool]:
        """The files that are ours to fetch, oldest first, and whether these are all."""
        found: list[Version] = []
        for number, listed in enumerate(remote.list(rule.folder)):
            if number >= MOST_LISTED:
                self._log.warning("poll.folder_too_large", folder=shown(rule.folder), looked_at=MOST_LISTED)
                return sorted(found, key=_by_age), False
            if self._is_ours(rule, listed, done):
                found.append(Version(posixpath.join(rule.folder, listed.name), listed.size, listed.modified_at))
        return sorted(found, key=_by_age), True

    def _is_ours(self, rule: Fetching, listed: RemoteFile, done: Polled) -> bool:
        if listed.is_folder or not listed.is_plain or not rule.wants(listed.name):
            return False
        try:
            checked_name(listed.name)
        except BadNameError as error:
            done.troubles.append((shown(listed.name), str(error)))
            return False
        return True

    def _look_at(
        self, remote: Remote, rule: Fetching, version: Version, seen: dict[str, tuple[Version, int]], done: Polled
    ) -> None:
        if self._ledger.is_taken(version):
            self._clear(remote, rule, version, done)
            return
        if version.size > rule.file_bytes:
            raise RemoteRefusedError(f"{shown(version.path)} has {version.size} bytes; want {rule.file_bytes} at most")
        before, times = self._seen.get(version.path, (version, 0))
        times = times + 1 if before == version else 1
        seen[version.path] = (version, times)
        if times < self._stable_polls:
            done.waiting += 1
            return
        kept_there = rule.after is After.KEEP
        taken = self._ledger.take(version, lambda into: _fetch(remote, version, into), kept_there=kept_there)
        done.taken += taken
        self._log.info("poll.taken", path=shown(version.path), size=version.size, again=not taken)
        self._clear(remote, rule, version, done)

    def _clear(self, remote: Remote, rule: Fetching, version: Version, done: Polled) -> None:
        """Move or delete there what is ours here; that it is gone already is as good."""
        if rule.after is After.KEEP:
            return
        try:
            if rule.after is After.DELETE:
                remote.remove(version.path)
            else:
                _move(remote, version, rule.move_to)
        except RemoteNotThereError:
            self._log.info("poll.gone_already", path=shown(version.path))
        self._ledger.cleared(version)
        done.cleared += 1


def _by_age(version: Version) -> tuple[float, str]:
    return (version.modified_at.timestamp() if version.modified_at else 0.0, version.path)


def _fetch(remote: Remote, version: Version, into: BinaryIO) -> None:
    """The bytes of exactly this version.

    Raises:
        StillChangingError: it was changed while it was fetched.
    """
    length = remote.get(version.path, into)
    now = remote.stat(version.path)
    if not length == now.size == version.size or now.modified_at != version.modified_at:
        raise StillChangingError(f"{shown(version.path)} changed while it was fetched; it is fetched again later")


def _move(remote: Remote, version: Version, folder: str) -> None:
    """Rename into a folder; where the name is taken there, under one that tells versions apart."""
    target = posixpath.join(folder, version.name)
    try:
        remote.stat(target)
    except RemoteNotThereError:
        remote.rename(version.path, target)
        return
    stem, ending = posixpath.splitext(version.name)
    mark = hashlib.sha256(f"{version.path} {version.size} {version.modified_at}".encode()).hexdigest()[:8]
    remote.rename(version.path, posixpath.join(folder, f"{stem}-{mark}{ending}"))
