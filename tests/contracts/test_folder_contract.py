"""The folder adapter keeps the contract, before a consumer that deletes what it reads (an overwrite hides doubles)."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.files import DurableFiles, LocalFiles
from gateway.adapters.folder import FolderAdapter, FolderConfig
from gateway.adapters.kit import AdapterContract, Crash


class CrashingFiles:
    """Files whose process ends before, or right after, one of its operations: step 2n before, 2n + 1 after the nth."""

    def __init__(self, inner: DurableFiles, step: int) -> None:
        self._inner = inner
        self._left = step

    def make_folder(self, folder: Path) -> None:
        self._do(self._inner.make_folder, folder)

    def write_new(self, path: Path, content: bytes) -> None:
        if self._left == 1:
            path.write_bytes(content[: len(content) // 2])
            raise Crash
        self._do(self._inner.write_new, path, content)

    def move(self, source: Path, target: Path) -> None:
        self._do(self._inner.move, source, target)

    def sync_folder(self, folder: Path) -> None:
        self._do(self._inner.sync_folder, folder)

    def _do(self, operation: Callable[..., None], *args: Any) -> None:
        if self._left == 0:
            raise Crash
        operation(*args)
        if self._left == 1:
            raise Crash
        self._left -= 2


class FolderPeer:
    """A program that reads every file it sees in the folder, and deletes it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._effects: defaultdict[str, list[bytes]] = defaultdict(list)
        self._lock = threading.Lock()

    def settings(self) -> Mapping[str, object]:
        return {"path": str(self._folder), "create": "true"}

    def secrets(self) -> Sequence[str]:
        return ()

    def adapter(self) -> FolderAdapter:
        return FolderAdapter(FolderConfig(path=self._folder))

    def crashing_adapter(self, steps: int) -> FolderAdapter:
        return FolderAdapter(FolderConfig(path=self._folder), files=CrashingFiles(LocalFiles(), steps))

    def consume(self) -> None:
        with self._lock:
            for path in self._folder.glob("*.json"):
                content = path.read_bytes()
                path.unlink()
                self._effects[path.name.split(".")[2]].append(content)

    def effects(self, reference: str) -> list[bytes]:
        return self._effects[reference]

    def everything(self) -> object:
        return sorted((str(path), path.stat().st_mtime_ns) for path in [self._folder, *self._folder.rglob("*")])


class TestFolder(AdapterContract):
    """Every test of the contract, on a folder."""

    @pytest.fixture(autouse=True)
    def _fresh(self, tmp_path: Path) -> None:
        self._tmp_path = tmp_path
        self._number = count()

    def peer(self) -> FolderPeer:
        return FolderPeer(self._tmp_path / f"erp{next(self._number)}")
