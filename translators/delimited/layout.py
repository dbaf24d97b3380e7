"""Layout: how a delimited or fixed-width file is written, its columns, and which rows make a document. Data from YAML.

delimiter: ";"                  # or tab, pipe; leave out and give each column `at: 1-10` for fixed width
encoding: cp1252
header: yes
group_by: [po_number]           # or `document: row | file`, or `begins: H` with `records`
columns:
  po_number: {header: PO Number, required: yes, per: document, length: 1-22}
  qty:       {type: number, decimal: comma}
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ROW = "row"
"""Name of the record of a layout without `records`."""

ENCODINGS = {
    "utf-8": "utf-8",
    "cp1252": "cp1252",
    "windows-1252": "cp1252",
    "latin-1": "latin-1",
    "iso-8859-1": "latin-1",
    "utf-16": "utf-16",
    "ascii": "ascii",
}
"""What a layout or agreement may call an encoding -> Python's codec."""


class ColumnType(StrEnum):
    """What the values of a column are."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    DATE = "date"


class Scope(StrEnum):
    """Whether a column says one thing of the whole document or one of each row."""

    DOCUMENT = "document"
    ROW = "row"


class Grain(StrEnum):
    """Which rows make a document."""

    ROW = "row"
    FILE = "file"
    GROUP = "group"
    RECORDS = "records"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Args:
        name: what maps call it.
        header: how the header calls it.
        number: its place among the columns, from 1.
        span: of fixed width, the first and last character, from 1.
        pattern: of a date, in CCYY, YY, MM, DD and separators.
        decimal: of a number, its decimal mark.
        shortest, longest: characters; None for any.
        codes: what it may say; empty for anything.
        scope: a column of the document says the same in all rows of one.
    """

    name: str
    header: str
    number: int
    span: tuple[int, int] | None = None
    type: ColumnType = ColumnType.TEXT
    pattern: str = ""
    decimal: str = "."
    required: bool = False
    shortest: int | None = None
    longest: int | None = None
    codes: frozenset[str] = frozenset()
    scope: Scope = Scope.ROW


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """One type of row: its columns, and how often it stands in a document."""

    name: str
    columns: tuple[Column, ...]
    required: bool = False
    most: int | None = None

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Layout:
    """All that was agreed about a file's form.

    Args:
        delimiter: between values; "" for fixed width.
        quote: around values that hold a delimiter or line end; "" for none.
        encoding: a key of ENCODINGS.
        bom: a file of ours begins with a byte order mark (UTF-8; UTF-16 always does).
        line_end: of a file of ours.
        header: the first row names the columns.
        records: the types of row; one, named `row`, where rows are of one type.
        record_at: which column says the type of a row (its number, or its span); None where there is one type.
        grain: which rows make a document.
        group_by: the columns whose values tell documents apart.
        begins: the type of row that begins a document.
    """

    name: str
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    bom: bool = False
    line_end: str = "\r\n"
    header: bool = True
    records: tuple[RecordLayout, ...] = ()
    record_at: int | tuple[int, int] | None = None
    grain: Grain = Grain.ROW
    group_by: tuple[str, ...] = ()
    begins: str = ""

    @property
    def fixed(self) -> bool:
        """Columns are told by their place, not by a delimiter."""
        return not self.delimiter

    def record(self, name: str) -> RecordLayout | None:
        """The type of row of that name."""
        return next((record for record in self.records if record.name == name), None)

    def document_columns(self) -> tuple[Column, ...]:
        """The columns that say something of the whole document, which stand at its root."""
        if self.grain is Grain.RECORDS:
            begins = self.record(self.begins)
            return begins.columns if begins is not None else ()
        columns = self.records[0].columns
        if self.grain is Grain.ROW:
            return columns
        return tuple(column for column in columns if column.scope is Scope.DOCUMENT)
