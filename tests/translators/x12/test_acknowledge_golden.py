"""Acknowledgments byte for byte, against files written by hand from the standard's rules.

Each case of tests/vectors/x12/ack has `in.edi`, the answers `out.ta1.edi`, `out.997.edi` and `out.999.edi` where there
are any, and `why.md`; those of ack999 have no 997. Control numbers count from 5 (ISA13) and 6 (GS06), the clock stands
at 2024-03-05 09:07.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from translators.x12._pyx12 import second_opinion
from translators.x12.acknowledge import AcknowledgmentBuilder, AcknowledgmentTerms
from translators.x12.acknowledge_form import AcknowledgmentForm
from translators.x12.guide import GuideLibrary
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.report import report
from translators.x12.writer import ControlNumbers, write_interchange

VECTORS = Path(__file__).parents[2] / "vectors" / "x12"
CASES = sorted(path for path in (VECTORS / "ack").iterdir() if path.is_dir())
CASES_OF_999 = sorted(path for path in (VECTORS / "ack999").iterdir() if path.is_dir())
CONTROL_CHARACTER_AS_ISA11 = "caret-is-the-component-separator"
TAKEN_FOR_A_TRIGGER = [("10", "CTX01-02"), ("1", "CTX02"), ("1", "CTX03")]
"""What pyx12 says of a CTX that names a business unit: its map has two CTX at that place, and it takes every one for
the first, which names a trigger.
"""
AT = datetime(2024, 3, 5, 9, 7, tzinfo=UTC)
OPTIONS = ReadOptions(keep_tree=True)
COPIED_AS_SENT = {"ta1-005-sender-qualifier", "ta1-007-receiver-qualifier", "ta1-014-date", "ta1-015-time"}
"""Answers that repeat a value the standard does not know, because the sender used it."""


def answered(data: bytes, form: AcknowledgmentForm) -> Iterator[tuple[str, bytes]]:
    """(kind, bytes) of each answer to a file."""
    builder = AcknowledgmentBuilder(AcknowledgmentTerms(form=form))
    interchange_numbers, group_numbers = count(5), count(6)
    for event in read_x12([data], guides=GuideLibrary.shipped(), options=OPTIONS):
        for answer in builder.take(event):
            groups = tuple(next(group_numbers) for _ in answer.interchange.groups)
            numbers = ControlNumbers(next(interchange_numbers), groups)
            yield answer.kind.lower(), write_interchange(answer.interchange, numbers=numbers, at=AT)


def written_by_hand(case: Path, *, without: str) -> dict[str, bytes]:
    found = {path.name.split(".")[1]: path.read_bytes() for path in case.glob("out.*.edi")}
    found.pop(without, None)
    return found


def also_allowed() -> dict[str, frozenset[str]]:
    """Code values of the standard, which pyx12's maps narrow to those of health care; AK101 is copied as sent."""
    release = GuideLibrary.shipped().release("004010")
    assert release is not None
    standard = {name: release.elements[name].codes or frozenset() for name in ("479", "143")}
    return {"AK101": standard["479"] | {"QQ"}, "AK201": standard["143"]}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_997_is_the_one_written_by_hand(case: Path) -> None:
    wanted = written_by_hand(case, without="999")
    assert dict(answered((case / "in.edi").read_bytes(), AcknowledgmentForm.FUNCTIONAL)) == wanted


@pytest.mark.parametrize("case", [*CASES, *CASES_OF_999], ids=lambda case: f"{case.parent.name}-{case.name}")
def test_the_999_is_the_one_written_by_hand(case: Path) -> None:
    wanted = written_by_hand(case, without="997")
    assert dict(answered((case / "in.edi").read_bytes(), AcknowledgmentForm.IMPLEMENTATION)) == wanted


def test_there_are_cases_for_every_code_reachable_with_an_850_in_004010() -> None:
    names = [case.name for case in CASES]
    wanted = [f"ak304-{code}-" for code in range(1, 8)] + [f"ak403-{code}-" for code in range(1, 11)]
    wanted += [f"ak502-{code}-" for code in (1, 2, 3, 4, 6, 7, 23)] + [f"ak905-{code}-" for code in range(1, 7)]
    assert [prefix for prefix in wanted if not any(name.startswith(prefix) for name in names)] == []
    assert all((case / "why.md").read_text().strip() for case in [*CASES, *CASES_OF_999])


@pytest.mark.parametrize("case", [*CASES, *CASES_OF_999], ids=lambda case: f"{case.parent.name}-{case.name}")
def test_our_own_reader_accepts_every_answer(case: Path) -> None:
    for path in case.glob("out.*.edi"):
        own = report(read_x12([path.read_bytes()], guides=GuideLibrary.shipped(), options=OPTIONS), file=path.name)
        if case.name in COPIED_AS_SENT or "AK1*QQ" in path.read_text():
            assert own["issues"]
        else:
            assert own["issues"] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_pyx12_accepts_every_ta1_and_997(case: Path) -> None:
    for path in (*case.glob("out.ta1.edi"), *case.glob("out.997.edi")):
        if case.name not in COPIED_AS_SENT and "X*003050" not in path.read_text():
            assert second_opinion(path.read_bytes(), also_allowed=also_allowed()).errors == []


@pytest.mark.parametrize("case", [*CASES, *CASES_OF_999], ids=lambda case: f"{case.parent.name}-{case.name}")
def test_pyx12_accepts_every_999_as_one_of_005010x231a1(case: Path) -> None:
    for path in case.glob("out.999.edi"):
        text = path.read_text(encoding="latin-1")
        element, component, terminator = text[3], text[104], text[105]
        segments = [segment.strip("\r\n") if terminator != "\n" else segment for segment in text.split(terminator)]
        names = {segment.split(element)[1].split(component)[0] for segment in segments if segment.startswith("CTX")}
        hipaa = [as_hipaa(segment.split(element)) for segment in segments if segment]
        data = "".join(element.join(segment) + terminator for segment in hipaa).encode("latin-1")
        units = sum(segment.startswith("CTX") and "SITUATIONAL" not in segment for segment in segments)
        found = second_opinion(data, also_allowed={**also_allowed(), "CTX01-01": names}).errors
        wanted = TAKEN_FOR_A_TRIGGER * units
        if case.name == CONTROL_CHARACTER_AS_ISA11:
            wanted = [("6", "ISA11"), *wanted]
        assert [(error.code, error.place) for error in found] == wanted


def as_hipaa(segment: list[str]) -> list[str]:
    """GS08 and ST03 as in 005010X231A1, the only map of a 999 that pyx12 ships."""
    if segment[0] == "GS":
        return [*segment[:8], "005010X231A1"]
    return [*segment[:3], "005010X231A1"] if segment[0] == "ST" else segment
