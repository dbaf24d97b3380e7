"""Hashes of ranges of a stream that is read once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


class RangeHashes:
    """Hashes of ranges of a stream, asked for from front to back, so that it is read once."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._chunk = b""
        self._start = 0

    def __call__(self, start: int, end: int) -> bytes:
        """SHA-256 of the bytes [start, end)."""
        digest = hashlib.sha256()
        while True:
            digest.update(self._chunk[max(0, start - self._start) : max(0, end - self._start)])
            after = self._start + len(self._chunk)
            if after >= end:
                return digest.digest()
            following = next(self._chunks, b"")
            if not following:
                return digest.digest()
            self._chunk, self._start = following, after
