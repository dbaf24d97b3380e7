"""The table of real peers in docs/interop.md: made by the suite, from what passed in it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TABLE = Path(__file__).parents[2] / "docs" / "interop.md"
WRITE = "TRADELANE_WRITE_INTEROP"
"""Set by `make interop-table`: the run, which must be of the whole suite, writes the table."""

HEAD = """# Real peers

What the interop suite exchanged with other implementations, each in its own process and environment. The suite runs
in CI (`make interop`); this table is written by `make interop-table` from the cases that passed in one run.

| Peer | Version | Way | Case | Passed |
|---|---|---|---|---|
"""


Passed = Callable[..., None]

_passed: Counter[tuple[str, str, str, str]] = Counter()


@pytest.fixture
def passed() -> Passed:
    """Note a case that passed: peer, version, way (to us, from us), case."""

    def note(peer: str, version: str, way: str, case: str) -> None:
        _passed[peer, version, way, case] += 1

    return note


@pytest.fixture(scope="session", autouse=True)
def table() -> Iterator[None]:
    """Write the table at the end of the run, where it was asked for."""
    yield
    if os.environ.get(WRITE):
        rows = (f"| {' | '.join(key)} | {count} |\n" for key, count in sorted(_passed.items()))
        TABLE.write_text(HEAD + "".join(rows), encoding="utf-8")
