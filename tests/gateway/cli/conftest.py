"""Commands run in this process, or in one of their own where the end of the process matters."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import Result
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.cli.output import people
from gateway.store.engine import Store
from tests.gateway.inbound_line import Line

Tradelane = Callable[..., Result]
WIDE = 400
"""Columns of the terminal, so that no table folds what a test looks for."""


@pytest.fixture
def tradelane(tmp_path: Path) -> Tradelane:
    """Runs a command with the test's folder as its workspace."""
    runner = CliRunner()
    people.width = WIDE

    def run(*arguments: str | Path, env: dict[str, str] | None = None) -> Result:
        given = {"TRADELANE_HOME": str(tmp_path), "TRADELANE_DATABASE_URL": "", **(env or {})}
        return runner.invoke(app, [str(argument) for argument in arguments], env=given)

    return run


def process(*arguments: str | Path, home: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """A command as a process of its own, as a shell starts it."""
    return subprocess.run(
        [sys.executable, "-c", "from gateway.cli.main import run; run()", *map(str, arguments)],
        env={**os.environ, "TRADELANE_HOME": str(home), **env},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def objects(result: Result) -> list[dict[str, Any]]:
    """What was printed, one JSON object a line."""
    return [orjson.loads(row) for row in result.stdout.splitlines()]


@dataclass(frozen=True)
class Workspace:
    """A workspace with a database of the test's own, and its line."""

    line: Line
    url: str
    run: Tradelane

    def __call__(self, *arguments: str | Path) -> Result:
        """Run a command on it."""
        return self.run(*arguments, env={"TRADELANE_DATABASE_URL": self.url})


@pytest.fixture
def workspace(fresh_store: Store, tmp_path: Path, tradelane: Tradelane) -> Workspace:
    """Where files were received; the commands read its log."""
    return Workspace(Line(fresh_store, tmp_path), fresh_store.url, tradelane)
