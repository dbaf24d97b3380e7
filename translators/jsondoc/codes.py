"""Every fault the JSON reader reports."""

from __future__ import annotations

from translators.reading import FormatFault, fault_table

FAULTS = fault_table(
    FormatFault("json.empty", 1, "the file holds no value"),
    FormatFault("json.syntax", 1, "the file is not JSON"),
    FormatFault("json.encoding", 1, "the file is not UTF-8"),
    FormatFault("json.duplicate_name", 1, "an object has two members of one name"),
    FormatFault("json.character", 1, "a text holds a character that none may hold"),
    FormatFault("json.too_large", 1, "the file is larger than its cap"),
    FormatFault("json.too_deep", 1, "values are nested deeper than the cap"),
    FormatFault("json.too_many_values", 1, "the file has more values than the cap"),
    FormatFault("json.text_too_long", 1, "a text or number is longer than its cap"),
    FormatFault("json.issues.capped", 1, "more faults were found than are listed"),
)
"""Fault code -> its row."""
