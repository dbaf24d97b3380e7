"""Dispatch of files: rendered XML, JSON and delimited documents go out as agreed, and their answer is waited for.

Bytes, rows and the expected acknowledgment are one transaction's. There are no control numbers: a file is known by the
SHA-256 of its bytes and by its name. What we send is read back by our own reader first, and XML is held to its schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from gateway.errors import SetsRefused
from gateway.model import AcknowledgmentKind, Environment
from gateway.pipeline.file_identity import held_to_schema
from gateway.pipeline.outbound_faults import fault
from gateway.pipeline.outgoing import note_sources, put_out, way_to
from gateway.ports import new_id
from gateway.store import Connection, envelopes, expected, transmissions
from gateway.store.rows import NewRows
from gateway.store.vault import Vault
from mappings.compiled import CompiledMap
from mappings.files import joined, read_made
from mappings.node_made import MadeFile
from partners.file_names import file_name
from partners.file_terms import FileAnswer
from partners.model import Agreement, LegalEntity, TradingPartner
from partners.registry import PartnerRegistry
from translators.errors import Issue
from translators.reading import ReadDocument
from translators.tree import Node

TEST_MARK = "TEST_"
"""How the name of a test file begins: nothing in the file says that it is one."""


@dataclass(frozen=True, slots=True)
class FileToSend:
    """One rendered document that is no X12, and by what it was made.

    Args:
        identity: the number it is known by, for its file's name.
        document: the row it was made of.
        keys: the (name, value) pairs it is found by.
    """

    agreement: Agreement
    map: CompiledMap
    content: MadeFile
    identity: str
    document: UUID | None = None
    keys: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SentFile:
    """One transmission of ours, and the documents in it."""

    transmission_id: UUID
    files: Sequence[FileToSend]


@dataclass(frozen=True, slots=True)
class FileDispatch:
    """Sends files to one partner from one of our legal entities.

    Args:
        account: of the partner, by whose way they go.
        environment: files of test documents are called so.
    """

    partner: TradingPartner
    ourselves: LegalEntity
    account: str
    environment: Environment
    vault: Vault
    registry: PartnerRegistry

    def send(self, conn: Connection, files: Sequence[FileToSend], *, at: datetime) -> list[SentFile]:
        """Send documents, joined as their agreements say, in the order given.

        Args:
            conn: the transaction; where this raises, the caller must not commit it.
            files: rendered.
            at: the moment, aware.

        Raises:
            SetsRefused: our own reader, or the agreed schema, finds an error in what was written.
            WritingError: a value cannot be written.
        """
        rows = NewRows()
        sent = []
        for together in _together(files):
            sent.append(self._send(conn, together, at=at, rows=rows))
            rows.write(conn)  # so that the next one's name is another
        return sent

    def _send(self, conn: Connection, files: Sequence[FileToSend], *, at: datetime, rows: NewRows) -> SentFile:
        id = new_id()
        agreement, compiled = files[0].agreement, files[0].map
        encoding = agreement.file.encoding or None
        content = joined(compiled, [one.content for one in files], encoding=encoding)
        read = self._read_back(files, content, encoding)
        payload = self.vault.put(rows, content)
        name = self._name(files[0], id, at)
        put_out(
            conn,
            way_to(self.registry, self.account),
            id=id,
            at=at,
            partner=self.partner.key,
            filename=name,
            environment=self.environment,
            payload=payload,
            content_format=agreement.syntax.value,
            later=rows,
        )
        interchange_id = new_id()
        interchange = envelopes.file_row(
            id=interchange_id,
            transmission_id=id,
            syntax=agreement.syntax.value,
            sender=self.ourselves.key,
            receiver=self.partner.key,
            environment=self.environment,
            partner=self.partner.key,
            accepted=True,
            payload=payload,
        )
        sets = [
            envelopes.document_row(
                id=new_id(),
                transmission_id=id,
                ordinal=ordinal,
                code=agreement.document,
                root=root,
                accepted=True,
            )
            for ordinal, root in enumerate(read, 1)
        ]
        envelopes.add_rows(rows, interchanges=[interchange], sets=sets)
        sources = ((one.document, one.keys, row["id"]) for one, row in zip(files, sets, strict=True))
        note_sources(rows, sources, transmission_id=id)
        transmissions.add_business_keys(rows, [("filename", name)], transmission_id=id)
        if agreement.file.answer is not FileAnswer.NONE:
            expected.expect(
                rows,
                kind=AcknowledgmentKind.FILE,
                partner=self.partner.key,
                transmission_id=id,
                interchange_id=interchange_id,
                functional_group_id=None,
                at=at,
                due_at=self.partner.work_days.after(at, agreement.acknowledge.within),
            )
        return SentFile(id, files)

    def _name(self, first: FileToSend, id: UUID, at: datetime) -> str:
        agreement = first.agreement
        name = file_name(
            agreement.file.name or f"{{document}}_{{id}}.{first.map.suffix}",
            document=agreement.document,
            key=first.identity,
            at=at.astimezone(ZoneInfo(self.partner.time_zone)),
            mark=id.hex[-12:],
        )
        return name if self.environment is Environment.LIVE else f"{TEST_MARK}{name}"

    def _read_back(self, files: Sequence[FileToSend], content: bytes, encoding: str | None) -> list[Node]:
        """The documents that a partner would read of it: as many as were written, and none of them faulty.

        Raises:
            SetsRefused: it is not what we would accept ourselves.
        """
        agreement, compiled = files[0].agreement, files[0].map
        found = [
            held_to_schema(one, lambda: (content,), agreement, self.partner)
            for one in read_made(compiled, content, encoding=encoding)
        ]
        roots = [one.root for one in found if one.accepted and one.root is not None]
        if len(roots) == len(found) == len(files):
            return roots
        raise SetsRefused(list(_errors(found)) or [_counted(compiled, len(files), len(found))])


def _together(files: Sequence[FileToSend]) -> Iterator[list[FileToSend]]:
    """The documents of each file: of one agreement, at most as many as agreed."""
    alike: dict[int, list[FileToSend]] = {}
    for one in files:
        alike.setdefault(id(one.agreement), []).append(one)
    for found in alike.values():
        most = found[0].agreement.batch.sets
        for start in range(0, len(found), most):
            yield found[start : start + most]


def _errors(found: Sequence[ReadDocument]) -> Iterator[Issue]:
    for one in found:
        if not one.accepted:
            yield from one.issues


def _counted(compiled: CompiledMap, written: int, read: int) -> Issue:
    text = f"a file of {written} document(s) by the map {compiled.name} reads as {read}"
    return fault("outbound.refused", f"{text}; its layout does not tell them apart")
