"""Where the faults of a transaction set are: AK3 and AK4 of a 997, IK3, CTX and IK4 of a 999.

Source: X12 004010 set 997, X12 005010 set 999.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from translators.errors import Issue
from translators.tree import Loop
from translators.x12.acknowledge_context import Contexts
from translators.x12.acknowledge_copies import fit
from translators.x12.acknowledge_form import AnswerForm
from translators.x12.codes import Fault
from translators.x12.guide import CompositeGuide, SegmentGuide
from translators.x12.model import TransactionSet
from translators.x12.writer import Element

MAX_ELEMENT_NOTES = 99
"""AK4 segments after one AK3 (set 997, position 050); kept for the 999 as well, which has no limit."""

MAX_ELEMENT = 99
"""AK401 has two digits for the element and two for the component."""

MAX_REPETITION = 9_999
"""AK401 has four digits for the repetition."""

MAX_POSITION = 999_999
"""AK302 has six digits."""

MAX_LOOP_ID = 4
"""Of AK303 (data element 447) in 005010."""

_EARLY_MAX_LOOP_ID = 6
"""Of the same in 004010."""

_LATER_ELEMENT_CODES = {"12": "3", "13": "3"}
"""AK403 codes that 004010 does not have yet, with the one it has."""


def fault_notes(
    found: TransactionSet, noted: Sequence[tuple[Issue, Fault]], form: AnswerForm, *, most: int
) -> list[list[Element]]:
    """The notes on a set's faults, by position in the set; a segment has one AK3 for each kind of fault it shows.

    AK303 is the loop identifier of LS and LE for a segment they enclose, known where the reader kept the tree.

    Args:
        found: the set.
        noted: those of its issues that the answer has a code for, with their rows.
        form: how the answer is written.
        most: write no more segments than this.
    """
    by_segment: dict[tuple[int, str], list[tuple[Issue, Fault]]] = {}
    for issue, fault in noted:
        ordinal, name = issue.position.segment, issue.position.segment_id
        if segment_code(fault, form) and ordinal is not None and ordinal <= MAX_POSITION and name:
            by_segment.setdefault((ordinal, name), []).append((issue, fault))
    bounded = _bounded_loops(found.root)
    contexts = Contexts(found, form) if form.is_implementation and by_segment else None
    notes: list[list[Element]] = []
    for ordinal, name in sorted(by_segment, key=lambda key: key[0]):
        if len(notes) >= most:
            break
        segment_id = fit(name, least=2, most=3, delimiters=form.delimiters)
        if not segment_id:  # it cannot be named in AK301; AK5 alone tells of it
            continue
        loop = _loop_around(ordinal, bounded, form)
        faults = by_segment[ordinal, name]
        for code in dict.fromkeys(segment_code(fault, form) for _, fault in faults):
            header: list[list[Element]] = [
                ["IK3" if form.is_implementation else "AK3", segment_id, str(ordinal), loop, code]
            ]
            if contexts is not None:
                header += contexts.of_segment(ordinal)
            written = []
            for issue, fault in faults:
                note = _element_note(issue, fault, form) if segment_code(fault, form) == code else None
                if note is not None:
                    written.append([note, *([] if contexts is None else contexts.of_element(issue, loop))])
            for start in range(0, max(len(written), 1), MAX_ELEMENT_NOTES):
                notes += header
                for each in written[start : start + MAX_ELEMENT_NOTES]:
                    notes += each
    return notes[:most]


def segment_code(fault: Fault, form: AnswerForm) -> str:
    """AK304 or IK304 of a fault, "" where there is none."""
    return (form.is_implementation and fault.ik3) or fault.ak3 or ""


def element_number(segment: SegmentGuide | None, element: int, component: int | None) -> str:
    """AK402, the number in the data element dictionary; "" where there is none (a composite as a whole has none)."""
    if segment is None or element > len(segment.elements):
        return ""
    found = segment.elements[element - 1].element
    if isinstance(found, CompositeGuide):
        if component is None or component > len(found.components):
            return ""
        found = found.components[component - 1].element
    number = "" if isinstance(found, CompositeGuide) else found.number
    return number if number.isdigit() else ""


def _element_note(issue: Issue, fault: Fault, form: AnswerForm) -> list[Element] | None:
    """AK4 of an issue, None where it concerns the segment as a whole or a position AK401 cannot hold."""
    place = issue.position
    code = (form.is_implementation and fault.ik4) or fault.ak4
    if not code or place.element is None or place.element > MAX_ELEMENT:
        return None
    parts = [str(place.element)]
    parts.append(str(place.component) if place.component is not None and place.component <= MAX_ELEMENT else "")
    if form.is_later and place.repetition is not None and place.repetition <= MAX_REPETITION:
        parts.append(str(place.repetition))
    while not parts[-1]:
        parts.pop()
    if not form.is_later:
        code = _LATER_ELEMENT_CODES.get(code, code)
    number = element_number(form.directory.get(place.segment_id or ""), place.element, place.component)
    copied = fit(issue.value or "", most=99, delimiters=form.delimiters)
    name = "IK4" if form.is_implementation else "AK4"
    return [name, tuple(parts) if len(parts) > 1 else parts[0], number, code, copied]


def _bounded_loops(root: Loop | None) -> list[tuple[int, int, str]]:
    """(ordinal of LS, of LE, LS01) of each loop LS and LE enclose, in order; none where the tree was not kept."""
    found = []
    pending = [] if root is None else [root]
    while pending:
        loop = pending.pop()
        pending.extend(loop.loops)
        if loop.segments and loop.segments[0].id == "LS" and loop.segments[-1].id == "LE":
            header, trailer = loop.segments[0], loop.segments[-1]
            found.append((header.ordinal, trailer.ordinal, header.element(1)))
    return sorted(found)


def _loop_around(ordinal: int, bounded: list[tuple[int, int, str]], form: AnswerForm) -> str:
    before = bisect_left(bounded, (ordinal,))
    _, last, loop = bounded[before - 1] if before else (0, 0, "")
    longest = _EARLY_MAX_LOOP_ID if form.release == "004010" else MAX_LOOP_ID
    return fit(loop, most=longest, delimiters=form.delimiters) if ordinal < last else ""
