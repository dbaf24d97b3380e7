"""Public sample files: none crashes the reader, and those that are valid are accepted or their fault is explained."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

import pytest

from translators.errors import Severity

CORPUS = Path(os.environ.get("TRADELANE_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))

EXPLAINED = {
    file: set(codes.replace("`", "").split())
    for file, codes in re.findall(
        r"^\| (x12/\S+) \| (.*?) \|",
        (Path(__file__).parents[3] / "docs/corpus.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
}
"""The table of docs/corpus.md: files marked valid that we refuse, with every error we find in them."""

NO_GUIDE = {"x12.st.unsupported", "x12.gs.unsupported_version"}

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the public sample files are not beside the repository")


def rows() -> list[dict[str, str]]:
    if not CORPUS.is_dir():
        return []
    with (CORPUS / "INDEX.tsv").open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines, delimiter="\t") if row["file"].startswith("x12/")]


def errors(x12, row: dict[str, str]) -> set[str]:
    seen = x12.read((CORPUS / row["file"]).read_bytes())
    return {issue.code for issue in seen.issues if issue.severity is Severity.ERROR}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["file"])
def test_a_sample_is_read_to_its_end(x12, row) -> None:
    data = (CORPUS / row["file"]).read_bytes()
    seen = x12.read(data)
    assert seen.kinds
    assert seen.kinds.count("InterchangeStart") == seen.kinds.count("InterchangeEnd") >= 1
    assert all(0 <= issue.position.offset <= len(data) for issue in seen.issues)


@pytest.mark.parametrize("row", [row for row in rows() if row["valid|faulty"] == "valid"], ids=lambda row: row["file"])
def test_a_valid_sample_is_accepted_or_its_errors_are_explained(x12, row) -> None:
    assert errors(x12, row) == EXPLAINED.get(row["file"], set())


@pytest.mark.parametrize("row", [row for row in rows() if row["valid|faulty"] == "faulty"], ids=lambda row: row["file"])
def test_a_faulty_sample_has_an_error_beyond_a_missing_guide(x12, row) -> None:
    assert errors(x12, row) - NO_GUIDE


def test_nothing_is_explained_that_is_not_labelled_valid() -> None:
    labelled = {row["file"] for row in rows() if row["valid|faulty"] == "valid"}
    assert set(EXPLAINED) <= labelled
    assert len(EXPLAINED) == 6
