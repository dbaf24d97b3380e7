"""What work took of the processor: steady where other programs make the clock a guess."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Taken:
    """CPU seconds, user and system.

    Args:
        ours: of this process, all its threads.
        postgres: of the PostgreSQL server, all its processes.
    """

    ours: float
    postgres: float

    def since(self, before: Taken) -> Taken:
        """What was taken between two looks."""
        return Taken(self.ours - before.ours, self.postgres - before.postgres)


def taken(postgres: int) -> Taken:
    """What was taken until now; Linux only.

    Args:
        postgres: the server's first process.
    """
    usage = resource.getrusage(resource.RUSAGE_SELF)
    children = Path(f"/proc/{postgres}/task/{postgres}/children").read_text(encoding="ascii").split()
    ticks = sum(_fields(postgres)) + sum(sum(_fields(int(child))[:2]) for child in children)
    return Taken(usage.ru_utime + usage.ru_stime, ticks / os.sysconf("SC_CLK_TCK"))


def _fields(process: int) -> list[int]:
    """Ticks of a process: its own in user and system mode, and those of its children that have ended (proc(5))."""
    try:
        told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:  # it ended meanwhile, and its parent has its ticks
        return [0, 0, 0, 0]
    return [int(field) for field in told.rpartition(")")[2].split()[11:15]]
