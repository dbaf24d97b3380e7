"""The acknowledgment document: what became of an XML, JSON or delimited file, told in JSON, XML or CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from translators.delimited.layout import Column, Grain, Layout, RecordLayout, Scope
from translators.delimited.writer import write_delimited
from translators.errors import Issue
from translators.jsondoc.writer import write_json
from translators.tree import Node, NodeKind
from translators.xmldoc.writer import XMLForm, write_xml

NAMESPACE = "urn:tradelane:file-acknowledgment:1"
MAX_DOCUMENTS = 1_000
"""Documents with issues that are told of; `not_told` says how many there were besides."""


CSV_COLUMNS = (
    "record", "file", "sha256", "document", "received_at", "status", "documents", "accepted", "rejected", "not_told",
    "ordinal", "key", "code", "severity", "line", "column", "field", "value", "message",
)  # fmt: skip
CSV_LAYOUT = Layout(
    "file-acknowledgment",
    grain=Grain.FILE,
    records=(
        RecordLayout("row", tuple(Column(name, name, at, scope=Scope.ROW) for at, name in enumerate(CSV_COLUMNS, 1))),
    ),
)
"""The layout of the CSV form."""


class FileStatus(StrEnum):
    """What became of a file."""

    ACCEPTED = "accepted"
    PARTIAL = "partial"
    """Some of its documents were rejected."""
    REJECTED = "rejected"


class AcknowledgmentFormat(StrEnum):
    """How it is written."""

    JSON = "json"
    XML = "xml"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class DocumentStatus:
    """A document with issues: its number in the file, by which key it is known ("" if it is not), and the issues."""

    ordinal: int
    key: str
    accepted: bool
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class FileAcknowledgment:
    """What is told of one file.

    Args:
        file: what it was called.
        sha256: of its bytes, hex.
        document: what it holds, as the agreement calls it.
        received_at: when it was, aware.
        documents: how many it has.
        accepted: how many of them were.
        told: those with issues, in order, at most MAX_DOCUMENTS.
        not_told: how many more have issues.
    """

    file: str
    sha256: str
    document: str
    received_at: datetime
    documents: int
    accepted: int
    told: Sequence[DocumentStatus] = ()
    not_told: int = 0

    @property
    def status(self) -> FileStatus:
        """Of the whole file."""
        if not self.accepted:
            return FileStatus.REJECTED
        return FileStatus.ACCEPTED if self.accepted == self.documents else FileStatus.PARTIAL


def write_acknowledgment(found: FileAcknowledgment, form: AcknowledgmentFormat) -> bytes:
    """The bytes of an acknowledgment document, UTF-8."""
    match form:
        case AcknowledgmentFormat.JSON:
            return write_json(_json(found))
        case AcknowledgmentFormat.XML:
            return write_xml(_xml(found), form=XMLForm(prefixes={"": NAMESPACE}))
        case AcknowledgmentFormat.CSV:
            return write_delimited([Node("document", children=list(_rows(found)))], CSV_LAYOUT)


def _head(found: FileAcknowledgment) -> dict[str, str]:
    return {
        "file": _plain(found.file),
        "sha256": found.sha256,
        "document": found.document,
        "received_at": found.received_at.isoformat(),
        "status": found.status.value,
    }


def _counts(found: FileAcknowledgment) -> dict[str, int]:
    counts = {"documents": found.documents, "accepted": found.accepted, "rejected": found.documents - found.accepted}
    return counts | ({"not_told": found.not_told} if found.not_told else {})


def _facts(issue: Issue) -> dict[str, str]:
    """What is said of an issue, but for its message."""
    place = issue.position
    facts = {
        "code": issue.code,
        "severity": issue.severity.value,
        "line": "" if place.line is None else str(place.line),
        "column": "" if place.column is None else str(place.column),
        "field": _plain(place.path or ""),
        "value": _plain(issue.value or ""),
    }
    return {name: value for name, value in facts.items() if value}


def _plain(value: str) -> str:
    """A value with what no format can hold shown as U+FFFD."""
    return "".join(char if char in "\t\n" or (char.isprintable() and char < "\ufffe") else "\ufffd" for char in value)


def _json(found: FileAcknowledgment) -> Node:
    members = [Node(name, text=value) for name, value in _head(found).items()]
    members += [Node(name, text=str(value), kind=NodeKind.NUMBER) for name, value in _counts(found).items()]
    for told in found.told:
        inner = [
            Node("ordinal", text=str(told.ordinal), kind=NodeKind.NUMBER),
            Node("key", text=_plain(told.key)),
            Node("status", text=_status(told)),
        ]
        for issue in told.issues:
            facts = [Node(name, text=value) for name, value in _facts(issue).items()]
            facts.append(Node("message", text=_plain(issue.message)))
            inner.append(Node("issues", children=facts, kind=NodeKind.OBJECT, listed=True))
        members.append(Node("told", children=inner, kind=NodeKind.OBJECT, listed=True))
    return Node("$", children=members, kind=NodeKind.OBJECT)


def _xml(found: FileAcknowledgment) -> Node:
    attributes = _head(found)
    attributes |= {name: str(value) for name, value in _counts(found).items()}
    documents = []
    for told in found.told:
        issues = [
            Node(f"{{{NAMESPACE}}}Issue", attributes=_facts(issue), text=_plain(issue.message)) for issue in told.issues
        ]
        about = {"ordinal": str(told.ordinal), "key": _plain(told.key), "status": _status(told)}
        documents.append(Node(f"{{{NAMESPACE}}}Document", attributes=about, children=issues))
    return Node(f"{{{NAMESPACE}}}FileAcknowledgment", attributes=attributes, children=documents)


def _rows(found: FileAcknowledgment) -> Iterator[Node]:
    """The file in one row, then one for each issue."""
    counts = {name: str(value) for name, value in _counts(found).items()}
    yield Node("row", attributes={"record": "file", **_head(found), **counts})
    for told in found.told:
        about = {"record": "issue", "file": _plain(found.file), "ordinal": str(told.ordinal), "key": _plain(told.key)}
        for issue in told.issues:
            values = {**about, "status": _status(told), **_facts(issue), "message": _plain(issue.message)}
            yield Node("row", attributes=values)


def _status(told: DocumentStatus) -> str:
    return FileStatus.ACCEPTED.value if told.accepted else FileStatus.REJECTED.value
