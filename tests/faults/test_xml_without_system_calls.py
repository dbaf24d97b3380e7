"""Hostile XML reaches no file and no network: a process that would die of trying reads all of it and lives."""

from __future__ import annotations

import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.xml_child import FORBIDDEN, NAMED, PLACES

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(120),
    pytest.mark.skipif(
        platform.system() != "Linux" or platform.machine() not in ("x86_64", "aarch64"),
        reason="seccomp filters are Linux's; this one knows the system calls of x86_64 and aarch64",
    ),
]


def child(what: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.faults.xml_child", what]
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=60)


def test_every_attack_is_read_without_opening_looking_for_or_connecting_to_anything() -> None:
    done = child("attacks")
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr[-2000:]}"
    places = [text for text in NAMED if "{place}" in text]
    assert int(done.stdout) == len(places) * len(PLACES) + len(NAMED) - len(places)


@pytest.mark.parametrize("what", FORBIDDEN)
def test_who_does_something_forbidden_there_is_killed(what: str) -> None:
    """So the test before this one can fail."""
    assert child(what).returncode == -signal.SIGSYS
