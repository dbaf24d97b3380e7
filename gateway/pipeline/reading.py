"""What one pass over an X12 transmission finds: rows to write, answers to send, matters for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import UUID

from gateway.model import Environment
from gateway.pipeline.translate import MadeDocument, translate
from gateway.ports import new_id
from gateway.store.control_numbers import InboundUse, Mine, New, Used
from gateway.store.envelopes import issue_row
from gateway.store.transmissions import Transmission
from mappings.catalog import MapCatalog
from partners.model import Agreement, Direction, SftpAccount
from partners.registry import Identified, NotIdentified, PartnerRegistry, Refusal
from translators.errors import Issue, Position, Severity
from translators.x12.acknowledge import AcknowledgmentBuilder, AcknowledgmentTerms, Answer
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

Row = dict[str, Any]


class Ledger(Protocol):
    """The ledger of control numbers, in the transaction of the moment."""

    def claim(self, header: InterchangeHeader, environment: Environment, interchange_id: UUID) -> InboundUse:
        """Whether an ISA13 was received before."""

    def complete(
        self, header: InterchangeHeader, environment: Environment, interchange_id: UUID, content_sha256: bytes
    ) -> None:
        """What the interchange of a claimed ISA13 held."""


@dataclass(slots=True)
class Matter:
    """Something for a person; matters with the same (code, about) within a transmission are one exception."""

    code: str
    about: str
    reason: str
    document_id: UUID | None = None


@dataclass(slots=True)
class OpenInterchange:
    """The interchange being read."""

    id: UUID
    header: InterchangeHeader
    environment: Environment
    who: Identified | NotIdentified
    use: InboundUse | None
    answers: AcknowledgmentBuilder
    refused_groups: set[int] = field(default_factory=set)

    @property
    def partner(self) -> str | None:
        """The partner's key, once known."""
        return self.who.partner.key if isinstance(self.who, Identified) else None

    @property
    def usage(self) -> str:
        """ISA15, or T where the folder says so."""
        return "T" if self.environment is Environment.TEST else self.header.usage

    @property
    def counts(self) -> bool:
        """Whether its sets are looked into: ours, and not a control number that was used before."""
        return isinstance(self.who, Identified) and (self.use is None or isinstance(self.use, New | Mine))


@dataclass(frozen=True, slots=True)
class ReadInterchange:
    """An interchange that was read to its end.

    `repeats` is the interchange whose control number and content these are again, in `repeated_transmission`.
    """

    id: UUID
    header: InterchangeHeader
    partner: str | None
    environment: Environment
    end: int
    counted: bool
    rejected: bool
    content_sha256: bytes
    answers: Sequence[Answer]
    repeats: UUID | None = None
    repeated_transmission: UUID | None = None


@dataclass(slots=True)
class Chunk:
    """Rows found since the last write."""

    interchanges: list[ReadInterchange] = field(default_factory=list)
    groups: list[Row] = field(default_factory=list)
    sets: list[Row] = field(default_factory=list)
    issues: list[Row] = field(default_factory=list)
    made: list[MadeDocument] = field(default_factory=list)


class Reading:
    """One pass over the events of a transmission.

    Args:
        transmission: what is read.
        account: the login that brought it, or None for a channel that carries everyone's.
        content_hash: SHA-256 of the bytes [start, end) of the transmission.
    """

    def __init__(
        self,
        transmission: Transmission,
        *,
        account: SftpAccount | None,
        registry: PartnerRegistry,
        maps: MapCatalog,
        guides: GuideLibrary,
        content_hash: Callable[[int, int], bytes],
    ) -> None:
        self._transmission = transmission
        self._account = account
        self._registry = registry
        self._maps = maps
        self._guides = guides
        self._content_hash = content_hash
        self._ledger: Ledger
        self._groups: list[Row] = []
        self._open: OpenInterchange | None = None
        self._agreements: dict[tuple[object, ...], Agreement | NotIdentified] = {}
        self.chunk = Chunk()
        self.interchanges: list[ReadInterchange] = []
        self.refused_groups: list[tuple[int, int]] = []
        self.matters: list[Matter] = []
        self.keys: list[tuple[str, str]] = []
        self.sets_seen = 0
        self.chunks = 0

    def take_chunk(self, events: Iterator[ReaderEvent], *, sets: int, ledger: Ledger) -> bool:
        """Read until that many sets are waiting to be written; True when the transmission is read to its end.

        Args:
            events: the reader's, continued where the last chunk ended.
            sets: how many.
            ledger: of control numbers, in the transaction that writes the chunk.
        """
        self._ledger = ledger
        self.chunks += 1
        for event in events:
            self._take(event)
            if len(self.chunk.sets) >= sets:
                return False
        return True

    def take_rows(self) -> Chunk:
        """The rows since the last call."""
        rows, self.chunk = self.chunk, Chunk()
        return rows

    def _take(self, event: ReaderEvent) -> None:
        match event:
            case InterchangeStart():
                self._start(event)
            case Stray():
                self._note(event.issues, stage="validate")
            case TransactionSet():
                self._set(event)
            case GroupStart():
                self._forward(event)
                self.keys.append(("gs06", event.header.control_number))
            case InterchangeNote():
                self._forward(event)
            case GroupEnd():
                self._end_group(event)
            case InterchangeEnd():
                self._end(event)

    def _start(self, event: InterchangeStart) -> None:
        header = event.header
        who = self._registry.identify_interchange(self._account, sender=header.sender, receiver=header.receiver)
        test = header.usage == "T" or self._transmission.environment is Environment.TEST
        environment = Environment.TEST if test else Environment.LIVE
        id = new_id()
        use = None
        if isinstance(who, Identified) and len(header.control_number) == 9 and header.control_number.isdigit():
            use = self._ledger.claim(header, environment, id)
        answers = AcknowledgmentBuilder(self._terms(who), guides=self._guides)
        self._open = OpenInterchange(id, header, environment, who, use, answers)
        self.keys.append(("isa13", header.control_number))
        answers.take(event)

    def _terms(self, who: Identified | NotIdentified) -> AcknowledgmentTerms:
        if isinstance(who, Identified):
            return AcknowledgmentTerms(who.partner.acknowledge.functional, who.partner.acknowledge.interchange)
        return AcknowledgmentTerms()

    def _forward(self, event: GroupStart | InterchangeNote) -> None:
        if self._open is not None and self._open.counts:
            self._open.answers.take(event)
            if event.issues:
                self._note(event.issues, stage="validate")

    def _set(self, event: TransactionSet) -> None:
        inside = self._open
        if inside is None or not inside.counts:
            return
        assert isinstance(inside.who, Identified)
        self.sets_seen += 1
        id = new_id()
        agreement = self._agreement(event, inside.who, usage=inside.usage)
        if isinstance(agreement, NotIdentified):
            event.issues.append(self._refusal(event, agreement))
            self.matters.append(Matter(agreement.code.value, f"{inside.partner} {event.code}", agreement.reason))
        elif agreement.pass_through:
            event.issues[:] = [issue for issue in event.issues if issue.code != UNSUPPORTED]
        self._note(event.issues, stage="validate", set_id=id)
        inside.answers.take(event)
        self.chunk.sets.append(
            {
                "id": id,
                "transmission_id": self._transmission.id,
                "interchange_ordinal": inside.header.ordinal,
                "group_ordinal": event.group.ordinal,
                "ordinal": event.ordinal,
                "code": event.code,
                "control_number": event.control_number,
                "accepted": event.accepted,
                "segments": event.segments,
                "start_offset": event.offset,
                "end_offset": event.end,
            }
        )
        if isinstance(agreement, Agreement) and event.accepted:
            self._translate(event, agreement, inside, set_id=id)

    def _translate(self, event: TransactionSet, agreement: Agreement, inside: OpenInterchange, *, set_id: UUID) -> None:
        found = translate(
            event,
            agreement,
            maps=self._maps,
            environment=inside.environment,
            filename=self._transmission.filename,
            transaction_set_id=set_id,
        )
        self._note(found.issues, stage="map", set_id=set_id)
        for issue in found.issues:
            if issue.severity is Severity.ERROR:
                about = f"{agreement.partner} {event.code} {issue.position.segment_id or ''}"
                self.matters.append(Matter(issue.code, about, f"{issue.message} ({issue.position})"))
        self.chunk.made += found.documents

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

    def _refusal(self, event: TransactionSet, why: NotIdentified) -> Issue:
        position = Position(
            interchange=event.interchange.ordinal,
            group=event.group.ordinal,
            set=event.ordinal,
            segment_id="ST",
            segment=1,
            element=1,
            offset=event.offset,
        )
        return Issue(UNSUPPORTED, why.reason, position, level=7, value=event.code)

    def _end_group(self, event: GroupEnd) -> None:
        inside = self._open
        if inside is None or not inside.counts:
            return
        inside.answers.take(event)
        self._note(event.issues, stage="validate")
        if event.rejected:
            self._refuse_group(inside, event.header.ordinal)
        accepted = 0 if event.rejected else event.sets_accepted
        self._groups.append(
            {
                "id": new_id(),
                "interchange_id": inside.id,
                "ordinal": event.header.ordinal,
                "functional_id": event.header.functional_id,
                "control_number": event.header.control_number,
                "sender": event.header.sender,
                "receiver": event.header.receiver,
                "version": event.header.version,
                "status": _group_status(event.sets_received, accepted),
                "sets_included": event.sets_included,
                "sets_received": event.sets_received,
                "sets_accepted": accepted,
            }
        )

    def _refuse_group(self, inside: OpenInterchange, ordinal: int) -> None:
        key = (inside.header.ordinal, ordinal)
        self.refused_groups.append(key)
        self.chunk.made = [item for item in self.chunk.made if item.group != key]
        for row in self.chunk.sets:
            if (row["interchange_ordinal"], row["group_ordinal"]) == key:
                row["accepted"] = False

    def _end(self, event: InterchangeEnd) -> None:
        inside, self._open = self._open, None
        assert inside is not None
        who = inside.who
        answerable = True
        if isinstance(who, NotIdentified):
            issue = Issue(who.code.value, who.reason, _isa_position(event.header), level=7)
            event.issues.append(issue)
            self.matters.append(Matter(who.code.value, "/".join(event.header.sender), who.reason))
            answerable = who.code is Refusal.UNKNOWN_RECEIVER and self._account is not None
        content = self._content_hash(event.header.offset, event.end)
        repeats = repeated_transmission = None
        if isinstance(inside.use, Used):
            if inside.use.content_sha256 == content:
                repeats, repeated_transmission = inside.use.interchange_id, inside.use.transmission_id
                answerable = False
            else:
                issue = _used_number(event.header)
                event.issues.append(issue)
                self.matters.append(Matter(issue.code, "/".join(event.header.sender), issue.message))
        self._note(event.issues, stage="validate" if inside.counts else "identify")
        if inside.counts and inside.use is not None:
            self._ledger.complete(event.header, inside.environment, inside.id, content)
        if event.rejected:
            for row in self._groups:
                self._refuse_group(inside, row["ordinal"])
                row["status"], row["sets_accepted"] = "R", 0
        self.chunk.groups += self._groups
        self._groups = []
        ended = ReadInterchange(
            id=inside.id,
            header=event.header,
            partner=inside.partner,
            environment=inside.environment,
            end=event.end,
            counted=inside.counts,
            rejected=event.rejected,
            content_sha256=content,
            answers=inside.answers.take(event) if answerable else (),
            repeats=repeats,
            repeated_transmission=repeated_transmission,
        )
        self.chunk.interchanges.append(ended)
        self.interchanges.append(ended)

    def _note(self, issues: Sequence[Issue], *, stage: str, set_id: UUID | None = None) -> None:
        self.chunk.issues += [
            issue_row(
                issue,
                id=new_id(),
                transmission_id=self._transmission.id,
                stage=stage,
                transaction_set_id=set_id,
            )
            for issue in issues
        ]


def _used_number(header: InterchangeHeader) -> Issue:
    position = replace(_isa_position(header), element=13)
    text = f"ISA13 {header.control_number} was used before for other content; want a new control number"
    return Issue("x12.isa.duplicate_control_number", text, position, value=header.control_number)


def _isa_position(header: InterchangeHeader) -> Position:
    return Position(interchange=header.ordinal, segment_id="ISA", offset=header.offset)


def _group_status(received: int, accepted: int) -> str:
    """AK901 as far as the log shows it: A all, P some, R none."""
    if accepted == received:
        return "A"
    return "P" if accepted else "R"
