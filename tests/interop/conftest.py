"""What the tests with real peers share: a running Tryton, figures in the output, and the table of what passed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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


Figures = Callable[[str], None]


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Shows a line of figures in the run's output. Not by capsys, whose streams the logs of a gateway would outlive."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def show(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{line}")  # noqa: T201 the figures that the run is asked for

    return show
