"""Somebody else's SFTP server in memory: the published fake of `sftp.remote.Remote`, with faults to order."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO

from sftp.errors import RemoteNotThereError, RemoteRefusedError
from sftp.remote import RemoteFile

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass
class MemoryRemote:
    """Files by path, folders by path.

    Args:
        files: content and time of change.
        folders: those that are there.
        before: called with the name of each method and its path before it does anything.
        after: likewise once it has had its effect; a fault raised there is a lost answer.
    """

    files: dict[str, tuple[bytes, datetime | None]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=lambda: {"/", "/out", "/in", "/done"})
    before: Callable[[str, str], None] = lambda _method, _path: None
    after: Callable[[str, str], None] = lambda _method, _path: None

    def place(self, path: str, content: bytes, *, at: datetime | None = EPOCH) -> None:
        """Put a file there, as the partner does."""
        self.files[path] = (content, at)

    def list(self, folder: str) -> Iterator[RemoteFile]:
        """See Remote."""
        self.before("list", folder)
        if folder not in self.folders:
            raise RemoteNotThereError(f"{folder}: no such folder")
        for path, (content, at) in sorted(self.files.items()):
            if posixpath.dirname(path) == folder:
                yield RemoteFile(posixpath.basename(path), len(content), at, is_folder=False, is_plain=True)
        for path in sorted(self.folders - {"/"}):
            if posixpath.dirname(path) == folder:
                yield RemoteFile(posixpath.basename(path), 0, EPOCH, is_folder=True, is_plain=False)
        self.after("list", folder)

    def stat(self, path: str) -> RemoteFile:
        """See Remote."""
        self.before("stat", path)
        if path in self.folders:
            return RemoteFile(posixpath.basename(path), 0, EPOCH, is_folder=True, is_plain=False)
        content, at = self._there(path)
        self.after("stat", path)
        return RemoteFile(posixpath.basename(path), len(content), at, is_folder=False, is_plain=True)

    def get(self, path: str, into: BinaryIO) -> int:
        """See Remote."""
        self.before("get", path)
        content, _ = self._there(path)
        into.write(content)
        self.after("get", path)
        return len(content)

    def write(self, path: str, chunks: Iterable[bytes]) -> int:
        """See Remote."""
        self.before("write", path)
        if posixpath.dirname(path) not in self.folders:
            raise RemoteNotThereError(f"{path}: no such folder")
        content = b""
        self.files[path] = (content, EPOCH)
        for chunk in chunks:
            content += chunk
            self.files[path] = (content, EPOCH)
        self.after("write", path)
        return len(content)

    def remove(self, path: str) -> None:
        """See Remote."""
        self.before("remove", path)
        self._there(path)
        del self.files[path]
        self.after("remove", path)

    def rename(self, source: str, target: str) -> None:
        """See Remote."""
        self.before("rename", source)
        kept = self._there(source)
        if target in self.files:
            raise RemoteRefusedError(f"{target}: the name is taken")
        if posixpath.dirname(target) not in self.folders:
            raise RemoteNotThereError(f"{target}: no such folder")
        del self.files[source]
        self.files[target] = kept
        self.after("rename", source)

    def close(self) -> None:
        """See Remote."""

    def _there(self, path: str) -> tuple[bytes, datetime | None]:
        if path not in self.files:
            raise RemoteNotThereError(f"{path}: no such file")
        return self.files[path]
