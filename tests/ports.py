"""Ports for servers that must be told theirs beforehand, because they are started again and again on it."""

from __future__ import annotations

import random
import socket
from pathlib import Path

FIRST = 10_240
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """A port of the loopback that nobody listens on now.

    It lies below those that the system gives away by itself: while its server is down, no connection of another test
    may come to stand on it.
    """
    end = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else 32_768
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(FIRST, max(end, FIRST + 1000))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
