"""How full mailboxes are: what was not taken in yet counts against an account's limits."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

from gateway.channels.sftp_files import folder_of
from gateway.store import Connection, mailbox
from gateway.store.mailbox import Waiting
from sftp.errors import MailboxFullError
from sftp.ports import Account, AccountLimits, Received

FILL_HOLDS = timedelta(seconds=1)
"""How long what was found of a mailbox far from its limits is good enough."""


class MailboxRoom:
    """How full the drop folders of each account were when they were last looked at. Called from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[str, tuple[datetime, int, int]] = {}

    def check(self, conn: Connection, account: Account, received: Received, *, at: datetime) -> None:
        """Whether there is room beside what was not taken in yet; a file of the same name goes with this one.

        Where the last look found the mailbox less than half full, and what came since cannot have filled it, that is
        enough for a second.

        Raises:
            MailboxFullError: there is none.
        """
        limits = account.limits
        if self._is_low(account.name, limits, received.size, at=at):
            return
        waiting = mailbox.waiting(
            conn, account=account.name, besides=(folder_of(received.place), received.name), most=limits.files
        )
        self._looked(account.name, waiting, received.size, at=at)
        if waiting.files >= limits.files or waiting.total_bytes + received.size > limits.total_bytes:
            raise MailboxFullError(
                f"the mailbox is full: {waiting.files} files of {waiting.total_bytes} bytes were not taken in yet; "
                f"its limits are {limits.files} files and {limits.total_bytes} bytes"
            )

    def _looked(self, account: str, waiting: Waiting, size: int, *, at: datetime) -> None:
        """What was found, and the file that comes to it."""
        with self._lock:
            self._known[account] = (at, waiting.files + 1, waiting.total_bytes + size)

    def _is_low(self, account: str, limits: AccountLimits, size: int, *, at: datetime) -> bool:
        """Whether one more file is far from any limit; it is then counted."""
        with self._lock:
            looked_at, files, total_bytes = self._known.get(account, (at - 2 * FILL_HOLDS, 0, 0))
            files, total_bytes = files + 1, total_bytes + size
            low = files <= limits.files // 2 and total_bytes <= limits.total_bytes // 2
            if not low or not timedelta() <= at - looked_at < FILL_HOLDS:
                return False
            self._known[account] = (looked_at, files, total_bytes)
            return True
