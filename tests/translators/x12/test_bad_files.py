"""Files that are no X12, or X12 gone wrong as a whole: a located issue, bounded memory, nothing good lost."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from itertools import islice

import pytest

from translators.x12.model import TransactionSet
from translators.x12.reader import ReadOptions, read_x12

MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE


class CountedChunks:
    """Chunks without end or count, and how many bytes of them were taken."""

    def __init__(self, first: bytes, repeated: bytes, times: int) -> None:
        self.taken = 0
        self._first, self._repeated, self._times = first, repeated, times

    def __iter__(self) -> Iterator[bytes]:
        self.taken = len(self._first)
        yield self._first
        for _ in range(self._times):
            self.taken += len(self._repeated)
            yield self._repeated


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\xef\xbb\xbf", b"  \x00\x1a\n"])
def test_a_file_without_a_byte_that_counts_is_empty(x12, data) -> None:
    seen = x12.read(data)
    assert seen.kinds == ["Stray"]
    assert seen.codes == ["x12.file.empty"]


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 40,
        b"PO number,line,qty\n1,2,3\n",
        b"<?xml version='1.0'?><Order/>",
        "ISA*00*".encode("utf-16-le"),
        "ISA*00*".encode("cp037"),
    ],
    ids=["binary", "csv", "xml", "utf-16", "ebcdic"],
)
def test_a_file_that_does_not_begin_with_isa_is_not_x12(x12, data) -> None:
    seen = x12.read(data)
    assert seen.kinds == ["Stray"]
    assert seen.codes == ["x12.file.not_x12"]
    assert seen.issues[0].position.offset == 0


@pytest.mark.parametrize("length", [3, 4, 50, 103, 104, 105])
def test_a_file_that_ends_inside_its_isa_is_truncated(x12, length) -> None:
    seen = x12.read(x12.isa().encode()[:length])
    assert seen.kinds == ["Stray"]
    assert seen.codes == ["x12.isa.truncated"]


def test_a_gibibyte_without_a_terminator_is_refused_after_a_mebibyte(x12) -> None:
    chunks = CountedChunks(x12.isa().encode(), b"GS*PO*" + b"x" * 65530, GIBIBYTE // 65536)
    tracemalloc.start()
    seen = x12.read(chunks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert chunks.taken <= MEBIBYTE + 4 * 65536
    assert peak < 16 * MEBIBYTE
    assert seen.kinds == ["InterchangeStart", "InterchangeEnd"]
    assert seen.codes == ["x12.segment.too_large", "x12.iea.missing"]
    assert seen.issues[0].position.offset == 106


def test_twenty_million_elements_of_one_segment_are_refused_after_a_mebibyte(x12) -> None:
    chunks = CountedChunks((x12.isa() + "GS").encode(), b"*1" * 32768, 20_000_000 // 32768 + 1)
    tracemalloc.start()
    seen = x12.read(chunks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert chunks.taken <= MEBIBYTE + 4 * 65536
    assert peak < 16 * MEBIBYTE
    assert seen.codes == ["x12.segment.too_large", "x12.iea.missing"]


def test_a_gibibyte_that_never_says_isa_is_refused_after_a_mebibyte(x12) -> None:
    chunks = CountedChunks(b"", b"x" * 65536, GIBIBYTE // 65536)
    seen = x12.read(chunks)
    assert chunks.taken <= MEBIBYTE + 4 * 65536
    assert seen.codes == ["x12.file.not_x12"]


def test_an_element_of_a_megabyte_is_reported_and_the_next_set_is_read(x12, order_segments) -> None:
    huge = x12.set("BEG*00*SA*" + "9" * 1_000_000 + "**20260115", *order_segments[1:])
    good = x12.set(*order_segments, st="ST*850*0002")
    seen = x12.read(x12.file(x12.group(huge, good)))
    assert seen.codes == ["x12.segment.too_large"]
    issue = seen.issues[0]
    assert (issue.position.segment_id, issue.position.segment) == ("BEG", 2)
    assert issue.position.offset == x12.file(x12.group(huge, good)).index(b"BEG")
    assert [each.accepted for each in seen.sets] == [False, True]


def test_a_segment_of_twenty_thousand_elements_is_reported_as_one(x12, order_segments) -> None:
    seen = x12.read(x12.order(order_segments[0], "PO1" + "*1" * 20_000, order_segments[1], "CTT*2"))
    assert seen.codes == ["x12.segment.too_many_elements"]
    assert seen.issues[0].position.segment == 3


def test_a_set_past_its_cap_is_counted_to_its_end(x12, order_segments) -> None:
    lines = ["PO1*1*5*EA*9.25"] * 50
    data = x12.order(order_segments[0], *lines, "CTT*50")
    seen = x12.read(data, options=ReadOptions(max_segments=20))
    assert seen.codes == ["x12.set.too_many_segments"]
    assert seen.sets[0].segments == 54


def test_many_faults_are_listed_up_to_a_cap_and_an_error_after_many_warnings_still_rejects(x12, order_segments) -> None:
    blanks = ["PO1*1*5*EA*9.25**UP*012345678905*"] * 1500
    seen = x12.read(x12.order(order_segments[0], *blanks, "PO1*1*5*EA*x", "CTT*1501"))
    assert seen.codes.count("x12.element.trailing_separators") == 1000
    assert seen.codes.count("x12.issues.capped") == 1
    assert seen.codes[-1] == "x12.element.character"
    assert not seen.sets[0].accepted


def test_bytes_past_ascii_are_one_character_each_and_offsets_stay_exact(x12, order_segments) -> None:
    data = x12.order(order_segments[0], "N1*BY*Café Münster", "N3*Straße 7", "PO1*1*x*EA*1", "CTT*1")
    seen = x12.read(data)
    assert seen.codes == ["x12.element.character"]
    assert data[seen.issues[0].position.offset :].startswith(b"x*EA")


@pytest.mark.parametrize("text", ["caf\x07", "caf\x9f", "caf\x7f", "two\nlines"])
def test_a_control_character_in_text_is_located(x12, order_segments, text) -> None:
    data = x12.order(order_segments[0], f"N1*BY*{text}", *order_segments[1:])
    seen = x12.read(data)
    assert seen.codes == ["x12.element.character"]
    issue = seen.issues[0]
    assert (issue.position.segment_id, issue.position.element, issue.value) == ("N1", 2, text)
    assert issue.position.loop == "N1"


def test_blank_segments_are_warned_of_and_not_counted(x12, order_segments) -> None:
    data = x12.order(*order_segments).replace(b"~PO1", b"~~~PO1")
    seen = x12.read(data)
    assert seen.codes == ["x12.segment.empty"] * 2
    assert seen.sets[0].accepted
    assert seen.sets[0].segments == 5


def test_blank_segments_outside_sets_are_warned_of(x12) -> None:
    data = x12.order().replace(b"~GS", b"~~GS").replace(b"~ST", b"~~ST").replace(b"~GE", b"~~GE")
    seen = x12.read(data)
    assert seen.codes == ["x12.segment.empty"] * 3
    assert seen.sets[0].accepted
    assert not seen.interchange.rejected


def test_several_interchanges_in_a_file_are_read_in_turn_each_with_its_delimiters(x12) -> None:
    second = x12.order().replace(b"*", b"|").replace(b"~", b"\n").replace(b"000000001", b"000000002")
    third = x12.order().replace(b"*", b"\x1d").replace(b"~", b"\x1c").replace(b"000000001", b"000000003")
    data = x12.order() + b"\r\n" + second + third
    seen = x12.read(data)
    assert seen.codes == []
    assert [each.interchange.control_number for each in seen.sets] == ["000000001", "000000002", "000000003"]
    assert [each.interchange.ordinal for each in seen.sets] == [1, 2, 3]
    assert [data[each.offset : each.offset + 2] for each in seen.sets] == [b"ST"] * 3
    ends = [event.end for event in seen.events if type(event).__name__ == "InterchangeEnd"]
    assert ends == [len(x12.order()), len(x12.order()) + 2 + len(second), len(data)]


@pytest.mark.parametrize("between", [b"\r\n", b"\n\n\n", b"   ", b"\x1a", b"\x00\x00"])
def test_line_ends_blanks_and_end_marks_between_interchanges_are_no_text(x12, between) -> None:
    seen = x12.read(x12.order() + between + x12.order() + between)
    assert seen.codes == []
    assert len(seen.sets) == 2


def test_text_between_interchanges_is_an_issue_and_loses_neither(x12) -> None:
    seen = x12.read(x12.order() + b"-- sent by FTP --" + x12.order())
    assert seen.codes == ["x12.file.stray_text"]
    assert seen.issues[0].position.offset == len(x12.order())
    assert seen.issues[0].value == "-- sent by FTP --"
    assert [each.accepted for each in seen.sets] == [True, True]


def test_text_before_the_first_interchange_is_an_issue_and_loses_nothing(x12) -> None:
    seen = x12.read(b"Subject: order\n\n" + x12.order())
    assert seen.codes == ["x12.file.not_x12"]
    assert seen.sets[0].accepted


def test_text_after_the_last_interchange_is_an_issue(x12) -> None:
    seen = x12.read(x12.order() + b"\n-- \nend of file")
    assert seen.codes == ["x12.file.stray_text"]
    assert seen.sets[0].accepted
    assert not seen.interchange.rejected


def test_a_file_cut_anywhere_still_closes_what_it_opened(x12) -> None:
    data = x12.order()
    for length in range(107, len(data)):
        seen = x12.read(data[:length])
        assert seen.kinds[0] == "InterchangeStart"
        assert seen.kinds[-1] == "InterchangeEnd"
        assert seen.kinds.count("GroupStart") == seen.kinds.count("GroupEnd")
        if length < len(data) - len("~"):
            assert seen.interchange.rejected


def test_a_last_segment_without_its_terminator_is_read_with_a_warning(x12) -> None:
    seen = x12.read(x12.order()[:-1])
    assert seen.codes == ["x12.segment.unterminated"]
    assert seen.sets[0].accepted
    assert not seen.interchange.rejected
    assert seen.interchange.end == len(x12.order()) - 1


def test_memory_does_not_grow_with_the_file(x12, order_segments) -> None:
    body = "".join(f"{each}~" for each in x12.set(*order_segments)).encode()
    head = (x12.isa() + "GS*PO*ACME*TRADELANE*20260115*1200*1*X*004010~").encode()

    def peak(sets: int) -> int:
        def chunks() -> Iterator[bytes]:
            yield head
            for number in range(1, sets + 1):
                yield body.replace(b"0001", f"{number:04d}".encode())
            yield f"GE*{sets}*1~IEA*1*000000001~".encode()

        tracemalloc.start()
        issues = [issue for event in read_x12(chunks(), guides=x12.guides) for issue in event.issues]
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert issues == []
        return found

    peak(10)
    assert peak(9000) < peak(1500) + MEBIBYTE


def streamed(head: str, body: Iterator[str], tail: str) -> Iterator[bytes]:
    """A file in chunks of a thousand pieces."""
    yield head.encode()
    while chunk := "".join(islice(body, 1000)):
        yield chunk.encode()
    yield tail.encode()


def of_release_size(count: int) -> object:
    """A count that a release is tried with: run by `make soak`."""
    return pytest.param(count, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])


@pytest.mark.parametrize("sets", [8_000, of_release_size(1_000_000)])
def test_sets_without_end_cost_no_more_than_their_control_numbers(x12, sets: int) -> None:
    body = (f"ST*997*{number:09d}~AK1*PO*1~AK9*A*1*1*1~SE*4*{number:09d}~" for number in range(1, sets + 1))
    head = x12.isa() + "GS*FA*ACME*TRADELANE*20260115*1200*1*X*004010~"
    tracemalloc.start()
    events = read_x12(streamed(head, body, f"GE*{sets}*1~IEA*1*000000001~"), guides=x12.guides)
    found = sum(1 for event in events if isinstance(event, TransactionSet) and event.accepted)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == sets
    assert peak < 8 * MEBIBYTE + 150 * sets


@pytest.mark.parametrize("lines", [20_000, of_release_size(10_000_000)])
def test_segments_without_end_in_one_set_cost_no_memory(x12, order_segments, lines: int) -> None:
    body = (f"PO1*{number}*5*EA*9.25**UP*012345678905~" for number in range(lines))
    head = x12.isa() + "GS*PO*ACME*TRADELANE*20260115*1200*1*X*004010~ST*850*0001~" + order_segments[0] + "~"
    tail = f"CTT*{min(lines, 999_999)}~SE*{lines + 4}*0001~GE*1*1~IEA*1*000000001~"
    tracemalloc.start()
    events = list(read_x12(streamed(head, body, tail), guides=x12.guides))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    [found] = [event for event in events if isinstance(event, TransactionSet)]
    assert found.segments == lines + 4
    too_many = ["x12.loop.too_many"] * 1000 + ["x12.issues.capped"]  # the standard allows 100,000 lines
    assert [issue.code for issue in found.issues] == ([] if lines <= 100_000 else too_many)
    assert peak < 16 * MEBIBYTE
