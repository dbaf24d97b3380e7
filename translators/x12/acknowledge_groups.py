"""What an acknowledgment says of one functional group: AK1, its sets, AK9.

Source: X12 004010 set 997, X12 005010 set 999.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from translators.errors import Severity
from translators.x12.acknowledge_copies import fit
from translators.x12.acknowledge_form import AnswerForm
from translators.x12.acknowledge_sets import SegmentLog, group_codes, set_convention, set_response
from translators.x12.model import GroupEnd, GroupHeader, TransactionSet
from translators.x12.writer import Element, OutboundSet

MAX_COUNT = 999_999
"""AK902, AK903 and AK904 have six digits."""

_UNREAD = frozenset({"x12.gs.unsupported_group", "x12.gs.unsupported_version"})
"""A group refused for these was not looked into: its acknowledgment names no set."""


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """What an acknowledgment says of one group: AK901 (`A`, `E`, `P`, `R`), AK903 and AK904."""

    ordinal: int
    functional_id: str
    control_number: str
    code: str
    received: int
    accepted: int


class GroupAnswer:
    """What is known of the group being read: the AK2 to AK5 of its sets, and how many were accepted."""

    def __init__(self, header: GroupHeader, form: AnswerForm) -> None:
        self.header = header
        self.form = form
        self._names_guides = form.is_implementation
        self._log = SegmentLog(form)
        self._refused = SegmentLog(form)
        self._accepted = 0
        self._errors_noted = False

    def take(self, found: TransactionSet, *, most_notes: int) -> int:
        """Answer for one set; the number of notes written for it."""
        if not found.issues and not (self._names_guides and set_convention(found, self.form)):
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
        """The acknowledgment of this group.

        A group with an error of its own is R with no set accepted; only the sets that have faults themselves are then
        named, so that none is called accepted, and no set at all if the group was refused unread.
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
        opening: list[Element] = ["AK1", functional_id, copied]
        if self.form.is_implementation:
            opening.append(fit(self.header.version, most=12, delimiters=self.form.delimiters))
        return status, OutboundSet(self.form.kind, _Response(opening, log, trailer), self.form.convention)


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
