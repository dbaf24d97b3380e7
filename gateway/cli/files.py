"""What `check` and `translate` make of XML, JSON and delimited files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli.output import EXIT_USAGE, chunks_of, fail, people, plain, print_table
from gateway.workspace import maps_of, registry_of

if TYPE_CHECKING:
    from partners.model import Agreement, Syntax
    from translators.canonical.common import Document
    from translators.errors import Issue
    from translators.reading import ReadDocument


@dataclass(frozen=True, slots=True)
class Made:
    """What one set or document of a file became.

    Args:
        documents: canonical ones.
        issues: of the set and of its map.
        agreement: that named the map; None where a map was named, or there is none.
        entity: key of the legal entity of ours it is for; "" where that is not told.
        is_test: whether it says itself that it is a test.
    """

    documents: Sequence[Document]
    issues: Sequence[Issue]
    agreement: Agreement | None = None
    entity: str = ""
    is_test: bool = False


MAX_ISSUES = 10_000
"""Issues of a report; `more_issues` says how many there were besides."""


def is_x12(path: Path) -> bool:
    """Whether `check` and `translate` read it as X12: all but XML, JSON, and text that does not begin with ISA.

    Raises:
        OSError: it cannot be read.
    """
    from translators.formats import Format

    kind, _ = _kind(path)
    return kind not in (Format.XML, Format.UNKNOWN)


def check_file(path: Path, *, partner: str | None, home: Path | None) -> dict[str, Any] | None:
    """The report on one file: whether it is well-formed, and with a partner, whether it is as agreed.

    Returns:
        None where nothing but a partner could say what it is.

    Raises:
        OSError: it cannot be read.
    """
    from gateway.pipeline.file_identity import IdentifiedFile
    from translators.errors import Issue, Position

    if partner is None:
        alone = _read_alone(path)
        return None if alone is None else _report(path, *alone)
    found = _identified(path, partner, home)
    if isinstance(found, IdentifiedFile):
        return _report(path, found.agreement.syntax.value, found.documents, found.agreement)
    if found is None:
        text = f"there is no agreement with {partner} for such a file"
        issues: Sequence[Issue] = (Issue("partner.no_agreement", text, Position(), level=7),)
    else:
        issues = found.issues or (Issue(found.code, found.reason, Position(), level=7),)
    return _report(path, None, (), None, issues)


def translated_file(path: Path, *, map_name: str | None, partner: str | None, home: Path | None) -> Iterator[Made]:
    """The canonical documents of a file and its issues, document by document."""
    from gateway.pipeline.file_identity import IdentifiedFile
    from mappings.engine import MapContext, run
    from mappings.files import SAMPLE_PATTERNS, read_documents
    from translators.errors import Issue, Position
    from translators.x12.guide import GuideLibrary

    maps = maps_of(home, guides=GuideLibrary.shipped())
    words: dict[str, str] = {}
    agreement: Agreement | None = None
    if map_name is not None:
        compiled = maps.find(map_name)
        if compiled.reads.word not in SAMPLE_PATTERNS:
            fail(f"{path} is no X12, and {map_name} reads {compiled.reads}", code=EXIT_USAGE)
        documents = read_documents(compiled, chunks_of(path))
    elif partner is None:
        fail(f"{path} names no sender; say whose it is with --partner, or name a --map", code=EXIT_USAGE)
    else:
        found = _identified(path, partner, home)
        if not isinstance(found, IdentifiedFile):
            text = f"there is no agreement with {partner} for such a file" if found is None else found.reason
            yield Made((), [Issue("partner.no_agreement" if found is None else found.code, text, Position(), level=7)])
            return
        agreement = found.agreement
        if agreement.pass_through:
            text = f"it is agreed with {partner} that {agreement.document} passes through unread; name a --map"
            yield Made((), [Issue("partner.passes_through", text, Position(), level=7)])
            return
        compiled, documents, words = maps.find(agreement.map), found.documents, agreement.for_maps()
    for read in documents:
        if not read.accepted:
            yield Made((), read.issues)
            continue
        mapped = run(compiled, read.root, MapContext(file={"name": path.name}, agreement=words))
        entity = "" if agreement is None else agreement.criteria.ourselves or ""
        yield Made(mapped.documents, [*read.issues, *mapped.issues], agreement, entity)


def print_file_report(found: dict[str, Any]) -> None:
    """A report for people."""
    from translators.errors import Position

    verdict = "[green]accepted[/]" if found["accepted"] else "[red]rejected[/]"
    people.print(f"{verdict} [bold]{plain(found['file'])}[/]")
    if found["format"] is not None:
        agreed = f"  {plain(found['partner'])} {plain(found['document'])}" if found["document"] else ""
        people.print(f"  {found['format']}{agreed}  {found['documents']} document(s), {found['rejected']} rejected")
    if found["issues"]:
        rows = (
            {
                "severity": issue["severity"],
                "where": str(Position(**issue["position"])),
                "message": issue["message"],
                "code": issue["code"],
            }
            for issue in found["issues"]
        )
        print_table(rows, {"severity": "", "where": "where", "message": "what", "code": "code"})
    if found["more_issues"]:
        people.print(f"  and {found['more_issues']} more issues")


def _report(
    path: Path,
    syntax: str | None,
    documents: Iterable[ReadDocument],
    agreement: Agreement | None = None,
    issues: Sequence[Issue] = (),
) -> dict[str, Any]:
    listed = [issue.as_json() for issue in issues]
    count = rejected = more = 0
    for read in documents:
        count += 1
        rejected += not read.accepted
        for issue in read.issues:
            if len(listed) < MAX_ISSUES:
                listed.append(issue.as_json())
            else:
                more += 1
    return {
        "file": str(path),
        "accepted": not rejected and not issues,
        "format": syntax,
        "partner": None if agreement is None else agreement.partner,
        "document": None if agreement is None else agreement.document,
        "documents": count,
        "rejected": rejected,
        "issues": listed,
        "more_issues": more,
    }


def _read_alone(path: Path) -> tuple[str, list[ReadDocument]] | None:
    """A file that says itself how it is read."""
    from translators.formats import Format
    from translators.jsondoc.reader import read_json
    from translators.xmldoc.reader import read_xml

    kind, head = _kind(path)
    if kind is Format.XML:
        return "xml", [read_xml(chunks_of(path))]
    if head.lstrip()[:1] in (b"{", b"["):
        return "json", [read_json(chunks_of(path))]
    return None


def _identified(path: Path, partner: str, home: Path | None) -> Any:
    from gateway.pipeline.file_identity import identify_file
    from translators.x12.guide import GuideLibrary

    registry = registry_of(home)
    if partner not in registry.partners:
        fail(f"no partner {partner}; known: {', '.join(sorted(registry.partners))}", code=EXIT_USAGE)

    def agreed(syntax: Syntax) -> list[Agreement]:
        from partners.model import Direction

        agreements = registry.partners[partner].agreements
        return [item for item in agreements if item.syntax is syntax and item.direction is Direction.IN]

    kind, head = _kind(path)
    return identify_file(
        lambda: chunks_of(path),
        kind=kind,
        head=head,
        filename=path.name,
        agreed=agreed,
        registry=registry,
        maps=maps_of(home, guides=GuideLibrary.shipped()),
    )


def _kind(path: Path) -> tuple[Any, bytes]:
    from translators.formats import SNIFFED_BYTES, sniff

    head = next(iter(chunks_of(path)), b"")[:SNIFFED_BYTES]
    return sniff(head), head
