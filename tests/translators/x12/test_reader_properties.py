"""Whatever the bytes: no exception, events that nest, offsets inside the file, the same with and without a tree."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from translators.errors import Severity
from translators.x12.guide import GuideLibrary
from translators.x12.model import (
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeNote,
    InterchangeStart,
    ReaderEvent,
    Stray,
    TransactionSet,
)
from translators.x12.reader import ReadOptions, read_x12

GUIDES = GuideLibrary.shipped()
ISA = "ISA*00*          *00*          *ZZ*ACME           *ZZ*TRADELANE      *260115*1200*U*00401*000000001*0*P*>~"
GROUP = "GS*PO*ACME*TRADELANE*20260115*1200*1*X*004010~"
ORDER = (
    "ST*850*0001~BEG*00*SA*PO1**20260115~REF*DP*100**PO>1234~N1*BY*ACME*92*0001~N3*1 MAIN~PO1*1*5*EA*9.25**UP*0123~"
    "PID*F****WIDGET~CTT*1~SE*9*0001~"
)
GOOD = (ISA + "TA1*000000009*260115*1200*A*000~" + GROUP + ORDER + "GE*1*1~IEA*1*000000001~").encode()
PIECES = [
    ISA,
    GROUP,
    ORDER,
    "GE*1*1~",
    "IEA*1*000000001~",
    "SE*9*0001~",
    "ST*850*0002~",
    "PO1*1~",
    "~",
    "\r\n",
    "junk",
    "ISA",
]


def read(data: bytes, *, keep_tree: bool = True, chunk: int = 50_000) -> list[ReaderEvent]:
    chunks = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    return list(read_x12(chunks, guides=GUIDES, options=ReadOptions(keep_tree=keep_tree)))


def check(data: bytes) -> None:
    events = read(data)
    interchange = group = None
    for event in events:
        match event:
            case InterchangeStart():
                assert interchange is None
                interchange = event.header
            case InterchangeNote():
                assert interchange is event.interchange
                assert group is None
            case GroupStart():
                assert interchange is event.interchange
                assert group is None
                group = event.header
            case TransactionSet():
                assert group is event.group
                assert 0 <= event.offset < event.end <= len(data)
            case GroupEnd():
                assert group is event.header
                group = None
            case InterchangeEnd():
                assert interchange is event.header
                assert group is None
                assert event.end <= len(data)
                interchange = None
            case Stray():
                assert interchange is None
        for issue in event.issues:
            assert issue.position.offset is not None
            assert 0 <= issue.position.offset <= len(data)
            assert isinstance(issue.severity, Severity)
            assert issue.message
    assert interchange is None
    assert events
    plain = [event.issues for event in read(data, keep_tree=False, chunk=97)]
    assert plain == [event.issues for event in events]


def test_the_good_file_is_good() -> None:
    assert [issue for event in read(GOOD) for issue in event.issues] == []
    check(GOOD)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_at_all(data) -> None:
    check(data)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_after_a_good_isa(data) -> None:
    check(ISA.encode() + data)


@st.composite
def mutants(draw) -> bytes:
    data = bytearray(GOOD)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.integers(0, 3)):
            case 0:
                data[at] = draw(st.integers(0, 255))
            case 1:
                del data[at : at + draw(st.integers(1, 40))]
            case 2:
                data[at:at] = draw(
                    st.sampled_from([b"~", b"*", b">", b"\n", b"ISA", b"IEA*", b"~ST*850*0002~", b"\x00"])
                )
            case _:
                data[at:at] = data[: draw(st.integers(0, 150))]
        data = data or bytearray(b"~")
    return bytes(data)


@settings(max_examples=1500, deadline=None)
@given(mutants())
def test_a_good_file_with_bytes_changed_lost_and_added(data) -> None:
    check(data)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_segments_of_the_envelope_in_any_order(pieces) -> None:
    check("".join(pieces).encode())


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=106, max_value=len(GOOD) - 1), st.integers(min_value=0, max_value=255))
def test_one_byte_changed_never_makes_a_set_vanish(at, byte) -> None:
    data = bytearray(GOOD)
    data[at] = byte
    events = read(bytes(data))
    changed = bytes(data) != GOOD
    issues = [issue for event in events for issue in event.issues]
    found = [event for event in events if isinstance(event, TransactionSet)]
    assert found or issues
    assert issues or found[0].control_number == "0001"
    assert changed or not issues
