"""TA1, 997 and 999 for what was read: an incremental builder fed with the reader's events, in order.

An interchange that is refused at its envelope is answered by a TA1 and nothing else; otherwise each functional group
has its 997 or 999, and all 997 of one interchange go back together, as do all 999. Acknowledgments (TA1, and groups of
FA) are never answered. Source: X12 004010 set 997, segment TA1; X12 005010 set 999.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from translators.errors import Severity
from translators.x12.acknowledge_copies import address, application_code, fit, mirrored
from translators.x12.acknowledge_form import (
    FIRST_VERSION_WITH_999,
    AcknowledgmentForm,
    AnswerForm,
    release_of_answer,
)
from translators.x12.acknowledge_groups import GroupAnswer, GroupStatus
from translators.x12.codes import FAULTS
from translators.x12.envelope import ACKNOWLEDGMENT_GROUP
from translators.x12.guide import GuideLibrary
from translators.x12.model import (
    Delimiters,
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

INVALID_CONTENT = "024"
"""TA105 for what has no note code of its own."""


class AcknowledgmentPolicy(StrEnum):
    """When an acknowledgment is made."""

    NEVER = "never"
    ON_ERROR = "on_error"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class AcknowledgmentTerms:
    """What was agreed: `functional` for the 997 or 999, `interchange` for the TA1.

    A TA1 is also made whenever the sender asks for it (ISA14 = 1), unless the terms say never. `form` is the set that
    acknowledges a group; `repetition` is ISA11 of a 999 that answers an interchange without a repetition separator.
    """

    functional: AcknowledgmentPolicy = AcknowledgmentPolicy.ALWAYS
    interchange: AcknowledgmentPolicy = AcknowledgmentPolicy.ON_ERROR
    form: AcknowledgmentForm = AcknowledgmentForm.FUNCTIONAL
    repetition: str = "^"


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
        group_statuses: of a 997 or 999, one per group answered.
        note: of a TA1.
        advised: of an 824, OTI01 of each set it speaks of.
    """

    kind: Literal["TA1", "997", "999", "824"]
    interchange: OutboundInterchange
    about: InterchangeHeader
    group_statuses: list[GroupStatus] = field(default_factory=list)
    note: InterchangeStatus | None = None
    advised: Sequence[str] = ()

    @property
    def status(self) -> str:
        """What it says: TA104, or AK901 of each group, or the OTI01 that occur in it, each once."""
        if self.note is not None:
            return self.note.code
        return ",".join([*(group.code for group in self.group_statuses), *dict.fromkeys(self.advised)])


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
        """What is said of the group that ended last, whether it is sent or not; None if there is nothing to say."""
        return None if self._open is None else self._open.last_group

    def take(
        self,
        event: ReaderEvent,
        *,
        functional: AcknowledgmentPolicy | None = None,
        form: AcknowledgmentForm | None = None,
    ) -> list[Answer]:
        """Take the next event.

        Args:
            event: as the reader yields it.
            functional: at the end of a group: what was agreed for it, where that differs from the terms.
            form: at the start of a group: likewise.

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
        if isinstance(event, GroupStart):
            self._open.start(event.header, form or self._terms.form)
        else:
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
        self._notes_left = MAX_NOTES
        self._group: GroupAnswer | None = None
        self._sets: dict[AcknowledgmentForm, dict[tuple[str, str, str], list[OutboundSet]]] = {}
        self._statuses: dict[AcknowledgmentForm, list[GroupStatus]] = {}
        self._answerable = False
        self._only_acknowledgments = False
        self._unnamed_group = False
        self.last_group: GroupStatus | None = None

    def take(self, event: InterchangeNote | GroupEnd, functional: AcknowledgmentPolicy) -> None:
        """A TA1, or the end of a group with the policy agreed for it."""
        if isinstance(event, InterchangeNote):
            self._only_acknowledgments = True
        elif self._group is not None:
            self._end(self._group, event, functional)
            self._group = None

    def take_set(self, found: TransactionSet) -> None:
        """A set of the group that is open."""
        if self._group is not None:
            self._notes_left -= self._group.take(found, most_notes=self._notes_left)

    def start(self, header: GroupHeader, kind: AcknowledgmentForm) -> None:
        """A group, and which set acknowledges it."""
        self._group = self.last_group = None
        if header.functional_id == ACKNOWLEDGMENT_GROUP:
            self._only_acknowledgments = True
            return
        self._answerable = True
        delimiters = self._delimiters(kind)
        if not fit(header.functional_id, least=2, most=2, delimiters=delimiters):
            self._unnamed_group = True  # AK101 cannot name it, so the TA1 has to tell of it
        else:
            guide = self._guides.release(header.version)
            directory = {} if guide is None else guide.segments
            release = release_of_answer(header, kind=kind, interchange_version=self._version)
            self._group = GroupAnswer(header, AnswerForm(kind, release, delimiters, directory))

    def _version_of(self, kind: AcknowledgmentForm | None) -> str:
        """ISA12 of the interchange with the 997, the 999 or (None) the TA1."""
        later = kind is AcknowledgmentForm.IMPLEMENTATION
        return max(self._version, FIRST_VERSION_WITH_999) if later else self._version

    def _delimiters(self, kind: AcknowledgmentForm | None) -> Delimiters:
        version = self._version_of(kind)
        added = self._terms.repetition if kind is AcknowledgmentForm.IMPLEMENTATION else None
        values = (*self._us, *self._partner, version)
        return mirrored(self._header, version=version, values=values, repetition=added)

    def _end(self, group: GroupAnswer, event: GroupEnd, policy: AcknowledgmentPolicy) -> None:
        status, answer = group.answer(event)
        self.last_group = status
        if policy is AcknowledgmentPolicy.NEVER or (policy is AcknowledgmentPolicy.ON_ERROR and status.code == "A"):
            return
        form = group.form
        self._statuses.setdefault(form.kind, []).append(status)
        sender = application_code(group.header.receiver, self._us[1], form.delimiters)
        receiver = application_code(group.header.sender, self._partner[1], form.delimiters)
        self._sets.setdefault(form.kind, {}).setdefault((sender, receiver, form.release), []).append(answer)

    def answers(self, event: InterchangeEnd) -> list[Answer]:
        """TA1, 997 and 999 for the interchange that has ended."""
        if self._only_acknowledgments and not self._answerable:
            return []
        answers = []
        status = self._status(event)
        if self._wants_note(status):
            note = [_note(self._header, status)]
            answers.append(Answer("TA1", self._interchange(notes=note), event.header, note=status))
        if event.rejected:
            return answers
        for kind, sets in sorted(self._sets.items()):
            groups = [
                OutboundGroup(ACKNOWLEDGMENT_GROUP, sender, receiver, release, of_group)
                for (sender, receiver, release), of_group in sets.items()
            ]
            sent = self._interchange(kind=kind, groups=groups)
            answers.append(Answer(kind.value, sent, event.header, self._statuses[kind]))
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
        self,
        *,
        kind: AcknowledgmentForm | None = None,
        notes: list[list[Element]] | None = None,
        groups: list[OutboundGroup] | None = None,
    ) -> OutboundInterchange:
        return OutboundInterchange(
            sender=self._us,
            receiver=self._partner,
            version=self._version_of(kind),
            usage=self._header.usage if self._header.usage in ("P", "T", "I") else "P",
            delimiters=self._delimiters(kind),
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
