"""How long to wait before trying again: exponential, capped, with jitter so that many do not return at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits of `first`, twice that, four times ... up to `longest`, each shortened by up to a fifth.

    Args:
        random: gives numbers from 0 to 1; a test's may be fixed.
    """

    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=10)
    random: Callable[[], float] = field(default_factory=lambda: Random().random)  # noqa: S311 no secret

    def after(self, attempts: int) -> timedelta:
        """The wait after this many tries (from 1)."""
        wait: timedelta = min(self.first * 2 ** min(max(attempts, 1) - 1, 30), self.longest)
        return wait * (1 - self.random() / 5)
