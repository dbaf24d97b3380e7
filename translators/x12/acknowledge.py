"""TA1 and 997 for what was read: an incremental builder fed with the reader's events, in order.

An interchange that is refused at its envelope is answered by a TA1 and nothing else; otherwise each functional group
has its 997, and all 997 of one interchange go back together. Acknowledgments (TA1, and groups of FA) are never
answered. Source: X12 004010 set 997, segment TA1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from translators.errors import Severity
from translators.x12.acknowledge_copies import address, application_code, fit, mirrored
from translators.x12.acknowledge_sets import AnswerForm, SegmentLog, group_codes, set_response
from translators.x12.codes import FAULTS
from translators.x12.guide import GuideLibrary
from translators.x12.model import (
    GroupEnd,
    GroupHeader,
    GroupStart,
    InterchangeEnd,
    InterchangeHeader,
    InterchangeNote,
    InterchangeStart,
    ReaderEvent,
    Stray,
    TransactionSet,
)
from translators.x12.writer import Element, OutboundGroup, OutboundInterchange, OutboundSet

MAX_NOTES = 100_000
"""AK3 and AK4 in the answer to one interchange; past it AK5 and AK9 still tell of every set and group."""

MAX_COUNT = 999_999
"""AK902, AK903 and AK904 have six digits."""

ACKNOWLEDGMENT_GROUP = "FA"
"""GS01 of 997 and 999, which are never answered."""

INVALID_CONTENT = "024"
"""TA105 for what has no note code of its own."""

_UNREAD = frozenset({"x12.gs.unsupported_group", "x12.gs.unsupported_version"})
"""A group refused for these was not looked into: its 997 names no set."""


class AcknowledgmentPolicy(StrEnum):
    """When an acknowledgment is made."""

    NEVER = "never"
    ON_ERROR = "on_error"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class AcknowledgmentTerms:
    """What was agreed: `functional` for the 997, `interchange` for the TA1.

    A TA1 is also made whenever the sender asks for it (ISA14 = 1), unless the terms say never.
    """

    functional: AcknowledgmentPolicy = AcknowledgmentPolicy.ALWAYS
    interchange: AcknowledgmentPolicy = AcknowledgmentPolicy.ON_ERROR


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """What a 997 says of one group: AK901 (`A`, `E`, `P`, `R`), AK903 and AK904."""

    ordinal: int
    functional_id: str
    control_number: str
    code: str
    received: int
    accepted: int


@dataclass(frozen=True, slots=True)
class InterchangeStatus:
    """What a TA1 says: TA104 (`A`, `E`, `R`) and TA105."""

    code: str
    note: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One interchange to send back.

    Args:
        kind: what it holds.
        interchange: all but its control numbers; one is needed for it and one for each of its groups.
        about: the interchange it answers.
        group_statuses: of a 997, one per group answered.
        note: of a TA1.
    """

    kind: Literal["TA1", "997"]
    interchange: OutboundInterchange
    about: InterchangeHeader
    group_statuses: list[GroupStatus] = field(default_factory=list)
    note: InterchangeStatus | None = None


class AcknowledgmentBuilder:
    """Takes the reader's events in order; answers come out when an interchange ends.

    What is kept meanwhile is some twenty bytes per set and the notes on bad ones, at most `MAX_NOTES`.

    Args:
        terms: what was agreed.
        guides: where AK402 finds the numbers of data elements; by default those shipped.
    """

    def __init__(self, terms: AcknowledgmentTerms | None = None, *, guides: GuideLibrary | None = None) -> None:
        self._terms = terms or AcknowledgmentTerms()
        self._guides = guides or GuideLibrary.shipped()
        self._open: _Interchange | None = None

    @property
    def last_group(self) -> GroupStatus | None:
        """What a 997 says of the group that ended last, whether one is sent or not; None if there is nothing to say."""
        return None if self._open is None else self._open.last_group

    def take(self, event: ReaderEvent, *, functional: AcknowledgmentPolicy | None = None) -> list[Answer]:
        """Take the next event.

        Args:
            event: as the reader yields it.
            functional: at the end of a group: what was agreed for it, where that differs from the terms.

        Returns:
            The answers to the interchange that `event` ends (TA1 first), else none.
        """
        if isinstance(event, TransactionSet):
            if self._open is not None:
                self._open.take_set(event)
            return []
        if isinstance(event, InterchangeStart):
            self._open = _Interchange(event, self._terms, self._guides)
            return []
        if isinstance(event, Stray) or self._open is None:
            return []
        if isinstance(event, InterchangeEnd):
            ended, self._open = self._open, None
            return ended.answers(event)
        self._open.take(event, functional or self._terms.functional)
        return []


class _Interchange:
    """What is known of the interchange being read, and how it will be answered."""

    def __init__(self, start: InterchangeStart, terms: AcknowledgmentTerms, guides: GuideLibrary) -> None:
        self._header = header = start.header
        self._terms = terms
        self._guides = guides
        unknown = any(issue.code == "x12.isa.version" for issue in start.issues) or len(header.version) != 5
        self._version = "00401" if unknown else header.version
        self._us, self._partner = address(header.receiver), address(header.sender)
        self._delimiters = mirrored(header, version=self._version, values=(*self._us, *self._partner, self._version))
        self._notes_left = MAX_NOTES
        self._group: _Group | None = None
        self._sets: dict[tuple[str, str, str], list[OutboundSet]] = {}
        self._statuses: list[GroupStatus] = []
        self._answerable = False
        self._only_acknowledgments = False
        self._unnamed_group = False
        self.last_group: GroupStatus | None = None

    def take(self, event: InterchangeNote | GroupStart | GroupEnd, functional: AcknowledgmentPolicy) -> None:
        """An event inside the interchange that is no set; `functional` is the policy if a group ends."""
        if isinstance(event, InterchangeNote):
            self._only_acknowledgments = True
        elif isinstance(event, GroupStart):
            self._start(event.header)
        elif self._group is not None:
            self._end(self._group, event, functional)
            self._group = None

    def take_set(self, found: TransactionSet) -> None:
        """A set of the group that is open."""
        if self._group is not None:
            self._notes_left -= self._group.take(found, most_notes=self._notes_left)

    def _start(self, header: GroupHeader) -> None:
        self._group = self.last_group = None
        if header.functional_id == ACKNOWLEDGMENT_GROUP:
            self._only_acknowledgments = True
            return
        self._answerable = True
        if not fit(header.functional_id, least=2, most=2, delimiters=self._delimiters):
            self._unnamed_group = True  # AK101 cannot name it, so the TA1 has to tell of it
        else:
            guide = self._guides.release(header.version)
            directory = {} if guide is None else guide.segments
            self._group = _Group(header, AnswerForm(self._release(header), self._delimiters, directory))

    def _release(self, header: GroupHeader) -> str:
        """GS08 of the 997: the release of the group answered, without the suffix of its industry."""
        release = header.version[:6]
        return release if len(release) == 6 and release.isascii() and release.isdigit() else self._version + "0"

    def _end(self, group: _Group, event: GroupEnd, policy: AcknowledgmentPolicy) -> None:
        status, answer = group.answer(event)
        self.last_group = status
        if policy is AcknowledgmentPolicy.NEVER or (policy is AcknowledgmentPolicy.ON_ERROR and status.code == "A"):
            return
        self._statuses.append(status)
        sender = application_code(group.header.receiver, self._us[1], self._delimiters)
        receiver = application_code(group.header.sender, self._partner[1], self._delimiters)
        self._sets.setdefault((sender, receiver, group.form.release), []).append(answer)

    def answers(self, event: InterchangeEnd) -> list[Answer]:
        """TA1 and 997 for the interchange that has ended."""
        if self._only_acknowledgments and not self._answerable:
            return []
        answers = []
        status = self._status(event)
        if self._wants_note(status):
            note = [_note(self._header, status)]
            answers.append(Answer("TA1", self._interchange(notes=note), event.header, note=status))
        if self._sets and not event.rejected:
            groups = [
                OutboundGroup(ACKNOWLEDGMENT_GROUP, sender, receiver, release, sets)
                for (sender, receiver, release), sets in self._sets.items()
            ]
            answers.append(Answer("997", self._interchange(groups=groups), event.header, self._statuses))
        return answers

    def _status(self, event: InterchangeEnd) -> InterchangeStatus:
        """TA104 and TA105; of several faults the first, errors before warnings."""
        ordered = sorted(event.issues, key=lambda issue: issue.severity is not Severity.ERROR)
        found = (FAULTS[issue.code].ta1 for issue in ordered if issue.code in FAULTS)
        note = next((code for code in found if code is not None), None)
        if event.rejected:
            return InterchangeStatus("R", note or INVALID_CONTENT)
        if note is None and self._unnamed_group:
            note = INVALID_CONTENT
        return InterchangeStatus("A" if note is None else "E", note or "000")

    def _wants_note(self, status: InterchangeStatus) -> bool:
        policy = self._terms.interchange
        if policy is AcknowledgmentPolicy.NEVER:
            return False
        asked = self._header.acknowledgment_requested or policy is AcknowledgmentPolicy.ALWAYS
        return asked or status.code != "A"

    def _interchange(
        self, *, notes: list[list[Element]] | None = None, groups: list[OutboundGroup] | None = None
    ) -> OutboundInterchange:
        return OutboundInterchange(
            sender=self._us,
            receiver=self._partner,
            version=self._version,
            usage=self._header.usage if self._header.usage in ("P", "T", "I") else "P",
            delimiters=self._delimiters,
            notes=notes or [],
            groups=groups or [],
        )


def _note(header: InterchangeHeader, status: InterchangeStatus) -> list[Element]:
    """TA1; ISA13, ISA09 and ISA10 as sent, so that the sender finds his own, zeros where they cannot be copied."""
    copied = [
        value if len(value) == width and value.isascii() and value.isdigit() else "0" * width
        for value, width in ((header.control_number, 9), (header.isa.element(9), 6), (header.isa.element(10), 4))
    ]
    return ["TA1", *copied, status.code, status.note]


class _Group:
    """What is known of the group being read: the AK2 to AK5 of its sets, and how many were accepted."""

    def __init__(self, header: GroupHeader, form: AnswerForm) -> None:
        self.header = header
        self.form = form
        self._log = SegmentLog(form)
        self._refused = SegmentLog(form)
        self._accepted = 0
        self._errors_noted = False

    def take(self, found: TransactionSet, *, most_notes: int) -> int:
        """Answer for one set; the number of notes written for it."""
        if not found.issues:
            self._log.append_accepted(found.code, found.control_number)
            self._accepted += 1
            return 0
        response = set_response(found, form=self.form, most_notes=most_notes)
        self._log.append(response.segments)
        if response.code == "R":
            self._refused.append(response.segments)
        else:
            self._accepted += 1
            self._errors_noted |= response.code == "E"
        return response.notes

    def answer(self, event: GroupEnd) -> tuple[GroupStatus, OutboundSet]:
        """The 997 of this group.

        A group with an error of its own is R with no set accepted; its 997 then names only the sets that have faults
        themselves, so that none is called accepted, and no set at all if the group was refused unread.
        """
        codes = group_codes(event.issues)
        accepted = 0 if event.rejected else self._accepted
        log = self._log
        if event.rejected:
            unread = any(issue.code in _UNREAD and issue.severity is Severity.ERROR for issue in event.issues)
            log = SegmentLog(self.form) if unread else self._refused
        if event.rejected or (event.sets_received and not accepted):
            code = "R"
        elif accepted < event.sets_received:
            code = "P"
        else:
            code = "E" if self._errors_noted or codes else "A"
        number = self.header.control_number
        # A number that AK102 cannot hold is a fault of the group itself (AK905 = 6): zero stands for it.
        copied = number if number.isascii() and number.isdigit() and len(number) <= 9 else "0"
        functional_id = fit(self.header.functional_id, least=2, most=2, delimiters=self.form.delimiters)
        included = event.sets_included
        counts = (
            event.sets_received if included is None or not 0 <= included <= MAX_COUNT else included,
            event.sets_received,
            accepted,
        )
        trailer: list[Element] = ["AK9", code, *(str(min(count, MAX_COUNT)) for count in counts), *codes]
        status = GroupStatus(
            self.header.ordinal, self.header.functional_id, number, code, event.sets_received, accepted
        )
        return status, OutboundSet("997", _Response(["AK1", functional_id, copied], log, trailer))


@dataclass(frozen=True, slots=True)
class _Response:
    """AK1, then AK2 to AK5 of each set, then AK9; made anew each time it is gone through."""

    header: list[Element]
    log: SegmentLog
    trailer: list[Element]

    def __iter__(self) -> Iterator[Sequence[Element]]:
        yield self.header
        yield from self.log
        yield self.trailer
