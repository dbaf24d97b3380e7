"""Every defence has a test that fails without it: see README.md beside this file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.mutants.forked_pytest import ForkedPytest, Run, forked_pytest

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


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the code and its tests for the session, which each test leaves as it was."""
    copy = tmp_path_factory.mktemp("tree")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, copy / name
            )  # with its compiled modules: what a patch changes is newer than they are
        else:
            shutil.copy(source, copy / name)
    yield copy
    shutil.rmtree(copy)


@pytest.fixture(scope="session")
def pytests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedPytest]:
    """What runs the tests of the copy."""
    with forked_pytest(tmp_path_factory.mktemp("runs") / "output") as running:
        yield running


@contextmanager
def applied(patch: Path, tree: Path) -> Iterator[None]:
    """A copy with a patch applied to it; as it was after the block."""
    done = subprocess.run(
        ["git", "apply", "-C1", "--recount", str(patch)],
        cwd=tree,
        env=os.environ | {"GIT_CEILING_DIRECTORIES": str(tree.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{patch.name} no longer applies; make it again (README.md):\n{done.stderr}"
    try:
        yield
    finally:
        for name in changed_files(patch):
            shutil.copy2(ROOT / name, tree / name)  # with its time: what is compiled of it is good again


def changed_files(patch: Path) -> list[str]:
    """The files that a patch changes, from the root of the tree."""
    return re.findall(r"(?m)^--- a/(\S+)", patch.read_text())


def run(tests: list[str], tree: Path, pytests: ForkedPytest, *, database: str, template: str | None) -> Run:
    """Run tests of a copy, whatever their markers.

    Args:
        tests: their ids.
        tree: the copy.
        pytests: what runs them.
        database: the URL of a PostgreSQL to use.
        template: the name of a migrated database there, None to have one made of the copy's migrations.
    """
    options = ["-q", "-m", "", "-p", "no:cacheprovider", "--tb=short", "--no-header"]
    environment = {"TRADELANE_TEST_DATABASE_URL": database, "PYTHONDONTWRITEBYTECODE": "1"}
    if template is not None:
        environment["TRADELANE_TEST_TEMPLATE"] = template
    return pytests.run([*options, *tests], folder=tree, environment=environment)


def test_every_named_test_passes_while_nothing_is_taken_away(
    tree: Path, pytests: ForkedPytest, postgres_url: str, template_database: str
) -> None:
    done = run(TESTS, tree, pytests, database=postgres_url, template=template_database)
    assert done.code == PASSED, done.output[-4000:]


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_defence_taken_away_is_noticed(
    patch: Path, tree: Path, pytests: ForkedPytest, postgres_url: str, template_database: str
) -> None:
    assert read_header(patch, "Takes away"), f"{patch.name} does not say what it takes away"
    tests = read_header(patch, "Test")
    assert tests, f"{patch.name} names no test"
    of_the_schema = any(name.startswith("gateway/store/") for name in changed_files(patch))
    with applied(patch, tree):
        for test in tests:
            done = run(
                [test], tree, pytests, database=postgres_url, template=None if of_the_schema else template_database
            )
            assert done.code == FAILED, f"{test} ended with {done.code}\n{done.output[-3000:]}"
