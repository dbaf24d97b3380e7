"""Every fault the XML reader and the schema check report."""

from __future__ import annotations

from translators.reading import FormatFault, fault_table

FAULTS = fault_table(
    FormatFault("xml.empty", 1, "the file holds no element"),
    FormatFault("xml.syntax", 1, "the file is not well-formed XML"),
    FormatFault("xml.encoding", 1, "the encoding is not one that is read"),
    FormatFault("xml.doctype", 1, "the DOCTYPE has an internal subset, which is never read"),
    FormatFault("xml.entity", 1, "an entity that XML itself does not define"),
    FormatFault("xml.too_large", 1, "the file is larger than its cap"),
    FormatFault("xml.too_deep", 1, "elements are nested deeper than the cap"),
    FormatFault("xml.too_many_elements", 1, "the file has more elements than the cap"),
    FormatFault("xml.too_many_attributes", 1, "an element has more attributes than the cap"),
    FormatFault("xml.too_many_namespaces", 1, "more namespaces are declared than the cap"),
    FormatFault("xml.text_too_long", 1, "a text, attribute, comment or name is longer than its cap"),
    FormatFault("xml.schema", 2, "the document is not what its schema allows"),
    FormatFault("xml.issues.capped", 1, "more faults were found than are listed"),
)
"""Fault code -> its row."""
