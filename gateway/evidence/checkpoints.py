"""Checkpoints: where the audit chain stood at a moment, signed, to be kept where the database's owner cannot write."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.errors import CheckpointRefused
from gateway.evidence.signing import SigningKey
from gateway.evidence.verify import Checkpoint, checkpoint_holds, fingerprint, read_checkpoint, signed_text
from gateway.store import audit
from gateway.store.audit import ChainPoint
from gateway.store.engine import Store

ENDING = ".checkpoint"
_NAME = re.compile(r"(\d{8}T\d{6}Z)-(\d+)\.checkpoint")
_MOMENT = "%Y%m%dT%H%M%SZ"


def take(store: Store, key: SigningKey, *, at: datetime) -> Checkpoint:
    """Seal what is committed, and sign where the chain stands then.

    Raises:
        StoreError: the head of the chain was deleted.
        StoreUnavailable: the database is gone.
    """
    audit.Sealer(store).seal_pending()
    with store.snapshot() as conn:
        head = audit.head_of_chain(conn)
    return sign(head, key, at=at)


def sign(point: ChainPoint, key: SigningKey, *, at: datetime) -> Checkpoint:
    """A checkpoint of one place in the chain."""
    moment = at.astimezone(UTC).isoformat()
    signed = signed_text(point.position, point.seal, moment, key.public)
    return Checkpoint(point.position, point.seal, moment, key.public, key.sign(signed), signed)


def text_of(found: Checkpoint) -> str:
    """A checkpoint as it stands in its file."""
    return found.signed.decode() + f"signature {found.signature.hex()}\n"


def read(path: Path, *, key: bytes) -> Checkpoint:
    """A checkpoint that was kept, with its signature verified.

    Args:
        path: its file.
        key: the public key it must be signed with.

    Raises:
        CheckpointRefused: it is none, or not signed with the key.
        OSError: it cannot be read.
    """
    try:
        found = read_checkpoint(path.read_bytes().decode())
    except ValueError as error:
        raise CheckpointRefused(f"{path}: {error}") from error
    if found.key != key:
        raise CheckpointRefused(f"{path} is signed by {fingerprint(found.key)}; want {fingerprint(key)}")
    if not checkpoint_holds(found):
        raise CheckpointRefused(f"{path}: its signature does not hold")
    return found


@dataclass(frozen=True, slots=True)
class CheckpointFolder:
    """Where checkpoints are written, best on another machine's disk or one that is written once.

    Args:
        path: the folder; it must be there, since one that is not mounted must not be made.
        every: the time between two.
    """

    path: Path
    every: timedelta

    def write(self, found: Checkpoint) -> Path:
        """Lay a checkpoint down under its moment and position; it is on the disk when this returns.

        Raises:
            OSError: the folder is not there, or does not take it.
        """
        moment = datetime.fromisoformat(found.at)
        target = self.path / f"{moment:{_MOMENT}}-{found.position}{ENDING}"
        aside = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with aside.open("w", encoding="utf-8") as file:
                file.write(text_of(found))
                file.flush()
                os.fsync(file.fileno())
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
        return target

    def write_due(self, store: Store, key: SigningKey, *, at: datetime) -> Path | None:
        """Take and write one, unless the last was not long ago; its file.

        Raises:
            StoreError: the head of the chain was deleted.
            OSError: the folder is not there.
        """
        moments = [moment for moment, _ in self._names()]
        if moments and at - max(moments) < self.every:
            return None
        return self.write(take(store, key, at=at))

    def first_from(self, position: int, *, key: bytes) -> Checkpoint | None:
        """The first one that reaches a position and holds; None if there is none yet."""
        for _, reached in sorted(self._names(), key=lambda one: (one[1], one[0])):
            if reached < position:
                continue
            for path in sorted(self.path.glob(f"*-{reached}{ENDING}")):
                try:
                    return read(path, key=key)
                except CheckpointRefused:
                    continue
        return None

    def _names(self) -> list[tuple[datetime, int]]:
        """Moment and position of each, from the names."""
        found = []
        for path in self.path.iterdir():
            match = _NAME.fullmatch(path.name)
            if match is not None:
                found.append((datetime.strptime(match[1], _MOMENT).replace(tzinfo=UTC), int(match[2])))
        return found
