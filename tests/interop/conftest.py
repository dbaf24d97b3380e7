"""What the tests with real peers share: a running Tryton, figures in the output, and the table of what passed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.interop.peers import required
from tests.interop.table import passed, table  # noqa: F401 fixtures
from tests.interop.tryton_peer import Tryton, tryton, tryton_server


@pytest.fixture(scope="session")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tryton]:
    """A running Tryton; each test has a web shop of its own in it."""
    required(tryton_server(), "Tryton")
    with tryton(tmp_path_factory.mktemp("tryton")) as running:
        yield running
