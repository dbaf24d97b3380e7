"""The straight line for one received transmission: identify, parse, validate, acknowledge, map, route.

One transaction for a transmission, or one per chunk of up to 200 transaction sets: chunks commit as staged, and the
last transaction checks the trailers, sends the acknowledgments and releases the deliveries. Nothing is delivered that
the acknowledgment later refuses: a reading that was interrupted, or that finds at a trailer that a group of which
something is staged already is refused, begins again from the first byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from gateway import traces
from gateway.errors import NotYet
from gateway.guides import PartnerGuides, RegistryTerms
from gateway.model import DeliveryState, DocumentState, Environment, TransmissionState
from gateway.pipeline.acknowledge import offer_again
from gateway.pipeline.acknowledged import settle_said
from gateway.pipeline.answer import send_answers
from gateway.pipeline.chunk import Chunk, GroupKey, Matter, ReadInterchange, Row
from gateway.pipeline.file_acknowledged import SaidOfFile, said_of_file, settle_said_of_file
from gateway.pipeline.file_answer import send_file_answer
from gateway.pipeline.file_identity import IdentifiedFile, UnreadFile, identify_file
from gateway.pipeline.file_reading import FileReading
from gateway.pipeline.ledger import InboundLedger
from gateway.pipeline.range_hashes import RangeHashes
from gateway.pipeline.reading import Reading
from gateway.pipeline.route import deliveries_of
from gateway.pipeline.text import text_terms
from gateway.pipeline.translate import document_row, link_rows, settle
from gateway.ports import Clock, new_id
from gateway.routing import Routes
from gateway.store import (
    Connection,
    audit,
    deliveries,
    documents,
    envelopes,
    exceptions,
    mailbox,
    transmissions,
    work,
)
from gateway.store.engine import Store
from gateway.store.rows import NewRows
from gateway.store.vault import INLINE_LIMIT, Vault
from gateway.store.work import Claim
from mappings.catalog import MapCatalog
from partners.files import agreements_for_files
from partners.registry import PartnerRegistry
from translators.errors import Issue, Position
from translators.formats import SNIFFED_BYTES, Format, sniff
from translators.x12.guide import GuideLibrary
from translators.x12.reader import ReadOptions, read_x12


@dataclass(frozen=True, slots=True)
class InboundLine:
    """Works received transmissions.

    Args:
        in_flight: destination -> how many requests it may see at a time.
        routes: which destinations a document goes to.
    """

    store: Store
    vault: Vault
    registry: PartnerRegistry
    maps: MapCatalog
    guides: GuideLibrary
    partner_guides: PartnerGuides
    clock: Clock
    in_flight: Mapping[str, int]
    routes: Routes = field(default_factory=Routes)

    def work(self, claim: Claim) -> set[str]:
        """Work one claimed transmission to its end.

        Returns:
            The lanes that now have due rows.

        Raises:
            Overtaken: another worker has it; nothing was written.
            GatewayError: the world is broken; nothing took effect, try again.
        """
        pass_over = _Pass(self, claim)
        try:
            while not pass_over.finished:
                with self.store.begin() as conn:
                    work.confirm(conn, claim)
                    pass_over.step(conn, at=self.clock.now())
        except NotYet:
            # What we hold another may wait for, while we wait for what it holds.
            with self.store.begin() as conn:
                work.confirm(conn, claim)
                envelopes.discard_staged(conn, claim.id)
            raise
        return pass_over.lanes


class _Pass:
    """One pass over one transmission, a transaction at a time."""

    def __init__(self, line: InboundLine, claim: Claim) -> None:
        self._line = line
        self._claim = claim
        self._reading: Reading | FileReading | None = None
        self._events: Iterator[Any] = iter(())
        self._inline: bytes | None = None
        self._head = b""
        self._staged_groups: set[GroupKey] = set()
        self._refused: frozenset[GroupKey] = frozenset()
        self._rows = NewRows()
        self._revising: list[UUID] = []
        self.finished = False
        self.lanes: set[str] = set()
        self.matters: list[Matter] = []

    def step(self, conn: Connection, *, at: datetime) -> None:
        """Read and write one chunk; the last one also finishes the transmission."""
        if self._reading is None:
            self._found = found = transmissions.load(conn, self._claim.id)
            if self._claim.claim_no > 1 and envelopes.any_staged(conn, found.id):
                envelopes.discard_staged(conn, found.id)
            self._inline = self._line.vault.read(conn, found.sha256) if found.size <= INLINE_LIMIT else None
            self._head = next(iter(self._content(conn)), b"")[:SNIFFED_BYTES]
            kind = sniff(self._head)
            with traces.stage("tradelane.identify", transmission=found.id, format=kind.value):
                self._reading = self._begin(conn) if kind is Format.X12 else self._begin_file(conn, kind, at)
            if self._reading is None:
                return
        reading = self._reading
        ledger = InboundLedger(conn, transmission_id=self._found.id, at=at)
        with traces.stage("tradelane.translate", transmission=self._found.id):
            read_to_its_end = reading.take_chunk(self._events, ledger=ledger)
        if read_to_its_end and self._staged_groups & reading.refused_groups:
            self._begin_again(conn, reading, at)
            return
        self._write(conn, reading.take_rows(), staged=reading.chunks > 1 or not read_to_its_end, at=at)
        if read_to_its_end:
            with traces.stage("tradelane.acknowledge", transmission=self._found.id):
                self._finish(conn, reading, at)
            self.finished = True

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
            self._park(conn, _unread(kind) if identified is None else identified, at)
            return None
        agreed = identified.agreement
        days = line.registry.partners[agreed.partner].duplicate_window_days
        earlier = transmissions.same_file(conn, found, partner=agreed.partner, since=at - timedelta(days=days))
        if days and earlier is not None:
            self.lanes |= offer_again(conn, interchange_id=earlier.interchange_id, at=at)
            state = TransmissionState.DUPLICATE
            transmissions.add_business_keys(self._rows, [("filename", found.filename)], transmission_id=found.id)
            self._close(conn, state, [], at=at, partner=agreed.partner, syntax=agreed.syntax.value, repeats=earlier.id)
            self.finished = True
            return None
        self._events = identified.documents
        return FileReading(found, agreement=agreed, maps=line.maps, refused=self._refused)

    def _begin(self, conn: Connection, *, refused: frozenset[GroupKey] = frozenset()) -> Reading:
        line, found = self._line, self._found
        account = line.registry.bringer(found.account)
        is_test = found.environment is Environment.TEST
        agreed = RegistryTerms(line.registry, line.partner_guides, account=account, is_test=is_test)
        text = text_terms(self._head, account=account, registry=line.registry)
        options = ReadOptions(keep_tree=True, charset=text.charset, unwrap=text.unwrap)
        self._events = read_x12(self._content(conn), guides=line.guides, options=options, agreed=agreed)
        return Reading(
            found,
            account=account,
            registry=line.registry,
            maps=line.maps,
            guides=line.guides,
            content_hash=RangeHashes(self._content(conn)),
            refused=refused,
        )

    def _content(self, conn: Connection) -> Iterator[bytes]:
        """The transmission from its first byte; a small one is fetched once."""
        if self._inline is not None:
            return iter((self._inline,))
        return self._line.vault.open(conn, self._found.sha256)

    def _begin_again(self, conn: Connection, reading: Reading | FileReading, at: datetime) -> None:
        """Now that it is known what the trailers refuse: as if nothing of it had ever been staged."""
        envelopes.discard_staged(conn, self._found.id)
        self._staged_groups.clear()
        self.matters.clear()
        self._refused = frozenset(reading.refused_groups)
        if isinstance(reading, FileReading):
            self._reading = self._begin_file(conn, sniff(self._head), at)
        else:
            self._reading = self._begin(conn, refused=self._refused)

    def _settle_said_of_file(self, conn: Connection, said: SaidOfFile, at: datetime) -> None:
        """An acknowledgment document: it is no document of its own, and is never answered."""
        found = self._found
        partner, matters = settle_said_of_file(conn, said, transmission_id=found.id, at=at)
        transmissions.add_business_keys(self._rows, [("filename", found.filename)], transmission_id=found.id)
        self._close(conn, TransmissionState.PROCESSED, matters, at=at, partner=partner, syntax=said.syntax)
        self.finished = True

    def _park(self, conn: Connection, unread: UnreadFile, at: datetime) -> None:
        """What nobody can read is kept with its reason, never dropped."""
        found = self._found
        issues = unread.issues or (Issue(unread.code, unread.reason, Position(offset=0)),)
        rows = [envelopes.issue_row(issue, id=new_id(), transmission_id=found.id, stage="identify") for issue in issues]
        envelopes.add_rows(conn, issues=rows)
        matter = Matter(unread.code, found.account or found.channel, unread.reason)
        self._close(conn, TransmissionState.PARKED, [matter], at=at)
        self.finished = True

    def _write(self, conn: Connection, chunk: Chunk, *, staged: bool, at: datetime) -> None:
        settle(conn, chunk.made, transmission_id=self._found.id)
        if staged:
            self._staged_groups |= {item.group for item in chunk.made}
        made: list[Row] = []
        routed: list[Row] = []
        keys: list[Row] = []
        for item in chunk.made:
            made.append(document_row(item, transmission_id=self._found.id, staged=staged, at=at))
            if item.state is DocumentState.HELD:
                about = f"{item.agreement.partner} {item.identity}"
                matter = Matter("document.contradicts", about, item.reason or "", item.id, item.group)
                self.matters.append(matter)
            found_by = [(key.name, key.value) for key in item.document.business_keys()]
            if item.takes_effect:
                with traces.stage("tradelane.route", transmission=self._found.id, kind=item.document.kind):
                    traces.join(found_by)
                    routed += deliveries_of(
                        item, in_flight=self._line.in_flight, routes=self._line.routes, staged=staged, at=at
                    )
            keys += [
                {"name": name, "value": value, "transmission_id": self._found.id, "document_id": item.id}
                for name, value in found_by
            ]
        target = conn if staged else self._rows
        envelopes.add_rows(
            target,
            interchanges=[*(self._interchange_row(read) for read in chunk.interchanges), *chunk.files],
            groups=chunk.groups,
            sets=chunk.sets,
            issues=chunk.issues,
        )
        sources = [{"document_id": item.id, "transaction_set_id": item.transaction_set_id} for item in chunk.made]
        documents.add_rows(target, documents=made, sources=sources, links=link_rows(conn, chunk.made))
        deliveries.add_rows(target, routed)
        transmissions.add_key_rows(target, keys)
        traces.join((row["name"], row["value"]) for row in keys)
        if not staged:
            self.lanes |= {row["lane"] for row in routed if row["state"] is DeliveryState.READY}
            self._revising += [item.id for item in chunk.made if item.takes_effect and item.revision > 1]

    def _finish(self, conn: Connection, reading: Reading | FileReading, at: datetime) -> None:
        found = self._found
        if reading.chunks > 1:
            documents.activate_staged(conn, found.id)
            self.lanes |= set(deliveries.release_staged(conn, found.id))
        refused = reading.refused_groups
        matters = [one for one in (*reading.matters, *self.matters) if one.group not in refused]
        line = self._line
        where: dict[str, Any] = {
            "registry": line.registry,
            "vault": line.vault,
            "at": at,
            "later": self._rows,
            "lanes": self.lanes,
        }
        if isinstance(reading, FileReading):
            send_file_answer(conn, reading, found, **where)
        else:
            for read in reading.interchanges:
                matters += send_answers(conn, read, to=found.account, guides=line.guides, **where)
            if reading.said:
                matters += self._settle_said(conn, reading, at)
        keys = [("filename", found.filename), *reading.keys]
        transmissions.add_business_keys(self._rows, keys, transmission_id=found.id)
        repeated = None
        if isinstance(reading, Reading):
            repeated = next((read.repeated_transmission for read in reading.interchanges), None)
        self._close(
            conn,
            reading.state,
            matters,
            at=at,
            partner=reading.partner,
            syntax=reading.syntax,
            repeats=repeated,
            interchanges=len(reading.interchanges) if isinstance(reading, Reading) else 1,
            sets=reading.sets_seen,
        )

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
        conn: Connection,
        state: TransmissionState,
        matters: Sequence[Matter],
        *,
        at: datetime,
        partner: str | None = None,
        syntax: str | None = None,
        repeats: UUID | None = None,
        interchanges: int = 0,
        sets: int = 0,
    ) -> None:
        """The last writes: the file's new place, the state, all rows collected so far, the audit, exceptions."""
        found = self._found
        day = f"archive/{at:%Y%m%d}"
        folder = "error" if state is TransmissionState.PARKED else day
        mailbox.archive_files(conn, transmission_id=found.id, to_folder=folder, at=at, new_id=new_id, later=self._rows)
        work.guarded_update(
            conn,
            self._claim,
            state=state,
            finished_at=at,
            format=syntax,
            partner=partner,
            duplicate_of=repeats if state is TransmissionState.DUPLICATE else None,
            reason=matters[0].reason if matters and state is TransmissionState.PARKED else None,
            next_at=None,
        )
        if matters:
            self._rows.write(conn)  # exceptions refer to documents
            _open_exceptions(conn, found.id, matters, at=at)
        audit.record(
            self._rows,
            at=at,
            actor="gateway",
            action=f"transmission.{state.value}",
            subject="transmission",
            subject_id=str(found.id),
            detail={
                "interchanges": interchanges,
                "sets": sets,
                "exceptions": len(matters),
            },
        )
        self._rows.write(conn)
        documents.supersede(conn, self._revising)


def _unread(kind: Format) -> UnreadFile:
    """A file of a kind for which nothing was agreed."""
    return UnreadFile(f"file.{kind.value}", f"the file is {_KINDS_OF_FILE[kind]}; want an X12 interchange")


def _open_exceptions(conn: Connection, transmission_id: UUID, matters: Sequence[Matter], *, at: datetime) -> None:
    """One exception for all matters of a kind: the first one's reason, and how many more there are."""
    kinds: dict[tuple[str, str], list[Matter]] = {}
    for matter in matters:
        kinds.setdefault((matter.code, matter.about), []).append(matter)
    for (code, about), alike in kinds.items():
        more = "" if len(alike) == 1 else f" (and {len(alike) - 1} more like it)"
        exceptions.open_exception(
            conn,
            id=new_id(),
            at=at,
            code=code,
            reason=alike[0].reason + more,
            group=exceptions.fingerprint(code, about),
            transmission_id=transmission_id,
            document_id=alike[0].document_id,
        )


_KINDS_OF_FILE = {
    Format.EMPTY: "empty",
    Format.BINARY: "binary",
    Format.XML: "XML",
    Format.UNKNOWN: "in no format we know",
}
