"""The disk that takes uploads is full: each is refused, nothing half stays, and it goes on when there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.invariants import nothing_asks_for_a_person
from tests.faults.orders import PARTNERS, order
from tests.faults.parties import ClosingClient, Consumer
from tests.faults.served import ServedHome, wait_until_drained

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

PARTNER = PARTNERS[0]
MEGABYTE = 1 << 20


@pytest.fixture(params=["vault", "sftp/spool"])
def small_disk(site: ServedHome, request: pytest.FixtureRequest) -> Iterator[Path]:
    """One of the folders that take large uploads, on a file system of 1 MiB of its own."""
    folder = site.home / request.param
    folder.mkdir(parents=True)
    mounted = os.geteuid() == 0 and mount(folder, "size=1m")
    if not mounted:
        pytest.skip("needs the right to mount a small tmpfs: run as root, outside of an unprivileged container")
    site.start_and_wait()
    yield folder
    site.stop()
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def mount(folder: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def used(folder: Path) -> int:
    """Bytes of payloads, whole or not; the marks of nodes are none."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.parent != folder / "nodes")
    return sum(path.stat().st_size for path in files)


def test_a_full_disk_refuses_honestly_and_recovers(site: ServedHome, small_disk: Path) -> None:
    large, small = order(PARTNER, 1, lines=20_000), order(PARTNER, 2)
    assert len(large.content) > MEGABYTE + MEGABYTE // 8
    for _ in range(3):
        with ClosingClient(site, PARTNER) as client, pytest.raises(OSError, match="again"):
            client.put(large.content, "/in", large.filename)
    assert site.count("transmission", "true") == 0
    assert used(small_disk) == 0, [str(path) for path in small_disk.rglob("*")]
    # A small file needs no room there, and is taken meanwhile.
    with ClosingClient(site, PARTNER) as client:
        client.put(small.content, "/in", small.filename)
    wait_until_drained(site, within=30)
    assert mount(small_disk, "remount,size=64m")
    with ClosingClient(site, PARTNER) as client:
        client.put(large.content, "/in", large.filename)
    wait_until_drained(site, within=60)
    consumer = Consumer(site.erp)
    consumer.empty()
    assert consumer.numbers() == {small.number: 1, large.number: 1}
    nothing_asks_for_a_person(site)
