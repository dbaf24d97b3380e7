"""The bytes of a message while they are worked: few in memory, many in a file that vanishes, read in pieces."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

MEMORY_BYTES = 256 * 1024
"""A body of up to so many bytes is kept in memory."""
CHUNK = 256 * 1024


class Readable(Protocol):
    """Bytes that can be read again and again, from any place."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes `start <= n < end`, in pieces of at most `CHUNK`; empty pieces never."""
        ...


@dataclass(frozen=True, slots=True)
class InMemory:
    """Bytes that are simply there."""

    data: bytes

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.data)

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes asked for, in pieces."""
        if end - start <= CHUNK:
            if start < end:
                yield self.data[start:end]
            return
        for at in range(start, end, CHUNK):
            yield self.data[at : min(at + CHUNK, end)]


class Body:
    """Bytes written once, in order, then read; a file behind them has no name and is gone with `close`.

    Args:
        folder: where such a file lies; None for the system's.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self._size = 0

    @property
    def size(self) -> int:
        """How many bytes were written."""
        return self._size

    def write(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            OSError: the disk refuses them.
        """
        self._size += len(chunk)
        if self._file is None:
            self._memory += chunk
            if self._size <= MEMORY_BYTES:
                return
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 closed by close()
            chunk, self._memory = bytes(self._memory), bytearray()
        self._file.write(chunk)

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes asked for, in pieces."""
        if self._file is None:
            yield from InMemory(bytes(self._memory)).chunks(start, end)
            return
        at = start
        while at < end:
            self._file.seek(at)  # every time: other readers move the place
            piece = self._file.read(min(CHUNK, end - at))
            if not piece:
                raise OSError("a temporary file is shorter than what was written to it")
            at += len(piece)
            yield piece

    def close(self) -> None:
        """Let the bytes go."""
        self._memory = bytearray()
        if self._file is not None:
            self._file.close()


class Bodies:
    """Makes bodies and lets all of them go at the end of a `with` block.

    Args:
        folder: where large ones lie; None for the system's.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._made: list[Body] = []

    def __enter__(self) -> Bodies:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for body in self._made:
            body.close()

    def new(self) -> Body:
        """An empty body."""
        body = Body(self._folder)
        self._made.append(body)
        return body

    def filled(self, chunks: Iterable[bytes]) -> Part:
        """All of a new body."""
        body = self.new()
        for chunk in chunks:
            body.write(chunk)
        return whole(body)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of bytes inside something readable: `start <= n < end`."""

    source: Readable
    start: int
    end: int

    @property
    def size(self) -> int:
        """How many bytes."""
        return self.end - self.start

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, in pieces."""
        return self.source.chunks(self.start, self.end)

    def read(self) -> bytes:
        """All of it; ask only of what is known to be small."""
        return b"".join(self.chunks())

    def head(self, limit: int) -> bytes:
        """At most its first `limit` bytes."""
        return b"".join(self.source.chunks(self.start, min(self.end, self.start + limit)))

    def cut(self, start: int, end: int | None = None) -> Part:
        """The stretch from `start` to `end` of it, counted from its own beginning."""
        return Part(self.source, self.start + start, self.end if end is None else self.start + end)


def whole(source: Readable) -> Part:
    """Everything a source has."""
    return Part(source, 0, source.size)


def in_memory(data: bytes) -> Part:
    """Bytes as a part."""
    return Part(InMemory(data), 0, len(data))
