"""Delimited and fixed-width text to documents: dialects, encodings, groups, record types, faults and their places."""

from __future__ import annotations

import pytest

from tests.translators.delimited.delimited_files import FIXED, ORDERS, RECORDS, codes, layout, read
from translators.delimited.reader import read_delimited

HEADER = b"PO Number,Date,SKU,Qty,Unit\r\n"
PLAIN = HEADER + b"45,2026-07-01,A1,10,EA\r\n45,2026-07-01,B2,2.5,CA\r\n46,2026-07-02,A1,1,EA\r\n"


def test_many_rows_with_one_key_make_one_document() -> None:
    first, second = read(PLAIN)
    assert first.accepted
    assert second.accepted
    assert first.root.attributes == {"po": "45", "date": "2026-07-01"}
    assert [row.attributes["sku"] for row in first.root.children] == ["A1", "B2"]
    assert [row.name for row in first.root.children] == ["row", "row"]
    assert [row.attributes["qty"] for row in second.root.children] == ["1"]
    assert (first.ordinal, second.ordinal) == (1, 2)


def test_every_row_or_the_whole_file_may_be_one_document() -> None:
    each = read(PLAIN, ORDERS.replace("group_by: [po]", "document: row"))
    assert [document.root.attributes["sku"] for document in each] == ["A1", "B2", "A1"]
    (whole,) = read(PLAIN, ORDERS.replace("group_by: [po]", "document: file").replace("per: document, ", ""))
    assert whole.root.attributes == {}
    assert len(whole.root.children) == 3


def test_record_types_make_documents_from_their_first_row() -> None:
    first, second = read(b"H|7\nD|A1|3\nD|B2|4\nT|2\nH|8\nD|C3|1\n", RECORDS)
    assert first.accepted
    assert first.root.attributes == {"kind": "H", "number": "7"}
    assert [(row.name, row.attributes.get("sku")) for row in first.root.children] == [
        ("D", "A1"),
        ("D", "B2"),
        ("T", None),
    ]
    assert second.root.attributes["number"] == "8"


def test_fixed_width_values_lose_the_blanks_that_fill_them() -> None:
    (found,) = read("AB12    10 Käse     \r\nC3    0003\r\n".encode("latin-1"), FIXED)
    assert found.accepted
    assert [dict(row.attributes) for row in found.root.children] == [
        {"sku": "AB12", "qty": "10", "name": "Käse"},
        {"sku": "C3", "qty": "0003", "name": ""},
    ]


def test_fixed_width_rows_have_types_too() -> None:
    text = "begins: HD\nrecords:\n  by: 1-2\n  HD: {columns: {n: {at: 3-5}}}\n  LN: {columns: {q: {at: 3-4}}}\n"
    (found,) = read(b"HD001\nLN12\nLN 3\n", text)
    assert found.root.attributes == {"n": "001"}
    assert [row.attributes["q"] for row in found.root.children] == ["12", "3"]
    (found,) = read(b"XX001\n", text)
    assert [issue.code for issue in found.issues] == ["delimited.record.unknown"]
    assert found.issues[0].value == "XX"


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("utf-8", "käse".encode()),
        ("utf-8", b"\xef\xbb\xbf" + "käse".encode()),
        ("cp1252", "käse".encode("cp1252")),
        ("latin-1", "käse".encode("latin-1")),
        ("utf-16", "\ufeffkäse".encode("utf-16-le")),
        ("utf-16", "\ufeffkäse".encode("utf-16-be")),
    ],
)
def test_an_agreed_encoding_is_read_with_or_without_its_mark(encoding, content) -> None:
    text = f"delimiter: tab\nheader: no\nencoding: {encoding}\ncolumns: {{name: {{}}}}\n"
    (found,) = read(content, text)
    assert found.accepted
    assert found.root.attributes == {"name": "käse"}


@pytest.mark.parametrize(
    ("encoding", "content", "offset"),
    [
        ("utf-8", b"ok\r\nk\xe4se\r\n", 5),
        ("utf-8", "\ufeffx".encode("utf-16-le"), 0),
        ("cp1252", b"a\x81", 1),
        ("ascii", b"a\n\xff", 2),
        ("utf-16", b"no mark", 0),
        ("utf-16", b"\xff\xfea\x00\x00\xd8", 4),
    ],
)
def test_bytes_of_another_encoding_are_told_with_their_offset(encoding, content, offset) -> None:
    text = f"delimiter: tab\nheader: no\nencoding: {encoding}\ncolumns: {{name: {{}}}}\n"
    last = read(content, text)[-1]
    assert last.root is None
    assert [issue.code for issue in last.issues] == ["delimited.encoding"]
    assert last.issues[0].position.offset == offset


def test_line_ends_of_all_kinds_may_be_mixed() -> None:
    text = "delimiter: tab\nheader: no\ncolumns: {name: {}}\n"
    found = read(b"a\r\nb\nc\rd\r\n\r\n\ne", text)
    assert [document.root.attributes["name"] for document in found] == ["a", "b", "c", "d", "e"]
    assert [document.root.line for document in found] == [1, 2, 3, 4, 7]


def test_documents_and_places_are_the_same_however_the_bytes_are_cut() -> None:
    content = HEADER + 'é,2026-07-01,"A\r\n""1",x,EA\r46,2026-07-02,B,1,EA\n'.encode()
    whole = list(read_delimited([content], layout(ORDERS)))
    cut = list(read_delimited([content[at : at + 1] for at in range(len(content))], layout(ORDERS)))
    assert [document.issues for document in cut] == [document.issues for document in whole]
    assert [dict(document.root.attributes) for document in cut] == [
        dict(document.root.attributes) for document in whole
    ]
    assert [row.offset for document in cut for row in document.root.children] == [len(HEADER), len(HEADER) + 28]


def test_quoted_values_hold_delimiters_line_ends_and_doubled_quotes() -> None:
    (found,) = read(HEADER + b'45,2026-07-01,"a ""b"", c\r\nd",1,EA\r\n')
    assert found.accepted
    (row,) = found.root.children
    assert row.attributes["sku"] == 'a "b", c\r\nd'
    assert (row.place("qty").line, row.place("qty").column) == (3, 4)


def test_a_quote_inside_an_unquoted_value_is_a_character() -> None:
    (found,) = read(HEADER + b'45,2026-07-01,6" nail,1,EA\r\n')
    assert found.accepted
    assert found.root.children[0].attributes["sku"] == '6" nail'


def test_a_layout_without_quotes_takes_them_as_they_stand() -> None:
    (found,) = read(b'"a"\n', "delimiter: tab\nquote: none\nheader: no\ncolumns: {name: {}}\n")
    assert found.root.attributes == {"name": '"a"'}


def test_places_count_characters_for_columns_and_bytes_for_offsets() -> None:
    (found,) = read(HEADER + "45,2026-07-01,Käse,zehn,EA\r\n".encode())
    (issue,) = found.issues
    assert issue.code == "delimited.value.number"
    assert issue.value == "zehn"
    position = issue.position
    assert (position.line, position.column, position.element, position.path) == (2, 20, 4, "qty")
    assert position.offset == len(HEADER) + 20


@pytest.mark.parametrize(
    ("row", "code", "path"),
    [
        (b",2026-07-01,A,1,EA", "delimited.value.missing", "po"),
        (b"45,2026-07-01,,1,EA", "delimited.value.missing", "sku"),
        (b"45,2026-02-30,A,1,EA", "delimited.value.date", "date"),
        (b"45,20260701,A,1,EA", "delimited.value.date", "date"),
        (b"45,2026-07-01,A,1e400,EA", "delimited.value.number", "qty"),
        (b"45,2026-07-01,A,NaN,EA", "delimited.value.number", "qty"),
        (b"45,2026-07-01,A,1,BX", "delimited.value.code", "unit"),
        (b"12345678901234567890123,2026-07-01,A,1,EA", "delimited.value.length", "po"),
        (b"45,2026-07-01,A\x00B,1,EA", "delimited.character", None),
        (b"45,2026-07-01,A,1,EA,more", "delimited.row.long", None),
        (b'45,2026-07-01,"A"B,1,EA', "delimited.quote.text_after", None),
        (b'45,2026-07-01,"A,1,EA', "delimited.quote.open", None),
    ],
)
def test_each_fault_of_a_value_is_told_once_at_its_place(row, code, path) -> None:
    found = read(HEADER + row + b"\r\n")
    assert not found[0].accepted
    issues = [issue for issue in found[0].issues if issue.code == code]
    assert len(issues) == 1
    assert issues[0].position.path == path
    assert issues[0].position.line == 2


def test_values_past_the_agreed_columns_do_not_matter_where_they_are_empty() -> None:
    (found,) = read(HEADER + b"45,2026-07-01,A,1,EA,,,\r\n,,,,\r\n")
    assert found.accepted
    assert len(found.root.children) == 1


def test_a_value_of_the_whole_document_must_be_the_same_in_its_rows() -> None:
    (found,) = read(HEADER + b"45,2026-07-01,A,1,EA\n45,2026-07-02,B,1,EA\n")
    (issue,) = found.issues
    assert issue.code == "delimited.value.differs"
    assert (issue.position.line, issue.position.path) == (3, "date")


def test_rows_of_one_document_must_stand_together() -> None:
    found = read(HEADER + b"45,2026-07-01,A,1,EA\n46,2026-07-01,A,1,EA\n45,2026-07-01,B,1,EA\n")
    assert [document.accepted for document in found] == [True, True, False]
    assert codes(found) == ["delimited.group.apart"]
    assert found[2].issues[0].position.line == 4


def test_a_fault_of_one_document_leaves_the_others_accepted() -> None:
    found = read(HEADER + b"45,2026-07-01,A,x,EA\n46,2026-07-01,A,1,EA\n")
    assert [document.accepted for document in found] == [False, True]


def test_headers_are_found_in_any_order_and_case() -> None:
    (found,) = read(b"unit, sku ,PO NUMBER,qty,date\nEA,A1,45,3,2026-07-01\n")
    assert found.accepted
    assert dict(found.root.children[0].attributes) == {
        "po": "45", "date": "2026-07-01", "sku": "A1", "qty": "3", "unit": "EA",
    }  # fmt: skip
    assert found.root.place("po").column == 7


@pytest.mark.parametrize(
    ("header", "expected", "column"),
    [
        (b"PO Number,Date,Qty,Unit", ["delimited.header.missing"], 24),
        (b"PO Number,Date,SKU,sku,Qty,Unit", ["delimited.header.duplicate"], 20),
        (b"PO Number,SKU,SKU", ["delimited.header.duplicate"], 15),
    ],
)
def test_a_header_that_cannot_be_used_ends_the_reading(header, expected, column) -> None:
    (found,) = read(header + b"\n45,2026-07-01,A,1,EA\n")
    assert found.root is None
    assert [issue.code for issue in found.issues] == expected
    assert found.issues[0].position.column == column


def test_a_column_nobody_agreed_is_a_warning_and_an_optional_one_may_lack() -> None:
    (found,) = read(b"PO Number,SKU,Colour\n45,A1,red\n")
    assert found.accepted
    assert [issue.code for issue in found.issues] == ["delimited.header.unknown"]
    assert found.root.attributes == {"po": "45"}


@pytest.mark.parametrize("content", [b"", b"\r\n\r\n", HEADER, b"\xef\xbb\xbf", HEADER + b",,,,\r\n"])
def test_a_file_without_rows_is_told(content) -> None:
    (found,) = read(content)
    assert found.root is None
    assert [issue.code for issue in found.issues] == ["delimited.empty"]


def test_rows_before_the_first_document_and_of_unknown_type_are_told() -> None:
    found = read(b"D|A1|3\nH|7\nX|1\nD|A1|3\n", RECORDS)
    assert codes(found) == ["delimited.record.orphan", "delimited.record.unknown"]
    found = read(b"D|A1|3\n", RECORDS)
    assert found[0].root is None


def test_record_types_must_be_there_and_not_too_often() -> None:
    found = read(b"H|7\nT|0\nT|0\n", RECORDS)
    assert codes(found) == ["delimited.record.missing", "delimited.record.too_many"]
    assert found[0].issues[1].position.line == 3


def test_a_decimal_comma_reads_as_a_point_and_a_thousands_point_does_not() -> None:
    text = "delimiter: semicolon\nheader: no\ncolumns: {qty: {type: number, decimal: comma}}\n"
    (found,) = read(b"1234,50\n", text)
    assert found.root.attributes == {"qty": "1234.50"}
    for wrong in (b"1.234,50\n", b"1.5\n", b"1,2,3\n"):
        (found,) = read(wrong, text)
        assert codes([found]) == ["delimited.value.number"]
        assert found.issues[0].value == wrong.decode().strip()


def test_more_issues_than_are_listed_end_with_one_that_says_so() -> None:
    (found,) = read(HEADER + b"45,2026-07-01,A,x,EA\n" * 1500)
    assert len(found.issues) == 1001
    assert found.issues[-1].code == "delimited.issues.capped"
    assert "500 or more" in found.issues[-1].message


def test_a_column_that_the_file_does_not_have_stands_at_the_end_of_its_row() -> None:
    (found,) = read(b"PO Number,Date,SKU\r\n45,2026-07-01,A1\r\n")
    (row,) = found.root.children
    position = row.place("qty")
    assert (position.line, position.column, position.offset, position.path) == (2, 17, 36, "qty")
    assert row.span("qty") == (36, 36)
    assert found.root.place("unit").column == 17
