"""One pass over the events of an X12 transmission: rows to write, answers to send, matters for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from gateway.model import AcknowledgmentKind, Environment, TransmissionState
from gateway.pipeline.acknowledged import Said, is_acknowledgment, said_by_note, said_by_set
from gateway.pipeline.advise import MOST_ADVICE, advice_on, untold
from gateway.pipeline.chunk import Chunk, GroupKey, Matter, ReadInterchange
from gateway.pipeline.faults import (
    isa_position,
    not_agreed,
    used_group_number,
    used_interchange_number,
    used_set_number,
)
from gateway.pipeline.ledger import InboundLedger
from gateway.pipeline.opened import OpenGroup, OpenInterchange
from gateway.pipeline.translate import translate
from gateway.ports import new_id
from gateway.store.control_numbers import ReceivedNumber, Used
from gateway.store.envelopes import group_row, issue_row, set_row
from gateway.store.transmissions import Transmission
from mappings.catalog import MapCatalog
from partners.model import Account, Agreement, Direction
from partners.registry import Identified, NotIdentified, PartnerRegistry, Refusal
from translators.errors import Issue, Severity, shown
from translators.formats import Format
from translators.x12.acknowledge import AcknowledgmentBuilder, AcknowledgmentPolicy, AcknowledgmentTerms
from translators.x12.advice import MAX_REFERENCE
from translators.x12.codes import FAULTS
from translators.x12.guide import GuideLibrary
from translators.x12.model import (
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeHeader,
    InterchangeNote,
    InterchangeStart,
    ReaderEvent,
    Stray,
    TransactionSet,
)

UNSUPPORTED = "x12.st.unsupported"
UNREAD_GROUP = frozenset({"x12.gs.unsupported_version", "x12.gs.unsupported_group"})
"""Faults of a group that an agreement to pass its sets through makes harmless."""


class Reading:
    """One pass over the events of a transmission.

    Args:
        transmission: what is read.
        account: the login that brought it, or None for a channel that carries everyone's.
        content_hash: SHA-256 of the bytes [start, end) of the transmission; asked for from front to back.
        refused: groups that an earlier pass found to be refused by their trailers; nothing is made of their sets.
    """

    def __init__(
        self,
        transmission: Transmission,
        *,
        account: Account | None,
        registry: PartnerRegistry,
        maps: MapCatalog,
        guides: GuideLibrary,
        content_hash: Callable[[int, int], bytes],
        refused: frozenset[GroupKey] = frozenset(),
    ) -> None:
        self._transmission = transmission
        self._account = account
        self._registry = registry
        self._maps = maps
        self._guides = guides
        self._content_hash = content_hash
        self._ledger: InboundLedger
        self._open: OpenInterchange | None = None
        self._group = OpenGroup()
        self._agreements: dict[tuple[object, ...], Agreement | NotIdentified] = {}
        self._chunk = Chunk()
        self.interchanges: list[ReadInterchange] = []
        self.refused_groups: set[GroupKey] = set(refused)
        self.matters: list[Matter] = []
        self.said: list[Said] = []
        self.keys: dict[tuple[str, str], None] = {}
        self.sets_seen = 0
        self.chunks = 0

    @property
    def partner(self) -> str | None:
        """Whose the first interchange is that has a partner."""
        return next((read.partner for read in self.interchanges if read.partner), None)

    @property
    def syntax(self) -> str:
        """The wire format, as the store calls it."""
        return Format.X12.value

    @property
    def state(self) -> TransmissionState:
        """What becomes of the transmission."""
        if not any(read.counted or read.repeats is not None for read in self.interchanges):
            return TransmissionState.PARKED
        if all(read.repeats is not None for read in self.interchanges):
            return TransmissionState.DUPLICATE
        return TransmissionState.PROCESSED

    def take_chunk(self, events: Iterator[ReaderEvent], *, ledger: InboundLedger) -> bool:
        """Read until a chunk waits to be written; True when the transmission is read to its end.

        Args:
            events: the reader's, continued where the last chunk ended.
            ledger: of control numbers, in the transaction that writes the chunk.
        """
        self._ledger = ledger
        self.chunks += 1
        for event in events:
            self._take(event)
            if self._chunk.full:
                return False
        return True

    def take_rows(self) -> Chunk:
        """The rows since the last call; an interchange still open is among them, as far as it was read."""
        rows, self._chunk = self._chunk, Chunk()
        if self._open is not None:
            rows.interchanges.append(self._read(self._open, end=self._open.header.offset, rejected=False))
        return rows

    def _take(self, event: ReaderEvent) -> None:
        match event:
            case InterchangeStart():
                self._start(event)
            case Stray():
                self._stray(event)
            case TransactionSet():
                self._set(event)
            case GroupStart():
                self._start_group(event)
            case InterchangeNote():
                self._forward(event)
                self._note(event.issues, stage="validate")
                self._hear(event)
            case GroupEnd():
                self._end_group(event)
            case InterchangeEnd():
                self._end(event)

    def _stray(self, event: Stray) -> None:
        """What stands outside any interchange: no acknowledgment can tell of it, so a person has to."""
        self._note(event.issues, stage="validate")
        about = self._transmission.account or self._transmission.channel
        self.matters += [
            Matter(issue.code, about, f"{issue.message} ({issue.position})")
            for issue in event.issues
            if issue.severity is Severity.ERROR
        ]

    def number_of(self, header: InterchangeHeader) -> ReceivedNumber | None:
        """The ISA13 to be claimed for an interchange; None where its sender or number cannot count, or none does."""
        who, number = self._who(header), header.control_number
        if not isinstance(who, Identified) or who.partner.control_numbers.days == 0:
            return None
        if not (len(number) == 9 and number.isascii() and number.isdigit()):
            return None
        return ReceivedNumber(header.sender, header.receiver, self._environment(header), number)

    def _who(self, header: InterchangeHeader) -> Identified | NotIdentified:
        return self._registry.identify_interchange(self._account, sender=header.sender, receiver=header.receiver)

    def _environment(self, header: InterchangeHeader) -> Environment:
        test = header.usage == "T" or self._transmission.environment is Environment.TEST
        return Environment.TEST if test else Environment.LIVE

    def _start(self, event: InterchangeStart) -> None:
        header = event.header
        who, number, id = self._who(header), self.number_of(header), new_id()
        use = None
        if number is not None and isinstance(who, Identified):
            use = self._ledger.claim(number, id, who.partner.control_numbers.span)
        terms = self._terms(who)
        answers = AcknowledgmentBuilder(terms, guides=self._guides)
        self._open = OpenInterchange(id, header, self._environment(header), who, use, terms, answers)
        self._key("isa13", header.control_number)
        answers.take(event)

    def _terms(self, who: Identified | NotIdentified) -> AcknowledgmentTerms:
        """The partner's; as long as nobody knows who that is, those of the account's."""
        if isinstance(who, Identified):
            agreed = who.partner.acknowledge
        elif self._account is not None and self._account.partner in self._registry.partners:
            agreed = self._registry.partners[self._account.partner].acknowledge
        else:
            return AcknowledgmentTerms()
        return AcknowledgmentTerms(agreed.functional, agreed.interchange, agreed.form)

    def _start_group(self, event: GroupStart) -> None:
        """Its first set says by which form it is answered."""
        self._key("gs06", event.header.control_number)
        inside = self._open
        if inside is None or not inside.counts:
            self._group = OpenGroup()
            self._forward(event)
        else:
            self._group = OpenGroup(start=event, form=inside.terms.form)
            self._group.used_number = used_group_number(event.header, inside, self._ledger)
            if self._group.used_number is not None:
                self.refused_groups.add((inside.header.ordinal, event.header.ordinal))

    def _begin_answer(self, inside: OpenInterchange, agreed: Agreement | NotIdentified | None = None) -> None:
        group, start = self._group, self._group.start
        if start is not None:
            if isinstance(agreed, Agreement):
                group.form = agreed.acknowledge.form
            inside.answers.take(start, form=group.form)
            group.start = None

    def _forward(self, event: GroupStart | InterchangeNote) -> None:
        """Also where nothing is looked into: what holds acknowledgments only is never answered."""
        if self._open is not None:
            self._open.answers.take(event)

    def _hear(self, event: InterchangeNote | TransactionSet) -> None:
        """What a partner says of what we sent; it counts if its own interchange and group are good."""
        inside = self._open
        if inside is None or not inside.counts or not isinstance(inside.who, Identified):
            return
        where = (inside.who, inside.environment, inside.id)
        self.said.append(
            said_by_note(event, *where) if isinstance(event, InterchangeNote) else said_by_set(event, *where)
        )

    def _set(self, event: TransactionSet) -> None:
        inside = self._open
        if inside is None or not inside.counts:
            return
        assert isinstance(inside.who, Identified)
        self.sets_seen += 1
        id = new_id()
        key = (inside.header.ordinal, event.group.ordinal)
        agreement = None if is_acknowledgment(event) else self._agreement(event, inside.who, usage=inside.usage)
        self._begin_answer(inside, agreement)
        if agreement is None:
            self._hear(event)
            self._tell_faulty(event, partner=inside.partner or "", group=key)
        elif isinstance(agreement, NotIdentified):
            event.issues.append(not_agreed(event, agreement))
            about = f"{inside.partner} {shown(event.code)}"
            self.matters.append(Matter(agreement.code.value, about, agreement.reason, group=key))
        else:
            self._group.policies.add(agreement.acknowledge.functional)
            if key not in self.refused_groups:
                event.issues += used_set_number(event, agreement, inside, self._ledger)
            if agreement.pass_through:
                self._group.passed_through += 1
                event.issues[:] = [_excused(issue, UNSUPPORTED) for issue in event.issues]
        self._note(event.issues, stage="validate", set_id=id)
        inside.answers.take(event)
        self._group.received += 1
        self._group.accepted += event.accepted
        accepted = event.accepted and key not in self.refused_groups
        self._chunk.sets.append(set_row(event, id=id, transmission_id=self._transmission.id, accepted=accepted))
        if isinstance(agreement, Agreement):
            found = untold(event, self._group.form)
            if accepted:
                if event.code == AcknowledgmentKind.ADVICE_824:
                    self._hear(event)
                found += self._translate(event, agreement, inside, set_id=id)
            if found and key not in self.refused_groups:
                self._tell(event, found, agreement, inside, set_id=id)

    def _tell_faulty(self, event: TransactionSet, *, partner: str, group: GroupKey) -> None:
        """An acknowledgment is never answered: that it is faulty itself only a person can be told."""
        errors = [issue for issue in event.issues if issue.severity is Severity.ERROR]
        if errors:
            text = f"the partner's {event.code} is faulty: {errors[0].message} ({errors[0].position})"
            self.matters.append(Matter("acknowledgment.faulty", f"{partner} {event.code}", text, group=group))

    def _tell(
        self,
        event: TransactionSet,
        found: Sequence[Issue],
        agreement: Agreement,
        inside: OpenInterchange,
        *,
        set_id: UUID,
    ) -> None:
        """What an acknowledgment has no code for (balances, hierarchy, the map): by 824 if agreed, or to a person."""
        advice = advice_on(event, found, agreement, number=set_id.hex[-MAX_REFERENCE:].upper())
        if advice is not None and len(inside.advice) < MOST_ADVICE:
            inside.advice.append(advice)
            return
        for issue in found:
            place = issue.position.segment_id or "" if issue.code not in FAULTS else ""
            about = f"{agreement.partner} {event.code} {place}".rstrip()
            group = (inside.header.ordinal, event.group.ordinal)
            self.matters.append(Matter(issue.code, about, f"{issue.message} ({issue.position})", group=group))

    def _translate(
        self, event: TransactionSet, agreement: Agreement, inside: OpenInterchange, *, set_id: UUID
    ) -> list[Issue]:
        """Make its documents; the errors of the map, with any of which there are none."""
        found = translate(
            event,
            agreement,
            maps=self._maps,
            environment=inside.environment,
            entity=inside.who.ourselves.key if isinstance(inside.who, Identified) else "",
            filename=self._transmission.filename,
            transaction_set_id=set_id,
            references=self._ledger.references(agreement.partner),
            at=self._ledger.at,
        )
        self._note(found.issues, stage="map", set_id=set_id)
        self._chunk.made += found.documents
        return [issue for issue in found.issues if issue.severity is Severity.ERROR]

    def _agreement(self, event: TransactionSet, who: Identified, *, usage: str) -> Agreement | NotIdentified:
        asked = (
            who.partner.key,
            who.ourselves.key,
            event.group.functional_id,
            event.code,
            event.group.version,
            usage,
            event.group.sender,
            event.group.receiver,
        )
        if asked not in self._agreements:
            self._agreements[asked] = self._registry.agreement(
                who.partner,
                ourselves=who.ourselves,
                direction=Direction.IN,
                functional_id=event.group.functional_id,
                set_code=event.code,
                version=event.group.version,
                usage=usage,
                gs_sender=event.group.sender,
                gs_receiver=event.group.receiver,
            )
        return self._agreements[asked]

    def _end_group(self, event: GroupEnd) -> None:
        inside, group = self._open, self._group
        if inside is None or not inside.counts:
            return
        header = event.header
        if group.received and group.passed_through == group.received:
            event.issues[:] = [_excused(issue, *UNREAD_GROUP) for issue in event.issues]
        self._begin_answer(inside)
        if group.used_number is not None:
            event.issues.append(group.used_number)
        inside.answers.take(event, functional=group.policy)
        self._note(event.issues, stage="validate")
        if event.rejected:
            self._refuse_group((inside.header.ordinal, header.ordinal))
        accepted = 0 if event.rejected else group.accepted
        said = inside.answers.last_group
        status = said.code if said is not None else _group_status(group.received, accepted, rejected=event.rejected)
        if status in "PR" and (group.policy or inside.terms.functional) is AcknowledgmentPolicy.NEVER:
            text = (
                f"group {shown(header.control_number)} is not accepted in full ({accepted} of {group.received} sets), "
                "and it is agreed to send no 997; tell the partner"
            )
            self.matters.append(Matter("acknowledgment.not_agreed", inside.partner or "", text))
        received = group.received
        inside.groups.append(
            group_row(event, id=new_id(), interchange_id=inside.id, status=status, received=received, accepted=accepted)
        )

    def _refuse_group(self, key: GroupKey) -> None:
        self.refused_groups.add(key)
        self._chunk.made = [item for item in self._chunk.made if item.group != key]
        if self._open is not None:
            self._open.advice = [one for one in self._open.advice if one.group.ordinal != key[1]]
        for row in self._chunk.sets:
            if (row["interchange_ordinal"], row["group_ordinal"]) == key:
                row["accepted"] = False

    def _end(self, event: InterchangeEnd) -> None:
        inside, self._open = self._open, None
        assert inside is not None
        who, use, sender = inside.who, inside.use, shown("/".join(event.header.sender))
        answerable = True
        if isinstance(who, NotIdentified):
            event.issues.append(Issue(who.code.value, who.reason, isa_position(event.header), level=7))
            self.matters.append(Matter(who.code.value, sender, who.reason))
            answerable = who.code is Refusal.UNKNOWN_RECEIVER and self._account is not None
        content = self._content_hash(event.header.offset, event.end)
        repeated = use if isinstance(use, Used) and use.content_sha256 == content else None
        if repeated is not None:
            answerable = False
        elif isinstance(use, Used):
            issue = used_interchange_number(event.header)
            event.issues.append(issue)
            self.matters.append(Matter(issue.code, sender, issue.message))
        self._note(event.issues, stage="validate" if inside.counts else "identify")
        if inside.counts and use is not None:
            number = self.number_of(inside.header)
            assert number is not None  # it was claimed
            self._ledger.complete(number, inside.id, content)
        if event.rejected:
            for row in inside.groups:
                self._refuse_group((inside.header.ordinal, row["ordinal"]))
                row["status"], row["sets_accepted"] = "R", 0
            inside.advice.clear()
        self._chunk.groups += inside.groups
        answers = inside.answers.take(event)
        if inside.counts and event.rejected and inside.terms.interchange is AcknowledgmentPolicy.NEVER:
            text = f"interchange {shown(event.header.control_number)} is refused, and it is agreed to send no TA1"
            self.matters.append(Matter("acknowledgment.not_agreed", sender, f"{text}; tell the partner"))
        ended = replace(
            self._read(inside, end=event.end, rejected=event.rejected),
            content_sha256=content,
            answers=answers if answerable else (),
            advice=inside.advice,
            repeats=None if repeated is None else repeated.interchange_id,
            repeated_transmission=None if repeated is None else repeated.transmission_id,
        )
        self._chunk.interchanges.append(ended)
        self.interchanges.append(ended)

    def _read(self, inside: OpenInterchange, *, end: int, rejected: bool) -> ReadInterchange:
        return ReadInterchange(
            id=inside.id,
            header=inside.header,
            partner=inside.partner,
            environment=inside.environment,
            end=end,
            counted=inside.counts,
            rejected=rejected,
        )

    def _key(self, name: str, value: str) -> None:
        self.keys[(name, value)] = None

    def _note(self, issues: Sequence[Issue], *, stage: str, set_id: UUID | None = None) -> None:
        self._chunk.issues += [
            issue_row(
                issue,
                id=new_id(),
                transmission_id=self._transmission.id,
                stage=stage,
                transaction_set_id=set_id,
            )
            for issue in issues
        ]


def _excused(issue: Issue, *codes: str) -> Issue:
    """A fault that was agreed to be none stays in the log, as a warning."""
    return replace(issue, severity=Severity.WARNING) if issue.code in codes else issue


def _group_status(received: int, accepted: int, *, rejected: bool) -> str:
    """AK901 for a group that is never answered: A all, P some, R none."""
    if rejected or (received and not accepted):
        return "R"
    return "A" if accepted == received else "P"
