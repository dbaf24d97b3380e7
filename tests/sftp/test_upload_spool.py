from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftp.spool import MEMORY_BYTES, Coverage, Spool

RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), max_size=25)


@given(RANGES, st.none() | st.integers(0, 60))
def test_coverage_knows_what_a_set_of_bytes_knows(ranges: list[tuple[int, int]], cut: int | None) -> None:
    coverage, seen = Coverage(), set[int]()
    for start, length in ranges:
        coverage.add(start, start + length)
        seen |= set(range(start, start + length))
    if cut is not None:
        coverage.cut(cut)
        seen = {byte for byte in seen if byte < cut}
    assert coverage.reaches() == next(byte for byte in range(100) if byte not in seen)
    starts = [byte for byte in seen if byte - 1 not in seen]
    assert coverage.pieces == len(starts)


@given(st.lists(st.tuples(st.integers(0, 40), st.binary(min_size=1, max_size=10)), max_size=12))
def test_a_spool_holds_what_was_written_last_at_each_place(writes: list[tuple[int, bytes]]) -> None:
    spool, expected, seen = Spool(), bytearray(), set[int]()
    for offset, block in writes:
        spool.write(offset, block)
        expected.extend(bytes(max(0, offset + len(block) - len(expected))))
        expected[offset : offset + len(block)] = block
        seen |= set(range(offset, offset + len(block)))
    assert spool.size == len(expected)
    assert spool.is_whole == (seen == set(range(len(expected))))
    assert spool.content().read() == bytes(expected)
    spool.close()


def test_a_large_file_leaves_memory_and_can_still_be_cut(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    block = bytes(range(256)) * 1024
    for number in range(8):
        spool.write(number * len(block), block)
    spool.truncate(MEMORY_BYTES + 3)
    assert (spool.size, spool.is_whole) == (MEMORY_BYTES + 3, True)
    assert spool.content().read() == (block * 8)[: MEMORY_BYTES + 3]
    spool.write(spool.size, b"end")
    assert spool.content().read().endswith(b"end")
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_an_os_error(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "gone")
    with pytest.raises(OSError):
        spool.write(0, bytes(MEMORY_BYTES + 1))
    spool.close()


def test_a_write_after_the_content_was_looked_at_lands_where_it_should() -> None:
    spool = Spool()
    spool.write(0, b"ISA")
    spool.content()
    spool.write(3, b"*00")
    assert spool.content().read() == b"ISA*00"
    spool.close()
