"""How full mailboxes are: what was not taken in yet counts against an account's limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from gateway.channels.sftp_files import folder_of
from gateway.store import Connection, mailbox
from sftp.errors import MailboxFullError
from sftp.ports import Account, Received

FILL_HOLDS = timedelta(seconds=1)
"""How long what was found of a mailbox is good enough."""

SHARES = 4
"""Of the room found, one of so many shares may be taken before it is looked at again."""


@dataclass(slots=True)
class _Look:
    """What was free at one look, and what has come since."""

    at: datetime
    files_free: int
    bytes_free: int
    files: int = 0
    total_bytes: int = 0


class MailboxRoom:
    """How much room the drop folders of each account had when they were last looked at. Called from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._looks: dict[str, _Look] = {}

    def is_ample(self, account: Account, size: int, *, at: datetime) -> bool:
        """Whether one more file needs no look; it is then counted.

        That is so for a second, while what has come here since takes a share of the room found then: other nodes may
        each take as much.
        """
        with self._lock:
            look = self._looks.get(account.name)
            if look is None or not timedelta() <= at - look.at < FILL_HOLDS:
                return False
            files, total_bytes = look.files + 1, look.total_bytes + size
            if files * SHARES > look.files_free or total_bytes * SHARES > look.bytes_free:
                return False
            look.files, look.total_bytes = files, total_bytes
            return True

    def check(self, conn: Connection, account: Account, received: Received, *, at: datetime) -> None:
        """Look whether there is room beside what was not taken in yet; a file of the same name goes with this one.

        Raises:
            MailboxFullError: there is none.
        """
        limits = account.limits
        waiting = mailbox.waiting(
            conn, account=account.name, besides=(folder_of(received.place), received.name), most=limits.files
        )
        with self._lock:
            self._looks[account.name] = _Look(
                at, limits.files - waiting.files - 1, limits.total_bytes - waiting.total_bytes - received.size
            )
        if waiting.files >= limits.files or waiting.total_bytes + received.size > limits.total_bytes:
            raise MailboxFullError(
                f"the mailbox is full: {waiting.files} files of {waiting.total_bytes} bytes were not taken in yet; "
                f"its limits are {limits.files} files and {limits.total_bytes} bytes"
            )
