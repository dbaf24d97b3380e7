"""Runs pytest again and again, each run in a fork of one process that has the foreign packages imported.

A short run is mostly their import. Nothing of ours is imported before the fork: that is what the patches change.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO

FOREIGN = (
    "alembic.command",
    "asn1crypto.cms",
    "cryptography.x509",
    "fastapi",
    "httpx",
    "hypothesis",
    "lxml.etree",
    "opentelemetry.sdk.trace",
    "orjson",
    "paramiko",
    "procrastinate",
    "psycopg",
    "pytest",
    "rich.console",
    "ruamel.yaml",
    "sqlalchemy",
    "structlog",
    "typer",
    "uvicorn",
)


PLUGINS = ("_hypothesis_pytestplugin", "pytest_timeout")
"""Those of pytest that our tests need; to look for others takes longer than most tests."""


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended: pytest's exit code, and what it printed."""

    code: int
    output: str


class ForkedPytest:
    """The process that is forked."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self._process, self._output = process, output

    def run(self, arguments: list[str], *, folder: Path, environment: dict[str, str]) -> Run:
        """Run pytest in a folder whose packages go before all others.

        Args:
            arguments: of pytest's command line.
            folder: the root of the tree.
            environment: what is added to ours.
        """
        request = {"arguments": arguments, "folder": str(folder), "environment": environment}
        _pipe(self._process.stdin).write(json.dumps({**request, "output": str(self._output)}) + "\n")
        _pipe(self._process.stdin).flush()
        code = _pipe(self._process.stdout).readline()
        assert code, "the process that runs pytest is gone"
        return Run(int(code), self._output.read_text(errors="replace"))


@contextmanager
def forked_pytest(output: Path) -> Iterator[ForkedPytest]:
    """A process that runs pytest, ended with the block.

    Args:
        output: a file to be, for what one run after the other prints.
    """
    with subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield ForkedPytest(process, output)
        _pipe(process.stdin).close()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def _serve() -> None:
    """Fork for each line of standard input; tell how the child ended."""
    for name in (*PLUGINS, *FOREIGN):
        import_module(name)
    gc.freeze()  # what there is now is never garbage: no child need look through it, nor copy its pages
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            answers.close()
            sys.exit(_run(request))
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()


def _run(request: dict[str, object]) -> int:
    import pytest

    output = os.open(str(request["output"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(request["folder"])
    sys.path[0] = request["folder"]
    os.environ |= {**request["environment"], "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    plugins = [f"-p{name}" for name in PLUGINS]
    # Whether assertions fail is asked, not why; rewriting them would cost as much as the test.
    return pytest.main([*plugins, "--assert=plain", *request["arguments"]])


if __name__ == "__main__":
    _serve()
