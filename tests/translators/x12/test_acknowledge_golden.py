"""Acknowledgments byte for byte, against files written by hand from the standard's rules (tests/vectors/x12/ack).

Each case has `in.edi`, the answers `out.ta1.edi` and `out.997.edi` where there are any, and `why.md`. Control numbers
count from 5 (ISA13) and 6 (GS06), the clock stands at 2024-03-05 09:07.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from translators.x12._pyx12 import second_opinion
from translators.x12.acknowledge import AcknowledgmentBuilder
from translators.x12.guide import GuideLibrary
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.report import report
from translators.x12.writer import ControlNumbers, write_interchange

CASES = sorted(path for path in (Path(__file__).parents[2] / "vectors" / "x12" / "ack").iterdir() if path.is_dir())
AT = datetime(2024, 3, 5, 9, 7, tzinfo=UTC)
OPTIONS = ReadOptions(keep_tree=True)
COPIED_AS_SENT = {"ta1-005-sender-qualifier", "ta1-007-receiver-qualifier", "ta1-014-date", "ta1-015-time"}
"""Answers that repeat a value the standard does not know, because the sender used it."""


def answered(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(kind, bytes) of each answer to a file."""
    builder = AcknowledgmentBuilder()
    interchange_numbers, group_numbers = count(5), count(6)
    for event in read_x12([data], guides=GuideLibrary.shipped(), options=OPTIONS):
        for answer in builder.take(event):
            groups = tuple(next(group_numbers) for _ in answer.interchange.groups)
            numbers = ControlNumbers(next(interchange_numbers), groups)
            yield answer.kind.lower(), write_interchange(answer.interchange, numbers=numbers, at=AT)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_answer_is_the_one_written_by_hand(case: Path) -> None:
    wanted = {path.name.split(".")[1]: path.read_bytes() for path in case.glob("out.*.edi")}
    assert dict(answered((case / "in.edi").read_bytes())) == wanted


def test_there_are_cases_for_every_code_reachable_with_an_850_in_004010() -> None:
    names = [case.name for case in CASES]
    wanted = [f"ak304-{code}-" for code in range(1, 8)] + [f"ak403-{code}-" for code in range(1, 11)]
    wanted += [f"ak502-{code}-" for code in (1, 2, 3, 4, 6, 7, 23)] + [f"ak905-{code}-" for code in range(1, 7)]
    assert [prefix for prefix in wanted if not any(name.startswith(prefix) for name in names)] == []
    assert all((case / "why.md").read_text().strip() for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_pyx12_and_our_own_reader_accept_every_answer(case: Path) -> None:
    for path in case.glob("out.*.edi"):
        release = GuideLibrary.shipped().release("004010")
        assert release is not None
        standard = {name: release.elements[name].codes or frozenset() for name in ("479", "143")}
        also = {"AK101": standard["479"] | {"QQ"}, "AK201": standard["143"]}
        own = report(read_x12([path.read_bytes()], guides=GuideLibrary.shipped(), options=OPTIONS), file=path.name)
        if case.name in COPIED_AS_SENT or "003050" in path.read_text() or "AK1*QQ" in path.read_text():
            assert own["issues"]
            continue
        assert own["issues"] == []
        found = second_opinion(path.read_bytes(), also_allowed=also)
        assert found.errors == []
