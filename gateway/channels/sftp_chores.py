"""What time does to mailboxes: files that lay still count, files that nobody collects leave /out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog

from gateway.channels.sftp import StoreMailbox
from gateway.channels.sftp_accounts import served
from gateway.channels.sftp_files import archive_folder
from gateway.model import TransmissionState
from gateway.ports import new_id
from gateway.store import Connection, exceptions, mailbox, transmissions
from gateway.store.mailbox import MailboxFile
from partners.logins import Pickup, SftpAccount
from sftp.ports import Area

TAKE_IN_QUIET_EVERY = timedelta(seconds=1)
CLEAR_OUTBOXES_EVERY = timedelta(minutes=10)
CLEARED_AT_ONCE = 100
NOT_COLLECTED = "mailbox.not_collected"

log = structlog.get_logger(__name__)


def take_in_quiet(box: StoreMailbox) -> int:
    """Let every held file count that has lain as long as its account says; how many there were.

    A partial file never does, nor one under a temporary name.

    Raises:
        StoreUnavailable: the database is gone.
    """
    taken = 0
    for account in _accounts(box):
        if account.pickup is not Pickup.QUIET:
            continue
        at = box.clock.now()
        server_side = served(account)
        with box.store.begin() as conn:
            quiet = mailbox.held_files(
                conn, account=account.user, folders=[Area.IN, Area.TEST], until=at - account.quiet_time
            )
            whole = [found for found in quiet if not server_side.pick_up.is_temporary(found.name)]
            lanes = [box.count(conn, server_side, found, at=at).lane for found in whole]
        if lanes:
            box.wake(sorted(set(lanes)))
        taken += len(lanes)
    return taken


def clear_outboxes(box: StoreMailbox) -> int:
    """Take files out of /out that have lain there longer than their account says; how many there were.

    They are in the archive then. One that nobody ever collected opens an exception.

    Raises:
        StoreUnavailable: the database is gone.
    """
    cleared = 0
    for account in _accounts(box):
        if account.out.days is None:
            continue
        while True:
            at = box.clock.now()
            until = at - timedelta(days=account.out.days)
            with box.store.begin() as conn:
                old = mailbox.old_files(conn, account=account.user, folder=Area.OUT, until=until, most=CLEARED_AT_ONCE)
                for found in old:
                    mailbox.move_file(conn, found, to_folder=archive_folder(at), at=at, new_id=new_id)
                    _withdraw(conn, account, found, at=at)
            cleared += len(old)
            if len(old) < CLEARED_AT_ONCE:
                break
    if cleared:
        log.info("mailbox.outboxes_cleared", files=cleared)
    return cleared


def _withdraw(conn: Connection, account: SftpAccount, found: MailboxFile, *, at: datetime) -> None:
    """Where nobody collected it, and no other copy stands there, a person has to know."""
    if found.transmission_id is None:
        return
    kept = transmissions.load(conn, found.transmission_id)
    if kept.state is not TransmissionState.READY or mailbox.is_offered(
        conn, transmission_id=kept.id, folder=found.folder
    ):
        return
    transmissions.set_outbound_state(
        conn, kept.id, TransmissionState.WITHDRAWN, at=at, detail={"days": account.out.days, "file": found.name}
    )
    exceptions.open_exception(
        conn,
        id=new_id(),
        at=at,
        code=NOT_COLLECTED,
        reason=f"{account.user} did not collect {found.name} within {account.out.days} days; it is in the archive now",
        group=exceptions.fingerprint(account.user, NOT_COLLECTED),
        transmission_id=kept.id,
    )


def _accounts(box: StoreMailbox) -> Iterator[SftpAccount]:
    for partner in box.registry.partners.values():
        if partner.active:
            yield from partner.accounts
