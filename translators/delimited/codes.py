"""Every fault the reader of delimited and fixed-width text reports."""

from __future__ import annotations

from translators.errors import Severity
from translators.reading import FormatFault, fault_table

FAULTS = fault_table(
    FormatFault("delimited.empty", 1, "the file holds no row"),
    FormatFault("delimited.encoding", 1, "bytes that are not text in the agreed encoding"),
    FormatFault("delimited.too_large", 1, "a row, a value, or a document is larger than its cap"),
    FormatFault("delimited.too_many_columns", 1, "a row has more values than the cap"),
    FormatFault("delimited.quote.open", 1, "a quoted value without its closing quote"),
    FormatFault("delimited.quote.text_after", 1, "text between a closing quote and the next delimiter"),
    FormatFault("delimited.character", 1, "a control character in a value"),
    FormatFault("delimited.header.missing", 2, "a column is not in the header"),
    FormatFault("delimited.header.duplicate", 2, "two columns of the header have one name"),
    FormatFault("delimited.header.unknown", 2, "a column of the header is not in the layout", Severity.WARNING),
    FormatFault("delimited.record.unknown", 2, "a row of a type that is not in the layout"),
    FormatFault("delimited.record.orphan", 2, "a row stands before the one that begins a document"),
    FormatFault("delimited.record.missing", 2, "a document lacks a row it must have"),
    FormatFault("delimited.record.too_many", 2, "a document has more rows of a type than it may"),
    FormatFault("delimited.row.long", 2, "a row has more values than the layout has columns"),
    FormatFault("delimited.group.apart", 2, "rows of one document do not stand together"),
    FormatFault("delimited.value.missing", 1, "a value is missing that must be there"),
    FormatFault("delimited.value.differs", 2, "a value of the whole document is not the same in all its rows"),
    FormatFault("delimited.value.length", 1, "a value is shorter or longer than its column allows"),
    FormatFault("delimited.value.number", 1, "a value is no number"),
    FormatFault("delimited.value.date", 1, "a value is no date of the calendar"),
    FormatFault("delimited.value.code", 5, "a value is not among the codes of its column"),
    FormatFault("delimited.issues.capped", 1, "more faults were found than are listed"),
)
"""Fault code -> its row."""
