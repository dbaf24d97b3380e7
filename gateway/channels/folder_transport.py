"""Putting files into a partner's folder: each appears whole, by rename, and once, and may be taken away at any time.

A file is written and synced as `.staging/ID` before the checkpoint, and renamed out after it. The rename is the one
effect: a staged file that is gone was published, by whomever, and is never staged again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path

from gateway import crash_points
from gateway.pipeline.transport import (
    Checkpoint,
    Delivered,
    Refused,
    RetryLater,
    SendOutcome,
    Shipment,
    Uncertain,
)
from partners.folder_accounts import FolderAccount

STAGING = ".staging"
MAX_NAME = 100
NO_FOLDER = "folder.none"

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_RETRY_AFTER = timedelta(seconds=5)


class FolderTransport:
    """Puts files into the outboxes of accounts.

    Args:
        accounts: by their names.
        home: what relative folders are below.
    """

    def __init__(self, accounts: Iterable[FolderAccount], *, home: Path) -> None:
        self._folders: Mapping[str, Path] = {
            account.user: home / account.outbox for account in accounts if account.outbox is not None
        }

    def send(self, shipment: Shipment, checkpoint: Checkpoint) -> SendOutcome:
        """Stage, checkpoint, publish. See Transport."""
        folder = self._folders.get(shipment.account)
        if folder is None:
            return _no_folder(shipment)
        staging = folder / STAGING
        try:
            if not folder.is_dir():
                return RetryLater(_RETRY_AFTER, f"{folder} is not there")
            staging.mkdir(mode=0o700, exist_ok=True)
            _write(staging / f"{shipment.id}.part", shipment)
            os.rename(staging / f"{shipment.id}.part", staging / str(shipment.id))
            _sync(staging)
        except OSError as error:
            return RetryLater(_RETRY_AFTER, f"{folder}: {error.strerror}")
        crash_points.reached("folder.after_staging")
        checkpoint()
        crash_points.reached("folder.after_checkpoint")
        return self._publish(folder, shipment)

    def find_out(self, shipment: Shipment) -> SendOutcome | None:
        """What is staged still is published now; what is not, was. See Transport."""
        folder = self._folders.get(shipment.account)
        if folder is None:
            return _no_folder(shipment)
        if not (folder / STAGING).is_dir():
            return Uncertain(f"{folder / STAGING} is gone; ask the receiver whether it has {shipment.filename}")
        outcome = self._publish(folder, shipment)
        return RetryLater(_RETRY_AFTER, outcome.reason) if isinstance(outcome, Uncertain) else outcome

    def _publish(self, folder: Path, shipment: Shipment) -> Delivered | Uncertain:
        try:
            name = _free_name(folder, shipment)
            try:
                os.rename(folder / STAGING / str(shipment.id), folder / name)
            except FileNotFoundError:
                _sync(folder)
                return Delivered("it was put into the folder before")
            crash_points.reached("folder.after_publishing")
            _sync(folder)
        except OSError as error:
            return Uncertain(f"{folder}: {error.strerror}")
        return Delivered(f"lies in the folder as {name}")


def file_name(label: str) -> str:
    """A label as a name that means nothing to a file system: letters, digits, `.`, `_`, `-`; no dot to begin with."""
    return _UNSAFE.sub("_", label)[:MAX_NAME].lstrip(".") or "file"


def _free_name(folder: Path, shipment: Shipment) -> str:
    """Its name, or its id before it where that is taken."""
    name = file_name(shipment.filename)
    return f"{shipment.id}-{name}" if os.path.lexists(folder / name) else name


def _write(path: Path, shipment: Shipment) -> None:
    path.unlink(missing_ok=True)  # of a try that ended here
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
    with open(descriptor, "wb") as file:
        for chunk in shipment.content():
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _no_folder(shipment: Shipment) -> Refused:
    return Refused(NO_FOLDER, f"the account {shipment.account} has no folder to put files into; add out to it")
