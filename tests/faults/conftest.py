"""Homes that are served for the fault tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gateway.store.embedded import EmbeddedPostgres
from tests.faults.histories import PARTNERS
from tests.faults.killing import SingleNode, TwoNodes
from tests.faults.served import STARTS_WITHIN, ServedHome
from tests.waiting import wait_until


@pytest.fixture
def site() -> Iterator[ServedHome]:
    """A home whose gateway is not started yet; all of it is gone afterwards."""
    with TemporaryDirectory(prefix="tradelane-faults-") as folder:
        served = ServedHome(Path(folder))
        yield served
        served.remove()


@pytest.fixture
def serving(site: ServedHome) -> ServedHome:
    """A home that serves."""
    site.start_and_wait()
    return site


@pytest.fixture
def small_home() -> Iterator[ServedHome]:
    """The same for partners whose orders change, without the samples: it starts sooner."""
    with TemporaryDirectory(prefix="tradelane-faults-") as folder:
        served = ServedHome(Path(folder), samples=False, partners=PARTNERS)
        yield served
        served.remove()


@pytest.fixture
def pair() -> Iterator[tuple[ServedHome, ServedHome]]:
    """Two such homes with one database that runs by itself; none is started yet."""
    with TemporaryDirectory(prefix="tradelane-faults-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for each in ("east", "west"):
            (folder / each).mkdir()
        database = EmbeddedPostgres(folder)
        database.start()
        try:
            east = ServedHome(folder / "east", samples=False, partners=PARTNERS, database=database)
            west = ServedHome(folder / "west", samples=False, partners=PARTNERS, database=database, beside=east)
            yield east, west
            for each in (east, west):
                each.remove()
        finally:
            database.remove()


@pytest.fixture
def single_node(small_home: ServedHome) -> SingleNode:
    """A node that serves."""
    small_home.start_and_wait()
    return SingleNode(small_home)


@pytest.fixture
def two_nodes(pair: tuple[ServedHome, ServedHome]) -> Iterator[TwoNodes]:
    """Two nodes that serve."""
    nodes = TwoNodes(*pair)
    nodes.revive()
    try:
        for site in nodes.sites:
            wait_until(site.greets, within=STARTS_WITHIN, what=f"an SFTP greeting; see {site.log}")
        yield nodes
    finally:
        nodes.end()
