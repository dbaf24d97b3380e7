"""What partners say of what we sent: TA1, 997, 999 and 824 that came in, matched to it and settled.

Collected while a transmission is read, settled in its last transaction, so that what its own trailers refuse has no
effect. Source: X12 004010 sets 997 and 824, segment TA1; X12 005010 set 999.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from gateway.model import AcknowledgmentKind, Environment, ExpectedState
from gateway.pipeline.chunk import GroupKey, Matter
from gateway.ports import new_id
from gateway.store import Connection, acknowledgments, envelopes, exceptions, expected, sent
from gateway.store.control_numbers import Party
from gateway.store.sent import Parties, SentGroup, SentInterchange, SentSet
from partners.registry import Identified
from translators.errors import Issue, shown
from translators.tree import Segment
from translators.x12.acknowledged import (
    FUNCTIONAL_SETS,
    AcknowledgedGroup,
    AcknowledgedInterchange,
    Outcome,
    read_acknowledgment,
    read_note,
)
from translators.x12.advised import Advice, Advised, Scope, read_advice
from translators.x12.envelope import ACKNOWLEDGMENT_GROUP
from translators.x12.model import InterchangeHeader, InterchangeNote, TransactionSet

WITHOUT_MATCH = "acknowledgment.without_match"
REJECTED = "acknowledgment.rejected"
CONTRADICTS = "acknowledgment.contradicts"
INCOMPLETE = "acknowledgment.incomplete"
UNREADABLE = "acknowledgment.unreadable"
NOTES_TOLD = 3

_TAKEN = (Outcome.ACCEPTED, Outcome.WITH_ERRORS)
_REFUSED = (Outcome.PARTIAL, Outcome.REJECTED)
_DUPLICATE = "duplicate"
_ENVELOPE = ("ST", "SE")


@dataclass(frozen=True, slots=True)
class Said:
    """One acknowledgment that was read.

    Args:
        kind: what it is.
        content: what it says; None where it is a 997 or 999 that cannot be read.
        parties: between whom.
        partner: whose it is.
        interchange_id: the inbound interchange that carries it.
        control_number: that one's ISA13.
        group: the inbound group it stands in; None for a TA1.
        fingerprint: SHA-256 of what it says, envelope apart.
    """

    kind: AcknowledgmentKind
    content: AcknowledgedInterchange | AcknowledgedGroup | Advice | None
    parties: Parties
    partner: str
    interchange_id: UUID
    control_number: str
    group: GroupKey | None
    fingerprint: bytes


def is_acknowledgment(event: TransactionSet) -> bool:
    """A 997 or 999 in a group of acknowledgments: it needs no agreement, and is never answered."""
    return event.group.functional_id == ACKNOWLEDGMENT_GROUP and event.code in FUNCTIONAL_SETS


def said_by_note(note: InterchangeNote, who: Identified, environment: Environment, interchange_id: UUID) -> Said:
    """A TA1."""
    return Said(
        AcknowledgmentKind.TA1,
        read_note(note),
        _parties(note.interchange, who, environment),
        who.partner.key,
        interchange_id,
        note.interchange.control_number,
        None,
        _fingerprint([note.ta1]),
    )


def said_by_set(event: TransactionSet, who: Identified, environment: Environment, interchange_id: UUID) -> Said:
    """A 997, 999 or 824."""
    return Said(
        AcknowledgmentKind(event.code),
        read_advice(event) if event.code == AcknowledgmentKind.ADVICE_824 else read_acknowledgment(event),
        _parties(event.interchange, who, environment),
        who.partner.key,
        interchange_id,
        event.interchange.control_number,
        (event.interchange.ordinal, event.group.ordinal),
        _fingerprint([] if event.root is None else event.root.walk()),
    )


def settle_said(conn: Connection, said: Sequence[Said], *, transmission_id: UUID, at: datetime) -> list[Matter]:
    """Match what partners said to what we sent, and move its statuses.

    Args:
        conn: the transaction that finishes the transmission that carries it.
        said: in the order of the file.
        transmission_id: that transmission.
        at: the moment, aware.

    Returns:
        What has no match, contradicts what was said before or leaves a set unknown: matters of that transmission. What
        a partner rejects is an exception of what we sent, opened here.
    """
    settling = _Settling(conn, transmission_id, at)
    for one in said:
        settling.settle(one)
    return settling.matters


class _Settling:
    """The acknowledgments of one transmission, settled one after the other."""

    def __init__(self, conn: Connection, transmission_id: UUID, at: datetime) -> None:
        self._conn = conn
        self._transmission_id = transmission_id
        self._at = at
        self.matters: list[Matter] = []

    def settle(self, said: Said) -> None:
        match said.content:
            case AcknowledgedInterchange():
                self._interchange(said, said.content)
            case AcknowledgedGroup():
                self._group(said, said.content)
            case Advice():
                for advised in said.content.advised:
                    self._advised(said, advised)
            case None:
                text = f"the {said.kind} in interchange {shown(said.control_number)} names no group, or cannot be read"
                self._matter(UNREADABLE, said, text)

    def _interchange(self, said: Said, note: AcknowledgedInterchange) -> None:
        found = sent.find_interchange(self._conn, said.parties, note.control_number)
        if found is None:
            self._without_match(said, f"interchange {shown(note.control_number)}")
            return
        if self._is_duplicate(said, found.id, None):
            return
        self._record(said, found.id, None, note.outcome)
        self._contradiction(said, f"interchange {found.control_number}", found.outcome, note.outcome)
        sent.note_interchange(self._conn, found.id, note.outcome)
        self._close(found.id, None, note.outcome)
        self._issues(note.issues, found)
        if note.outcome is Outcome.REJECTED:
            for group in sent.groups_of(self._conn, found):
                sets = sent.sets_of(self._conn, group)
                self._move(group, sets, Outcome.REJECTED, [Outcome.REJECTED] * len(sets))
                self._close(found.id, group.id, Outcome.REJECTED)
            self._rejected(said, found, f"interchange {found.control_number}", note.issues)

    def _group(self, said: Said, content: AcknowledgedGroup) -> None:
        named = f"group {shown(content.functional_id)} {shown(content.control_number)}"
        group = sent.find_group(
            self._conn, said.parties, functional_id=content.functional_id, control_number=content.control_number
        )
        if group is None:
            self._without_match(said, named)
            return
        inside = group.interchange
        if self._is_duplicate(said, inside.id, group.id):
            return
        sets = sent.sets_of(self._conn, group)
        outcomes = [content.outcome_of(one.code, one.control_number) for one in sets]
        self._record(said, inside.id, group.id, content.outcome)
        self._contradiction(said, named, group.outcome, content.outcome)
        self._move(group, sets, content.outcome, outcomes)
        self._close(inside.id, group.id, content.outcome)
        self._issues(content.issues, inside, group)
        ours = {(one.code, one.control_number): one for one in sets}
        notes = list(content.issues)
        for told in content.sets:
            match = ours.get((told.code, told.control_number))
            if match is None:
                self._without_match(said, f"set {shown(told.code)} {shown(told.control_number)} of {named}")
                continue
            self._issues(told.issues, inside, group, match)
            notes += told.issues
        if content.outcome in _REFUSED:
            refused = [one for one, outcome in zip(sets, outcomes, strict=True) if outcome is Outcome.REJECTED]
            which = ", ".join(f"{one.code} {one.control_number}" for one in refused[:NOTES_TOLD])
            more = f" and {len(refused) - NOTES_TOLD} more" if len(refused) > NOTES_TOLD else ""
            self._rejected(said, inside, f"{which}{more} of {named}" if which else f"sets of {named}", notes)
        unknown = sum(outcome is Outcome.UNKNOWN for outcome in outcomes)
        if unknown:
            text = f"the {said.kind} does not say what became of {unknown} of the {len(sets)} sets of {named}"
            self._matter(INCOMPLETE, said, f"{text}; ask {said.partner}")

    def _advised(self, said: Said, advised: Advised) -> None:
        """What an 824 says of one thing: of a set or group of ours it moves the status."""
        named = f"set {shown(advised.code)} {shown(advised.control_number)} of group"
        named = f"{named if advised.control_number else 'group'} {shown(advised.group_control_number)}"
        group = sent.find_group(
            self._conn, said.parties, control_number=advised.group_control_number, set_code=advised.code
        )
        sets = [] if group is None else sent.sets_of(self._conn, group)
        wanted = [one for one in sets if one.control_number == advised.control_number] or sets
        if advised.code:
            wanted = [one for one in wanted if one.code == advised.code]
        of_set = advised.scope in (Scope.SET, Scope.ITEM)
        if group is None or not wanted or (of_set and len(wanted) != 1):
            reference = " ".join(shown(part) for part in advised.reference if part)
            self._without_match(said, f"{named} ({reference})" if reference else named)
            return
        inside = group.interchange
        if self._is_duplicate(said, inside.id, group.id):
            return
        self._record(said, inside.id, group.id, advised.outcome)
        if advised.scope in (Scope.SET, Scope.GROUP) and advised.outcome is not Outcome.UNKNOWN:
            each = Outcome.UNKNOWN if advised.outcome is Outcome.PARTIAL else advised.outcome
            sent.note_sets(self._conn, [(one.id, each) for one in wanted])
            if advised.scope is Scope.GROUP:
                sent.note_group(self._conn, group.id, advised.outcome)
        self._issues(advised.issues, inside, group, wanted[0] if len(wanted) == 1 else None)
        if advised.outcome in _REFUSED:
            self._rejected(said, inside, named, advised.issues)

    def _is_duplicate(self, said: Said, interchange_id: UUID, group_id: UUID | None) -> bool:
        """Said before, word for word, in another transmission: it is noted, and changes nothing."""
        before = acknowledgments.find_received(
            self._conn,
            interchange_id=interchange_id,
            functional_group_id=group_id,
            content_sha256=said.fingerprint,
            not_in=self._transmission_id if said.kind is AcknowledgmentKind.ADVICE_824 else None,
        )
        if before is not None:
            self._record(said, interchange_id, group_id, _DUPLICATE, duplicate_of=before)
        return before is not None

    def _record(
        self,
        said: Said,
        interchange_id: UUID,
        group_id: UUID | None,
        status: str,
        *,
        duplicate_of: UUID | None = None,
    ) -> None:
        acknowledgments.add_received(
            self._conn,
            kind=said.kind,
            interchange_id=interchange_id,
            functional_group_id=group_id,
            transmission_id=self._transmission_id,
            status=str(status),
            control_number=said.control_number,
            content_sha256=said.fingerprint,
            at=self._at,
            duplicate_of=duplicate_of,
        )

    def _move(self, group: SentGroup, sets: Sequence[SentSet], outcome: Outcome, outcomes: Sequence[Outcome]) -> None:
        sent.note_group(self._conn, group.id, outcome)
        sent.note_sets(self._conn, [(one.id, became) for one, became in zip(sets, outcomes, strict=True)])

    def _close(self, interchange_id: UUID, group_id: UUID | None, outcome: Outcome) -> None:
        expected.close(
            self._conn,
            interchange_id=interchange_id,
            functional_group_id=group_id,
            state=ExpectedState(outcome.value),
            at=self._at,
        )

    def _issues(
        self,
        issues: Iterable[Issue],
        inside: SentInterchange,
        group: SentGroup | None = None,
        one: SentSet | None = None,
    ) -> None:
        """What the partner found, as issues of what we sent."""
        rows = [
            envelopes.issue_row(
                replace(
                    issue,
                    position=replace(
                        issue.position,
                        interchange=inside.ordinal,
                        group=None if group is None else group.ordinal,
                        set=None if one is None else one.ordinal,
                    ),
                ),
                id=new_id(),
                transmission_id=inside.transmission_id,
                stage="acknowledged",
                transaction_set_id=None if one is None else one.id,
            )
            for issue in issues
        ]
        envelopes.add_rows(self._conn, issues=rows)

    def _rejected(self, said: Said, inside: SentInterchange, what: str, notes: Sequence[Issue]) -> None:
        told = "; ".join(f"{note.message} ({note.position})" for note in notes[:NOTES_TOLD])
        more = f" (and {len(notes) - NOTES_TOLD} more)" if len(notes) > NOTES_TOLD else ""
        exceptions.open_exception(
            self._conn,
            id=new_id(),
            at=self._at,
            code=REJECTED,
            reason=f"{said.partner} rejects {what} by {said.kind}{': ' if told else ''}{told}{more}",
            group=exceptions.fingerprint(REJECTED, said.partner, said.kind),
            transmission_id=inside.transmission_id,
        )

    def _contradiction(self, said: Said, named: str, before: Outcome | None, now: Outcome) -> None:
        if before is None or before is now or (before in _TAKEN and now in _TAKEN):
            return
        text = f"{said.partner} said {before.value} of {named} before, and its {said.kind} now says {now.value}"
        self._matter(CONTRADICTS, said, f"{text}; the later holds")

    def _without_match(self, said: Said, what: str) -> None:
        text = f"the {said.kind} in interchange {shown(said.control_number)} is of {what}, which we did not send"
        self._matter(WITHOUT_MATCH, said, text)

    def _matter(self, code: str, said: Said, text: str) -> None:
        self.matters.append(Matter(code, f"{said.partner} {said.kind}", text))


def _parties(header: InterchangeHeader, who: Identified, environment: Environment) -> Parties:
    ours = [(one.qualifier, one.id) for one in who.ourselves.identifiers]
    theirs = [(one.qualifier, one.id) for one in who.partner.identifiers]
    return Parties(_first(header.receiver, ours), _first(header.sender, theirs), environment)


def _first(likeliest: Party, others: Iterable[Party]) -> tuple[Party, ...]:
    return tuple(dict.fromkeys([likeliest, *others]))


def _fingerprint(segments: Iterable[Segment]) -> bytes:
    digest = hashlib.sha256()
    for segment in segments:
        if segment.id not in _ENVELOPE:
            digest.update("\x1f".join(segment.elements).encode() + b"\x1e")
    return digest.digest()
