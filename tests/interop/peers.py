"""Where the peers of the suite are: environments of their own below .venv/peers, made by `make peers`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PEERS = Path(sys.prefix) / "peers"
HERE = Path(__file__).parent


def required(found: object, what: str) -> None:
    """Skip without a peer on a person's machine; in CI its absence is a failure."""
    if found:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not there; run make peers")
    pytest.skip(f"{what} is not there; run make peers")


class Program:
    """A peer that takes a JSON object a line and answers each by one."""

    def __init__(self, *command: str, folder: Path | None = None) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder, text=True, bufsize=1
        )

    def ask(self, do: str, **said: Any) -> dict[str, Any]:
        """What it answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **said}) + "\n")
        self._process.stdin.flush()
        while not (line := self._process.stdout.readline()).startswith("{"):  # node warns on its standard output
            assert line, "the peer ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


def pyas2_python() -> Path | None:
    """The Python of pyas2lib's environment."""
    path = PEERS / "pyas2lib" / "bin" / "python"
    return path if path.exists() else None


def libas2_folder() -> Path | None:
    """Where libas2 is installed."""
    folder = PEERS / "libas2"
    there = (folder / "node_modules" / "libas2").is_dir() and shutil.which("node")
    return folder if there else None


def ubl_schemas() -> Path | None:
    """The published schemas of UBL 2.1: `common` and `maindoc`."""
    folder = PEERS / "ubl" / "odoo" / "addons" / "base_ubl" / "data" / "xsd-2.1"
    return folder if folder.is_dir() else None
