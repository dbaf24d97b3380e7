"""Valid files stay valid when read and written again, damage is found and placed, and no bytes break the reader.

`make fuzz` runs the last for FUZZ_SECONDS (600) of CPU; the slow suite for a minute; `make test` tries a few hundred.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.translators.x12.fuzz_run import GUIDES, fuzz
from tests.translators.x12.seeded_faults import KINDS, Seeder
from tests.translators.x12.seeded_run import issues_of, told
from translators.x12.model import Delimiters, TransactionSet
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.synthesis import sample_interchange
from translators.x12.writer import (
    ControlNumbers,
    OutboundGroup,
    OutboundInterchange,
    OutboundSet,
    elements_of,
    write_interchange,
)

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
SETS = [
    (code, version)
    for version in GUIDES.versions
    for code in ("204", "214", "810", "850", "855", "856", "860", "940", "945", "997")
]
PACE = 4.0
"""CPU seconds a megabyte may take here: the machine is shared with other tests; alone it takes less than one."""

SECONDS = float(os.environ.get("FUZZ_SECONDS", "60"))


@st.composite
def marks(draw: st.DrawFn, *, repeats: bool) -> Delimiters:
    """Four different separators that no sample holds, and a line end or none."""
    drawn = draw(st.permutations("*>~^|:!<;&%\x1c\x1d\x1e\x1f"))
    return Delimiters(
        drawn[0], drawn[1], drawn[2], drawn[3] if repeats else None, draw(st.sampled_from(["", "\n", "\r\n"]))
    )


@st.composite
def valid_files(draw: st.DrawFn, *, usual_marks: bool = False) -> bytes:
    """A valid interchange of any set, size and separators."""
    code, version = draw(st.sampled_from(SETS))
    guide = GUIDES.find(code, version)
    assert guide is not None
    sample = sample_interchange(
        guide,
        sets=draw(st.integers(1, 3)),
        seed=draw(st.integers(0, 2**32)),
        density=draw(st.sampled_from([0, 0.05, 0.15, 0.3])),
        delimiters=None if usual_marks else draw(marks(repeats=version >= "005010")),
    )
    return write_interchange(sample, numbers=ControlNumbers(draw(st.integers(1, 10**9 - 1)), (7,)), at=AT)


@settings(max_examples=60, deadline=None)
@given(valid_files())
def test_a_valid_file_is_the_same_after_it_was_read_and_written(content: bytes) -> None:
    sets = [
        event
        for event in read_x12([content], guides=GUIDES, options=ReadOptions(keep_tree=True))
        if isinstance(event, TransactionSet)
    ]
    assert issues_of(content) == []
    header, group = sets[0].interchange, sets[0].group
    again = OutboundInterchange(
        sender=header.sender,
        receiver=header.receiver,
        version=header.version,
        usage=header.usage,
        delimiters=header.delimiters,
        groups=[
            OutboundGroup(
                group.functional_id,
                group.sender,
                group.receiver,
                group.version,
                [
                    OutboundSet(
                        found.code,
                        [elements_of(segment, header.delimiters) for segment in list(found.root.walk())[1:-1]],
                    )
                    for found in sets
                    if found.root is not None
                ],
            )
        ],
    )
    numbers = ControlNumbers(int(header.control_number), (int(group.control_number),))
    assert write_interchange(again, numbers=numbers, at=AT) == content


@settings(max_examples=80, deadline=None)
@given(valid_files(usual_marks=True), st.sampled_from(sorted(KINDS)), st.integers(0, 2**32))
def test_a_fault_put_into_a_valid_file_is_found_and_placed(content: bytes, kind: str, seed: int) -> None:
    fault = Seeder(content, Random(seed)).seed(kind)
    assume(fault is not None)
    assert fault is not None
    assert told(fault, issues_of(fault.text)), fault


def test_damaged_files_are_read_reported_and_answered(tmp_path: Path) -> None:
    assert fuzz(seed=0, most=300, seconds=30, keep=tmp_path, pace=PACE).mutants == 300


@pytest.mark.faults
@pytest.mark.timeout(SECONDS * 10 + 120)
def test_damaged_files_are_read_reported_and_answered_for_long(tmp_path: Path) -> None:
    seed = int(os.environ.get("FUZZ_SEED", "1000000"))
    figures = fuzz(seed=seed, most=10**12, seconds=SECONDS, keep=tmp_path, pace=PACE)
    print(f"from seed {seed}: {figures}")  # noqa: T201 what `make fuzz` shows
    assert figures.mutants > SECONDS
