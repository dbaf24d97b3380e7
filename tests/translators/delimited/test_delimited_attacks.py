"""Hostile delimited text: every cap ends the reading with one issue, in bounded memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.translators.delimited.delimited_files import ORDERS, RECORDS, codes, layout, read
from translators.delimited.reader import read_delimited

MIB = 1024 * 1024
HEADER = b"PO Number,Date,SKU,Qty,Unit\r\n"


def endless(opening: bytes, piece: bytes, fed: list[int]) -> Iterator[bytes]:
    yield opening
    for _ in range(1024):
        fed.append(len(piece))
        yield piece


@pytest.mark.parametrize("piece", [b"x" * MIB, b"x\r\n" * (MIB // 3), b'""' * (MIB // 2), b"x\n" * (MIB // 2)])
def test_a_gigabyte_between_quotes_is_given_up_within_a_few_megabytes(piece) -> None:
    fed: list[int] = []
    tracemalloc.start()
    found = list(read_delimited(endless(HEADER + b'45,2026-07-01,"', piece, fed), layout(ORDERS)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert codes(found) == ["delimited.too_large"]
    assert sum(fed) <= 4 * MIB
    assert peak < 64 * MIB


def test_a_line_without_an_end_is_given_up() -> None:
    fed: list[int] = []
    found = list(read_delimited(endless(HEADER, b"x" * MIB, fed), layout(ORDERS)))
    assert codes(found) == ["delimited.too_large"]
    assert sum(fed) <= 3 * MIB


def test_a_million_columns_are_given_up() -> None:
    assert codes(read(b"a," * 1_000_000)) == ["delimited.too_large"]
    assert codes(read(b"," * 1_000)) == ["delimited.too_many_columns"]
    assert codes(read(HEADER + b"," * 1_000 + b"x")) == ["delimited.too_many_columns"]


def test_a_value_a_document_and_a_file_have_their_caps() -> None:
    row = b"45,2026-07-01,A,1,EA\n"
    assert codes(read(HEADER + b"45,2026-07-01," + b"A" * 65_537 + b",1,EA\n")) == ["delimited.too_large"]
    assert codes(read(HEADER + row * 11, document_rows=10)) == ["delimited.too_large"]
    assert codes(read(HEADER + row * 10, document_rows=10)) == []
    assert codes(read(HEADER + row * 11, rows=11)) == ["delimited.too_large"]
    assert codes(read(HEADER + row * 10, rows=11)) == []


def test_many_documents_take_the_memory_of_one() -> None:
    def chunks() -> Iterator[bytes]:
        yield HEADER
        for number in range(20_000):
            yield b"%d,2026-07-01,A,1,EA\r\n" % number

    tracemalloc.start()
    count = sum(1 for document in read_delimited(chunks(), layout(ORDERS)) if document.accepted)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 16 * MIB


def test_a_hostile_value_is_cut_and_escaped_in_the_message() -> None:
    (found,) = read(HEADER + b"45,2026-07-01,A,1," + b"\x1b[31m" * 1000 + b"\n")
    assert all(len(issue.message) < 300 and "\x1b" not in issue.message for issue in found.issues)


@given(st.binary(max_size=200), st.sampled_from([ORDERS, RECORDS]))
def test_any_bytes_end_in_documents_and_issues_never_in_an_exception(content, text) -> None:
    for document in read(content, text):
        assert document.accepted or document.issues
