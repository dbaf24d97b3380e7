"""The few file operations that must survive a power cut, as a port, so that a test can crash between any two."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class DurableFiles(Protocol):
    """Operations that are on the disk when they return; each raises OSError where it cannot."""

    def make_folder(self, folder: Path) -> None:
        """Make one folder in a folder that exists; nothing where it exists already."""
        ...

    def write_new(self, path: Path, content: bytes) -> None:
        """Make a file that must not exist, with this content; its folder's entry is on the disk, too."""
        ...

    def write_all_new(self, folder: Path, contents: Mapping[str, bytes]) -> None:
        """Make several files of a folder, by name; as `write_new`, with the folder synced once for all."""
        ...

    def move(self, source: Path, target: Path) -> None:
        """Rename, replacing; FileNotFoundError where the source is gone."""
        ...

    def move_all(self, source: Path, target: Path, names: Mapping[str, str]) -> None:
        """Move files from folder to folder, name there -> name here; as `move`, with the target synced once for all."""
        ...

    def sync_folder(self, folder: Path) -> None:
        """Put the folder's entries on the disk, whoever made or removed them."""
        ...


class LocalFiles:
    """A file system of this machine (or a mount that honours fsync and renames atomically)."""

    def make_folder(self, folder: Path) -> None:
        """Make one folder, readable by its owner and group."""
        try:
            folder.mkdir(mode=0o750)
        except FileExistsError:
            return
        self.sync_folder(folder.parent)

    def write_new(self, path: Path, content: bytes) -> None:
        """Make a file, its bytes and its entry synced; what could not be written whole is removed again."""
        self.write_all_new(path.parent, {path.name: content})

    def write_all_new(self, folder: Path, contents: Mapping[str, bytes]) -> None:
        """Make files, their bytes and entries synced; if one cannot be written whole, all are removed again."""
        made: list[Path] = []
        try:
            for name, content in contents.items():
                path = folder / name
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
                made.append(path)
                with open(descriptor, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            self.sync_folder(folder)
        except OSError:
            for path in made:
                path.unlink(missing_ok=True)
            raise

    def move(self, source: Path, target: Path) -> None:
        """Rename within one file system, the target's folder synced."""
        self.move_all(source.parent, target.parent, {source.name: target.name})

    def move_all(self, source: Path, target: Path, names: Mapping[str, str]) -> None:
        """Rename within one file system, the target's folder synced."""
        for old, new in names.items():
            (source / old).rename(target / new)
        self.sync_folder(target)

    def sync_folder(self, folder: Path) -> None:
        """Sync one folder."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
