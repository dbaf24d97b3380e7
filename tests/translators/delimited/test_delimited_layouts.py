"""Layouts as data: all their mistakes in one pass, each at its line and column."""

from __future__ import annotations

import pytest

from tests.translators.delimited.delimited_files import ORDERS, RECORDS, layout
from translators.datafile import LoadError
from translators.delimited.layout import Grain, Scope


def faults(text: str) -> list[str]:
    with pytest.raises(LoadError) as caught:
        layout(text)
    return [str(fault).removeprefix("orders.layout.yaml:") for fault in caught.value.faults]


def test_a_layout_reads_into_its_columns() -> None:
    found = layout(ORDERS)
    assert (found.delimiter, found.header, found.grain, found.group_by) == (",", True, Grain.GROUP, ("po",))
    po = found.records[0].column("po")
    assert (po.header, po.scope, po.required, po.shortest, po.longest) == ("PO Number", Scope.DOCUMENT, True, 1, 22)
    assert [column.name for column in found.document_columns()] == ["po", "date"]
    assert found.records[0].column("nothing") is None


def test_records_read_into_their_types() -> None:
    found = layout(RECORDS)
    assert [record.name for record in found.records] == ["H", "D", "T"]
    assert (found.record_at, found.begins, found.header) == (1, "H", False)
    assert found.record("D").required
    assert found.record("T").most == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("columns: {a: {}}\n", "1:11: a wants its characters, as at: 1-10; or give the file a delimiter"),
        ("columns: {a: {at: 5-2}}\n", "1:11: a wants its characters, as at: 1-10; or give the file a delimiter"),
        ("delimiter: tab\n", "1:1: want either columns (rows of one type) or records (rows of several)"),
        ("delimiter: ab\ncolumns: {a: {}}\n",
         "1:1: delimiter is ab; want tab, pipe, comma, semicolon or one character"),
        ("delimeter: tab\ncolumns: {a: {at: 1-2}}\n", '1:1: a layout has no "delimeter"; did you mean "delimiter"?'),
        ("delimiter: tab\ncolumns: {A: {}}\n", "2:11: A is no name of a column; want small letters, digits and _"),
        ("delimiter: tab\ncolumns: {a: {typ: text}}\n", '2:15: a column has no "typ"; did you mean "type"?'),
        ("delimiter: tab\ncolumns: {a: {type: int}}\n", "2:14: type is int; want text, number, integer, date"),
        ("delimiter: tab\ncolumns: {a: {length: 9-1}}\n", "2:14: length is 9-1; want 1-22, or 5"),
        ("delimiter: tab\ncolumns: {a: {required: maybe}}\n", "2:14: required is maybe; want yes or no"),
        ("delimiter: tab\ncolumns: {a: {at: x}}\n", "2:14: at is x; want the number of the column, from 1"),
        ("delimiter: tab\ncolumns: {a: {header: b}, b: {}}\n", "2:10: b and a have one header, b"),
        ("delimiter: tab\ngroup_by: [p]\ncolumns: {po: {}}\n", '1:1: group_by: no column "p"; did you mean "po"?'),
        ("delimiter: tab\ncolumns: []\n", "2:10: columns wants a name and what it holds each, as qty: {type: number}"),
        ("delimiter: tab\nencoding: utf8\ncolumns: {a: {}}\n",
         "1:1: encoding is utf8; want utf-8, cp1252, windows-1252, latin-1, iso-8859-1, utf-16, ascii"),
        ("delimiter: tab\ndocument: file\ngroup_by: [a]\ncolumns: {a: {}}\n",
         "1:1: document and group_by exclude each other; give one"),
        ("delimiter: tab\nrecords: {H: {columns: {a: {}}}}\n",
         "1:1: begins wants the type of row that begins a document; there is H"),
        ("delimiter: tab\nbegins: H\nrecords: {by: 0, H: {columns: {a: {}}}}\n",
         "3:15: by wants the number of the column that says a row's type, as 1"),
        ("begins: H\nrecords: {by: 2, H: {columns: {a: {at: 1-2}}}}\n",
         "2:15: by wants the characters that say a row's type, as 1-2"),
        ("delimiter: tab\nbegins: H\nrecords: {H: {most: x, columns: {a: {}}}}\n", "3:14: most is x; want a number"),
        ("delimiter: tab\nbegins: H\nrecords: {H: {}}\n", "3:11: H has no columns"),
        ("delimiter: tab\nbegins: H\nheader: yes\nrecords: {H: {columns: {a: {}}}}\n",
         "1:1: only rows of one type, with a delimiter, have a header"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(text, expected) -> None:
    assert expected in faults(text)


@pytest.mark.parametrize("said", ["date", "text CCYY", "date CCYYQQ"])
def test_a_date_and_only_a_date_has_a_pattern(said) -> None:
    assert any(
        "a date says its pattern" in fault for fault in faults(f"delimiter: tab\ncolumns: {{a: {{type: {said}}}}}\n")
    )


def test_all_mistakes_come_in_one_pass() -> None:
    text = "delimiter: tab\nheader: perhaps\ncolors: 1\ncolumns:\n  a: {type: int}\n  B: {}\n"
    assert len(faults(text)) == 4
