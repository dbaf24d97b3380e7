"""Public sample files: none crashes the reader, and those that are valid are accepted or their fault is explained."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from translators.errors import Severity
from translators.x12.guide import GuideLibrary

CORPUS = Path(os.environ.get("TRADELANE_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))

EXPLAINED = {
    "x12/997/pyx12__x12testdata.py_22.edi": (
        "x12.ta1.invalid",
        "TA103 is 3339: element I09 is a time HHMM, and no hour is 33",
    ),
}
"""Files marked valid that we refuse: the fault, and the element and rule that make it a true one."""

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the public sample files are not beside the repository")


def rows() -> list[dict[str, str]]:
    if not CORPUS.is_dir():
        return []
    with (CORPUS / "INDEX.tsv").open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines, delimiter="\t") if row["file"].startswith("x12/")]


def has_guides(row: dict[str, str]) -> bool:
    library = GuideLibrary.shipped()
    codes = [code for code in row["set"].split(",") if code != "TA1"]
    versions = row["version"].split(",")
    return all(library.find(code, version) for code in codes for version in versions)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["file"])
def test_a_sample_is_read_to_its_end(x12, row) -> None:
    data = (CORPUS / row["file"]).read_bytes()
    seen = x12.read(data)
    assert seen.kinds
    assert seen.kinds.count("InterchangeStart") == seen.kinds.count("InterchangeEnd") >= 1
    assert all(0 <= issue.position.offset <= len(data) for issue in seen.issues)


@pytest.mark.parametrize(
    "row", [row for row in rows() if row["valid|faulty"] == "valid" and has_guides(row)], ids=lambda row: row["file"]
)
def test_a_valid_sample_is_accepted_or_its_fault_is_explained(x12, row) -> None:
    seen = x12.read((CORPUS / row["file"]).read_bytes())
    errors = {issue.code for issue in seen.issues if issue.severity is Severity.ERROR}
    explained = {EXPLAINED[row["file"]][0]} if row["file"] in EXPLAINED else set()
    assert errors == explained


@pytest.mark.parametrize("row", [row for row in rows() if row["valid|faulty"] == "faulty"], ids=lambda row: row["file"])
def test_a_faulty_sample_has_an_error(x12, row) -> None:
    seen = x12.read((CORPUS / row["file"]).read_bytes())
    assert any(issue.severity is Severity.ERROR for issue in seen.issues)


def test_at_most_three_explanations_are_needed() -> None:
    assert len(EXPLAINED) <= 3
