"""docs/errors.md holds every code there is, as the tables have it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.cli.error_reference import FILES, FORMATS, NONE, REFUSALS, answer_of, with_reference
from gateway.pipeline.outbound_faults import FAULTS as OUTBOUND_FAULTS
from mappings.codes import FAULTS as MAP_FAULTS
from partners.registry import Refusal
from translators.formats import Format
from translators.x12.codes import FAULTS

DOCUMENT = (Path(__file__).parents[3] / "docs/errors.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([a-z0-9_.]+)` (\|.*)$", DOCUMENT, re.MULTILINE))


def test_the_document_is_what_the_tables_make() -> None:
    assert with_reference(DOCUMENT) == DOCUMENT


def test_no_code_is_left_out_and_none_is_invented() -> None:
    assert set(REFUSALS) == set(Refusal) - {Refusal.UNKNOWN_RECEIVER}
    assert set(FILES) == set(Format) - {Format.X12}
    known = {*FAULTS, *MAP_FAULTS, *(refusal.value for refusal in Refusal), *(f"file.{kind.value}" for kind in FILES)}
    assert set(ROWS) == known.union(*FORMATS, OUTBOUND_FAULTS)


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("x12.isa.sender", "TA105 006"),
        ("x12.element.code", "AK304 8, AK403 7, AK502 5"),
        ("x12.se.segment_count", "AK502 4"),
        ("x12.ge.set_count", "AK905 5"),
        ("x12.balance.count", NONE),
        ("x12.partner.code", f"IK304 8, IK403 I6 (999; in a 997 {NONE})"),
    ],
)
def test_a_row_names_the_codes_of_the_answers(code: str, answer: str) -> None:
    assert answer_of(FAULTS[code]) == answer
    assert f"| {answer} |" in ROWS[code]


def test_every_code_the_translator_can_report_has_a_row() -> None:
    source = Path(__file__).parents[3] / "translators" / "x12"
    found = {
        code
        for path in source.rglob("*.py")
        for code in re.findall(r'"(x12\.[a-z_]+\.[a-z_]+)"', path.read_text(encoding="utf-8"))
    }
    assert found - {"x12.report.more"} <= set(FAULTS)


def test_a_document_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="begin"):
        with_reference("# Errors\n")
