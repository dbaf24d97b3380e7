"""Documents to delimited text: read back the same, formulas made plain, and what does not fit refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.translators.delimited.delimited_files import FIXED, ORDERS, RECORDS, layout
from translators.delimited.formulas import neutralised
from translators.delimited.reader import read_delimited
from translators.delimited.writer import write_delimited
from translators.errors import WritingError
from translators.tree import Node

LEADS = "=+-@\t\r\n\x00＝＋－＠"
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=10) | st.text(LEADS + "1,\"'; |A(", max_size=6)


def document(po: str, *rows: dict[str, str]) -> Node:
    return Node("document", attributes={"po": po}, children=[Node("row", attributes=row) for row in rows])


def back(content: bytes, text: str) -> list[tuple[dict[str, str], list[tuple[str, dict[str, str]]]]]:
    found = list(read_delimited([content], layout(text)))
    assert all(one.accepted for one in found), [one.issues for one in found]
    return [
        (dict(one.root.attributes), [(row.name, dict(row.attributes)) for row in one.root.children]) for one in found
    ]


def test_a_file_has_its_header_and_the_documents_values_in_each_row() -> None:
    first = document("45", {"sku": "A1", "qty": "10"}, {"sku": 'say "x", y', "unit": "CA"})
    assert write_delimited([first], layout(ORDERS)) == (
        b'PO Number,Date,SKU,Qty,Unit\r\n45,,A1,10,\r\n45,,"say ""x"", y",,CA\r\n'
    )


def test_record_types_begin_with_their_name() -> None:
    root = Node(
        "document", attributes={"number": "7"},
        children=[Node("D", attributes={"sku": "A", "qty": "3"}), Node("T", attributes={"count": "1"})],
    )  # fmt: skip
    assert write_delimited([root], layout(RECORDS)) == b"H|7\r\nD|A|3\r\nT|1\r\n"


def test_fixed_width_fills_with_blanks_and_refuses_what_is_longer() -> None:
    root = Node("document", children=[Node("row", attributes={"sku": "A1", "qty": "3", "name": "Käse"})])
    assert write_delimited([root], layout(FIXED)) == "A1    3    Käse     \r\n".encode("latin-1")
    long = Node("document", children=[Node("row", attributes={"sku": "A123456"})])
    with pytest.raises(WritingError, match="document 1, row, sku: A123456 is longer than its 6 characters"):
        write_delimited([long], layout(FIXED))


def test_a_decimal_comma_is_written_where_it_was_agreed() -> None:
    text = "delimiter: semicolon\nheader: no\nline_end: lf\ncolumns: {qty: {type: number, decimal: comma}}\n"
    assert write_delimited([Node("document", attributes={"qty": "-12.50"})], layout(text)) == b"-12,50\n"


@given(st.text(max_size=20) | TEXTS)
def test_no_cell_that_leaves_us_begins_as_a_formula(value) -> None:
    found = neutralised(value)
    assert not found.startswith(tuple(LEADS)) or found.lstrip("+-").replace(",", ".", 1).replace(".", "", 1).isascii()
    assert found.removeprefix("'") == value or found == value
    if value[:1] in tuple("=@\t\r＝"):
        assert found == "'" + value


@given(st.lists(TEXTS.filter(lambda text: text.strip()), min_size=1, max_size=5))
def test_every_cell_of_a_written_file_is_neutralised(values) -> None:
    text = "delimiter: comma\nheader: no\ndocument: file\ncolumns: {name: {}, other: {}}\n"
    rows = [Node("row", attributes={"name": value, "other": value}) for value in values if "\x00" not in value]
    written = write_delimited([Node("document", children=rows)], layout(text))
    if not rows:
        assert written == b""
        return
    ((_, found),) = back(written, text)
    assert [row["name"] for _, row in found] == [neutralised(value) for value in values if "\x00" not in value]
    assert [row["other"] for _, row in found] == [row["name"] for _, row in found]


def test_plain_numbers_keep_their_sign() -> None:
    assert [neutralised(value) for value in ("-5", "+3.25", "-1,5", "-1+1", "--1", "+1 555")] == [
        "-5", "+3.25", "-1,5", "'-1+1", "'--1", "'+1 555",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ({"sku": "A", "qty": "ten"}, "document 1, row, qty"),
        ({"sku": "A", "unit": "BX"}, "document 1, row, unit"),
        ({"qty": "1"}, "document 1, row, sku"),
        ({"sku": "A", "colour": "red"}, "document 1, row"),
    ],
)
def test_a_value_its_column_does_not_allow_is_refused_with_its_place(row, place) -> None:
    with pytest.raises(WritingError) as caught:
        write_delimited([document("45", row)], layout(ORDERS))
    assert caught.value.place == place


def test_what_the_encoding_or_a_layout_without_quotes_cannot_hold_is_refused() -> None:
    plain = "delimiter: tab\nquote: none\nheader: no\nencoding: cp1252\ncolumns: {name: {}}\n"
    for value in ("a\tb", "a\nb", "中"):
        with pytest.raises(WritingError):
            write_delimited([Node("document", attributes={"name": value})], layout(plain))
    with pytest.raises(WritingError, match="a row of type X"):
        write_delimited([Node("document", children=[Node("X")])], layout(ORDERS))
    with pytest.raises(WritingError, match="blanks"):
        write_delimited([Node("document", children=[Node("row", attributes={"sku": " A"})])], layout(FIXED))


def test_a_byte_order_mark_is_written_where_it_was_agreed() -> None:
    text = "delimiter: tab\nheader: no\nbom: yes\nline_end: lf\ncolumns: {name: {}}\n"
    assert write_delimited([Node("document", attributes={"name": "é"})], layout(text)) == "\ufeffé\n".encode()
    wide = text.replace("bom: yes", "encoding: utf-16")
    assert back(write_delimited([Node("document", attributes={"name": "é"})], layout(wide)), wide)[0][0] == {
        "name": "é"
    }
