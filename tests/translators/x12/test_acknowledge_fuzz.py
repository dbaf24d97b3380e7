"""Whatever bytes come in, the answer can be written, and our own reader accepts it but for what it had to copy."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from translators.x12.acknowledge import AcknowledgmentBuilder, AcknowledgmentPolicy, AcknowledgmentTerms
from translators.x12.acknowledge_form import AcknowledgmentForm
from translators.x12.acknowledged import Outcome, read_acknowledgment
from translators.x12.guide import GuideLibrary
from translators.x12.model import ReaderEvent, TransactionSet
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.report import report
from translators.x12.writer import ControlNumbers, write_interchange

VECTORS = Path(__file__).parents[2] / "vectors" / "x12"
INPUTS = [path.read_bytes() for path in sorted(VECTORS.glob("ack*/*/in.edi"))]
AT = datetime(2024, 3, 5, 9, 7, tzinfo=UTC)
EVERYTHING = {
    form: AcknowledgmentTerms(AcknowledgmentPolicy.ALWAYS, AcknowledgmentPolicy.ALWAYS, form)
    for form in AcknowledgmentForm
}
OUTCOMES = {"A": Outcome.ACCEPTED, "E": Outcome.WITH_ERRORS, "P": Outcome.PARTIAL, "R": Outcome.REJECTED}
COPIED = {
    ("x12.isa.sender_qualifier", "ISA", 5),
    ("x12.isa.receiver_qualifier", "ISA", 7),
    ("x12.isa.standards_id", "ISA", 11),
    ("x12.gs.unsupported_version", "GS", 8),
    ("x12.st.unsupported", "ST", 1),
    ("x12.ta1.invalid", "TA1", 2),
    ("x12.ta1.invalid", "TA1", 3),
    ("x12.element.code", "AK1", 1),
    ("x12.element.code", "AK2", 1),
}
"""Where an answer repeats a code, date, version or qualifier as the partner sent it, good or not."""


def events(data: bytes, *, keep_tree: bool = False) -> list[ReaderEvent]:
    return list(read_x12([data], guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=keep_tree)))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good or bad file with bytes changed, put in, taken out or said twice; the ISA more often than the rest."""
    data = bytearray(draw(st.sampled_from(INPUTS)))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.one_of(st.integers(0, min(200, len(data))), st.integers(0, len(data))))
        put_in = draw(
            st.one_of(st.sampled_from([b"*", b">", b"~", b"\n", b" ", b"", b"ISA", b"9"]), st.binary(max_size=9))
        )
        data[at : at + draw(st.integers(0, 12))] = put_in
    return bytes(data)


@given(damaged(), st.sampled_from(AcknowledgmentForm), st.booleans())
def test_any_file_is_answered_by_something_that_can_be_read(
    data: bytes, form: AcknowledgmentForm, keep_tree: bool
) -> None:
    builder = AcknowledgmentBuilder(EVERYTHING[form])
    for event in events(data, keep_tree=keep_tree):
        for answer in builder.take(event):
            numbers = ControlNumbers(1, tuple(range(1, len(answer.interchange.groups) + 1)))
            written = events(write_interchange(answer.interchange, numbers=numbers, at=AT), keep_tree=True)
            own = report(written, file="answer")
            positions = [(issue["code"], issue["position"]) for issue in own["issues"]]
            assert {(code, place["segment_id"], place["element"]) for code, place in positions} <= COPIED
            said = [read_acknowledgment(found) for found in written if isinstance(found, TransactionSet)]
            read_back = [group.outcome for group in said if group is not None]
            if read_back:  # none, where the answer is in a version there is no guide of
                assert sorted(read_back) == sorted(OUTCOMES[status.code] for status in answer.group_statuses)


@given(damaged())
def test_any_file_has_a_report(data: bytes) -> None:
    found = report(events(data), file="damaged")
    errors = [issue for issue in found["issues"] if issue["severity"] == "error"]
    assert found["accepted"] is (bool(found["interchanges"]) and not errors)
    for interchange in found["interchanges"]:
        for group in interchange["groups"]:
            assert all(set(row) == {"control_number", "set", "accepted", "segments"} for row in group["sets"])
