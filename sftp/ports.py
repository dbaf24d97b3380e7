"""What the server needs from the rest: an account for a login, and a mailbox that keeps and gives files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import BinaryIO, Protocol

from sftp.keys import PublicKey

TEMPORARY_NAMES = ("*.tmp", "*.part", "*.filepart", ".*")
"""Names that clients give a file while they are still sending it."""


class Area(StrEnum):
    """The top folders of a mailbox, named from the partner's side."""

    IN = "in"
    """Drop: what the partner sends us."""
    OUT = "out"
    """Collect and delete: what we have for the partner."""
    ARCHIVE = "archive"
    """Read only, one folder a day: what went either way."""
    ERROR = "error"
    """Read only: what we could not take, and why."""
    TEST = "test"
    """Drop, as IN, but marked as test."""

    @property
    def takes_uploads(self) -> bool:
        """Whether files are dropped here."""
        return self in (Area.IN, Area.TEST)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that holds files: an area, and for the archive its day (always there, as files lie in day folders)."""

    area: Area
    day: date | None = None

    def __str__(self) -> str:
        """The folder's path, `/archive/20260131`."""
        return f"/{self.area}" if self.day is None else f"/{self.area}/{self.day:%Y%m%d}"


@dataclass(frozen=True, slots=True)
class PickUp:
    """When a file counts: on a clean close, except under a `held` name, which counts once renamed to another.

    Args:
        held: patterns of file names (`*`, `?`, `[...]`), compared without regard to case; `()` holds nothing, so that
            every cleanly closed file counts at once.
        flags: endings of flag files (`.done`); where there are any, a file counts once its flag is there, too.
        quiet_seconds: where given, a file counts once it has lain for so long as it is; the mailbox sees to it.
    """

    held: tuple[str, ...] = TEMPORARY_NAMES
    flags: tuple[str, ...] = ()
    quiet_seconds: float | None = None

    def holds(self, name: str) -> bool:
        """Whether a file of this name waits, after its close, for a rename, a flag or its quiet time."""
        return bool(self.flags) or self.quiet_seconds is not None or self.is_temporary(name)

    def is_temporary(self, name: str) -> bool:
        """Whether a file of this name waits for its rename, whatever else."""
        return any(fnmatchcase(name.casefold(), pattern.casefold()) for pattern in self.held)

    def is_flag(self, name: str) -> bool:
        """Whether a file of this name says that another is whole; it is none itself."""
        return any(name.casefold().endswith(ending.casefold()) for ending in self.flags)

    def releases(self, flag: str, name: str) -> bool:
        """Whether the flag file `flag` lets `name` count: `po.edi.done` and `po.done` both speak of `po.edi`."""
        if not self.is_flag(flag) or self.is_flag(name) or self.is_temporary(name):
            return False
        spoken_of = [flag[: -len(ending)] for ending in self.flags if flag.casefold().endswith(ending.casefold())]
        return name in spoken_of or name.rpartition(".")[0] in (set(spoken_of) - {""})


@dataclass(frozen=True, slots=True)
class Collecting:
    """What becomes of a file in /out: it goes when the partner deletes it, and perhaps sooner.

    Args:
        removed_when_read: also once it was read to its end.
    """

    removed_when_read: bool = False


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """What one account may use.

    Args:
        file_bytes: the largest file it may send.
        sessions: SFTP sessions at one time, over all its connections.
        sessions_per_address: of these, from one address; None for all of them.
        open_files: handles open at one time in one session.
        files: files that lie in its drop folders at one time; the mailbox sees to it.
        total_bytes: bytes of these files, which the mailbox sees to, and of what is on its way, which the server does.
        idle_seconds: without a request or an answer; None for the server's own limit.
    """

    file_bytes: int = 1 << 30
    sessions: int = 32
    sessions_per_address: int | None = None
    open_files: int = 32
    files: int = 10_000
    total_bytes: int = 10 << 30
    idle_seconds: float | None = None


class Login(StrEnum):
    """What an account is opened with."""

    KEY = "key"
    PASSWORD = "password"  # noqa: S105 - a word, no secret
    EITHER = "either"
    BOTH = "both"
    """A key and then a password, or the other way round."""


@dataclass(frozen=True, slots=True)
class Password:
    """A password as it was offered."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """One login, as far as the server cares: its name for the mailbox, and its rules."""

    name: str
    areas: tuple[Area, ...] = tuple(Area)
    pick_up: PickUp = PickUp()
    collecting: Collecting = Collecting()
    limits: AccountLimits = AccountLimits()
    login: Login = Login.KEY


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """A login that opens nothing.

    Args:
        reason: for the log of the one who runs the server alone; the partner hears the same, whatever it is.
    """

    reason: str


class EntryState(StrEnum):
    """How far a listed file has come."""

    COMPLETE = "complete"
    """Whole: it counts, or it is there to be collected or read."""
    HELD = "held"
    """Whole, and waiting for its rename."""
    PARTIAL = "partial"
    """What arrived before a connection broke; may be resumed or overwritten, never counts."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as a listing shows it."""

    name: str
    size: int
    modified_at: datetime
    state: EntryState = EntryState.COMPLETE


@dataclass(frozen=True, slots=True)
class Received:
    """A file that arrived, handed to the mailbox.

    Args:
        place: the drop folder.
        name: what the partner called it; a label, never a path.
        content: its bytes, seekable, positioned at 0; valid only during the call.
        size: its length in bytes; 0 is handed on like any other.
        counts: True if the file counts now, False if it is held until its rename.
        began_at: when the partner opened it, UTC.
    """

    place: Place
    name: str
    content: BinaryIO = field(repr=False)
    size: int
    counts: bool
    began_at: datetime


class Download(Protocol):
    """A file being read: one version, unchanged by deletes and overwrites meanwhile."""

    @property
    def entry(self) -> Entry:
        """The version being read."""

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; empty at the end.

        Raises:
            MailboxError: the bytes cannot be had now.
        """

    def close(self, *, complete: bool) -> None:
        """Read no more; `complete` says that every byte was read and the partner closed the file cleanly.

        A complete reading of /out is the receipt; the file then goes, where the account says so.

        Raises:
            MailboxError: the collection cannot be noted.
        """


class Mailbox(Protocol):
    """The files of all accounts. Called from many threads; every method may raise MailboxError.

    Names are already checked (`sftp.paths`), and places are of the account's areas. Between accounts nothing is shared.
    """

    def login(self, user: str, proof: PublicKey | Password, address: str) -> Account | NotAdmitted:
        """The account this user may enter from this address, if the key or the password is one of its own.

        A password of an unknown user takes the time that a wrong one takes. Where the account asks for both, each is
        asked about by itself, and the server puts them together. Has no effect, and for a key is asked before the
        signature is proved, perhaps several times a login. The server gives every refusal the same answer and the same
        least delay.
        """

    def days(self, account: Account) -> Iterable[date]:
        """The days of the archive that hold files, in order."""

    def entries(self, account: Account, place: Place) -> Iterable[Entry]:
        """The files of a folder; taken a page at a time, so a long one need not be in memory."""

    def entry(self, account: Account, place: Place, name: str) -> Entry | None:
        """One file of a folder; also after it was handed on."""

    def receive(self, account: Account, received: Received) -> None:
        """Take a whole file. It is durable when this returns; only then is the partner's close answered.

        A name already there is replaced: the new file is a new version, what counted before stays counted. Where the
        account has flags, a flag file lets every held file count that it speaks of, and a file whose flag lies there
        already counts at once; a flag itself never counts.

        Raises:
            MailboxFullError: it would be over the account's files or bytes; its message is sent to the partner.
            MailboxError: nothing was taken; the partner is told so and sends again.
        """

    def keep_partial(self, account: Account, received: Received) -> None:
        """Keep what arrived before a connection broke (`counts` is False) to be resumed; never hand it on.

        It takes the name's place, as the partner began to overwrite it; but if the name was written after `began_at`,
        nothing is kept: a connection may be found dead long after its partner has come back and sent the file again.
        """

    def open_download(self, account: Account, place: Place, name: str) -> Download:
        """Begin to read a file of any area and state (drop folders are read only to resume an upload).

        Raises:
            NotThereError: no such file.
        """

    def remove(self, account: Account, place: Place, name: str) -> None:
        """Take a file off its folder; what counted before stays counted.

        Raises:
            NotThereError: no such file.
        """

    def rename(self, account: Account, place: Place, source: str, target: str, *, replace: bool, counts: bool) -> None:
        """Give a file of a drop folder another name, durably, in one step; it counts now if `counts` and it is held.

        A new name can be that of a flag, or one whose flag is there, as with `receive`. A complete file that counted
        already is only relabelled: a file counts once.

        Raises:
            NotThereError: no file `source`.
            AlreadyThereError: `target` exists and `replace` is False.
            NotAllowedError: `source` is partial: it is not the whole file.
        """
