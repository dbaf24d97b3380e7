"""What an acknowledgment says of one transaction set: AK2, notes on its faults, AK5 (in a 999 IK5).

Source: X12 004010 set 997, X12 005010 set 999.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from translators.errors import Issue, Severity
from translators.x12.acknowledge_copies import fit
from translators.x12.acknowledge_form import AcknowledgmentForm, AnswerForm
from translators.x12.acknowledge_notes import fault_notes
from translators.x12.codes import FAULTS, Fault
from translators.x12.model import Delimiters, TransactionSet
from translators.x12.writer import Element

MAX_CODES = 5
"""AK502 to AK506, AK905 to AK909."""

_PASSED_THROUGH = frozenset({"x12.st.unsupported", "x12.gs.unsupported_version", "x12.gs.unsupported_group"})
"""As warnings these say that the agreement takes the document unread, which is no error to note to the sender."""

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
            trailer = f"{_SEGMENT}{_trailer_id(self._form)}{_ELEMENT}A"
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
class SetResponse:
    """AK2 to AK5 of one set; `code` is AK501: `A`, `E` or `R`; `notes` counts the AK3 and AK4."""

    segments: list[list[Element]]
    code: str
    notes: int


def set_response(found: TransactionSet, *, form: AnswerForm, most_notes: int) -> SetResponse:
    """The answer to one transaction set.

    AK501 is R where an error has a code of the acknowledgment, E where only warnings have one, else A. What it has no
    code for (balancing, hierarchy, in a 997 the partner's rules) is not in it and does not make it an R: it speaks of
    syntax and structure, and a set refused for its content is answered by an 824 or an exception, by agreement.

    Args:
        found: the set with its issues.
        form: how the answer is written.
        most_notes: write no more segments of notes than this; AK5 is not changed by it.
    """
    noted = [(issue, fault) for issue in found.issues if (fault := noted_fault(issue, form)) is not None]
    errors = [(issue, fault) for issue, fault in noted if issue.severity is Severity.ERROR]
    code = "R" if errors else "E" if noted else "A"
    notes = fault_notes(found, noted, form, most=most_notes) if noted else []
    name, number = set_names(found.code, found.control_number, form.delimiters)
    header: list[Element] = ["AK2", name, number]
    if convention := set_convention(found, form):
        header.append(convention)
    trailer: list[Element] = [_trailer_id(form), code]
    trailer += _distinct([_set_code(fault) for _, fault in errors or noted])
    return SetResponse([header, *notes, trailer], code, len(notes))


def set_convention(found: TransactionSet, form: AnswerForm) -> str:
    """AK203 of a 999: ST03 of the set, known where the reader kept the tree."""
    if not form.is_implementation or found.root is None:
        return ""
    return fit(found.root.segments[0].element(3), most=35, delimiters=form.delimiters)


def set_names(code: str, number: str, delimiters: Delimiters) -> tuple[str, str]:
    """AK201 and AK202; a set whose ST01 or ST02 cannot be copied is still answered, with zeros in their place."""
    if not _all_fit([code], _CODE_LENGTHS):
        code = fit(code, least=3, most=3, delimiters=delimiters) or "000"
    if not _all_fit([number], _NUMBER_LENGTHS):
        number = fit(number, least=4, most=9, delimiters=delimiters) or "0000"
    return code, number


def noted_fault(issue: Issue, form: AnswerForm) -> Fault | None:
    """The row of an issue that the answer has any code for within a set, else None."""
    if not has_code(issue, form.kind):
        return None
    if issue.severity is Severity.WARNING and issue.code in _PASSED_THROUGH:
        return None
    return FAULTS[issue.code]


def has_code(issue: Issue, kind: AcknowledgmentForm) -> bool:
    """Whether a 997 or a 999 has any code for a fault of a set: else an 824 tells of it, or nobody."""
    fault = FAULTS.get(issue.code)
    if fault is None:
        return False
    later = kind is AcknowledgmentForm.IMPLEMENTATION and fault.ik3 is not None
    return later or any((fault.ak3, fault.ak4, fault.ak5))


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
    return sorted(set(codes), key=lambda code: (len(code.lstrip("I")) < len(code), int(code.lstrip("I"))))[:MAX_CODES]


def _set_code(fault: Fault) -> str:
    """AK502: a code of its own, else that of a segment in error, by the standard or only by the implementation."""
    return fault.ak5 or ("5" if fault.ak3 else "I5")


def _trailer_id(form: AnswerForm) -> str:
    return "IK5" if form.is_implementation else "AK5"
