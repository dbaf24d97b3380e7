"""An upload while it arrives: its bytes on the side, and which of them are there."""

from __future__ import annotations

import tempfile
import threading
from bisect import bisect_left
from pathlib import Path
from typing import BinaryIO, cast

MEMORY_BYTES = 256 * 1024
"""Bytes of one upload kept in memory; a larger one goes to an unnamed temporary file."""

COPY_BYTES = 256 * 1024
"""Bytes moved at a time when a resumed file is fetched back."""


class Coverage:
    """Which byte ranges have been seen, in any order and overlapping as they come."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, start: int, end: int) -> None:
        """Note the bytes `start <= n < end`."""
        if start >= end:
            return
        if self._ends and self._starts[-1] <= start <= self._ends[-1]:
            self._ends[-1] = max(self._ends[-1], end)
            return
        first = bisect_left(self._ends, start)
        last = first
        while last < len(self._starts) and self._starts[last] <= end:
            start, end = min(start, self._starts[last]), max(end, self._ends[last])
            last += 1
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def cut(self, size: int) -> None:
        """Forget everything from byte `size` on."""
        while self._starts and self._starts[-1] >= size:
            self._starts.pop()
            self._ends.pop()
        if self._ends:
            self._ends[-1] = min(self._ends[-1], size)

    def reaches(self) -> int:
        """How many bytes from 0 on are there without a gap."""
        return self._ends[0] if self._starts and self._starts[0] == 0 else 0

    @property
    def pieces(self) -> int:
        """How many separate ranges there are; a client that sends in order makes one."""
        return len(self._starts)


class Room:
    """Bytes that the arriving files of one account may take together. Called from many threads.

    Args:
        limit: so many.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._taken = 0

    def take(self, count: int) -> bool:
        """Take more of it; False, and nothing taken, where there is not so much left."""
        with self._lock:
            if self._taken + count > self._limit:
                return False
            self._taken += count
            return True

    def give(self, count: int) -> None:
        """Give back what was taken."""
        with self._lock:
            self._taken -= count


class Spool:
    """The bytes of one upload: small ones in memory, others in a temporary file that vanishes with the handle.

    Args:
        folder: where temporary files go; None for the system's.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES, dir=None if folder is None else str(folder))  # noqa: SIM115 - closed by close()
        self._at = 0
        self._coverage = Coverage()
        self.size = 0
        """Bytes from 0 to the highest one written."""

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Put bytes at an offset.

        Raises:
            OSError: no room for them; the spool is then not whole.
        """
        if offset != self._at:
            self._file.seek(offset)
        self._at = -1  # unknown, should the write fail half way
        self._file.write(data)
        end = offset + len(data)
        self._at = end
        self.size = max(self.size, end)
        self._coverage.add(offset, end)

    def truncate(self, size: int) -> None:
        """Cut to `size` bytes (at most the present size)."""
        self._file.seek(size)
        self._file.truncate()
        self._at = size
        self.size = size
        self._coverage.cut(size)

    @property
    def is_whole(self) -> bool:
        """Whether every byte from 0 to `size` was written."""
        return self._coverage.reaches() >= self.size

    @property
    def unbroken(self) -> int:
        """How many bytes from 0 on are there without a gap."""
        return min(self._coverage.reaches(), self.size)

    @property
    def pieces(self) -> int:
        """How many separate ranges were written."""
        return self._coverage.pieces

    def content(self) -> BinaryIO:
        """The bytes as a file at position 0, valid until `close`."""
        self._file.seek(0)
        self._at = -1
        return cast(BinaryIO, self._file)

    def close(self) -> None:
        """Let the bytes go."""
        self._file.close()
