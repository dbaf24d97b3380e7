"""Partners' own SFTP servers: sessions with them, one at a time, and the ledger of what was fetched there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import BinaryIO, Protocol, cast
from uuid import UUID

from gateway import crash_points
from gateway.model import Environment
from gateway.pipeline.receive import Arrival, Inlet
from gateway.pipeline.receive import Received as ReceivedRow
from gateway.store import Connection, locks, remotes
from gateway.store.engine import Store
from gateway.store.locks import SessionLock
from gateway.store.remotes import Taken
from gateway.store.rows import NewRows
from gateway.store.vault import Spool, StoredPayload
from partners.remotes import CHANNEL, RemoteAccount
from sftp.client import SFTPClient
from sftp.errors import SetupError
from sftp.keys import PublicKey
from sftp.paths import checked_name
from sftp.poller import Version
from sftp.remote import Remote

SECRETS = "secrets"
"""The folder of the workspace that holds them, a file each, readable by nobody else."""
MOST_SECRET_BYTES = 64 * 1024
SESSION_LOCK = "sftp-client:"
"""One session with a partner at a time, over all nodes: the beginning of its lock's name."""
LOOK_SECONDS = 0.1

HOST_KEY = "sftp_client.host_key"
LOGIN = "sftp_client.login"
UNREACHABLE = "sftp_client.unreachable"
FILE = "sftp_client.file"
"""Codes of exceptions: another host key than the pinned; not let in; not reached; files that cannot be dealt with."""


class Connect(Protocol):
    """Opens a session with a partner's server."""

    def __call__(self, account: RemoteAccount) -> Remote:
        """Connect and log in.

        Raises:
            RemoteError: it cannot be done; HostKeyError where another host key is shown than the pinned.
            SetupError: the secrets are not there, or cannot be used.
        """
        ...


@dataclass(frozen=True, slots=True)
class RemoteConnect:
    """Sessions over the network.

    Args:
        home: the workspace, whose secrets are used.
        seconds: for each step of connecting, and each answer.
    """

    home: Path
    seconds: float = 30.0

    def __call__(self, account: RemoteAccount) -> SFTPClient:
        """See Connect."""
        return SFTPClient.connect(
            account.host,
            account.port,
            user=account.login,
            private_key=read_secret(self.home, account.key) if account.key else None,
            password=read_secret(self.home, account.password).decode().rstrip("\r\n") if account.password else None,
            host_keys=[PublicKey(key.algorithm, key.blob) for key in account.host_keys],
            seconds=self.seconds,
        )


def read_secret(home: Path, name: str) -> bytes:
    """A secret of the workspace.

    Raises:
        SetupError: it is not there, too large, or others may read it.
    """
    path = home / SECRETS / name
    try:
        found = path.stat()
        if found.st_mode & 0o077:
            raise SetupError(f"the secret {name} can be read by others; chmod 600 {path}")
        if found.st_size > MOST_SECRET_BYTES:
            raise SetupError(f"the secret {name} has {found.st_size} bytes; want {MOST_SECRET_BYTES} at most")
        return path.read_bytes()
    except OSError as error:
        raise SetupError(f"there is no secret {name}: {error.strerror}; put it into {path}") from error


@dataclass(frozen=True, slots=True)
class StoreLedger:
    """What was fetched from one folder of a partner's, in the store. See `sftp.poller.Ledger`.

    Args:
        store: where it is kept.
        inlet: where what is fetched goes in.
        account: whose server.
    """

    store: Store
    inlet: Inlet
    account: RemoteAccount

    def is_taken(self, version: Version) -> bool:
        """See Ledger."""
        with self.store.begin() as conn:
            return remotes.is_taken(conn, self._row(version))

    def take(self, version: Version, fetch: Callable[[BinaryIO], None], *, kept_there: bool) -> bool:
        """See Ledger."""
        row = self._row(version)

        def earlier(conn: Connection, payload: StoredPayload) -> UUID | None:
            locks.hold(conn, f"fetch:{row.account}:{row.path}")
            return None if kept_there else remotes.same_bytes(conn, row, payload.sha256)

        def beside(conn: Connection, rows: NewRows, received: ReceivedRow, payload: StoredPayload) -> None:
            at = self.inlet.clock.now()
            remotes.add_taken(conn, rows, row, sha256=payload.sha256, transmission_id=received.id, at=at)

        with self.inlet.spool() as spool:
            fetch(cast(BinaryIO, _Writing(spool)))
            taken = self.inlet.take(spool, self._arrival(version), earlier=earlier, beside=beside)
        return not taken.repeated

    def cleared(self, version: Version) -> None:
        """See Ledger."""
        crash_points.reached("sftp.poll.after_clearing")
        with self.store.begin() as conn:
            remotes.clear(conn, account=self.account.user, path=version.path, at=self.inlet.clock.now())

    def missing(self, folder: str, there: Collection[str]) -> None:
        """See Ledger."""
        with self.store.begin() as conn:
            remotes.clear_missing(
                conn, account=self.account.user, folder=folder, there=there, at=self.inlet.clock.now()
            )

    def _row(self, version: Version) -> Taken:
        folder = version.path[: -len(version.name)].rstrip("/") or "/"
        return Taken(self.account.user, folder, version.path, version.size, version.modified_at)

    def _arrival(self, version: Version) -> Arrival:
        row = self._row(version)
        rule = next(each for each in self.account.fetch if each.folder == row.folder)
        environment = Environment(rule.environment.value)
        return Arrival(CHANNEL, self.account.user, checked_name(version.name), environment)


class _Writing:
    """A spool as a file that is written to."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def write(self, chunk: bytes) -> int:
        self._spool.write(chunk)
        return len(chunk)


@contextmanager
def session_of(store: Store, account: RemoteAccount, *, within: float = 0.0) -> Iterator[bool]:
    """Whether the one session there may be with a partner's server is ours; it is, until the block ends.

    Args:
        store: whose database knows the lock.
        account: whose server.
        within: seconds to wait for another to leave.
    """
    lock = SessionLock(store, f"{SESSION_LOCK}{account.user}")
    between, looks = Event(), int(within / LOOK_SECONDS)
    try:
        ours = lock.held()
        while not ours and looks > 0:
            between.wait(LOOK_SECONDS)
            looks -= 1
            ours = lock.held()
        yield ours
    finally:
        lock.release()
