"""Folders in which our own systems lay documents for partners: `FOLDER/PARTNER/*.json`, taken in once each.

A file is whole when it has its name: write it as `.NAME` or `NAME.part`, then rename it. `NAME.test.json` is a test
document. What was handed in is moved to `FOLDER/.done/PARTNER/`, what is too large to `.refused`. A crash between the
two hands it in again, and the same document again is a duplicate without effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from gateway.model import Environment
from gateway.pipeline.handing_in import HandIn
from gateway.ports import Clock, new_id
from gateway.store.engine import Store

CHANNEL = "folder:"
DONE = ".done"
REFUSED = ".refused"
ENDING = ".json"
TEST_ENDING = ".test.json"
MAX_BYTES = 64 * 1024 * 1024
TAKEN_AT_ONCE = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class HandedInFolders:
    """Takes in what lies in some folders.

    Args:
        folders: name -> where; one that does not exist (a mount that is gone) is looked at again later.
        hand_ins: name -> where its documents go, their channel `folder:NAME`.
    """

    store: Store
    clock: Clock
    folders: Mapping[str, Path]
    hand_ins: Mapping[str, HandIn]

    def take_in(self) -> set[str]:
        """Take in what is there; the lanes that have due rows now.

        Raises:
            StoreUnavailable: the database is gone; what was not committed is taken in later.
            OSError: a folder cannot be read or written.
        """
        lanes: set[str] = set()
        for name, folder in self.folders.items():
            for path in _waiting(folder):
                lane = self._take(path, name)
                if lane is not None:
                    lanes.add(lane)
        return lanes

    def _take(self, path: Path, name: str) -> str | None:
        if path.stat().st_size > MAX_BYTES:
            log.error("handed_in.too_large", folder=name, size=path.stat().st_size)
            _move(path, REFUSED)
            return None
        content, partner = path.read_bytes(), path.parent.name
        environment = Environment.TEST if path.name.endswith(TEST_ENDING) else Environment.LIVE
        with self.store.begin() as conn:
            handed = self.hand_ins[name].take(
                conn,
                content,
                filename=path.name,
                partner=partner,
                environment=environment,
                at=self.clock.now(),
            )
        _move(path, DONE)
        log.info("handed_in.taken", transmission=str(handed.transmission_id), folder=name)
        return handed.lane


def _move(path: Path, folder: str) -> None:
    """Out of the way, beside the partners' folders."""
    target = path.parent.parent / folder / path.parent.name
    target.mkdir(mode=0o750, parents=True, exist_ok=True)
    path.rename(target / f"{new_id().hex}-{path.name}")


def _waiting(folder: Path) -> list[Path]:
    """The files that are whole, the oldest first; no link is followed."""
    if not folder.is_dir():
        return []
    found = [
        path
        for partner in sorted(folder.iterdir())
        if partner.is_dir() and not partner.is_symlink() and not partner.name.startswith(".")
        for path in partner.iterdir()
        if path.name.endswith(ENDING) and not path.name.startswith(".") and path.is_file() and not path.is_symlink()
    ]
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))[:TAKEN_AT_ONCE]
