"""Identify a file that is not X12: by the account that brought it, its name, and what it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from mappings.catalog import MapCatalog
from mappings.files import read_documents
from partners.file_terms import Archive
from partners.files import agreement_for_file
from partners.model import Agreement, Syntax, TradingPartner
from partners.registry import NotIdentified, PartnerRegistry, Refusal
from translators.archives import ArchiveKind, ArchiveLimits, ArchiveRefused, archive_kind, members
from translators.errors import Issue, shown
from translators.formats import Format
from translators.jsondoc.reader import read_json
from translators.reading import ReadDocument
from translators.xmldoc.reader import read_xml
from translators.xmldoc.schema import XMLSchema

Content = Callable[[], Iterable[bytes]]
"""The bytes of the file from its first; asked for as often as it is read."""


@dataclass(frozen=True, slots=True)
class IdentifiedFile:
    """The agreement a file is under, and its documents."""

    agreement: Agreement
    documents: Iterator[ReadDocument]


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """Why nobody can say whose it is: the code and reason, and what is wrong with it if it was looked into."""

    code: str
    reason: str
    issues: tuple[Issue, ...] = ()


def identify_file(
    content: Content,
    *,
    kind: Format,
    head: bytes,
    filename: str,
    agreed: Callable[[Syntax], Sequence[Agreement]],
    registry: PartnerRegistry,
    maps: MapCatalog,
) -> IdentifiedFile | UnreadFile | None:
    """Whose file it is, and its documents as agreed.

    Args:
        content: gives the bytes of the file.
        kind: as it was sniffed.
        head: its first bytes.
        filename: what it was called.
        agreed: the agreements of a wire format it may be under.
        registry: every partner.
        maps: where the maps are.

    Returns:
        None where none of them is of this kind of file.
    """
    packed = archive_kind(head)
    if packed is not None:
        found_in = _archived(content, packed, filename=filename, agreed=agreed, registry=registry, maps=maps)
        if found_in is not None:
            return found_in
    for syntax in _syntaxes(kind, head):
        agreements = [item for item in agreed(syntax) if item.file.archive is Archive.NONE]
        if not agreements:
            continue
        read = _whole(syntax, content)
        if read is not None and read.root is None:
            return _unreadable(read, agreements, filename)
        found = agreement_for_file(agreements, filename=filename, root=None if read is None else read.root)
        if isinstance(found, NotIdentified):
            return UnreadFile(found.code.value, found.reason)
        partner = registry.partners[found.partner]
        if read is not None:
            return IdentifiedFile(found, iter((held_to_schema(read, content, found, partner),)))
        if found.pass_through:
            return IdentifiedFile(found, iter(()))
        compiled = maps.find(found.map)
        return IdentifiedFile(found, read_documents(compiled, content(), encoding=found.file.encoding or None))
    return None


def held_to_schema(read: ReadDocument, content: Content, agreed: Agreement, partner: TradingPartner) -> ReadDocument:
    """The document with what its agreement's schema does not allow; as it is, where none was agreed.

    Args:
        read: the document.
        content: the bytes it was read from.
        agreed: the agreement.
        partner: whose schemas hold.
    """
    if not agreed.file.schema or read.root is None:
        return read
    files = tuple((schema.name, schema.content) for schema in partner.schemas)
    faults = _schema(files, agreed.file.schema).check(b"".join(content()), read.root)
    return ReadDocument(read.root, (*read.issues, *faults), read.ordinal)


def _archived(
    content: Content,
    packed: ArchiveKind,
    *,
    filename: str,
    agreed: Callable[[Syntax], Sequence[Agreement]],
    registry: PartnerRegistry,
    maps: MapCatalog,
) -> IdentifiedFile | UnreadFile | None:
    """An archive is under the one agreement whose files are packed so and called so; None where none is."""
    kinds = (Syntax.XML, Syntax.JSON, Syntax.CSV)
    known = [item for kind in kinds for item in agreed(kind) if item.file.archive.value == packed.value]
    if not known:
        return None
    named = [item for item in known if item.file.is_called(filename)]
    if len(named) != 1:
        listed = ", ".join(f"{item.partner} {item.document}" for item in named or known)
        fits = "fits several agreements" if named else "fits no agreement"
        code = Refusal.NOT_AS_AGREED if named else Refusal.NO_AGREEMENT
        return UnreadFile(code.value, f"the {packed} file {shown(filename)} {fits}: {listed}; see name: in their file:")
    limits = ArchiveLimits()
    whole = bytearray()
    for chunk in content():
        whole += chunk
        if len(whole) > limits.packed:
            break  # members() refuses it
    return IdentifiedFile(
        named[0], _unpacked(bytes(whole), packed, named[0], registry.partners[named[0].partner], maps)
    )


def _unpacked(
    whole: bytes, packed: ArchiveKind, agreed: Agreement, partner: TradingPartner, maps: MapCatalog
) -> Iterator[ReadDocument]:
    """The documents of all files of an archive, counted through; a refusal ends them with one that has no root."""
    ordinal = 0
    try:
        for member in members(whole, packed):
            for read in _documents_in(member.content, agreed, partner, maps):
                ordinal += 1
                issues = [replace(one, message=f"{shown(member.name)}: {one.message}") for one in read.issues]
                yield ReadDocument(read.root, tuple(issues if member.name else read.issues), ordinal)
    except ArchiveRefused as refusal:
        yield ReadDocument(None, (refusal.issue,), ordinal + 1)


def _documents_in(
    content: bytes, agreed: Agreement, partner: TradingPartner, maps: MapCatalog
) -> Iterator[ReadDocument]:
    """The documents of one file of an archive."""
    read = _whole(agreed.syntax, lambda: (content,))
    if read is None:
        if not agreed.pass_through:
            yield from read_documents(maps.find(agreed.map), (content,), encoding=agreed.file.encoding or None)
        return
    if read.root is not None:
        fits = agreement_for_file((agreed,), filename="", root=read.root, named=False)
        if isinstance(fits, NotIdentified):
            refused = Issue(fits.code.value, fits.reason, read.root.place(), level=7)
            yield ReadDocument(read.root, (*read.issues, refused), read.ordinal)
            return
    yield held_to_schema(read, lambda: (content,), agreed, partner)


def _unreadable(read: ReadDocument, agreed: Sequence[Agreement], filename: str) -> IdentifiedFile | UnreadFile:
    """A file without a tree says nothing of itself: by its name alone it is one agreement's, or nobody's."""
    named = [item for item in agreed if item.file.is_called(filename)]
    if len(named) == 1:
        return IdentifiedFile(named[0], iter((read,)))
    first = read.issues[0]
    return UnreadFile(first.code, f"{first.message} ({first.position})", read.issues)


def _syntaxes(kind: Format, head: bytes) -> tuple[Syntax, ...]:
    """What a file of this kind may be, the likeliest first; UTF-16 text looks binary."""
    if kind is Format.XML:
        return (Syntax.XML,)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        return (Syntax.JSON, Syntax.CSV)
    return (Syntax.CSV,) if kind in (Format.UNKNOWN, Format.BINARY) else ()


def _whole(syntax: Syntax, content: Content) -> ReadDocument | None:
    """The one document of a file of XML or JSON, which says what it is itself."""
    match syntax:
        case Syntax.XML:
            return read_xml(content())
        case Syntax.JSON:
            return read_json(content())
        case _:
            return None


@lru_cache(maxsize=64)
def _schema(files: tuple[tuple[str, bytes], ...], main: str) -> XMLSchema:
    """A loaded schema; loading one of UBL takes longer than reading a document."""
    return XMLSchema(dict(files), main=main)
