"""Room for AS2 bodies on their way, so much for each account: their senders have shown nothing but names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from partners.as2_accounts import AS2Account
from sftp.spool import Room

ENVELOPE_BYTES = 64 * 1024 * 1024
"""A body on the wire may be so much larger than the content it carries, and by half of that, which base64 makes it."""

AT_ONCE = 4
"""Bodies of the largest size for which an account has room at one time; of smaller ones as many as fit."""


def largest_body(content_bytes: int) -> int:
    """The largest body, as it comes over the wire, for contents of up to so many bytes."""
    return content_bytes + content_bytes // 2 + ENVELOPE_BYTES


@dataclass(slots=True)
class Share:
    """What one body takes of its account's room."""

    room: Room
    taken: int = 0

    def take(self, count: int) -> bool:
        """Take so many bytes more; False where there are none left."""
        if not self.room.take(count):
            return False
        self.taken += count
        return True


@dataclass(frozen=True, slots=True)
class Rooms:
    """The room of each account, over all requests of this process."""

    _lock: Lock = field(default_factory=Lock)
    _rooms: dict[str, Room] = field(default_factory=dict)

    @contextmanager
    def share(self, account: AS2Account) -> Iterator[Share]:
        """A share of the account's room, given back at the end of the block."""
        with self._lock:
            room = self._rooms.setdefault(account.user, Room(AT_ONCE * largest_body(account.max_bytes)))
        share = Share(room)
        try:
            yield share
        finally:
            room.give(share.taken)
