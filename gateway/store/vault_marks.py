"""Marks of nodes in the vault's folder: by them it shows that nodes which should share a folder do share it.

Each life of a node leaves a mark of its own there and tells of it in its row. Where the mark of a node that is alive is
not in our folder, its folder is another: what it took in, if large, cannot be read here.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import uuid4

from gateway.store.vault import mapped_disk_errors


def leave_mark(folder: Path, node: str) -> str:
    """Leave a new mark of a node in the vault's folder, instead of its last one.

    Raises:
        StoreUnavailable: the disk refuses it.
    """
    mark = uuid4().hex
    with mapped_disk_errors():
        path = _path(folder, node)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(mark)
    return mark


def has_mark(folder: Path, node: str, mark: str) -> bool:
    """Whether this mark of a node is in this folder.

    Raises:
        StoreUnavailable: the disk does not answer.
    """
    path = _path(folder, node)
    with mapped_disk_errors():
        return path.is_file() and path.read_text() == mark


def _path(folder: Path, node: str) -> Path:
    """A node's name is not taken for that of a file."""
    return folder / "nodes" / hashlib.sha256(node.encode()).hexdigest()[:32]
