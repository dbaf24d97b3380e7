"""Somebody else's SFTP server, as the poller and the sender see it; `SFTPClient` is one, `MemoryRemote` its fake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """What is under one name at the other side.

    Args:
        is_folder: a folder.
        is_plain: a file that is no link, device or the like; also where the server does not say.
    """

    name: str
    size: int
    modified_at: datetime | None
    is_folder: bool
    is_plain: bool


class Remote(Protocol):
    """One session, used by one thread.

    Every method raises RemoteNotThereError for a path that is not there, RemoteRefusedError for any other refusal and
    ConnectionLostError where there is no answer.
    """

    def list(self, folder: str) -> Iterator[RemoteFile]:
        """What is in a folder, as it comes."""

    def stat(self, path: str) -> RemoteFile:
        """One file or folder."""

    def get(self, path: str, into: BinaryIO) -> int:
        """Fetch a file; its length in bytes."""

    def write(self, path: str, chunks: Iterable[bytes]) -> int:
        """Write a file, over one that is there; its length in bytes."""

    def remove(self, path: str) -> None:
        """Delete a file."""

    def rename(self, source: str, target: str) -> None:
        """Rename a file; refused if the new name is taken."""

    def close(self) -> None:
        """End the session; it may be broken already, and nothing is raised."""
