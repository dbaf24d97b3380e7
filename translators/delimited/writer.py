"""Documents to delimited or fixed-width bytes, as a layout says; what would run as a formula is made plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from translators.delimited.formulas import neutralised
from translators.delimited.layout import ENCODINGS, Column, ColumnType, Grain, Layout, RecordLayout
from translators.delimited.values import fault_of
from translators.errors import WritingError, shown
from translators.tree import Node


def write_delimited(documents: Iterable[Node], layout: Layout) -> bytes:
    """The bytes of a file.

    Args:
        documents: roots as the reader gives them: attributes by column name, children its rows.
        layout: the form; columns stand in the order of their numbers, or at their characters.

    Raises:
        WritingError: a value cannot stand in its column, with its row and name.
    """
    lines = [_line([column.header for column in _ordered(layout.records[0])], layout)] if layout.header else []
    for ordinal, document in enumerate(documents, 1):
        lines += [_row(node, layout, f"document {ordinal}") for node in _rows(document, layout)]
    text = "".join(line + layout.line_end for line in lines)
    codec = ENCODINGS[layout.encoding]
    if layout.bom and codec == "utf-8":
        codec = "utf-8-sig"
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        found = shown(text[error.start])
        raise WritingError("the file", f"{found} cannot be written in {layout.encoding}") from error


def _rows(document: Node, layout: Layout) -> Iterator[Node]:
    """The rows of a document, with what is said of the whole of it in each (or in the one that begins it)."""
    if layout.grain is Grain.RECORDS:
        yield Node(layout.begins, attributes=document.attributes)
        yield from document.children
        return
    for row in document.children or ([Node(layout.records[0].name)] if document.attributes else []):
        yield Node(row.name, attributes={**document.attributes, **row.attributes})


def _row(node: Node, layout: Layout, place: str) -> str:
    record = layout.record(node.name)
    if record is None:
        raise WritingError(place, f"a row of type {shown(node.name)} is not in the layout")
    for name in node.attributes:
        if record.column(name) is None:
            raise WritingError(f"{place}, {record.name}", f"there is no column {shown(name)}")
    if layout.fixed:
        return _fixed(record, node, layout, place)
    values: dict[int, str] = {}
    if isinstance(layout.record_at, int):
        values[layout.record_at] = record.name
    for column in record.columns:
        if column.number != layout.record_at:
            values[column.number] = _value(column, node, f"{place}, {record.name}")
    return _line([values.get(at, "") for at in range(1, max(values) + 1)], layout)


def _value(column: Column, node: Node, place: str) -> str:
    value = node.attributes.get(column.name, "")
    if not value:
        if column.required:
            raise WritingError(f"{place}, {column.name}", "is missing; it must be there")
        return ""
    if column.decimal == "," and column.type is ColumnType.NUMBER:
        value = value.replace(".", ",")
    fault = fault_of(value, column)
    if fault is not None:
        raise WritingError(f"{place}, {column.name}", fault[1])
    return value


def _line(values: list[str], layout: Layout) -> str:
    return layout.delimiter.join(_cell(value, layout) for value in values)


def _cell(value: str, layout: Layout) -> str:
    value = neutralised(value)
    delimiter, quote = layout.delimiter, layout.quote
    if not any(mark in value for mark in (delimiter, "\r", "\n", quote or delimiter)) and value.strip() == value:
        return value
    if quote:
        return quote + value.replace(quote, quote * 2) + quote
    if delimiter in value or "\r" in value or "\n" in value:
        raise WritingError(shown(value), "holds the delimiter or a line end, and the layout has no quotes")
    return value


def _fixed(record: RecordLayout, node: Node, layout: Layout, place: str) -> str:
    line: list[str] = []
    parts = [
        (column.span or (1, 1), _value(column, node, f"{place}, {record.name}"), column) for column in record.columns
    ]
    spans = [span for span, _, _ in parts]
    if isinstance(layout.record_at, tuple):
        spans.append(layout.record_at)
        line = _put(line, layout.record_at, record.name)
    for span, value, column in parts:
        where = f"{place}, {record.name}, {column.name}"
        if len(value) > span[1] - span[0] + 1:
            raise WritingError(where, f"{shown(value)} is longer than its {span[1] - span[0] + 1} characters")
        if "\r" in value or "\n" in value or value != value.strip(" "):
            raise WritingError(where, f"{shown(value)} holds a line end, or blanks that would be lost")
        line = _put(line, span, value)
    width = max(end for _, end in spans)
    return "".join(line).ljust(width)


def _put(line: list[str], span: tuple[int, int], value: str) -> list[str]:
    """The line with a value at its characters."""
    line = line + [" "] * (span[1] - len(line))
    line[span[0] - 1 : span[1]] = value.ljust(span[1] - span[0] + 1)
    return line


def _ordered(record: RecordLayout) -> list[Column]:
    return sorted(record.columns, key=lambda column: column.number)
