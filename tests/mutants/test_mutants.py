"""Every defence has a test that fails without it: see README.md beside this file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COPIED = ("gateway", "mappings", "partners", "sftp", "translators", "tests", "pyproject.toml")
PASSED, FAILED = 0, 1
"""What pytest ends with: anything else means that the test could not even be run."""


def read_header(patch: Path, key: str) -> list[str]:
    """The values of a line `key: value` before the patch itself."""
    head = re.split(r"(?m)^(?:diff |--- )", patch.read_text())[0]
    return re.findall(rf"(?m)^{key}: (.+)$", head)


PATCHES = sorted(HERE.glob("*.patch"))
TESTS = sorted({test for patch in PATCHES for test in read_header(patch, "Test")})


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """A copy of the code and its tests, gone after the test: all of them together would fill a small disk."""
    for name in COPIED:
        source, target = ROOT / name, tmp_path / "tree" / name
        if source.is_dir():
            shutil.copytree(source, target)  # with its compiled modules: what a patch changes is newer than they are
        else:
            shutil.copy(source, target)
    yield tmp_path / "tree"
    shutil.rmtree(tmp_path / "tree")


def apply(patch: Path, tree: Path) -> None:
    """Apply a patch to a copy."""
    done = subprocess.run(
        ["git", "apply", "-C1", "--recount", str(patch)],
        cwd=tree,
        env=os.environ | {"GIT_CEILING_DIRECTORIES": str(tree.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{patch.name} no longer applies; make it again (README.md):\n{done.stderr}"


def run(tests: Iterable[str], tree: Path, postgres_url: str) -> subprocess.CompletedProcess[str]:
    """Run tests of a copy, whatever their markers."""
    options = ["-q", "-x", "-m", "", "-p", "no:cacheprovider", "-p", "no:randomly", "--tb=short"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=tree,
        env=os.environ | {"TRADELANE_TEST_DATABASE_URL": postgres_url, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_named_test_passes_while_nothing_is_taken_away(tree: Path, postgres_url: str) -> None:
    done = run(TESTS, tree, postgres_url)
    assert done.returncode == PASSED, done.stdout[-4000:] + done.stderr[-1000:]


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_defence_taken_away_is_noticed(patch: Path, tree: Path, postgres_url: str) -> None:
    assert read_header(patch, "Takes away"), f"{patch.name} does not say what it takes away"
    tests = read_header(patch, "Test")
    assert tests, f"{patch.name} names no test"
    apply(patch, tree)
    for test in tests:
        done = run([test], tree, postgres_url)
        assert done.returncode == FAILED, f"{test} ended with {done.returncode}\n{done.stdout[-3000:]}"
