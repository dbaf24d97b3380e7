"""The SFTP channel: the mailbox of the server, as rows; a close is answered after its bytes are committed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial

from gateway import crash_points
from gateway.channels.sftp_accounts import admitted
from gateway.channels.sftp_files import StoreDownload, answered, archive_folder, arrival_of, entry_of, folder_of
from gateway.channels.sftp_room import MailboxRoom
from gateway.errors import StoreConflict
from gateway.model import FileState, TransmissionState
from gateway.pipeline.receive import Received as ReceivedRow
from gateway.pipeline.receive import receive
from gateway.ports import Clock, new_id
from gateway.store import Connection, locks, mailbox, transmissions
from gateway.store.engine import Store
from gateway.store.mailbox import MailboxFile
from gateway.store.rows import NewRows
from gateway.store.vault import Spool, StoredPayload, Vault
from partners.registry import PartnerRegistry
from sftp.errors import AlreadyThereError, NotAllowedError, NotThereError
from sftp.keys import PublicKey
from sftp.ports import Account, Area, Entry, NotAdmitted, Password, Place, Received

COPY_BYTES = 1 << 18
HELD_IN_MEMORY = 1 << 20


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
    _room: MailboxRoom = field(default_factory=MailboxRoom)

    def login(self, user: str, proof: PublicKey | Password, address: str) -> Account | NotAdmitted:
        """The account this user may enter with this key or password from this address."""
        return admitted(self.registry, user, proof, address, at=self.clock.now())

    def days(self, account: Account) -> Iterable[date]:
        """The days of the archive that hold files."""
        with answered(), self.store.autocommit() as conn:
            days = mailbox.list_folders(conn, account=account.name, under=Area.ARCHIVE)
        return [datetime.strptime(day, "%Y%m%d").date() for day in days]  # noqa: DTZ007 a day, no moment

    def entries(self, account: Account, place: Place) -> Iterable[Entry]:
        """The files of a folder."""
        with answered(), self.store.autocommit() as conn:
            return [
                entry_of(found) for found in mailbox.list_files(conn, account=account.name, folder=folder_of(place))
            ]

    def entry(self, account: Account, place: Place, name: str) -> Entry | None:
        """One file of a folder; also after it was taken in."""
        with answered():
            found = mailbox.look_up_file(
                self.store,
                account=account.name,
                folder=folder_of(place),
                name=name,
                ingested=place.area.takes_uploads,
            )
        return None if found is None else entry_of(found)

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
        with answered(), self.store.begin() as conn:
            found = mailbox.find_file(conn, account=account.name, folder=folder_of(place), name=name)
            if found is None:
                raise NotThereError("no such file")
            content = tempfile.SpooledTemporaryFile(max_size=HELD_IN_MEMORY)  # noqa: SIM115 closed with the download
            for chunk in self.vault.open(conn, found.sha256):
                content.write(chunk)
        return StoreDownload(found, content, collected=partial(self.collected, account))

    def remove(self, account: Account, place: Place, name: str) -> None:
        """Take a file off its folder; an answer that nobody read is withdrawn with its last copy.

        Raises:
            NotThereError: no such file.
        """
        at = self.clock.now()
        with answered(), self.store.begin() as conn:
            found = self._there(conn, account, place, name)
            mailbox.remove_file(conn, account=account.name, folder=folder_of(place), name=name, at=at)
            if place.area is Area.OUT and found.transmission_id is not None:
                kept = transmissions.load(conn, found.transmission_id)
                offered = mailbox.is_offered(conn, transmission_id=kept.id, folder=folder_of(place))
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
        folder = folder_of(place)
        lanes: list[str] = []
        with answered(), self.store.begin() as conn:
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
                    arrival_of(account, place, target),
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
        with answered(), self.store.begin() as conn:
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
        with answered(), self.vault.spool() as spool:
            if state is not FileState.PARTIAL:
                self.admit()
            while chunk := received.content.read(COPY_BYTES):
                spool.write(chunk)
            self.vault.settle(spool)
            if account.pick_up.flags:
                lanes = self._keep_beside_flags(account, received, state, spool, at=at)
            else:
                lanes = self._keep_at_once(account, received, state, spool, at=at)
        crash_points.reached("sftp.receive.after_commit")
        return lanes

    def _keep_at_once(
        self, account: Account, received: Received, state: FileState, spool: Spool, *, at: datetime
    ) -> list[str]:
        """One statement does it all, and commits by itself; another goes before it where there may be no place."""
        if state is FileState.PARTIAL or not self._room.is_ample(account, received.size, at=at):
            with self.store.autocommit() as conn:
                if not self._has_place(conn, account, received, state, at=at):
                    return []
        rows = NewRows()
        lanes = self._collect(rows, account, received, state, spool, at=at)
        try:
            rows.write_at_once(self.store)
        except StoreConflict:
            # A file of this name came at the same moment, as over a connection that broke: the other was first.
            if state is FileState.PARTIAL:
                raise
            with self.store.begin() as conn:
                rows.write(conn)
        return lanes

    def _keep_beside_flags(
        self, account: Account, received: Received, state: FileState, spool: Spool, *, at: datetime
    ) -> list[str]:
        with self.store.begin() as conn:
            self._alone(conn, account, received.place)
            if not self._has_place(conn, account, received, state, at=at):
                return []
            rows = NewRows()
            lanes = self._collect(rows, account, received, state, spool, at=at)
            rows.write(conn)
            if state is FileState.HELD:
                lanes += self._release(conn, account, received.place, at=at)
        return lanes

    def _has_place(
        self, conn: Connection, account: Account, received: Received, state: FileState, *, at: datetime
    ) -> bool:
        """False where a part came too late to be kept.

        Raises:
            MailboxFullError: there is no room.
        """
        if state is FileState.PARTIAL and self._written_since(conn, account, received):
            return False
        self._room.check(conn, account, received, at=at)
        return True

    def _collect(
        self, rows: NewRows, account: Account, received: Received, state: FileState, spool: Spool, *, at: datetime
    ) -> list[str]:
        """All rows of a file; returns the lanes to wake for it."""
        payload = self.vault.put_spooled(rows, spool)
        taken = None
        if state is FileState.COMPLETE:
            arrival = arrival_of(account, received.place, received.name)
            taken = receive(rows, arrival, payload, at=at, large_bytes=self.large_bytes)
        mailbox.put_file(
            rows,
            id=new_id(),
            at=at,
            account=account.name,
            folder=folder_of(received.place),
            name=received.name,
            payload=payload,
            transmission_id=None if taken is None else taken.id,
            state=state,
        )
        crash_points.reached("sftp.receive.before_commit")
        return [] if taken is None else [taken.lane]

    def _alone(self, conn: Connection, account: Account, place: Place) -> None:
        """A file and its flag that come at the same moment must see each other: one after the other, then."""
        if account.pick_up.flags:
            locks.hold(conn, f"flags:{account.name}:{folder_of(place)}")

    def _release(self, conn: Connection, account: Account, place: Place, *, at: datetime) -> list[str]:
        """Let every held file count whose flag lies beside it; the flag goes where the file goes."""
        if not account.pick_up.flags:
            return []
        held = mailbox.held_files(conn, account=account.name, folders=[folder_of(place)])
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
        arrival = arrival_of(account, place, found.name)
        taken = receive(conn, arrival, payload, at=at, large_bytes=self.large_bytes)
        mailbox.count_file(conn, found, transmission_id=taken.id)
        return taken

    def _written_since(self, conn: Connection, account: Account, received: Received) -> bool:
        """Whether the name was written anew while the upload that broke went on: then that is the newer."""
        found = mailbox.find_file(
            conn, account=account.name, folder=folder_of(received.place), name=received.name, ingested=True
        )
        return found is not None and found.modified_at > received.began_at

    def _there(
        self, conn: Connection, account: Account, place: Place, name: str, *, ingested: bool = False
    ) -> MailboxFile:
        found = mailbox.find_file(conn, account=account.name, folder=folder_of(place), name=name, ingested=ingested)
        if found is None:
            raise NotThereError("no such file")
        return found
