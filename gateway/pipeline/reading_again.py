"""Reading again: the accepted documents of a transmission that were held, mapped by the maps as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

from gateway.guides import RegistryTerms
from gateway.model import Environment
from gateway.pipeline.faults import not_agreed
from gateway.pipeline.file_identity import IdentifiedFile, identify_file
from gateway.pipeline.inbound import InboundLine
from gateway.pipeline.text import text_terms
from gateway.pipeline.translate import Translation, translate, translate_document
from gateway.store import Connection
from gateway.store.cross_references import StoredReferences
from gateway.store.transmissions import Transmission
from partners.files import agreements_for_files
from partners.model import Direction
from partners.registry import NotIdentified
from translators.errors import Issue, Position
from translators.formats import SNIFFED_BYTES, Format, sniff
from translators.x12.model import TransactionSet
from translators.x12.reader import ReadOptions, read_x12

SetPlace = tuple[int, int, int]
"""Ordinals of an interchange, a group and a set; of a file that is not X12, (1, 1, number of the document)."""


def mapped_again(
    conn: Connection, line: InboundLine, found: Transmission, wanted: Mapping[SetPlace, UUID], *, at: datetime
) -> Iterator[Translation]:
    """What documents of a transmission become now; nothing is written.

    Args:
        conn: the transaction.
        line: that read it.
        found: the transmission.
        wanted: which of its sets, and their rows.
        at: the moment, aware.
    """
    head = next(iter(line.vault.open(conn, found.sha256)), b"")[:SNIFFED_BYTES]
    kind = sniff(head)
    if kind is Format.X12:
        yield from _sets_again(conn, line, found, wanted, head=head, at=at)
    else:
        yield from _documents_again(conn, line, found, wanted, kind=kind, head=head, at=at)


def _sets_again(
    conn: Connection,
    line: InboundLine,
    found: Transmission,
    wanted: Mapping[SetPlace, UUID],
    *,
    head: bytes,
    at: datetime,
) -> Iterator[Translation]:
    account = line.registry.bringer(found.account)
    test = found.environment is Environment.TEST
    text = text_terms(head, account=account, registry=line.registry)
    events = read_x12(
        line.vault.open(conn, found.sha256),
        guides=line.guides,
        options=ReadOptions(keep_tree=True, charset=text.charset, unwrap=text.unwrap),
        agreed=RegistryTerms(line.registry, line.partner_guides, account=account, is_test=test),
    )
    for event in events:
        if not isinstance(event, TransactionSet):
            continue
        set_id = wanted.get((event.interchange.ordinal, event.group.ordinal, event.ordinal))
        if set_id is None:
            continue
        header, group = event.interchange, event.group
        who = line.registry.identify_interchange(account, sender=header.sender, receiver=header.receiver)
        if isinstance(who, NotIdentified):
            yield Translation(issues=[not_agreed(event, who)])
            continue
        usage = "T" if test else header.usage
        agreement = line.registry.agreement(
            who.partner,
            ourselves=who.ourselves,
            direction=Direction.IN,
            functional_id=group.functional_id,
            set_code=event.code,
            version=group.version,
            usage=usage,
            gs_sender=group.sender,
            gs_receiver=group.receiver,
        )
        if isinstance(agreement, NotIdentified):
            yield Translation(issues=[not_agreed(event, agreement)])
            continue
        yield translate(
            event,
            agreement,
            maps=line.maps,
            environment=Environment.TEST if usage == "T" else Environment.LIVE,
            entity=who.ourselves.key,
            filename=found.filename,
            transaction_set_id=set_id,
            references=StoredReferences(conn, partner=agreement.partner, on=at.date()),
            at=at,
        )


def _documents_again(
    conn: Connection,
    line: InboundLine,
    found: Transmission,
    wanted: Mapping[SetPlace, UUID],
    *,
    kind: Format,
    head: bytes,
    at: datetime,
) -> Iterator[Translation]:
    def content() -> Iterable[bytes]:
        return line.vault.open(conn, found.sha256)

    account = line.registry.bringer(found.account)
    identified = identify_file(
        content,
        kind=kind,
        head=head,
        filename=found.filename,
        agreed=partial(agreements_for_files, line.registry, account),
        registry=line.registry,
        maps=line.maps,
    )
    if not isinstance(identified, IdentifiedFile):
        reason = "no agreement fits the file any more" if identified is None else identified.reason
        yield Translation(issues=[Issue("partner.no_agreement", reason, Position(offset=0), level=7)])
        return
    for read in identified.documents:
        set_id = wanted.get((1, 1, read.ordinal))
        if set_id is not None and read.root is not None:
            yield translate_document(
                read.root,
                identified.agreement,
                maps=line.maps,
                environment=found.environment,
                entity=identified.agreement.criteria.ourselves or "",
                filename=found.filename,
                transaction_set_id=set_id,
                group=(1, 1),
                references=StoredReferences(conn, partner=identified.agreement.partner, on=at.date()),
                at=at,
            )
