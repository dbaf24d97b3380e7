"""The SFTP channel: the mailbox of the server, as rows; a close is answered after its bytes are committed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import BoundedSemaphore, Lock

from gateway import crash_points
from gateway.errors import GatewayError
from gateway.model import Environment, FileState, TransmissionState
from gateway.pipeline.receive import Arrival, receive
from gateway.pipeline.receive import Received as ReceivedRow
from gateway.ports import Clock, new_id
from gateway.store import Connection, locks, mailbox, transmissions
from gateway.store.engine import Store
from gateway.store.mailbox import MailboxFile, Waiting
from gateway.store.rows import NewRows
from gateway.store.vault import StoredPayload, Vault
from partners import passwords
from partners.model import PasswordHash, Pickup, Removal, SftpAccount
from partners.registry import PartnerRegistry
from sftp.errors import AlreadyThereError, MailboxFullError, MailboxUnavailableError, NotAllowedError, NotThereError
from sftp.keys import PublicKey
from sftp.ports import (
    Account,
    AccountLimits,
    Area,
    Collecting,
    Entry,
    EntryState,
    Login,
    Password,
    PickUp,
    Place,
    Received,
)

COPY_BYTES = 1 << 18
HELD_IN_MEMORY = 1 << 20
HASHES_AT_ONCE = 4
"""Passwords looked at at one time: each takes 19 MiB and more for as long as it does."""

FILL_HOLDS = timedelta(seconds=1)
"""How long what was found of a mailbox far from its limits is good enough."""

_hashing = BoundedSemaphore(HASHES_AT_ONCE)

_STATES = {
    FileState.COMPLETE: EntryState.COMPLETE,
    FileState.HELD: EntryState.HELD,
    FileState.PARTIAL: EntryState.PARTIAL,
}


class Fill:
    """How full the drop folders of each account were when they were last looked at. Called from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[str, tuple[datetime, int, int]] = {}

    def looked(self, account: str, waiting: Waiting, size: int, *, at: datetime) -> None:
        """What was found, and the file that comes to it."""
        with self._lock:
            self._known[account] = (at, waiting.files + 1, waiting.total_bytes + size)

    def is_low(self, account: str, limits: AccountLimits, size: int, *, at: datetime) -> bool:
        """Whether one more file is far from any limit; it is then counted."""
        with self._lock:
            looked_at, files, total_bytes = self._known.get(account, (at - 2 * FILL_HOLDS, 0, 0))
            files, total_bytes = files + 1, total_bytes + size
            low = files <= limits.files // 2 and total_bytes <= limits.total_bytes // 2
            if not low or not timedelta() <= at - looked_at < FILL_HOLDS:
                return False
            self._known[account] = (looked_at, files, total_bytes)
            return True


@dataclass(frozen=True, slots=True)
class StoreMailbox:
    """The files of all accounts, in the store. See `sftp.ports.Mailbox`.

    Args:
        wake: told the lane of each transmission that was just committed.
        large_bytes: over this a file has a lane apart.
        admit: raises IntakeClosed while nothing more may be taken in.
    """

    store: Store
    vault: Vault
    registry: PartnerRegistry
    clock: Clock
    wake: Callable[[list[str]], None]
    large_bytes: int
    admit: Callable[[], None] = lambda: None
    _fill: Fill = field(default_factory=Fill)

    def login(self, user: str, proof: PublicKey | Password, address: str) -> Account | None:
        """The account this user may enter with this key or password from this address, or None."""
        found = self.registry.account(user)
        allowed = found if found is not None and found.accepts_address(address) else None
        fits = self._knows(allowed, proof) if isinstance(proof, Password) else self._takes(allowed, proof)
        return served(allowed) if allowed is not None and fits else None

    def _takes(self, account: SftpAccount | None, key: PublicKey) -> bool:
        return account is not None and account.accepts_key(key.blob, at=self.clock.now())

    def _knows(self, account: SftpAccount | None, password: Password) -> bool:
        """Whether it is the account's password; the work is the same where there is no such account."""
        hashes: list[PasswordHash | None] = []
        hashes += [] if account is None else account.good_passwords(at=self.clock.now())
        with _hashing:
            found = [passwords.fits(known, password.secret) for known in hashes or [None]]  # all: equal work
        return any(found)

    def days(self, account: Account) -> Iterable[date]:
        """The days of the archive that hold files."""
        with _answered(), self.store.autocommit() as conn:
            days = mailbox.list_folders(conn, account=account.name, under=Area.ARCHIVE)
        return [datetime.strptime(day, "%Y%m%d").date() for day in days]  # noqa: DTZ007 a day, no moment

    def entries(self, account: Account, place: Place) -> Iterable[Entry]:
        """The files of a folder."""
        with _answered(), self.store.autocommit() as conn:
            return [_entry(found) for found in mailbox.list_files(conn, account=account.name, folder=_folder(place))]

    def entry(self, account: Account, place: Place, name: str) -> Entry | None:
        """One file of a folder; also after it was taken in."""
        with _answered(), self.store.autocommit() as conn:
            found = mailbox.find_file(
                conn,
                account=account.name,
                folder=_folder(place),
                name=name,
                ingested=place.area.takes_uploads,
            )
        return None if found is None else _entry(found)

    def receive(self, account: Account, received: Received) -> None:
        """Keep a whole file; where it counts, as a transmission in the same transaction."""
        state = FileState.COMPLETE if received.counts else FileState.HELD
        lanes = self._keep(account, received, state)
        if lanes:
            self.wake(lanes)

    def keep_partial(self, account: Account, received: Received) -> None:
        """Keep what arrived before a connection broke; it never counts."""
        self._keep(account, received, FileState.PARTIAL)

    def open_download(self, account: Account, place: Place, name: str) -> StoreDownload:
        """Begin to read a file.

        Raises:
            NotThereError: no such file.
        """
        with _answered(), self.store.begin() as conn:
            found = mailbox.find_file(conn, account=account.name, folder=_folder(place), name=name)
            if found is None:
                raise NotThereError("no such file")
            content = tempfile.SpooledTemporaryFile(max_size=HELD_IN_MEMORY)  # noqa: SIM115 closed with the download
            for chunk in self.vault.open(conn, found.sha256):
                content.write(chunk)
        return StoreDownload(self, account, found, content)

    def remove(self, account: Account, place: Place, name: str) -> None:
        """Take a file off its folder; an answer that nobody read is withdrawn with its last copy.

        Raises:
            NotThereError: no such file.
        """
        at = self.clock.now()
        with _answered(), self.store.begin() as conn:
            found = self._there(conn, account, place, name)
            mailbox.remove_file(conn, account=account.name, folder=_folder(place), name=name, at=at)
            if place.area is Area.OUT and found.transmission_id is not None:
                kept = transmissions.load(conn, found.transmission_id)
                offered = mailbox.is_offered(conn, transmission_id=kept.id, folder=_folder(place))
                if kept.state is TransmissionState.READY and not offered:
                    transmissions.set_outbound_state(
                        conn, kept.id, TransmissionState.WITHDRAWN, at=at, actor=f"sftp:{account.name}"
                    )

    def rename(self, account: Account, place: Place, source: str, target: str, *, replace: bool, counts: bool) -> None:
        """Give a dropped file another name; a held one counts from then on, where `counts`.

        One that was taken in and archived meanwhile is found, too: its sender only finishes its upload.

        Raises:
            NotThereError: no file `source`.
            AlreadyThereError: `target` exists and is not to be replaced.
            NotAllowedError: only a part of `source` arrived.
        """
        at = self.clock.now()
        folder = _folder(place)
        lanes: list[str] = []
        with _answered(), self.store.begin() as conn:
            self._alone(conn, account, place)
            found = self._there(conn, account, place, source, ingested=True)
            if found.state is FileState.PARTIAL:
                raise NotAllowedError("only a part of the file arrived; send it again before renaming it")
            if not replace and mailbox.find_file(conn, account=account.name, folder=folder, name=target) is not None:
                raise AlreadyThereError("the new name is taken")
            transmission_id = found.transmission_id
            state = found.state
            if found.state is FileState.HELD and counts:
                taken = receive(
                    conn,
                    _arrival(account, place, target),
                    StoredPayload(found.sha256, found.size),
                    at=at,
                    large_bytes=self.large_bytes,
                )
                transmission_id, state = taken.id, FileState.COMPLETE
                lanes.append(taken.lane)
            mailbox.rename_file(conn, found, to_name=target, transmission_id=transmission_id, state=state, at=at)
            lanes += self._release(conn, account, place, at=at)
            crash_points.reached("sftp.rename.before_commit")
        crash_points.reached("sftp.rename.after_commit")
        if lanes:
            self.wake(lanes)

    def collected(self, account: Account, found: MailboxFile) -> None:
        """A file of /out was read to its end: the delivery's receipt."""
        if found.folder != Area.OUT:
            return
        at = self.clock.now()
        with _answered(), self.store.begin() as conn:
            if found.transmission_id is not None:
                receipt = {"file": found.name, "size": found.size, "sha256": found.sha256.hex()}
                transmissions.set_outbound_state(
                    conn,
                    found.transmission_id,
                    TransmissionState.COLLECTED,
                    at=at,
                    actor=f"sftp:{found.account}",
                    detail=receipt,
                )
            if account.collecting.removed_when_read:
                still = mailbox.find_file(conn, account=found.account, folder=found.folder, name=found.name)
                if still is not None and still.id == found.id:
                    mailbox.move_file(conn, still, to_folder=archive_folder(at), at=at, new_id=new_id)

    def _keep(self, account: Account, received: Received, state: FileState) -> list[str]:
        """Returns the lanes to wake, where a file counts."""
        at = self.clock.now()
        lanes: list[str] = []
        transmission_id = None
        with _answered(), self.vault.spool() as spool:
            if state is not FileState.PARTIAL:
                self.admit()
            while chunk := received.content.read(COPY_BYTES):
                spool.write(chunk)
            self.vault.settle(spool)
            with self.store.begin() as conn:
                self._alone(conn, account, received.place)
                if state is FileState.PARTIAL and self._written_since(conn, account, received):
                    return []
                self._check_room(conn, account, received)
                rows = NewRows()
                payload = self.vault.put_spooled(rows, spool)
                if state is FileState.COMPLETE:
                    taken = receive(
                        rows,
                        _arrival(account, received.place, received.name),
                        payload,
                        at=at,
                        large_bytes=self.large_bytes,
                    )
                    transmission_id = taken.id
                    lanes.append(taken.lane)
                mailbox.put_file(
                    conn,
                    id=new_id(),
                    at=at,
                    account=account.name,
                    folder=_folder(received.place),
                    name=received.name,
                    payload=payload,
                    transmission_id=transmission_id,
                    state=state,
                    later=rows,
                )
                rows.write(conn)
                if state is FileState.HELD:
                    lanes += self._release(conn, account, received.place, at=at)
                crash_points.reached("sftp.receive.before_commit")
        crash_points.reached("sftp.receive.after_commit")
        return lanes

    def _alone(self, conn: Connection, account: Account, place: Place) -> None:
        """A file and its flag that come at the same moment must see each other: one after the other, then."""
        if account.pick_up.flags:
            locks.hold(conn, f"flags:{account.name}:{_folder(place)}")

    def _release(self, conn: Connection, account: Account, place: Place, *, at: datetime) -> list[str]:
        """Let every held file count whose flag lies beside it; the flag goes where the file goes."""
        if not account.pick_up.flags:
            return []
        held = mailbox.held_files(conn, account=account.name, folders=[_folder(place)])
        pairs = [(flag, data) for flag in held for data in held if account.pick_up.releases(flag.name, data.name)]
        taken = {
            data.id: self.count(conn, account, data, at=at) for data in {data.id: data for _, data in pairs}.values()
        }
        for flag, data in {flag.id: (flag, data) for flag, data in reversed(pairs)}.values():
            mailbox.count_file(conn, flag, transmission_id=taken[data.id].id)
        return [one.lane for one in taken.values()]

    def count(self, conn: Connection, account: Account, found: MailboxFile, *, at: datetime) -> ReceivedRow:
        """A held file counts from now on, as a transmission."""
        place = Place(Area(found.folder))
        payload = StoredPayload(found.sha256, found.size)
        arrival = _arrival(account, place, found.name)
        taken = receive(conn, arrival, payload, at=at, large_bytes=self.large_bytes)
        mailbox.count_file(conn, found, transmission_id=taken.id)
        return taken

    def _check_room(self, conn: Connection, account: Account, received: Received) -> None:
        """Whether there is room beside what was not taken in yet; a file of the same name goes with this one.

        Where the last look found the mailbox less than half full, and what came since cannot have filled it, that is
        enough for a second.
        """
        limits, now = account.limits, self.clock.now()
        if self._fill.is_low(account.name, limits, received.size, at=now):
            return
        waiting = mailbox.waiting(
            conn, account=account.name, besides=(_folder(received.place), received.name), most=limits.files
        )
        self._fill.looked(account.name, waiting, received.size, at=now)
        if waiting.files >= limits.files or waiting.total_bytes + received.size > limits.total_bytes:
            raise MailboxFullError(
                f"the mailbox is full: {waiting.files} files of {waiting.total_bytes} bytes were not taken in yet; "
                f"its limits are {limits.files} files and {limits.total_bytes} bytes"
            )

    def _written_since(self, conn: Connection, account: Account, received: Received) -> bool:
        """Whether the name was written anew while the upload that broke went on: then that is the newer."""
        found = mailbox.find_file(
            conn, account=account.name, folder=_folder(received.place), name=received.name, ingested=True
        )
        return found is not None and found.modified_at > received.began_at

    def _there(
        self, conn: Connection, account: Account, place: Place, name: str, *, ingested: bool = False
    ) -> MailboxFile:
        found = mailbox.find_file(conn, account=account.name, folder=_folder(place), name=name, ingested=ingested)
        if found is None:
            raise NotThereError("no such file")
        return found


class StoreDownload:
    """One version of a file being read. See `sftp.ports.Download`."""

    def __init__(
        self, box: StoreMailbox, account: Account, found: MailboxFile, content: tempfile.SpooledTemporaryFile[bytes]
    ) -> None:
        self._box = box
        self._account = account
        self._found = found
        self._content = content

    @property
    def entry(self) -> Entry:
        """The version being read."""
        return _entry(self._found)

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; empty at the end."""
        self._content.seek(offset)
        return self._content.read(length)

    def close(self, *, complete: bool) -> None:
        """Read no more; a complete reading is noted."""
        self._content.close()
        if complete:
            self._box.collected(self._account, self._found)


@contextmanager
def _answered() -> Iterator[None]:
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


def served(found: SftpAccount) -> Account:
    """An account of a profile, as the server knows it."""
    held = () if found.pickup is Pickup.CLOSE else found.held_names
    pick_up = PickUp(
        held,
        flags=found.flag_endings if found.pickup is Pickup.FLAG else (),
        quiet_seconds=found.quiet_time.total_seconds() if found.pickup is Pickup.QUIET else None,
    )
    limits = AccountLimits(
        file_bytes=found.limits.file_bytes,
        sessions=found.limits.sessions,
        sessions_per_address=found.limits.sessions_per_address,
        open_files=found.limits.open_files,
        files=found.limits.files,
        total_bytes=found.limits.total_bytes,
        idle_seconds=found.limits.idle.total_seconds(),
    )
    return Account(
        found.user,
        pick_up=pick_up,
        collecting=Collecting(removed_when_read=found.out.remove is Removal.AFTER_DOWNLOAD),
        limits=limits,
        login=Login(found.login.value),
    )


def _arrival(account: Account, place: Place, name: str) -> Arrival:
    environment = Environment.TEST if place.area is Area.TEST else Environment.LIVE
    return Arrival(channel="sftp", account=account.name, filename=name, environment=environment)


def _folder(place: Place) -> str:
    return str(place).removeprefix("/")


def _entry(found: MailboxFile) -> Entry:
    return Entry(found.name, found.size, found.modified_at, _STATES[found.state])
