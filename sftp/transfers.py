"""Open files of a session: an upload, which counts only by a clean close, and a reading, complete only by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog

from sftp.errors import BrokenUploadError, MailboxError, NotSupportedError, TooLargeError
from sftp.paths import FilePath
from sftp.ports import Account, AccountLimits, Download, Entry, Mailbox, Place, Received
from sftp.spool import COPY_BYTES, Coverage, Room, Spool
from translators.errors import shown

MOST_PIECES = 1024
"""Separate ranges one file may be moved in at a time; real clients have a few dozen blocks under way, in order."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the open files of one session share.

    Args:
        mailbox: where the files are.
        account: whose.
        log: bound to the session; gets one event per upload, download, rename and remove.
        spool_folder: where arriving files wait; None for the system's folder for temporary files.
        room: what the arriving files of all sessions of the account may take there.
        now: the time for what has none of its own.
    """

    mailbox: Mailbox
    account: Account
    log: structlog.typing.FilteringBoundLogger
    spool_folder: Path | None = None
    room: Room = field(default_factory=lambda: Room(AccountLimits().total_bytes))
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a listing or stat says about one name."""

    name: str
    is_folder: bool
    size: int
    modified_at: datetime
    may_write: bool


class Upload:
    """A file being sent. Every way out ends in `close` (it may count) or `drop` (it never does)."""

    def __init__(self, around: Surroundings, path: FilePath, *, appends: bool) -> None:
        self._around = around
        self._path = path
        self._appends = appends
        self._began_at = around.now()
        self._spool = Spool(around.spool_folder)
        self._room_taken = 0
        self._fault: str | None = None

    @property
    def facts(self) -> Facts:
        """What a stat of the open file says."""
        return Facts(self._path.name, False, self._spool.size, self._around.now(), True)

    def fill(self, download: Download) -> None:
        """Begin with the bytes already there, to be resumed."""
        size = download.entry.size
        while self._spool.size < size:
            data = download.read(self._spool.size, min(COPY_BYTES, size - self._spool.size))
            if not data:
                raise BrokenUploadError(f"{self._shown} could not be read back; send it from the start")
            self._take_room(self._spool.size + len(data))
            self._spool.write(self._spool.size, data)

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Take a block. After one that could not be taken the upload can only fail, whatever the client makes of it.

        Raises:
            TooLargeError: beyond the account's largest file, or what all its arriving files may take.
            BrokenUploadError: scattered over too many separate ranges.
            OSError: no room in the spool.
        """
        if self._appends:
            offset = self._spool.size
        limit = self._around.account.limits.file_bytes
        if offset + len(data) > limit:
            self._fault = f"{self._shown} is over {limit} bytes, the largest file taken here"
            raise TooLargeError(self._fault)
        self._take_room(offset + len(data))
        try:
            self._spool.write(offset, data)
        except OSError:
            self._fault = f"{self._shown} could not be stored; send it again later"
            raise
        if self._spool.pieces > MOST_PIECES:
            self._fault = f"{self._shown} comes in over {MOST_PIECES} scattered pieces; send it in order"
            raise BrokenUploadError(self._fault)

    def truncate(self, size: int) -> None:
        """Cut the file to `size` bytes, as `scp` does at the end of one it writes over another.

        On a resumed upload it means something else: OpenSSH's client sends it only when interrupted, with a size that
        is too small, and then closes as if all were well. So nothing is cut, and the close fails.

        Raises:
            NotSupportedError: `size` is larger than the file.
        """
        if self._appends:
            self._fault = f"{self._shown} was interrupted while it was resumed; resume it again"
            return
        if size > self._spool.size:
            raise NotSupportedError(f"{self._shown} has {self._spool.size} bytes; it grows only by writing")
        self._spool.truncate(size)

    def close(self) -> None:
        """Hand the file to the mailbox; returns only once it is durable there.

        Raises:
            BrokenUploadError: a block was refused, or there is a gap; what is there is kept as partial.
            MailboxError: not taken.
        """
        if self._fault is None and not self._spool.is_whole:
            self._fault = f"{self._shown} has a gap after byte {self._spool.unbroken}; send it again"
        if self._fault is not None:
            fault = self._fault
            self.drop(fault)
            raise BrokenUploadError(fault)
        counts = not self._around.account.pick_up.holds(self._path.name)
        try:
            self._around.mailbox.receive(self._around.account, self._received(counts=counts))
        except MailboxError as error:
            self._around.log.warning("sftp.upload_refused", reason=str(error), **self._logged)
            raise
        finally:
            self.discard()
        self._around.log.info("sftp.upload", counts=counts, **self._logged)

    def drop(self, reason: str) -> None:
        """The upload did not end in a clean close: keep its unbroken beginning as partial, hand nothing on."""
        try:
            if self._spool.unbroken < self._spool.size:
                self._spool.truncate(self._spool.unbroken)
            if self._spool.size:
                self._around.mailbox.keep_partial(self._around.account, self._received(counts=False))
            self._around.log.warning("sftp.upload_partial", reason=reason, **self._logged)
        except (MailboxError, OSError) as error:
            self._around.log.warning("sftp.upload_lost", reason=reason, error=str(error), **self._logged)
        finally:
            self.discard()

    def discard(self) -> None:
        """Let its bytes go: the upload never began, or is over."""
        self._spool.close()
        self._around.room.give(self._room_taken)
        self._room_taken = 0

    def _take_room(self, end: int) -> None:
        more = max(0, end - self._room_taken)
        if not self._around.room.take(more):
            limit = self._around.account.limits.total_bytes
            self._fault = f"{self._shown}: files of over {limit} bytes are on their way at once; send it again later"
            raise TooLargeError(self._fault)
        self._room_taken += more

    def _received(self, *, counts: bool) -> Received:
        return Received(
            place=self._path.place,
            name=self._path.name,
            content=self._spool.content(),
            size=self._spool.size,
            counts=counts,
            began_at=self._began_at,
        )

    @property
    def _shown(self) -> str:
        return f"{self._path.place}/{shown(self._path.name)}"

    @property
    def _logged(self) -> dict[str, object]:
        return {"folder": str(self._path.place), "file": shown(self._path.name), "size": self._spool.size}


class Reading:
    """A file being collected; it is complete once every byte was read and the partner closed it."""

    def __init__(self, around: Surroundings, path: FilePath, download: Download) -> None:
        self._around = around
        self._path = path
        self._download = download
        self._seen = Coverage()
        self._is_scattered = False

    @property
    def facts(self) -> Facts:
        """What a stat of the open file says."""
        return facts_of(self._path.place, self._download.entry)

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes; empty at the end."""
        data = self._download.read(offset, length)
        if not self._is_scattered:
            self._seen.add(offset, offset + len(data))
            self._is_scattered = self._seen.pieces > MOST_PIECES
        return data

    def close(self) -> None:
        """The partner closed the file."""
        self._end(complete=not self._is_scattered and self._seen.reaches() >= self._download.entry.size)

    def drop(self, reason: str) -> None:
        """The connection broke: never a collection."""
        try:
            self._end(complete=False)
        except MailboxError as error:
            self._around.log.warning("sftp.download_unnoted", reason=reason, error=str(error))

    def _end(self, *, complete: bool) -> None:
        self._download.close(complete=complete)
        self._around.log.info(
            "sftp.download",
            folder=str(self._path.place),
            file=shown(self._path.name),
            size=self._download.entry.size,
            complete=complete,
        )


def facts_of(place: Place, entry: Entry) -> Facts:
    """An entry as a listing says it."""
    return Facts(entry.name, False, entry.size, entry.modified_at, place.area.takes_uploads)
