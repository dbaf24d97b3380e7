"""One served API for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store.engine import Store
from tests.gateway.api.site import Site, serving


@pytest.fixture
def site(fresh_store: Store, tmp_path: Path) -> Iterator[Site]:
    """A server with the usual limits."""
    with serving(fresh_store, tmp_path / "home") as found:
        yield found
