"""Every fault a map reports about a document. One row per fault; the level is that of `translators.errors.Issue`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MapFault:
    """One kind of fault."""

    code: str
    level: int
    meaning: str


_ROWS = (
    MapFault("map.required.missing", 7, "a value the map requires is not in the document"),
    MapFault("map.reference.several", 7, "several segments match a reference that says not which"),
    MapFault("map.pair.several", 7, "one qualifier stands twice among a segment's pairs"),
    MapFault("map.number.unreadable", 7, "a number does not read"),
    MapFault("map.number.inexact", 7, "arithmetic has no exact result within the digits we keep"),
    MapFault("map.number.division", 7, "a division by zero"),
    MapFault("map.date.unreadable", 7, "a date does not read, or is none of the calendar"),
    MapFault("map.time.unreadable", 7, "a time does not read, or is none of the day"),
    MapFault("map.code.unknown", 5, "a code is not in the map's table"),
    MapFault("map.text.too_long", 7, "a text is longer than match() looks at"),
    MapFault("map.xref.unknown", 5, "a value is not in the cross reference"),
    MapFault("map.unit.unknown", 5, "a unit is not known, or of another dimension"),
    MapFault("map.zone.unknown", 5, "a time zone is not known"),
    MapFault("map.clock.missing", 7, "the map asks for today, and who runs it does not say when that is"),
    MapFault("map.value.invalid", 7, "a value is not what the canonical document allows"),
    MapFault("map.assert.failed", 6, "what the map asserts does not hold"),
    MapFault("map.source.mismatch", 7, "the document is not what the map reads"),
    MapFault("map.retired", 7, "the map is retired"),
    MapFault("map.origin.missing", 7, "the document that is answered is not there, and the map reads it"),
    MapFault("map.value.unfit", 7, "a value has no form in the element it is written to"),
    MapFault("map.value.delimiter", 7, "a value holds a delimiter of the interchange it is written to"),
)

FAULTS: dict[str, MapFault] = {fault.code: fault for fault in _ROWS}
"""Fault code -> its row."""
