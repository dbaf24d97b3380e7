"""824, application advice: what is told of a set where the acknowledgments have no code for it.

Balancing, hierarchy, the partner's rules, a map that cannot take a value, the business system's refusal: any list of
issues about one set. Source: X12 004010 and 005010 set 824.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from textwrap import wrap

from translators.errors import Issue, Severity
from translators.x12.acknowledge_copies import fit, spelled
from translators.x12.acknowledge_notes import MAX_ELEMENT, MAX_POSITION, MAX_REPETITION, element_number
from translators.x12.guide import RELEASE_LENGTH, GuideLibrary, SegmentGuide
from translators.x12.model import Delimiters, TransactionSet
from translators.x12.values import is_date, is_time
from translators.x12.writer import Element, OutboundSet

ADVICE_GROUP = "AG"
"""GS01 of an 824."""

MAX_ADVISED = 1_000
"""TED of one 824; a last one then says that there are more."""

_FIRST_LINE, _NEXT_LINE, _MOST_LINES = 60, 80, 10
"""Lengths of TED02 and NTE02, and how many NTE carry on a long message."""

MAX_REFERENCE = 30
"""Longest BGN02 and OTI03 in 004010."""


class AdviceStatus(StrEnum):
    """OTI01 of a set as a whole."""

    ACCEPTED = "TA"
    WITH_ERRORS = "TE"
    REJECTED = "TR"


@dataclass(frozen=True, slots=True)
class AdvisedSet:
    """The set an 824 speaks of, by what its own envelope says.

    Args:
        code: ST01.
        control_number: ST02.
        group_control_number: GS06.
        version: GS08.
        sender: GS02.
        receiver: GS03.
        date: GS04.
        time: GS05.
        reference: (OTI02 qualifier, OTI03 number) by which the partner knows the document, as `("PO", "4711")`; None:
            its control number (`TN`).
    """

    code: str
    control_number: str
    group_control_number: str
    version: str
    sender: str
    receiver: str
    date: str = ""
    time: str = ""
    reference: tuple[str, str] | None = None

    @staticmethod
    def of(found: TransactionSet, *, reference: tuple[str, str] | None = None) -> AdvisedSet:
        """The names of a set that was read."""
        group = found.group
        envelope = (group.control_number, group.version, group.sender, group.receiver)
        stamp = (group.gs.element(4), group.gs.element(5))
        return AdvisedSet(found.code, found.control_number, *envelope, *stamp, reference)


def application_advice(
    about: AdvisedSet,
    issues: Sequence[Issue],
    *,
    number: str,
    at: datetime,
    delimiters: Delimiters,
    status: AdviceStatus | None = None,
    release: str = "",
    guides: GuideLibrary | None = None,
) -> OutboundSet:
    """An 824 about one set.

    Args:
        about: the set.
        issues: what there is to say; position and value are told where there are any.
        number: BGN02, ours, new for each 824.
        at: BGN03 and BGN04.
        delimiters: of the interchange it goes into; no value copied holds one.
        status: OTI01; None: rejected if an issue is an error, accepted with errors if there is any, else accepted.
        release: of its group's GS08, `004010` or `005010`; "" is the release of the set it speaks of.
        guides: where TED06 finds the numbers of data elements; by default those shipped.

    Returns:
        The set, for a group of `ADVICE_GROUP`.
    """
    release = release or about.version[:RELEASE_LENGTH]
    library = guides or GuideLibrary.shipped()
    answered, own = library.release(about.version), library.release(release)
    form = _Form(
        delimiters,
        is_later=release >= "005010",
        directory={} if answered is None else answered.segments,
        set_codes=frozenset() if own is None else own.elements["143"].codes or frozenset(),
    )
    segments: list[Sequence[Element]] = [
        ["BGN", "00", form.copied(number, MAX_REFERENCE) or "1", f"{at:%Y%m%d}", f"{at:%H%M}"],
        _original(about, status or status_of(issues), form),
    ]
    for issue in issues[:MAX_ADVISED]:
        segments += _error(issue, form)
    if len(issues) > MAX_ADVISED:
        segments.append(["TED", "024", f"{len(issues) - MAX_ADVISED} more faults are not listed"])
    return OutboundSet("824", segments)


def error_condition(issue: Issue) -> str:
    """TED01 (element 647) of an issue, by its level and the last word of its code."""
    word = issue.code.rpartition(".")[2]
    if issue.level == 3:
        return "010"  # total out of balance
    for part, condition in _CONDITIONS:
        if part in word:
            return condition
    return "848" if issue.position.segment is not None else "024"  # incorrect data; or another reason


def status_of(issues: Sequence[Issue]) -> AdviceStatus:
    """OTI01 by what there is to say: rejected by an error, accepted with errors by a warning."""
    if any(issue.severity is Severity.ERROR for issue in issues):
        return AdviceStatus.REJECTED
    return AdviceStatus.WITH_ERRORS if issues else AdviceStatus.ACCEPTED


_CONDITIONS = (
    ("duplicate", "006"),
    ("missing", "007"),
    ("date", "009"),
    ("unknown", "011"),
    ("mismatch", "011"),
    ("condition", "012"),
    ("exclusion", "012"),
)
"""Duplicate, missing data, invalid date, not matching, invalid combination."""


@dataclass(frozen=True, slots=True)
class _Form:
    delimiters: Delimiters
    is_later: bool
    directory: Mapping[str, SegmentGuide]
    set_codes: frozenset[str]

    def copied(self, value: str, most: int, least: int = 1) -> str:
        return fit(value, least=least, most=most, delimiters=self.delimiters)


def _original(about: AdvisedSet, status: AdviceStatus, form: _Form) -> list[Element]:
    """OTI; OTI09 stands only beside OTI08 (C0908)."""
    qualifier, reference = about.reference or ("TN", about.control_number)
    group_number = about.group_control_number
    if not (group_number.isascii() and group_number.isdigit() and len(group_number) <= 9):
        group_number = ""
    return [
        "OTI",
        status.value,
        form.copied(qualifier, 3, 2) or "TN",
        form.copied(reference, MAX_REFERENCE) or "UNKNOWN",
        form.copied(about.sender, 15, 2),
        form.copied(about.receiver, 15, 2),
        about.date if len(about.date) == 8 and about.date.isascii() and is_date(about.date) else "",
        about.time if about.time.isascii() and is_time(about.time) else "",
        group_number,
        form.copied(about.control_number, 9, 4) if group_number else "",
        about.code if about.code in form.set_codes else "",
        form.copied(about.version, 12),
    ]


def _error(issue: Issue, form: _Form) -> list[list[Element]]:
    """TED of an issue, and NTE for what is too long for TED02."""
    place = issue.position
    lines = wrap(spelled(issue.message, form.delimiters), _FIRST_LINE) or [issue.code[:_FIRST_LINE]]
    rest = wrap(" ".join(lines[1:]), _NEXT_LINE)[:_MOST_LINES]
    segment_id = form.copied(place.segment_id or "", 3, 2)
    ordinal = str(place.segment) if place.segment is not None and place.segment <= MAX_POSITION else ""
    located: list[Element] = ["", ""]
    if place.element is not None and place.element <= MAX_ELEMENT:
        number = element_number(form.directory.get(place.segment_id or ""), place.element, place.component)
        located = [_place(issue, form), (number,) if form.is_later and number else number]
    value = form.copied(issue.value or "", 99)
    ted: list[Element] = ["TED", error_condition(issue), lines[0], segment_id, ordinal, *located, value]
    notes: list[list[Element]] = [["NTE", "ADD", line] for line in rest]
    return [ted, *notes]


def _place(issue: Issue, form: _Form) -> Element:
    """TED05: the element; from 005010 on its component and repetition too."""
    place = issue.position
    parts = [str(place.element)]
    if form.is_later:
        parts.append(str(place.component) if place.component is not None and place.component <= MAX_ELEMENT else "")
        repeated = place.repetition is not None and place.repetition <= MAX_REPETITION
        parts.append(str(place.repetition) if repeated else "")
    while not parts[-1]:
        parts.pop()
    return tuple(parts) if len(parts) > 1 else parts[0]
