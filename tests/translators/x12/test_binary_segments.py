"""BIN and BDS: data of any bytes, as long as the segment says, found whole however the file is chunked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translators.errors import WritingError
from translators.x12.binary import BinarySegment
from translators.x12.guide import GuideLibrary
from translators.x12.model import Delimiters, TransactionSet
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.writer import (
    ControlNumbers,
    OutboundGroup,
    OutboundInterchange,
    OutboundSet,
    elements_of,
    write_interchange,
)

ISA = "ISA*00*          *00*          *ZZ*ACME           *ZZ*TRADELANE      *260115*1200*U*00401*000000001*0*P*>~"
HEAD = f"{ISA}GS*QM*ACME*TRADELANE*20260115*1200*1*X*004010~ST*214*0001~B10*PRO-1*SHIP-1*SCAC~LX*1~"
AT7 = "AT7*D1*NS***20260115*1200*LT~"
TAIL = "SE*6*0001~GE*1*1~IEA*1*000000001~"


def status(binary: bytes, *, segments: int = 6) -> bytes:
    """A 214 with a picture; the binary segment is the fifth."""
    return HEAD.encode() + b"EFI*05~" + binary + TAIL.replace("SE*6", f"SE*{segments}").encode()


def read(data: bytes, *, chunk: int = 50_000, **caps: int) -> TransactionSet:
    chunks = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    options = ReadOptions(keep_tree=True, **caps)
    sets = [
        event
        for event in read_x12(chunks, guides=GuideLibrary.shipped(), options=options)
        if isinstance(event, TransactionSet)
    ]
    assert len(sets) == 1
    return sets[0]


def faults(found: TransactionSet) -> list[tuple[str, int | None, int | None]]:
    return [(each.code, each.position.segment, each.position.element) for each in found.issues]


def data_of(found: TransactionSet) -> bytes:
    assert found.root is not None
    (segment,) = [segment for segment in found.root.walk() if segment.id == "BIN"]
    assert isinstance(segment, BinarySegment)
    return segment.element(2).encode("latin-1")


@pytest.mark.parametrize(
    "data",
    [b"plain", b"a~b*c>d~SE*3*0001~", b"~", b"\x00\xff\r\n~\r\n", b"IEA*1*000000001~", ISA.encode(), b"~BIN*5*12345~"],
)
@pytest.mark.parametrize("chunk", [1, 7, 50_000])
def test_data_of_any_bytes_is_one_element(data, chunk) -> None:
    found = read(status(b"BIN*%d*%b~" % (len(data), data)), chunk=chunk)
    assert faults(found) == []
    assert data_of(found) == data
    assert found.segments == 6


@settings(max_examples=150, deadline=None)
@given(st.binary(min_size=1, max_size=300), st.integers(1, 400))
def test_whatever_the_bytes_and_the_chunks(data, chunk) -> None:
    found = read(status(b"BIN*%d*%b~\r\n" % (len(data), data)), chunk=chunk)
    assert faults(found) == []
    assert data_of(found) == data


def test_two_binary_segments_follow_each_other() -> None:
    found = read(status(b"BIN*3*a~b~EFI*05~\r\nBIN*3*~~~~", segments=8))
    assert faults(found) == []
    assert found.segments == 8


def test_data_of_many_windows_is_kept_up_to_the_cap() -> None:
    data = bytes(range(256)) * 2_000
    assert data_of(read(status(b"BIN*%d*%b~" % (len(data), data)))) == data


def test_data_over_the_cap_is_read_past_and_reported_once() -> None:
    data = b"~SE*1*1~" * 40_000
    found = read(status(b"BIN*%d*%b~" % (len(data), data)), max_binary_bytes=100_000)
    assert [issue.code for issue in found.issues] == ["x12.segment.too_large"]
    assert "100000" in found.issues[0].message
    assert found.segments == 6


@pytest.mark.parametrize(
    ("binary", "kept", "code"),
    [
        (b"BIN*9*abc~", b"abc", "x12.binary.too_short"),
        (b"BIN*200*abc~", b"abc", "x12.binary.too_short"),
        (b"BIN*2*abc~", b"abc", "x12.binary.too_long"),
        (b"BIN*2*ab~c~", b"ab~c", None),
        (b"BIN*3*ab~c~", b"ab~c", "x12.binary.too_long"),
    ],
)
def test_a_wrong_length_is_placed_at_the_data_and_reading_goes_on(binary, kept, code) -> None:
    data = status(binary)
    found = read(data)
    if code is None:  # two bytes and a terminator: the rest is a segment nobody knows
        assert [issue.code for issue in found.issues] == ["x12.segment.unrecognized", "x12.se.segment_count"]
        return
    assert faults(found) == [(code, 5, 2)]
    assert found.issues[0].position.offset == data.index(b"abc" if b"abc" in binary else b"ab~c")
    assert data_of(found) == kept
    assert found.segments == 6


def test_a_length_that_is_no_number_is_a_fault_of_its_element() -> None:
    assert faults(read(status(b"BIN*x*abc~"))) == [("x12.element.character", 5, 1)]


def test_no_data_is_a_missing_element() -> None:
    assert faults(read(status(b"BIN*0*~"))) == [
        ("x12.element.missing", 5, 2),
        ("x12.element.trailing_separators", 5, 2),
    ]


def test_a_length_beyond_the_file_does_not_hide_that_it_ended() -> None:
    found = read(status(b"BIN*999999999999999*abc~"))
    assert [issue.code for issue in found.issues] == ["x12.segment.too_large", "x12.se.missing"]


def test_a_file_that_ends_with_its_data_has_no_terminator() -> None:
    found = read(HEAD.encode() + b"EFI*05~BIN*3*abc")
    assert [issue.code for issue in found.issues] == ["x12.segment.unterminated", "x12.se.missing"]


def test_a_description_that_ends_like_the_id_is_text() -> None:
    data = f"{ISA}GS*PO*ACME*TRADELANE*20260115*1200*1*X*004010~ST*850*0001~BEG*00*SA*PO1**20260115~"
    lines = "PO1*1*5*EA*9.25~PID*F****CABIN*5*~MSG*BIN*5*~"
    found = read((data + lines + "CTT*1~SE*7*0001~GE*1*1~IEA*1*000000001~").encode())
    assert "x12.binary.too_short" not in {issue.code for issue in found.issues}
    assert found.segments == 7


def test_bds_has_its_length_after_the_filter() -> None:
    found = read(status(b"BDS*ASC*4*~*>~~"))
    assert [issue.code for issue in found.issues] == ["x12.segment.unrecognized", "x12.segment.missing"]
    assert found.segments == 6


def written(bodies: list[list[list[str]]]) -> bytes:
    group = OutboundGroup("QM", "ACME", "TRADELANE", "004010", [OutboundSet("214", body) for body in bodies])
    interchange = OutboundInterchange(("ZZ", "ACME"), ("ZZ", "TRADELANE"), groups=[group])
    return write_interchange(interchange, numbers=ControlNumbers(1, (1,)), at=datetime(2026, 1, 15, 12, tzinfo=UTC))


@pytest.mark.parametrize("data", ["plain", "a~b*c>d", "\x00\xff~", "~" * 300])
def test_binary_data_is_written_as_it_is_and_read_back(data) -> None:
    body = [["B10", "PRO-1", "SHIP-1", "SCAC"], ["LX", "1"], ["EFI", "05"], ["BIN", str(len(data)), data]]
    again = read(written([body]))
    assert faults(again) == []
    assert data_of(again) == data.encode("latin-1")
    assert again.root is not None
    (segment,) = [each for each in again.root.walk() if each.id == "BIN"]
    assert elements_of(segment, Delimiters()) == ["BIN", str(len(data)), data]


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        (["BIN", "4", "abc"], "says '4' for data of 3 bytes"),
        (["BIN", "x", "abc"], "says 'x'"),
        (["BIN", "abc"], "says ''"),
        (["BIN", "1", "\u6771"], "latin-1"),
        (["BDS", "A~C", "3", "abc"], "delimiter"),
    ],
)
def test_binary_data_of_another_length_is_not_written(segment, reason) -> None:
    with pytest.raises(WritingError, match=reason):
        written([[segment]])


def test_where_binary_stands_outside_a_set_it_is_stray_as_a_whole() -> None:
    data = f"{ISA}BIN*9*~SE*1*1~ ~IEA*0*000000001~".encode()
    events = list(read_x12([data], guides=GuideLibrary.shipped()))
    assert [type(event).__name__ for event in events] == ["InterchangeStart", "InterchangeEnd"]
