"""Who failed to log in too often: counts that halve in a given time, for names of users and for addresses."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

SUBNET_BITS = 64
"""Of an IPv6 address: the rest is the host's own to choose."""


@dataclass(frozen=True, slots=True)
class LockoutRules:
    """When a name or an address is locked out.

    Args:
        failures: at this count it is, until the count has worn off to the half; what is refused meanwhile counts not.
        half_life_seconds: a count halves in this time: so long does a lock last.
        entries: names and addresses remembered; beyond, those with the lowest counts are forgotten.
    """

    failures: int = 10
    half_life_seconds: float = 300.0
    entries: int = 10_000


class Lockout:
    """Counts failures. Called from many threads.

    Args:
        rules: see LockoutRules.
        now: seconds that only grow.
    """

    def __init__(self, rules: LockoutRules | None = None, *, now: Callable[[], float] = time.monotonic) -> None:
        self._rules = rules or LockoutRules()
        self._now = now
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[float, float]] = {}
        self._locked: set[str] = set()

    @property
    def seconds(self) -> float:
        """So long does a lock last."""
        return self._rules.half_life_seconds

    def is_locked(self, name: str) -> bool:
        """Whether this name failed too often of late."""
        with self._lock:
            return self._is_locked(name)

    def failed(self, name: str) -> None:
        """Count one failure."""
        with self._lock:
            if self._is_locked(name):
                return
            count = self._count(name) + 1
            self._counts[name] = (count, self._now())
            if count > self._rules.failures - 0.5:  # what wore off between them does not matter
                self._locked.add(name)
            if len(self._counts) > self._rules.entries:
                self._forget_lowest(keep=name)

    def forgive(self, name: str) -> None:
        """Forget the failures of a name: it has shown who it is."""
        with self._lock:
            self._counts.pop(name, None)
            self._locked.discard(name)

    def _is_locked(self, name: str) -> bool:
        if name in self._locked and self._count(name) <= self._rules.failures / 2:
            self._locked.discard(name)
        return name in self._locked

    def _count(self, name: str) -> float:
        count, at = self._counts.get(name, (0.0, 0.0))
        decayed: float = count * 0.5 ** ((self._now() - at) / self._rules.half_life_seconds) if count else 0.0
        return decayed

    def _forget_lowest(self, *, keep: str) -> None:
        """Make room: the tenth with the lowest counts goes, so that this is done once in a thousand failures."""
        others = sorted((name for name in self._counts if name != keep), key=self._count)
        for name in others[: max(1, self._rules.entries // 10)]:
            del self._counts[name]
            self._locked.discard(name)


def of_user(user: str) -> str:
    """The name under which a user's failures are counted, known or not."""
    return f"user {user[:64]}"


def of_address(address: str) -> str:
    """The name under which an address's failures are counted: of IPv6 its network of 64 bits."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return f"address {address[:64]}"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return f"address {found.ipv4_mapped}"
        return f"address {IPv6Address(int(found) >> SUBNET_BITS << SUBNET_BITS)}/{SUBNET_BITS}"
    return f"address {found}"
