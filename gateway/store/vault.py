"""The vault: payload bytes by their SHA-256, small ones in the database, large ones in a folder of objects.

A small payload commits with the row that names it. A large one reaches the disk first and is named afterwards, so a
crash leaves at most an object that no row names, which a sweep removes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import BinaryIO
from uuid import uuid4

from sqlalchemy import Connection, bindparam, select, text

from gateway.errors import PayloadDamaged, PayloadMissing, StoreUnavailable
from gateway.ports import Clock
from gateway.store.engine import Store
from gateway.store.rows import Target, insert_rows
from gateway.store.tables import payload

INLINE_LIMIT = 1024 * 1024
CHUNK = 256 * 1024

_SELECT = select(payload.c.body, payload.c.location).where(payload.c.sha256 == bindparam("sha256"))
_ALL_NAMES = select(payload.c.sha256).order_by(payload.c.sha256)
_NAMED = text("SELECT sha256 FROM payload WHERE sha256 = ANY(:objects) AND location IS NOT NULL")


@dataclass(frozen=True, slots=True)
class StoredPayload:
    """What a row keeps of its payload.

    Args:
        sha256: 32 bytes, the payload's name in the vault.
        size: in bytes.
    """

    sha256: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Examined:
    """What an examination of the vault found: how many payloads there are, and name -> what is wrong with it."""

    payloads: int
    faults: Mapping[str, str]


class Spool:
    """Bytes on their way in: hashed as they come, in memory while small, then in a file beside the objects.

    Made by `Vault.spool`. Leaving its `with` block drops what was not put into the vault.
    """

    def __init__(self, folder: Path, *, inline_limit: int) -> None:
        self._folder = folder
        self._inline_limit = inline_limit
        self._hash = hashlib.sha256()
        self._size = 0
        self._memory = bytearray()
        self._path: Path | None = None
        self._file: BinaryIO | None = None

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    @property
    def payload(self) -> StoredPayload:
        """The name and size of what was written so far."""
        return StoredPayload(self._hash.digest(), self._size)

    @property
    def body(self) -> bytes | None:
        """All bytes, while they are few enough to live in the database; else None."""
        return None if self._size > self._inline_limit else bytes(self._memory)

    def write(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            StoreUnavailable: the disk refuses them.
        """
        self._hash.update(chunk)
        self._size += len(chunk)
        if self._file is None:
            self._memory += chunk
            if self._size <= self._inline_limit:
                return
            chunk = bytes(self._memory)
            self._memory = bytearray()
            self._open()
        assert self._file is not None
        with mapped_disk_errors():
            self._file.write(chunk)

    @property
    def size(self) -> int:
        """How many bytes were written."""
        return self._size

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes `start <= n < end` in pieces, while they are not yet settled.

        Raises:
            StoreUnavailable: the disk refuses them, or they were settled.
        """
        if self._path is None or self._file is None:
            if self._size > self._inline_limit:
                raise StoreUnavailable("the upload is in the vault already")
            for at in range(start, end, CHUNK):
                yield bytes(self._memory[at : min(at + CHUNK, end)])
            return
        with mapped_disk_errors():
            self._file.flush()
            with self._path.open("rb") as file:
                file.seek(start)
                left = end - start
                while left and (piece := file.read(min(CHUNK, left))):
                    left -= len(piece)
                    yield piece

    def keep(self, target: Path) -> None:
        """Bring a large upload to the disk under its final name, once.

        Raises:
            StoreUnavailable: the disk refuses it.
        """
        if self._file is None or self._path is None:
            return
        with mapped_disk_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self._path, target)
            for folder in (target.parent, *list(target.parent.parents)[:2]):
                _sync_folder(folder)
        self._path = self._file = None

    def discard(self) -> None:
        """Drop what was not kept."""
        if self._file is not None:
            self._file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        self._path = self._file = None

    def _open(self) -> None:
        with mapped_disk_errors():
            self._folder.mkdir(parents=True, exist_ok=True)
            self._path = self._folder / uuid4().hex
            self._file = self._path.open("xb")


class Vault:
    """Bytes in, bytes out, unchanged and verified.

    Args:
        store: the open database.
        folder: where large payloads lie, on one file system; made when first needed.
        clock: says when a payload was stored and how old an orphan is.
        inline_limit: up to so many bytes live in the database.
    """

    def __init__(self, store: Store, folder: Path, clock: Clock, *, inline_limit: int = INLINE_LIMIT) -> None:
        self._store = store
        self._folder = folder
        self._incoming = folder / "incoming"
        self._clock = clock
        self._inline_limit = inline_limit

    def put(self, target: Target, data: bytes | Iterable[bytes]) -> StoredPayload:
        """Keep bytes, or a stream of them, in the caller's transaction. The same bytes are kept once.

        Raises:
            StoreUnavailable: the disk refuses a large one.
        """
        with self.spool() as spool:
            for chunk in (data,) if isinstance(data, bytes) else data:
                spool.write(chunk)
            return self.put_spooled(target, spool)

    def spool(self) -> Spool:
        """A place for an upload, outside any transaction."""
        return Spool(self._incoming, inline_limit=self._inline_limit)

    def settle(self, spool: Spool) -> StoredPayload:
        """Bring a large upload to the disk before the transaction that names it begins, so that none waits for a disk.

        A small one needs nothing. `put_spooled` does this too when it was not done.

        Raises:
            StoreUnavailable: the disk refuses it.
        """
        stored = spool.payload
        if spool.body is None:
            target = self._folder / _location(stored.sha256)
            # Under the shared lock the sweep cannot decide about an older object of the same bytes in between.
            with self._locked(fcntl.LOCK_SH):
                spool.keep(target)
                moment = self._clock.now().timestamp()
                with mapped_disk_errors():
                    os.utime(target, (moment, moment))
        return stored

    def put_spooled(self, target: Target, spool: Spool) -> StoredPayload:
        """Name an upload's bytes in the caller's transaction.

        Raises:
            StoreUnavailable: the disk refuses a large one.
        """
        stored = self.settle(spool)
        body = spool.body
        row = {
            "sha256": stored.sha256,
            "size": stored.size,
            "body": body,
            "location": _location(stored.sha256) if body is None else None,
            "stored_at": self._clock.now(),
        }
        insert_rows(target, payload, [row], keep=True)
        return stored

    def open(self, conn: Connection, sha256: bytes) -> Iterator[bytes]:
        """The payload in chunks.

        Raises:
            PayloadMissing: there is no such payload, at once.
            PayloadDamaged: its bytes have changed; for a large one after its last chunk, so act on the whole only.
        """
        body, location = self._find(conn, sha256)
        if body is not None:
            return iter((self.verified(sha256, body),))
        path = self._folder / location
        if not path.is_file():
            raise PayloadMissing(f"the object of payload {sha256.hex()} is not at {path}")
        return _verified_chunks(sha256, path)

    def verified(self, sha256: bytes, body: bytes) -> bytes:
        """A small payload as it was read from the database beside the row that names it.

        Raises:
            PayloadDamaged: its bytes have changed.
        """
        _verify(sha256, hashlib.sha256(body))
        return body

    def read(self, conn: Connection, sha256: bytes) -> bytes:
        """The whole payload.

        Raises:
            PayloadMissing: there is no such payload.
            PayloadDamaged: its bytes have changed.
        """
        return b"".join(self.open(conn, sha256))

    def examine(self) -> Examined:
        """Read every payload there is, and tell of those that are not what was put in.

        Raises:
            StoreUnavailable: the database or the disk is gone.
        """
        seen, faults = 0, {}
        with self._store.snapshot() as conn:
            for sha256 in conn.execute(_ALL_NAMES).scalars().all():
                seen += 1
                try:
                    for _ in self.open(conn, bytes(sha256)):
                        pass
                except (PayloadMissing, PayloadDamaged) as error:
                    faults[bytes(sha256).hex()] = str(error)
        return Examined(seen, faults)

    def sweep_orphans(self, older_than: timedelta) -> int:
        """Remove objects that no row names and uploads that nobody finishes.

        Args:
            older_than: what is younger stays; longer than any upload or transaction takes.

        Returns:
            How many files were removed.
        """
        before = (self._clock.now() - older_than).timestamp()
        removed = sum(_remove_if_older(path, before) for path in self._incoming.glob("*"))
        for shelf in sorted(self._folder.glob("objects/??")):
            old = {bytes.fromhex(path.name): path for path in shelf.glob("?" * 64) if _changed(path) < before}
            if not old:
                continue
            with self._store.begin() as conn:
                named = {bytes(sha256) for sha256 in conn.execute(_NAMED, {"objects": list(old)}).scalars()}
            for sha256 in old.keys() - named:
                with self._locked(fcntl.LOCK_EX):  # its age is read again: a payload of these bytes may just arrive
                    removed += _remove_if_older(old[sha256], before)
        return removed

    def _find(self, conn: Connection, sha256: bytes) -> tuple[bytes | None, str]:
        row = conn.execute(_SELECT, {"sha256": sha256}).one_or_none()
        if row is None:
            raise PayloadMissing(f"the vault has no payload {sha256.hex()}")
        return row.body, row.location

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        with mapped_disk_errors():
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)


@contextmanager
def mapped_disk_errors() -> Iterator[None]:
    """Turn the system's errors into ours."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"the vault's disk says: {error.strerror or error}") from error


def _location(sha256: bytes) -> str:
    name = sha256.hex()
    return f"objects/{name[:2]}/{name}"


def _verified_chunks(sha256: bytes, path: Path) -> Iterator[bytes]:
    digest = hashlib.sha256()
    with mapped_disk_errors(), path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            yield chunk
    _verify(sha256, digest)


def _verify(sha256: bytes, found: hashlib._Hash) -> None:
    if found.digest() != sha256:
        raise PayloadDamaged(f"payload {sha256.hex()} has bytes whose SHA-256 is {found.hexdigest()}")


def _changed(path: Path) -> float:
    """When a file was last changed; a vanished one is young: somebody else has dealt with it."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _remove_if_older(path: Path, before: float) -> int:
    if _changed(path) >= before:
        return 0
    path.unlink(missing_ok=True)
    return 1


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
