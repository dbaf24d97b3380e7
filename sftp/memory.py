"""A mailbox in memory: the published fake of `sftp.ports.Mailbox`, for tests and demonstrations."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from sftp.errors import AlreadyThereError, MailboxError, MailboxFullError, NotAllowedError, NotThereError
from sftp.keys import PublicKey
from sftp.ports import Account, Area, Download, Entry, EntryState, Login, NotAdmitted, Password, Place, Received

READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """One version of a file.

    Args:
        entry: how it is listed.
        digest: SHA-256 of its bytes, in hex.
        content: its bytes, or None if it was over the mailbox's `keep_bytes`.
    """

    entry: Entry
    digest: str
    content: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Counted:
    """A file that was handed on: once for each version that counts."""

    account: str
    place: Place
    name: str
    digest: str
    size: int
    content: bytes | None = field(repr=False)


@dataclass(slots=True)
class Stall:
    """Holds one call of the mailbox: `entered` is set when it begins, it goes on when `release` is set."""

    entered: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)


class MemoryMailbox:
    """Files of all accounts, in memory.

    Args:
        keep_bytes: contents up to this size are kept; of larger files only size and digest, so that a test of large
            files does not measure this fake.
        now: the time for what arrives.
    """

    def __init__(self, *, keep_bytes: int = 16 << 20, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._keep_bytes = keep_bytes
        self._now = now
        self._changed = threading.Condition()
        self._logins: dict[str, tuple[Account, set[PublicKey | Password]]] = {}
        self._files: dict[tuple[str, Place], dict[str, Kept]] = defaultdict(dict)
        self._failures: dict[str, list[MailboxError]] = defaultdict(list)
        self._stalls: dict[str, list[Stall]] = defaultdict(list)
        self.counted: list[Counted] = []
        """What was handed on, oldest first."""
        self.collected: list[tuple[str, Place, str]] = []
        """What was read to its end and closed: account, folder, name."""

    def add_account(self, user: str, account: Account, *proofs: PublicKey | Password) -> None:
        """Let a user enter an account with any of these keys and passwords, as far as its `login` lets him."""
        with self._changed:
            self._logins[user] = (account, set(proofs))

    def place(self, account: str, place: Place, name: str, content: bytes) -> None:
        """Put a file in a folder, as the other side of the gateway does."""
        with self._changed:
            self._files[account, place][name] = self._kept(name, content, EntryState.COMPLETE)

    def fail_next(self, operation: str, error: MailboxError) -> None:
        """Let the next call of a method (by its name) raise; several wait in line."""
        with self._changed:
            self._failures[operation].append(error)

    def stall_next(self, operation: str) -> Stall:
        """Let the next call of a method wait until it is released."""
        stall = Stall()
        with self._changed:
            self._stalls[operation].append(stall)
        return stall

    def wait_for(self, holds: Callable[[MemoryMailbox], bool], *, seconds: float = 20) -> bool:
        """Wait until something is true of the mailbox; False if it is not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: holds(self), timeout=seconds)

    def kept(self, account: str, place: Place, name: str) -> Kept | None:
        """What is kept under a name now."""
        return self._files[account, place].get(name)

    def login(self, user: str, proof: PublicKey | Password, address: str) -> Account | NotAdmitted:  # noqa: ARG002 - the port's
        """See Mailbox."""
        self._begin("login")
        account, proofs = self._logins.get(user, (None, set()))
        never = Login.KEY if isinstance(proof, Password) else Login.PASSWORD
        if account is None:
            return NotAdmitted("no account of this name")
        if account.login is never or proof not in proofs:
            return NotAdmitted("not one of the account's keys and passwords")
        return account

    def days(self, account: Account) -> Iterable[date]:
        """See Mailbox."""
        self._begin("days")
        with self._changed:
            return sorted(
                place.day
                for (name, place), files in self._files.items()
                if name == account.name and place.area is Area.ARCHIVE and place.day is not None and files
            )

    def entries(self, account: Account, place: Place) -> Iterable[Entry]:
        """See Mailbox."""
        self._begin("entries")
        with self._changed:
            return [kept.entry for _, kept in sorted(self._files[account.name, place].items())]

    def entry(self, account: Account, place: Place, name: str) -> Entry | None:
        """See Mailbox."""
        self._begin("entry")
        with self._changed:
            kept = self._files[account.name, place].get(name)
            return None if kept is None else kept.entry

    def receive(self, account: Account, received: Received) -> None:
        """See Mailbox."""
        self._begin("receive")
        state = EntryState.COMPLETE if received.counts else EntryState.HELD
        kept = self._take(received, state)
        with self._changed:
            self._check_room(account, received)
            self._files[account.name, received.place][received.name] = kept
            if received.counts:
                self._count(account, received.place, kept)
            self._release(account, received.place)
            self._changed.notify_all()

    def keep_partial(self, account: Account, received: Received) -> None:
        """See Mailbox."""
        self._begin("keep_partial")
        kept = self._take(received, EntryState.PARTIAL)
        with self._changed:
            there = self._files[account.name, received.place].get(received.name)
            if there is not None and there.entry.modified_at > received.began_at:
                return
            self._check_room(account, received)
            self._files[account.name, received.place][received.name] = kept
            self._changed.notify_all()

    def open_download(self, account: Account, place: Place, name: str) -> Download:
        """See Mailbox."""
        self._begin("open_download")
        with self._changed:
            return _MemoryDownload(self, account, place, self._there(account, place, name))

    def remove(self, account: Account, place: Place, name: str) -> None:
        """See Mailbox."""
        self._begin("remove")
        with self._changed:
            self._there(account, place, name)
            del self._files[account.name, place][name]
            self._changed.notify_all()

    def rename(self, account: Account, place: Place, source: str, target: str, *, replace: bool, counts: bool) -> None:
        """See Mailbox."""
        self._begin("rename")
        with self._changed:
            files = self._files[account.name, place]
            kept = self._there(account, place, source)
            if kept.entry.state is EntryState.PARTIAL:
                raise NotAllowedError("only a part of the file arrived; send it again before renaming it")
            if target in files and not replace:
                raise AlreadyThereError("the new name is taken")
            del files[source]
            files[target] = renamed = _renamed(kept, target, counts=counts)
            if kept.entry.state is EntryState.HELD and counts:
                self._count(account, place, renamed)
            self._release(account, place)
            self._changed.notify_all()

    def note_collected(self, account: Account, place: Place, name: str, kept: Kept) -> None:
        """A download was complete."""
        with self._changed:
            self.collected.append((account.name, place, name))
            goes = account.collecting.removed_when_read and place.area is Area.OUT
            if goes and self._files[account.name, place].get(name) is kept:
                del self._files[account.name, place][name]
            self._changed.notify_all()

    def _release(self, account: Account, place: Place) -> None:
        """Let every held file count whose flag lies beside it; the flag is spent."""
        files = self._files[account.name, place]
        held = [name for name, kept in files.items() if kept.entry.state is EntryState.HELD]
        pairs = [(flag, data) for flag in held for data in held if account.pick_up.releases(flag, data)]
        for data in dict.fromkeys(data for _, data in pairs):
            files[data] = _renamed(files[data], data, counts=True)
            self._count(account, place, files[data])
        for flag in dict.fromkeys(flag for flag, _ in pairs):
            files[flag] = _renamed(files[flag], flag, counts=True)

    def _begin(self, operation: str) -> None:
        with self._changed:
            stall = self._stalls[operation].pop(0) if self._stalls[operation] else None
        if stall is not None:
            stall.entered.set()
            stall.release.wait()
        with self._changed:
            if self._failures[operation]:
                raise self._failures[operation].pop(0)

    def _check_room(self, account: Account, received: Received) -> None:
        sizes = [
            kept.entry.size
            for (name, place), files in self._files.items()
            for file, kept in files.items()
            if name == account.name and place.area.takes_uploads and (place, file) != (received.place, received.name)
        ]
        limits = account.limits
        if len(sizes) >= limits.files or sum(sizes) + received.size > limits.total_bytes:
            raise MailboxFullError(f"the mailbox is full; it holds {len(sizes)} files that were not taken in yet")

    def _there(self, account: Account, place: Place, name: str) -> Kept:
        kept = self._files[account.name, place].get(name)
        if kept is None:
            raise NotThereError(f"no file {place}/{name}")
        return kept

    def _take(self, received: Received, state: EntryState) -> Kept:
        digest = hashlib.sha256()
        small = received.size <= self._keep_bytes
        blocks = []
        while block := received.content.read(READ_BYTES):
            digest.update(block)
            if small:
                blocks.append(block)
        entry = Entry(received.name, received.size, self._now(), state)
        return Kept(entry, digest.hexdigest(), b"".join(blocks) if small else None)

    def _kept(self, name: str, content: bytes, state: EntryState) -> Kept:
        return Kept(Entry(name, len(content), self._now(), state), hashlib.sha256(content).hexdigest(), content)

    def _count(self, account: Account, place: Place, kept: Kept) -> None:
        self.counted.append(Counted(account.name, place, kept.entry.name, kept.digest, kept.entry.size, kept.content))


class _MemoryDownload:
    """A version being read."""

    def __init__(self, mailbox: MemoryMailbox, account: Account, place: Place, kept: Kept) -> None:
        self._mailbox = mailbox
        self._account = account
        self._place = place
        self._kept = kept

    @property
    def entry(self) -> Entry:
        return self._kept.entry

    def read(self, offset: int, length: int) -> bytes:
        if self._kept.content is None:
            raise MailboxError("this mailbox kept only the digest of so large a file")
        return self._kept.content[offset : offset + length]

    def close(self, *, complete: bool) -> None:
        if complete:
            self._mailbox.note_collected(self._account, self._place, self._kept.entry.name, self._kept)


def _renamed(kept: Kept, name: str, *, counts: bool) -> Kept:
    state = EntryState.COMPLETE if counts else kept.entry.state
    return replace(kept, entry=replace(kept.entry, name=name, state=state))
