"""Homes that are served for the fault tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.served import ServedHome


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
