"""What a 997 says of one transaction set: AK2, AK3 and AK4 for its faults, AK5. Source: X12 004010 set 997."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from translators.errors import Issue, Severity
from translators.tree import Loop
from translators.x12.acknowledge_copies import fit
from translators.x12.codes import FAULTS, Fault
from translators.x12.guide import CompositeGuide, SegmentGuide
from translators.x12.model import Delimiters, TransactionSet
from translators.x12.writer import Element

MAX_ELEMENT_NOTES = 99
"""AK4 segments after one AK3 (set 997, position 050)."""

MAX_ELEMENT = 99
"""AK401 has two digits for the element and two for the component."""

_LOOP_ID_LENGTH = {"004010": 6, "005010": 4}
"""Maximum of AK303 (data element 447) by release."""

MAX_CODES = 5
"""AK502 to AK506, AK905 to AK909."""

MAX_POSITION = 999_999
"""AK302 has six digits."""

_PASSED_THROUGH = frozenset({"x12.st.unsupported", "x12.gs.unsupported_version", "x12.gs.unsupported_group"})
"""As warnings these say that the agreement takes the document unread, which is no error to note to the sender."""

_LATER_ELEMENT_CODES = {"12": "3", "13": "3"}
"""AK403 codes that 004010 does not have yet, with the one it has."""

_CODE_LENGTHS, _NUMBER_LENGTHS = frozenset({3}), frozenset(range(4, 10))
"""Of ST01 and ST02."""

_ELEMENT, _COMPONENT, _SEGMENT = "\x1f", "\x1d", "\x1e"
_BLOCK = 1_000


class SegmentLog:
    """Segments kept in order as little text: a 997 answers for half a million sets as well as for one.

    Args:
        form: how the answer is written.
    """

    def __init__(self, form: AnswerForm) -> None:
        self._form = form
        self._blocks: list[str] = []
        self._recent: list[str] = []
        self._codes: list[str] = []
        self._numbers: list[str] = []

    def append(self, segments: Iterable[Sequence[Element]]) -> None:
        """Keep these; their texts hold no control character."""
        self._fold()
        self._recent += [
            _ELEMENT.join(
                [element if isinstance(element, str) else _COMPONENT.join(map(str, element)) for element in segment]
            )
            for segment in segments
        ]

    def append_accepted(self, code: str, number: str) -> None:
        """Keep AK2 and AK5 of a set without faults, by its ST01 and ST02: the case that is nearly every case."""
        self._codes.append(code)
        self._numbers.append(number)
        if len(self._codes) >= _BLOCK:
            self._fold()

    def __iter__(self) -> Iterator[Sequence[Element]]:
        self._fold()
        return chain.from_iterable(map(_segments, [*self._blocks, _SEGMENT.join(self._recent)]))

    def _fold(self) -> None:
        """Make text of the sets accepted last, and one text of many."""
        codes, numbers = self._codes, self._numbers
        if codes:
            names: Iterable[tuple[str, str]] = zip(codes, numbers, strict=True)
            if not (_all_fit(codes, _CODE_LENGTHS) and _all_fit(numbers, _NUMBER_LENGTHS)):
                names = [set_names(code, number, self._form.delimiters) for code, number in names]
            trailer = f"{_SEGMENT}AK5{_ELEMENT}A"
            self._recent += [f"AK2{_ELEMENT}{code}{_ELEMENT}{number}{trailer}" for code, number in names]
            self._codes, self._numbers = [], []
        if len(self._recent) >= _BLOCK:
            self._blocks.append(_SEGMENT.join(self._recent))
            self._recent.clear()


def _all_fit(values: list[str], lengths: frozenset[int]) -> bool:
    """Every one of these is letters and digits, of a length it may have."""
    text = "".join(values)
    return text.isascii() and text.isalnum() and lengths.issuperset(map(len, values))


def _segments(block: str) -> Iterator[Sequence[Element]]:
    found = (segment.split(_ELEMENT) for segment in block.split(_SEGMENT) if block)
    return found if _COMPONENT not in block else map(_composites, found)


def _composites(texts: list[str]) -> list[Element]:
    return [tuple(text.split(_COMPONENT)) if _COMPONENT in text else text for text in texts]


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """How an answer is written.

    Args:
        release: its GS08, as `004010`.
        delimiters: its own; no value copied into it may hold one.
        directory: the segments of the version answered, for the data element numbers of AK402; empty where unknown.
    """

    release: str
    delimiters: Delimiters
    directory: Mapping[str, SegmentGuide]


@dataclass(frozen=True, slots=True)
class SetResponse:
    """AK2 to AK5 of one set; `code` is AK501: `A`, `E` or `R`; `notes` counts the AK3 and AK4."""

    segments: list[list[Element]]
    code: str
    notes: int


def set_response(found: TransactionSet, *, form: AnswerForm, most_notes: int) -> SetResponse:
    """The answer to one transaction set.

    AK303 is the loop identifier of LS and LE for a segment they enclose, known where the reader kept the tree.

    AK501 is R where an error has a code of the 997, E where only warnings have one, else A. What the 997 has no code
    for (balancing, hierarchy, partner rules) is not in it and does not make it an R: a functional acknowledgment speaks
    of syntax and structure, and a set refused for its content is answered by an 824 or an exception, by agreement.

    Args:
        found: the set with its issues.
        form: how the 997 is written.
        most_notes: write no more AK3 and AK4 than this; AK5 is not changed by it.
    """
    noted = [(issue, fault) for issue in found.issues if (fault := noted_fault(issue)) is not None]
    errors = [(issue, fault) for issue, fault in noted if issue.severity is Severity.ERROR]
    code = "R" if errors else "E" if noted else "A"
    notes = _notes(noted, _bounded_loops(found.root), form)[:most_notes] if noted else []
    name, number = set_names(found.code, found.control_number, form.delimiters)
    trailer: list[Element] = ["AK5", code]
    trailer += _distinct([fault.ak5 or "5" for _, fault in errors or noted])
    return SetResponse([["AK2", name, number], *notes, trailer], code, len(notes))


def set_names(code: str, number: str, delimiters: Delimiters) -> tuple[str, str]:
    """AK201 and AK202; a set whose ST01 or ST02 cannot be copied is still answered, with zeros in their place."""
    if not _all_fit([code], _CODE_LENGTHS):
        code = fit(code, least=3, most=3, delimiters=delimiters) or "000"
    if not _all_fit([number], _NUMBER_LENGTHS):
        number = fit(number, least=4, most=9, delimiters=delimiters) or "0000"
    return code, number


def noted_fault(issue: Issue) -> Fault | None:
    """The row of an issue that a 997 has any code for within a set, else None."""
    fault = FAULTS.get(issue.code)
    if fault is None or (fault.ak3 is None and fault.ak4 is None and fault.ak5 is None):
        return None
    if issue.severity is Severity.WARNING and issue.code in _PASSED_THROUGH:
        return None
    return fault


def group_codes(issues: list[Issue]) -> list[str]:
    """AK905 to AK909 of a group's own issues."""
    codes = []
    for issue in issues:
        fault = FAULTS.get(issue.code)
        passed = issue.severity is Severity.WARNING and issue.code in _PASSED_THROUGH
        if fault is not None and fault.ak9 is not None and not passed:
            codes.append(fault.ak9)
    return _distinct(codes)


def _distinct(codes: list[str]) -> list[str]:
    """Each code once, in the order of the standard's list, as many as there is room for."""
    return sorted(set(codes), key=int)[:MAX_CODES]


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


def _notes(
    noted: list[tuple[Issue, Fault]], bounded: list[tuple[int, int, str]], form: AnswerForm
) -> list[list[Element]]:
    """AK3 and AK4, by position in the set; a segment has one AK3 for each kind of fault it shows."""
    by_segment: dict[tuple[int, str], list[tuple[Issue, Fault]]] = {}
    for issue, fault in noted:
        ordinal, name = issue.position.segment, issue.position.segment_id
        if fault.ak3 is not None and ordinal is not None and ordinal <= MAX_POSITION and name:
            by_segment.setdefault((ordinal, name), []).append((issue, fault))
    found: list[list[Element]] = []
    longest = _LOOP_ID_LENGTH.get(form.release, min(_LOOP_ID_LENGTH.values()))
    for ordinal, name in sorted(by_segment, key=lambda key: key[0]):
        faults = by_segment[ordinal, name]
        segment_id = fit(name, least=2, most=3, delimiters=form.delimiters)
        if not segment_id:  # it cannot be named in AK301; AK5 alone tells of it
            continue
        before = bisect_left(bounded, (ordinal,))
        _, last, loop = bounded[before - 1] if before else (0, 0, "")
        loop = fit(loop, most=longest, delimiters=form.delimiters) if ordinal < last else ""
        for code in dict.fromkeys(fault.ak3 or "" for _, fault in faults):
            header: list[Element] = ["AK3", segment_id, str(ordinal), loop, code]
            notes = [_element_note(issue, fault, form) for issue, fault in faults if fault.ak3 == code]
            written = [note for note in notes if note is not None]
            for start in range(0, max(len(written), 1), MAX_ELEMENT_NOTES):
                found += [header, *written[start : start + MAX_ELEMENT_NOTES]]
    return found


def _element_note(issue: Issue, fault: Fault, form: AnswerForm) -> list[Element] | None:
    """AK4 of an issue, None where it concerns the segment as a whole or a position AK401 cannot hold."""
    element, component = issue.position.element, issue.position.component
    if fault.ak4 is None or element is None or element > MAX_ELEMENT:
        return None
    place: Element = str(element)
    if component is not None and component <= MAX_ELEMENT:
        place = (str(element), str(component))
    code = fault.ak4 if form.release >= "005010" else _LATER_ELEMENT_CODES.get(fault.ak4, fault.ak4)
    number = _element_number(form.directory.get(issue.position.segment_id or ""), element, component)
    return ["AK4", place, number, code, fit(issue.value or "", most=99, delimiters=form.delimiters)]


def _element_number(segment: SegmentGuide | None, element: int, component: int | None) -> str:
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
