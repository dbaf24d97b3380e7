"""The wheel names Tradelane's five packages and nothing else, and holds everything they read at run time."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]
PACKAGES = {"gateway", "translators", "partners", "mappings", "sftp"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a wheel built from this tree."""
    [path] = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"])
    with zipfile.ZipFile(path) as found:
        return {name for name in found.namelist() if not name.endswith("/")}


def test_the_wheel_holds_the_five_packages_and_nothing_else(wheel: set[str]) -> None:
    tops = {name.split("/", 1)[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    assert not [name for name in wheel if "/tests/" in name or "__pycache__" in name]


def test_the_wheel_holds_every_file_of_the_packages(wheel: set[str]) -> None:
    tracked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--", *sorted(PACKAGES)], capture_output=True, text=True, check=False
    ).stdout.split("\n")
    there = [name for name in tracked if name and (ROOT / name).is_file()]
    if not there:  # an unpacked source archive has no git
        there = [
            str(path.relative_to(ROOT))
            for package in PACKAGES
            for path in (ROOT / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        ]
    assert set(there) <= wheel


@pytest.mark.parametrize(
    "pattern",
    [
        "translators/x12/guides/004010/",
        "mappings/maps/base/850.in/map.yaml",
        "mappings/maps/acme/850.in/samples/",
        "partners/profiles/acme/profile.yaml",
        "partners/profiles/ourselves.yaml",
        "gateway/store/migrations/versions/",
        "gateway/demo/files/acme-order.edi",
    ],
)
def test_the_wheel_holds_what_is_read_at_run_time(wheel: set[str], pattern: str) -> None:
    assert any(name.startswith(pattern) for name in wheel)
