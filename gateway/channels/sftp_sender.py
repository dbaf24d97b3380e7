"""Files brought to partners' own SFTP servers: under a temporary name, looked at, then renamed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from posixpath import join, splitext

from gateway import crash_points
from gateway.channels.sftp_client import HOST_KEY, LOGIN, Connect, session_of
from gateway.pipeline.transport import Checkpoint, Delivered, RetryLater, SendOutcome, Shipment, Uncertain
from gateway.ports import Clock
from gateway.store import remotes
from gateway.store.engine import Store
from partners.registry import PartnerRegistry
from partners.remotes import RemoteAccount
from sftp.errors import (
    ConnectionLostError,
    HostKeyError,
    LoginError,
    RemoteError,
    RemoteNotThereError,
    RemoteRefusedError,
    SetupError,
)
from sftp.remote import Remote
from translators.errors import shown

ANOTHER_SESSION = timedelta(seconds=10)
WAIT_SECONDS = 30.0
"""How long a sender waits for the poller to leave."""
AT_ONCE = timedelta()
LONGEST_NAME = 120

_NOT_IN_A_NAME = re.compile(r"[^0-9A-Za-z._-]")


@dataclass(frozen=True, slots=True)
class SftpClientTransport:
    """See `gateway.pipeline.transport.Transport`.

    The temporary name is the shipment's own: that it is there no more tells, after a crash, that the rename was done.
    """

    store: Store
    registry: PartnerRegistry
    clock: Clock
    connect: Connect

    def send(self, shipment: Shipment, checkpoint: Checkpoint) -> SendOutcome:
        """See Transport."""
        outcome = self._visit(shipment, lambda remote, names: _bring(remote, names, shipment, checkpoint))
        assert outcome is not None
        return outcome

    def find_out(self, shipment: Shipment) -> SendOutcome | None:
        """See Transport."""
        return self._visit(shipment, lambda remote, names: _look(remote, names, shipment))

    def _visit(self, shipment: Shipment, do: Callable[[Remote, Names], SendOutcome | None]) -> SendOutcome | None:
        account = self.registry.way(shipment.account)
        if not isinstance(account, RemoteAccount) or not account.send_to:
            pause = timedelta(minutes=30)
            return RetryLater(pause, f"{shown(shipment.account)} is not active, or has no folder to send to any more")
        with self.store.begin() as conn:
            visits = remotes.visits(conn, account.user)
        if visits is not None and visits.stopped_for == account.pins:
            return RetryLater(account.breaker.pause, "its server showed another host key than the pinned; pin it first")
        with session_of(self.store, account, within=WAIT_SECONDS) as ours:
            if not ours:
                return RetryLater(ANOTHER_SESSION, "another session with this partner is open")
            try:
                remote = self.connect(account)
            except (HostKeyError, LoginError, SetupError) as error:
                self._tell(account, error)
                return RetryLater(account.breaker.pause, str(error))
            except RemoteError as error:
                return RetryLater(AT_ONCE, str(error))
            try:
                if visits is not None and visits.exception_id is not None and not account.fetch:
                    self._all_is_well(account)
                return do(remote, Names.of(shipment, account.send_to))
            finally:
                remote.close()

    def _tell(self, account: RemoteAccount, error: RemoteError | SetupError) -> None:
        """A person has to look; once, however many shipments wait."""
        at = self.clock.now()
        is_key = isinstance(error, HostKeyError)
        with self.store.begin() as conn:
            remotes.note_failure(
                conn,
                account.user,
                at=at,
                next_at=at + account.breaker.pause,
                reason=str(error),
                code=HOST_KEY if is_key else LOGIN,
                partner=account.partner,
                stopped_for=account.pins if is_key else None,
            )

    def _all_is_well(self, account: RemoteAccount) -> None:
        at = self.clock.now()
        with self.store.begin() as conn:
            remotes.note_success(conn, account.user, at=at, next_at=at, partner=account.partner, code=LOGIN)


@dataclass(frozen=True, slots=True)
class Names:
    """The paths of one shipment, the same at each try.

    Args:
        temporary: while it is sent.
        final: what the partner takes.
        other: where the final name is taken by another file.
    """

    temporary: str
    final: str
    other: str

    @classmethod
    def of(cls, shipment: Shipment, folder: str) -> Names:
        """The names of a shipment in a folder; its label is made harmless."""
        mark = shipment.id.hex[-12:]
        label = _NOT_IN_A_NAME.sub("_", shipment.filename)[-LONGEST_NAME:].lstrip(".-") or mark
        stem, ending = splitext(label)
        return cls(join(folder, f".{label}.{mark}.part"), join(folder, label), join(folder, f"{stem}-{mark}{ending}"))


def _bring(remote: Remote, names: Names, shipment: Shipment, checkpoint: Checkpoint) -> SendOutcome:
    try:
        sent = remote.write(names.temporary, shipment.content())
        there = remote.stat(names.temporary).size
    except RemoteError as error:
        return RetryLater(AT_ONCE, str(error))
    if not sent == there == shipment.size:
        text = f"{shown(names.temporary)} has {there} bytes there; {shipment.size} were sent"
        return RetryLater(AT_ONCE, text)
    try:
        target = names.other if _is_there(remote, names.final) else names.final
    except RemoteError as error:
        return RetryLater(AT_ONCE, str(error))
    crash_points.reached("sftp.send.after_temporary")
    checkpoint()
    crash_points.reached("sftp.send.after_checkpoint")
    try:
        remote.rename(names.temporary, target)
        crash_points.reached("sftp.send.after_rename")
    except ConnectionLostError as error:
        return Uncertain(str(error))
    except RemoteRefusedError as error:
        return RetryLater(AT_ONCE, f"the rename was refused: {error}")
    return Delivered(f"{shown(target)}, {there} bytes, renamed from its temporary name")


def _look(remote: Remote, names: Names, shipment: Shipment) -> SendOutcome | None:
    try:
        if _is_there(remote, names.temporary):
            return None
        for path in (names.other, names.final):
            if _is_there(remote, path) and remote.stat(path).size == shipment.size:
                return Delivered(f"{shown(path)}, {shipment.size} bytes, was found there")
    except RemoteError as error:
        return RetryLater(AT_ONCE, str(error))
    return Uncertain(
        f"{shown(names.temporary)} was whole and is there no more, nor is {shown(names.final)}: the partner has taken "
        "it, or something swept it away; ask the partner"
    )


def _is_there(remote: Remote, path: str) -> bool:
    try:
        remote.stat(path)
    except RemoteNotThereError:
        return False
    return True
