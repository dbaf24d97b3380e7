"""A line to drop files into, on a database of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.store.engine import Store
from tests.gateway.inbound_line import Line

Profiles = dict[str, str]
LineMaker = Callable[..., Line]


@pytest.fixture
def make_line(fresh_store: Store, tmp_path: Path) -> LineMaker:
    """Makes the line of a workspace with these profiles (partner -> YAML) beside the shipped ones."""

    def make(**profiles: str) -> Line:
        for partner, text in profiles.items():
            folder = tmp_path / "partners" / "profiles" / partner
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "profile.yaml").write_text(text)
        return Line(fresh_store, tmp_path)

    return make


@pytest.fixture
def line(make_line: LineMaker) -> Line:
    """The line of the shipped samples: Acme, Globex, and the folder of an ERP."""
    return make_line()
