"""What the gateway asks of the world around it, small enough to be handed a fake: the time, and new ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

import uuid_utils


class Clock(Protocol):
    """Where the time comes from: never from the machine directly, so that a test can turn it."""

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        return datetime.now(UTC)


class FakeClock:
    """A clock that stands still until it is turned.

    Args:
        start: the aware moment it shows first.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment it was last turned to."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Turn it by so much; a negative span turns it back."""
        self._now += by


def new_id() -> UUID:
    """A new UUIDv7: ids made later sort later, so that indexes grow at their end."""
    return UUID(bytes=uuid_utils.uuid7().bytes)
