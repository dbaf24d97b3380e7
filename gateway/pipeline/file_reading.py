"""One pass over the documents of an XML, JSON or delimited file: rows to write, an answer to send, matters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from gateway.model import TransmissionState
from gateway.pipeline.chunk import Chunk, GroupKey, Matter, Row
from gateway.pipeline.ledger import InboundLedger
from gateway.pipeline.translate import translate_document
from gateway.ports import new_id
from gateway.store.envelopes import document_row, file_row, issue_row
from gateway.store.held_sets import UNKNOWN_REFERENCE
from gateway.store.transmissions import Transmission
from gateway.store.vault import StoredPayload
from mappings.catalog import MapCatalog
from partners.file_terms import FileAnswer
from partners.model import Agreement
from translators.errors import Issue, Severity
from translators.file_acknowledgment import MAX_DOCUMENTS, DocumentStatus, FileAcknowledgment
from translators.reading import ReadDocument

WHOLE: GroupKey = (1, 1)
"""A file is one interchange with one group."""


class FileReading:
    """One pass over the documents of a file, as `Reading` is over the events of X12.

    A document is rejected alone; where the file cannot be read to its end, all of it is. One that lacks nothing but a
    cross reference of ours is accepted, and held.

    Args:
        transmission: what is read.
        agreement: the one it is under.
        maps: where its map is.
        refused: WHOLE, if an earlier pass found that the file is rejected as a whole.
    """

    def __init__(
        self,
        transmission: Transmission,
        *,
        agreement: Agreement,
        maps: MapCatalog,
        refused: frozenset[GroupKey] = frozenset(),
    ) -> None:
        self._transmission = transmission
        self._agreement = agreement
        self._maps = maps
        self._ledger: InboundLedger
        self._chunk = Chunk()
        self._accepted = 0
        self._told: list[DocumentStatus] = []
        self._not_told = 0
        self._read_to_its_end = False
        self.interchange_id = new_id()
        self.refused_groups: set[GroupKey] = set(refused)
        self.matters: list[Matter] = []
        self.keys: dict[tuple[str, str], None] = {}
        self.sets_seen = 0
        self.chunks = 0

    @property
    def partner(self) -> str:
        """Whose file it is."""
        return self._agreement.partner

    @property
    def syntax(self) -> str:
        """The wire format, as the store calls it."""
        return self._agreement.syntax.value

    @property
    def state(self) -> TransmissionState:
        """What becomes of the transmission."""
        return TransmissionState.PROCESSED

    @property
    def answer(self) -> FileAnswer:
        """In which format it is acknowledged."""
        return self._agreement.file.answer

    def take_chunk(self, events: Iterator[ReadDocument], *, ledger: InboundLedger) -> bool:
        """Read until a chunk waits to be written; True when the file is read to its end."""
        self._ledger = ledger
        self.chunks += 1
        for read in events:
            self._take(read)
            if self._chunk.full:
                return False
        self._read_to_its_end = True
        if WHOLE in self.refused_groups:
            self._refuse_all()
        return True

    def take_rows(self) -> Chunk:
        """The rows since the last call; of the file itself with the last ones."""
        rows, self._chunk = self._chunk, Chunk()
        if self._read_to_its_end:
            rows.files.append(self._interchange_row())
        return rows

    def acknowledgment(self) -> FileAcknowledgment:
        """What the partner is told of the file."""
        found = self._transmission
        return FileAcknowledgment(
            file=found.filename,
            sha256=found.sha256.hex(),
            document=self._agreement.document,
            received_at=found.received_at,
            documents=self.sets_seen,
            accepted=self._accepted,
            told=self._told,
            not_told=self._not_told,
        )

    def _take(self, read: ReadDocument) -> None:
        self.sets_seen += 1
        id = new_id()
        root = read.root
        issues = list(read.issues)
        self._note(issues, stage="validate", set_id=id)
        if root is None:
            self.refused_groups.add(WHOLE)
        key = ""
        accepted = read.accepted and WHOLE not in self.refused_groups
        made = []
        if accepted and root is not None:
            found = translate_document(
                root,
                self._agreement,
                maps=self._maps,
                environment=self._transmission.environment,
                entity=self._agreement.criteria.ourselves or "",
                filename=self._transmission.filename,
                transaction_set_id=id,
                group=WHOLE,
                references=self._ledger.references(self._agreement.partner),
                at=self._ledger.at,
            )
            self._note(found.issues, stage="map", set_id=id)
            errors = [issue for issue in found.issues if issue.severity is Severity.ERROR]
            if errors and all(issue.code == UNKNOWN_REFERENCE for issue in errors):
                self._hold(errors[0], read.ordinal)
            else:
                issues += found.issues
                accepted = not errors
            made = found.documents
            key = "|".join(item.identity for item in made)
        self._chunk.sets.append(
            document_row(
                id=id,
                transmission_id=self._transmission.id,
                ordinal=read.ordinal,
                code=self._agreement.document,
                root=root,
                accepted=accepted,
            )
        )
        self._accepted += accepted
        if accepted:
            self._chunk.made += made
        if issues:
            self._tell(DocumentStatus(read.ordinal, key, accepted, tuple(issues)))

    def _hold(self, unknown: Issue, ordinal: int) -> None:
        """Nothing is wrong with the document: it waits for a cross reference of ours, and a person."""
        about = f"{self._agreement.partner} {self._agreement.document}"
        reason = f"document {ordinal}: {unknown.message} ({unknown.position})"
        self.matters.append(Matter(unknown.code, about, reason, group=WHOLE))

    def _tell(self, told: DocumentStatus) -> None:
        """The partner in the acknowledgment document; a person, of what is rejected, where none was agreed."""
        if len(self._told) < MAX_DOCUMENTS:
            self._told.append(told)
        else:
            self._not_told += 1
        if self.answer is not FileAnswer.NONE or told.accepted:
            return
        about = f"{self._agreement.partner} {self._agreement.document}"
        self.matters += [
            Matter(issue.code, about, f"document {told.ordinal}: {issue.message} ({issue.position})")
            for issue in told.issues
            if issue.severity is Severity.ERROR
        ]

    def _refuse_all(self) -> None:
        self._chunk.made.clear()
        self._accepted = 0
        self._told = [DocumentStatus(one.ordinal, one.key, False, one.issues) for one in self._told]
        for row in self._chunk.sets:
            row["accepted"] = False

    def _note(self, issues: Sequence[Issue], *, stage: str, set_id: UUID) -> None:
        id = self._transmission.id
        self._chunk.issues += [
            issue_row(issue, id=new_id(), transmission_id=id, stage=stage, transaction_set_id=set_id)
            for issue in issues
        ]

    def _interchange_row(self) -> Row:
        found = self._transmission
        return file_row(
            id=self.interchange_id,
            transmission_id=found.id,
            syntax=self.syntax,
            sender=self.partner,
            receiver=self._agreement.criteria.ourselves or "",
            environment=found.environment,
            partner=self.partner,
            accepted=self._accepted > 0,
            payload=StoredPayload(found.sha256, found.size),
        )
