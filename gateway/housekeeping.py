"""What has to be done every so often for the whole gateway, beside its lanes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import structlog

from gateway.alerts.watches import Watches
from gateway.app import Gateway
from gateway.certificate_watch import warn_of_ending
from gateway.change_log import ChangeLog
from gateway.channels.sftp_chores import CLEAR_OUTBOXES_EVERY, TAKE_IN_QUIET_EVERY, clear_outboxes, take_in_quiet
from gateway.chores import Chore
from gateway.evidence.checkpoints import CheckpointFolder
from gateway.evidence.signing import signing_key
from gateway.lanes import Lanes
from gateway.purging import purge_all, retention_policy
from gateway.store import alerts, audit, expected

WATCHES = "watches"
SEAL_EVERY = timedelta(milliseconds=200)
TELL_CHANGES_EVERY = timedelta(milliseconds=500)
HAND_IN_EVERY = timedelta(seconds=1)
WATCH_EVERY = timedelta(minutes=1)
WATCH_PARTNERS_EVERY = timedelta(minutes=5)
WATCH_NUMBERS_EVERY = timedelta(minutes=15)
RELEASE_EVERY = timedelta(seconds=5)
MARK_OVERDUE_EVERY = timedelta(seconds=15)
WARN_OF_ENDING_EVERY = timedelta(hours=1)
SWEEP_VAULT_EVERY = timedelta(hours=1)
PURGE_EVERY = timedelta(hours=6)
LOOK_FOR_CHECKPOINT_EVERY = timedelta(minutes=1)
ORPHAN_AGE = timedelta(days=1)
log = structlog.get_logger(__name__)


def watch_chores(watches: Watches) -> list[Chore]:
    """Looking for what nobody reports, by whoever leads there."""
    return [
        Chore("watch the destinations", WATCH_EVERY, watches.look_at_destinations),
        Chore("watch the lanes", WATCH_EVERY, watches.look_at_lanes),
        Chore("watch the disk", WATCH_EVERY, watches.look_at_disk, everywhere=True),
        Chore("watch the partners", WATCH_PARTNERS_EVERY, watches.look_at_partners),
        Chore("watch the mailboxes", WATCH_NUMBERS_EVERY, watches.look_at_mailboxes),
        Chore("watch the control numbers", WATCH_NUMBERS_EVERY, watches.look_at_numbers),
    ]


def gateway_chores(gateway: Gateway, lanes: Lanes) -> list[Chore]:
    """Everything there is to do, and how often."""
    sealer = audit.Sealer(gateway.store)
    box = gateway.mailbox(lanes.wake)
    return [
        Chore("seal the audit log", SEAL_EVERY, sealer.seal_pending),
        Chore("tell of changes", TELL_CHANGES_EVERY, ChangeLog(gateway.store).tell),
        Chore("take in quiet files", TAKE_IN_QUIET_EVERY, lambda: take_in_quiet(box)),
        Chore("clear the outboxes", CLEAR_OUTBOXES_EVERY, lambda: clear_outboxes(box)),
        Chore("warn of ending certificates", WARN_OF_ENDING_EVERY, lambda: warn_of_certificates(gateway)),
        Chore("take in what is handed in", HAND_IN_EVERY, gateway.handed_in_folders().take_in),
        Chore("release what waits for cross references", RELEASE_EVERY, lambda: gateway.releasing().run()),
        Chore("mark overdue acknowledgments", MARK_OVERDUE_EVERY, lambda: mark_overdue(gateway)),
        Chore("checkpoint the audit log", LOOK_FOR_CHECKPOINT_EVERY, lambda: write_checkpoint(gateway)),
        Chore("purge what is past its days", PURGE_EVERY, lambda: purge_past(gateway)),
        Chore("forget old alerts", PURGE_EVERY, lambda: forget_alerts(gateway)),
        Chore("sweep the vault", SWEEP_VAULT_EVERY, lambda: gateway.vault.sweep_orphans(ORPHAN_AGE), everywhere=True),
    ]


def warn_of_certificates(gateway: Gateway) -> int:
    """Tell of certificates that end soon; how many were told of.

    Raises:
        StoreUnavailable: the database is gone.
    """
    return warn_of_ending(gateway.store, gateway.registry, gateway.as2_keys, at=gateway.clock.now())


def purge_past(gateway: Gateway) -> None:
    """Purge what is past its days and free to go.

    Raises:
        StoreUnavailable: the database is gone; what was purged by then stays so.
    """
    policy = retention_policy(gateway.settings, gateway.registry)
    done = purge_all(gateway.store, policy, by="gateway", at=gateway.clock.now())
    if done.transmissions:
        log.info("retention.purged", transmissions=done.transmissions, bytes=done.freed)


def forget_alerts(gateway: Gateway) -> int:
    """Forget alerts that were told, or given up, long enough ago; how many.

    Raises:
        StoreUnavailable: the database is gone; what was forgotten by then stays so.
    """
    before, forgotten = gateway.clock.now() - gateway.settings.alerts.kept_for, 0
    while True:
        with gateway.store.begin() as conn:
            count = alerts.forget(conn, before=before)
        forgotten += count
        if count < alerts.FORGOTTEN_AT_ONCE:
            return forgotten


def write_checkpoint(gateway: Gateway) -> Path | None:
    """Write the checkpoint of the audit log that is due; its file.

    Raises:
        GatewayError: the database is gone, or the key is refused.
        OSError: the folder is not there, or does not take it.
    """
    settings = gateway.settings.audit
    if settings.checkpoints is None:
        return None
    folder = CheckpointFolder(settings.checkpoints, settings.every)
    return folder.write_due(gateway.store, signing_key(gateway.settings.home), at=gateway.clock.now())


def mark_overdue(gateway: Gateway) -> int:
    """Mark every acknowledgment that did not come in time, an exception each; how many there were.

    Raises:
        StoreUnavailable: the database is gone.
    """
    marked = 0
    while True:
        with gateway.store.begin() as conn:
            count = expected.mark_overdue(conn, at=gateway.clock.now())
        marked += count
        if count < expected.MARKED_AT_ONCE:
            break
    if marked:
        log.warning("acknowledgments.overdue", count=marked)
    return marked
