"""What a partner says of a file of ours: an acknowledgment document that was read, in any of its three forms.

Source: docs/formats.md, "The acknowledgment document"; what `file_acknowledgment` writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from translators.delimited.reader import read_delimited
from translators.errors import Position, Severity, shown
from translators.file_acknowledgment import CSV_COLUMNS, CSV_LAYOUT, NAMESPACE, AcknowledgmentFormat, FileStatus
from translators.jsondoc.reader import read_json
from translators.reading import ReadDocument
from translators.tree import Node
from translators.xmldoc.reader import read_xml

MOST_ISSUES = 1_000
"""Issues that are kept of one acknowledgment."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CSV_HEAD = ",".join(CSV_COLUMNS[:3]).encode()
_JSON_HEAD = re.compile(rb'\{\s*"file"\s*:\s*"(?:[^"\\]|\\.){0,2000}"\s*,\s*"sha256"\s*:')


@dataclass(frozen=True, slots=True)
class ToldIssue:
    """What the partner found: in which document of the file (from 1), and where in it; as it says so."""

    ordinal: int
    code: str
    message: str
    position: Position
    severity: Severity
    value: str | None


@dataclass(frozen=True, slots=True)
class ToldFile:
    """What became of one file of ours, as the partner says.

    Args:
        sha256: of the file's bytes.
        status: of the whole file.
        documents: ordinal -> whether it was accepted, of those it names.
        issues: in order, at most MOST_ISSUES.
        not_told: how many more documents have issues.
    """

    sha256: bytes
    status: FileStatus
    documents: Mapping[int, bool] = field(default_factory=dict)
    issues: Sequence[ToldIssue] = ()
    not_told: int = 0

    def accepts(self, ordinal: int) -> bool | None:
        """Whether it accepts a document of the file, by its number from 1; None where it does not say.

        Of a file that is partly accepted those that are not named are, if every one with issues is named.
        """
        if self.status is not FileStatus.PARTIAL:
            return self.status is FileStatus.ACCEPTED
        if ordinal in self.documents:
            return self.documents[ordinal]
        return None if self.not_told else True


@dataclass(frozen=True, slots=True)
class UnreadableAcknowledgment:
    """It means to be an acknowledgment document and is none; `reason` is for people."""

    reason: str


def acknowledgment_form(head: bytes) -> AcknowledgmentFormat | None:
    """In which form a file with these first bytes means to be an acknowledgment document; None where in none."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(_CSV_HEAD):
        return AcknowledgmentFormat.CSV
    if _JSON_HEAD.match(text):
        return AcknowledgmentFormat.JSON
    return AcknowledgmentFormat.XML if text.startswith(b"<") and NAMESPACE.encode() in text else None


def read_file_acknowledgment(
    chunks: Iterable[bytes], form: AcknowledgmentFormat
) -> ToldFile | UnreadableAcknowledgment:
    """Read an acknowledgment document.

    Args:
        chunks: the bytes of the file, cut anywhere.
        form: its form.
    """
    match form:
        case AcknowledgmentFormat.JSON:
            return _of(read_json(chunks), _of_json)
        case AcknowledgmentFormat.XML:
            return _of(read_xml(chunks), _of_xml)
        case AcknowledgmentFormat.CSV:
            return _of_rows(list(read_delimited(chunks, CSV_LAYOUT)))


def _of(read: ReadDocument, told: Callable[[Node], ToldFile | str]) -> ToldFile | UnreadableAcknowledgment:
    if read.root is None or not read.accepted:
        return UnreadableAcknowledgment(f"{read.issues[0].message} ({read.issues[0].position})")
    found = told(read.root)
    return found if isinstance(found, ToldFile) else UnreadableAcknowledgment(found)


def _of_xml(root: Node) -> ToldFile | str:
    if root.name != f"{{{NAMESPACE}}}FileAcknowledgment":
        return f"the root is {shown(root.name)}; want FileAcknowledgment"
    documents = [(one.attributes, [(issue.attributes, issue.text) for issue in one.children]) for one in root.children]
    return _told(root.attributes, documents)


def _of_json(root: Node) -> ToldFile | str:
    documents = []
    for one in root.children:
        if one.name == "told":
            issues = [_members(issue) for issue in one.children if issue.name == "issues"]
            documents.append((_members(one), [(issue, issue.get("message", "")) for issue in issues]))
    return _told(_members(root), documents)


def _of_rows(read: Sequence[ReadDocument]) -> ToldFile | UnreadableAcknowledgment:
    wrong = next((issue for one in read for issue in one.issues if not one.accepted), None)
    if wrong is not None:
        return UnreadableAcknowledgment(f"{wrong.message} ({wrong.position})")
    rows = [row.attributes for one in read if one.root is not None for row in one.root.children]
    heads = [row for row in rows if row.get("record") == "file"]
    if len(heads) != 1:
        return UnreadableAcknowledgment(f"there are {len(heads)} rows of record file; want one")
    documents = [(row, [(row, row.get("message", ""))]) for row in rows if row.get("record") == "issue"]
    found = _told(heads[0], documents)
    return found if isinstance(found, ToldFile) else UnreadableAcknowledgment(found)


_Facts = Mapping[str, str]


def _told(head: _Facts, documents: Sequence[tuple[_Facts, Sequence[tuple[_Facts, str]]]]) -> ToldFile | str:
    """What was said, or what is wrong with it."""
    sha256, status = head.get("sha256", "").lower(), head.get("status", "")
    if not _SHA256.fullmatch(sha256):
        return f"sha256 is {shown(sha256)}; want 64 hexadecimal digits"
    if status not in [word.value for word in FileStatus]:
        return f"status is {shown(status)}; want one of {', '.join(word.value for word in FileStatus)}"
    became: dict[int, bool] = {}
    issues: list[ToldIssue] = []
    for about, found in documents:
        ordinal = _number(about.get("ordinal", ""))
        if ordinal is None:
            return f"a document has the ordinal {shown(about.get('ordinal', ''))}; want its number in the file"
        became[ordinal] = became.get(ordinal, True) and about.get("status") == FileStatus.ACCEPTED
        issues += [_issue(ordinal, facts, message) for facts, message in found]
    not_told = _number(head.get("not_told", "0") or "0")
    if not_told is None:
        return f"not_told is {shown(head['not_told'])}; want a number"
    return ToldFile(bytes.fromhex(sha256), FileStatus(status), became, issues[:MOST_ISSUES], not_told)


def _issue(ordinal: int, facts: _Facts, message: str) -> ToldIssue:
    severity = Severity.WARNING if facts.get("severity") == Severity.WARNING.value else Severity.ERROR
    place = Position(
        line=_number(facts.get("line", "")), column=_number(facts.get("column", "")), path=facts.get("field") or None
    )
    return ToldIssue(ordinal, facts.get("code", ""), message, place, severity, facts.get("value"))


def _members(node: Node) -> dict[str, str]:
    """The members of a JSON object that are no objects themselves."""
    return {one.name: one.text for one in node.children if not one.children}


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) <= 9 else None
