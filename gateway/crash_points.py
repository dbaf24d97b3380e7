"""Named points at the durable boundaries of receive and send, at which a test has the process killed.

In production the environment variable is not set and a point does nothing.
"""

from __future__ import annotations

import os
import signal

CRASH_AT = "TRADELANE_CRASH_AT"
"""The environment's name for the point to die at."""

POINTS = frozenset(
    {
        "receive.before_commit",
        "receive.after_commit",
        "sftp.receive.before_commit",
        "sftp.receive.after_commit",
        "sftp.rename.before_commit",
        "sftp.rename.after_commit",
        "sftp.poll.after_clearing",
        "sftp.send.after_temporary",
        "sftp.send.after_checkpoint",
        "sftp.send.after_rename",
        "folder.after_move",
        "folder.after_staging",
        "folder.after_checkpoint",
        "folder.after_publishing",
        "as2.receive.before_commit",
        "as2.receive.after_commit",
        "as2.receive.repeated",
        "as2.send.before_checkpoint",
        "as2.send.after_checkpoint",
        "as2.send.after_answer",
        "as2.send.after_mdn",
        "as2.mdn.after_commit",
        "as2.mdn.after_answer",
    }
)


def reached(point: str) -> None:
    """Die here, as by kill -9, if this is the point the environment names.

    Raises:
        ValueError: the point is not in the table.
    """
    if point not in POINTS:
        raise ValueError(f"no crash point {point}")
    if os.environ.get(CRASH_AT) == point:
        os.kill(os.getpid(), signal.SIGKILL)
