"""One pass over one received transmission: read a chunk at a time, and what is to be written of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import UUID

from gateway import traces
from gateway.guides import RegistryTerms
from gateway.model import DeliveryState, DocumentState, Environment, TransmissionState
from gateway.pipeline.acknowledge import AnswerToSend, offer_again
from gateway.pipeline.acknowledged import settle_said
from gateway.pipeline.answer import answers_owed
from gateway.pipeline.chunk import Chunk, GroupKey, Matter, ReadInterchange, Row
from gateway.pipeline.closing import Closing
from gateway.pipeline.file_acknowledged import SaidOfFile, said_of_file, settle_said_of_file
from gateway.pipeline.file_answer import send_file_answer
from gateway.pipeline.file_identity import IdentifiedFile, UnreadFile, identify_file
from gateway.pipeline.file_reading import FileReading
from gateway.pipeline.ledger import InboundLedger, LedgerOfMany
from gateway.pipeline.range_hashes import RangeHashes
from gateway.pipeline.reading import Reading
from gateway.pipeline.route import deliveries_of
from gateway.pipeline.text import text_terms
from gateway.pipeline.translate import MadeDocument, document_row
from gateway.ports import new_id
from gateway.store import (
    Connection,
    deliveries,
    documents,
    envelopes,
    exceptions,
    received_batches,
    transmissions,
    work,
)
from gateway.store.control_numbers import ReceivedNumber
from gateway.store.received_batches import ReceivedFile
from gateway.store.rows import NewRows
from gateway.store.work import Claim
from partners.files import agreements_for_files
from translators.errors import Issue, Position
from translators.formats import SNIFFED_BYTES, Format, sniff
from translators.x12.model import InterchangeStart
from translators.x12.reader import ReadOptions, read_x12

if TYPE_CHECKING:
    from gateway.pipeline.inbound import InboundLine


class Pass:
    """One pass over one transmission; in each transaction `open`, `read`, `write` and `finish`, in this order.

    Args:
        line: what it is read by.
        claim: of the transmission.
        file: it, where it was loaded in this transaction already.
    """

    def __init__(self, line: InboundLine, claim: Claim, file: ReceivedFile | None = None) -> None:
        self._line = line
        self.claim = claim
        self._loaded = file
        self._reading: Reading | FileReading | None = None
        self._events: Iterator[Any] = iter(())
        self._first: object = None
        self._inline: bytes | None = None
        self._head = b""
        self._chunk: Chunk | None = None
        self._staged_groups: set[GroupKey] = set()
        self._refused: frozenset[GroupKey] = frozenset()
        self._matters: list[Matter] = []
        self.staged = False
        self.finished = False
        self.lanes: set[str] = set()
        self.closing: Closing | None = None
        if file is not None:
            self._take_up(file)

    @property
    def kind(self) -> Format:
        """What its first bytes look like."""
        return sniff(self._head)

    def take_first_number(self) -> ReceivedNumber | None:
        """The ISA13 it begins with, where that is about to be claimed; asked once."""
        first, self._first = self._first, None
        if isinstance(first, InterchangeStart) and isinstance(self._reading, Reading):
            return self._reading.number_of(first.header)
        return None

    @property
    def made(self) -> list[MadeDocument]:
        """The documents of the chunk that was read."""
        return [] if self._chunk is None else self._chunk.made

    @property
    def ends(self) -> bool:
        """Whether it comes to its end in this transaction."""
        return self.finished or self.closing is not None

    def open(self, conn: Connection, *, at: datetime) -> None:
        """Lock the row, and begin to read where that was not begun; that may be the end of it."""
        self._chunk = None
        if self._reading is not None:
            work.confirm(conn, self.claim)
            return
        if self._loaded is None:
            [found] = received_batches.load(conn, [self.claim])
            self._take_up(found)
            if self.claim.claim_no > 1 and envelopes.any_staged(conn, self.claim.id):
                envelopes.discard_staged(conn, self.claim.id)
        if not self._head and self._found.size:
            self._head = next(iter(self._content(conn)), b"")[:SNIFFED_BYTES]
        kind = self.kind
        with traces.stage("tradelane.identify", transmission=self._found.id, format=kind.value):
            self._reading = self._begin(conn) if kind is Format.X12 else self._begin_file(conn, kind, at)

    def read(self, conn: Connection, ledger: LedgerOfMany) -> None:
        """Read one chunk; the last one ends it, unless it has to begin again."""
        reading = self._reading
        if reading is None:
            return
        with traces.stage("tradelane.translate", transmission=self._found.id):
            self.finished = reading.take_chunk(self._events, ledger=InboundLedger(ledger, self._found.id))
        if self.finished and self._staged_groups & reading.refused_groups:
            self.finished = False
            ledger.forget()
            self._begin_again(conn, reading, ledger.at)
            return
        self._chunk = reading.take_rows()
        self.staged = reading.chunks > 1 or not self.finished

    def write(self, conn: Connection, rows: NewRows, *, at: datetime) -> None:
        """Write the chunk, or collect its rows; its documents are settled."""
        chunk, id = self._chunk, self.claim.id
        if chunk is None:
            return
        line, staged = self._line, self.staged
        if staged:
            self._staged_groups |= {item.group for item in chunk.made}
        made: list[Row] = []
        routed: list[Row] = []
        keys: list[Row] = []
        for item in chunk.made:
            made.append(document_row(item, transmission_id=id, staged=staged, at=at))
            if item.state is DocumentState.HELD:
                partner = item.agreement.partner
                alike = exceptions.contradiction(partner, item.document.kind)
                about = f"{partner} {item.identity}"
                matter = Matter(exceptions.CONTRADICTS, about, item.reason or "", item.id, item.group, alike)
                self._matters.append(matter)
            found_by = [(key.name, key.value) for key in item.document.business_keys()]
            if item.takes_effect:
                with traces.stage("tradelane.route", transmission=id, kind=item.document.kind):
                    traces.join(found_by)
                    routed += deliveries_of(item, in_flight=line.in_flight, routes=line.routes, staged=staged, at=at)
            keys += [
                {"name": name, "value": value, "transmission_id": id, "document_id": item.id}
                for name, value in found_by
            ]
        target = conn if staged else rows
        envelopes.add_rows(
            target,
            interchanges=[*(self._interchange_row(read) for read in chunk.interchanges), *chunk.files],
            groups=chunk.groups,
            sets=chunk.sets,
            issues=chunk.issues,
        )
        sources = [{"document_id": item.id, "transaction_set_id": item.transaction_set_id} for item in chunk.made]
        documents.add_rows(target, documents=made, sources=sources)
        deliveries.add_rows(target, routed)
        transmissions.add_key_rows(target, keys)
        traces.join((row["name"], row["value"]) for row in keys)
        if not staged:
            self.lanes |= {row["lane"] for row in routed if row["state"] is DeliveryState.READY}

    def finish(self, conn: Connection, rows: NewRows, *, at: datetime) -> list[AnswerToSend]:
        """Where it was read to its end: what becomes of it, and the answers that are owed for it."""
        reading, found, line = self._reading, self._found, self._line
        if reading is None or not self.finished:
            return []
        answers: list[AnswerToSend] = []
        with traces.stage("tradelane.acknowledge", transmission=found.id):
            if reading.chunks > 1:
                documents.activate_staged(conn, found.id)
                self.lanes |= set(deliveries.release_staged(conn, found.id))
            refused = reading.refused_groups
            matters = [one for one in (*reading.matters, *self._matters) if one.group not in refused]
            if isinstance(reading, FileReading):
                send_file_answer(
                    conn,
                    reading,
                    found,
                    registry=line.registry,
                    vault=line.vault,
                    at=at,
                    later=rows,
                    lanes=self.lanes,
                )
            else:
                for read in reading.interchanges:
                    if read.repeats is not None:
                        self.lanes |= offer_again(conn, interchange_id=read.repeats, at=at)
                    owed = answers_owed(read, to=found.account, registry=line.registry, guides=line.guides, at=at)
                    answers += owed.answers
                    matters += owed.matters
                if reading.said:
                    matters += self._settle_said(conn, reading, at)
        self._close(
            reading.state,
            matters,
            partner=reading.partner,
            syntax=reading.syntax,
            repeats=_repeated(reading) if isinstance(reading, Reading) else None,
            interchanges=len(reading.interchanges) if isinstance(reading, Reading) else 1,
            sets=reading.sets_seen,
            keys=list(reading.keys),
        )
        return answers

    def _take_up(self, file: ReceivedFile) -> None:
        self._found = file.transmission
        if file.body is not None:
            self._inline = self._line.vault.verified(self._found.sha256, file.body)
            self._head = self._inline[:SNIFFED_BYTES]

    def _begin(self, conn: Connection) -> Reading:
        line, found = self._line, self._found
        account = line.registry.bringer(found.account)
        is_test = found.environment is Environment.TEST
        agreed = RegistryTerms(line.registry, line.partner_guides, account=account, is_test=is_test)
        text = text_terms(self._head, account=account, registry=line.registry)
        options = ReadOptions(keep_tree=True, charset=text.charset, unwrap=text.unwrap)
        events = read_x12(self._content(conn), guides=line.guides, options=options, agreed=agreed)
        self._first = next(events, None)
        self._events = events if self._first is None else chain([self._first], events)
        return Reading(
            found,
            account=account,
            registry=line.registry,
            maps=line.maps,
            guides=line.guides,
            content_hash=RangeHashes(self._content(conn)),
            refused=self._refused,
        )

    def _begin_file(self, conn: Connection, kind: Format, at: datetime) -> FileReading | None:
        """A file that is not X12; None where it is done with: parked, a duplicate, or an acknowledgment of ours."""
        line, found = self._line, self._found
        account = line.registry.bringer(found.account)
        said = said_of_file(lambda: self._content(conn), head=self._head, account=account, registry=line.registry)
        if said is not None:
            self._settle_said_of_file(conn, said, at)
            return None
        identified = identify_file(
            lambda: self._content(conn),
            kind=kind,
            head=self._head,
            filename=found.filename,
            agreed=partial(agreements_for_files, line.registry, account),
            registry=line.registry,
            maps=line.maps,
        )
        if not isinstance(identified, IdentifiedFile):
            self._park(conn, _unread(kind) if identified is None else identified)
            return None
        agreed = identified.agreement
        days = line.registry.partners[agreed.partner].duplicate_window_days
        earlier = transmissions.same_file(conn, found, partner=agreed.partner, since=at - timedelta(days=days))
        if days and earlier is not None:
            self.lanes |= offer_again(conn, interchange_id=earlier.interchange_id, at=at)
            state, syntax = TransmissionState.DUPLICATE, agreed.syntax.value
            self._close(state, [], partner=agreed.partner, syntax=syntax, repeats=earlier.id, keys=[])
            return None
        self._events = identified.documents
        return FileReading(found, agreement=agreed, maps=line.maps, refused=self._refused)

    def _content(self, conn: Connection) -> Iterator[bytes]:
        """The transmission from its first byte; a small one was fetched with its row."""
        if self._inline is not None:
            return iter((self._inline,))
        return self._line.vault.open(conn, self._found.sha256)

    def _begin_again(self, conn: Connection, reading: Reading | FileReading, at: datetime) -> None:
        """Now that it is known what the trailers refuse: as if nothing of it had ever been staged."""
        envelopes.discard_staged(conn, self._found.id)
        self._staged_groups.clear()
        self._matters.clear()
        self._refused = frozenset(reading.refused_groups)
        if isinstance(reading, FileReading):
            self._reading = self._begin_file(conn, self.kind, at)
        else:
            self._reading = self._begin(conn)

    def _settle_said_of_file(self, conn: Connection, said: SaidOfFile, at: datetime) -> None:
        """An acknowledgment document: it is no document of its own, and is never answered."""
        partner, matters = settle_said_of_file(conn, said, transmission_id=self._found.id, at=at)
        self._close(TransmissionState.PROCESSED, matters, partner=partner, syntax=said.syntax, keys=[])

    def _park(self, conn: Connection, unread: UnreadFile) -> None:
        """What nobody can read is kept with its reason, never dropped."""
        found = self._found
        issues = unread.issues or (Issue(unread.code, unread.reason, Position(offset=0)),)
        rows = [envelopes.issue_row(issue, id=new_id(), transmission_id=found.id, stage="identify") for issue in issues]
        envelopes.add_rows(conn, issues=rows)
        matter = Matter(unread.code, found.account or found.channel, unread.reason)
        self._close(TransmissionState.PARKED, [matter])

    def _settle_said(self, conn: Connection, reading: Reading, at: datetime) -> list[Matter]:
        """Of the acknowledgments it holds those whose own interchange and group are good."""
        good = {read.id for read in reading.interchanges if read.counted and not read.rejected}
        said = [one for one in reading.said if one.interchange_id in good and one.group not in reading.refused_groups]
        return settle_said(conn, said, transmission_id=self._found.id, at=at)

    def _interchange_row(self, read: ReadInterchange) -> Row:
        return envelopes.interchange_row(
            read.header,
            id=read.id,
            transmission_id=self._found.id,
            end=read.end,
            partner=read.partner,
            accepted=read.counted and not read.rejected and read.content_sha256 is not None,
            duplicate_of=read.repeats,
            content_sha256=read.content_sha256,
        )

    def _close(
        self,
        state: TransmissionState,
        matters: Sequence[Matter],
        *,
        partner: str | None = None,
        syntax: str | None = None,
        repeats: UUID | None = None,
        interchanges: int = 0,
        sets: int = 0,
        keys: Sequence[tuple[str, str]] | None = None,
    ) -> None:
        """`keys` besides the file's name; None: it is not to be found by that either."""
        revising = [item.id for item in self.made if item.takes_effect and item.revision > 1] if not self.staged else []
        self.finished = True
        self.closing = Closing(
            claim=self.claim,
            state=state,
            matters=matters,
            partner=partner,
            syntax=syntax,
            repeats=repeats,
            interchanges=interchanges,
            sets=sets,
            keys=[] if keys is None else [("filename", self._found.filename), *keys],
            revising=revising,
        )


def _repeated(reading: Reading) -> UUID | None:
    return next((read.repeated_transmission for read in reading.interchanges), None)


def _unread(kind: Format) -> UnreadFile:
    """A file of a kind for which nothing was agreed."""
    return UnreadFile(f"file.{kind.value}", f"the file is {_KINDS_OF_FILE[kind]}; want an X12 interchange")


_KINDS_OF_FILE = {
    Format.EMPTY: "empty",
    Format.BINARY: "binary",
    Format.XML: "XML",
    Format.UNKNOWN: "in no format we know",
}
