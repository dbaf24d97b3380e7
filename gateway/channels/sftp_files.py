"""The files of a mailbox between its rows and the server: folders, entries, downloads, and the answers to faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO

from gateway.errors import GatewayError
from gateway.model import Environment, FileState
from gateway.pipeline.receive import Arrival
from gateway.store.mailbox import MailboxFile
from sftp.errors import MailboxFullError, MailboxUnavailableError
from sftp.ports import Account, Area, Entry, EntryState, Place

_STATES = {
    FileState.COMPLETE: EntryState.COMPLETE,
    FileState.HELD: EntryState.HELD,
    FileState.PARTIAL: EntryState.PARTIAL,
}


class StoreDownload:
    """One version of a file being read. See `sftp.ports.Download`.

    Args:
        found: the version.
        content: its bytes; closed with it.
        collected: told once it was read to its end and closed.
    """

    def __init__(self, found: MailboxFile, content: IO[bytes], *, collected: Callable[[MailboxFile], None]) -> None:
        self._found = found
        self._content = content
        self._collected = collected

    @property
    def entry(self) -> Entry:
        """The version being read."""
        return entry_of(self._found)

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; empty at the end."""
        self._content.seek(offset)
        return self._content.read(length)

    def close(self, *, complete: bool) -> None:
        """Read no more; a complete reading is noted."""
        self._content.close()
        if complete:
            self._collected(self._found)


@contextmanager
def answered() -> Iterator[None]:
    """A broken store is told to the partner as "try again", never as success."""
    try:
        yield
    except GatewayError as error:
        raise MailboxUnavailableError("the mailbox is not available; send again later") from error
    except OSError as error:
        raise MailboxFullError("the mailbox cannot keep the file; send again later") from error


def archive_folder(at: datetime) -> str:
    """Where files lie that went or came on a day (UTC)."""
    return f"archive/{at:%Y%m%d}"


def arrival_of(account: Account, place: Place, name: str) -> Arrival:
    """How a dropped file came."""
    environment = Environment.TEST if place.area is Area.TEST else Environment.LIVE
    return Arrival(channel="sftp", account=account.name, filename=name, environment=environment)


def folder_of(place: Place) -> str:
    """A folder as its rows name it."""
    return str(place).removeprefix("/")


def entry_of(found: MailboxFile) -> Entry:
    """A row as a listing or stat tells it."""
    return Entry(found.name, found.size, found.modified_at, _STATES[found.state])
