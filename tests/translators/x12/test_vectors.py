"""Whole files, kept beside the tests by version and set: those that pass, and those that fail with what."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "vectors" / "x12" / "004010"


def named(kind: str) -> list[Path]:
    return sorted(FOLDER.glob(f"*/{kind}/*.edi"))


@pytest.mark.parametrize("path", named("pass"), ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_good_file_has_no_issue(x12, path) -> None:
    seen = x12.read(path.read_bytes())
    assert seen.codes == []
    assert seen.sets
    assert all(each.code == path.parts[-3] for each in seen.sets)


@pytest.mark.parametrize("path", named("fail"), ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_bad_file_has_the_issues_written_beside_it(x12, path) -> None:
    seen = x12.read(path.read_bytes())
    found = [
        f"{issue.code} {issue.position.segment_id} {issue.position.segment} {issue.position.element or '-'}"
        for issue in seen.issues
    ]
    assert found == path.with_suffix(".issues").read_text().splitlines()


def test_every_vector_is_told_of_in_sources() -> None:
    told = (FOLDER / "SOURCES.md").read_text()
    assert [path for path in FOLDER.rglob("*.edi") if f"`{path.relative_to(FOLDER)}`" not in told] == []
