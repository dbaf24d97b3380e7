"""JSON to a tree of nodes, each with its line, column and bytes; numbers stay the text of the wire.

Source: RFC 8259. NaN, Infinity, comments and trailing commas are none of it; two members of one name are an issue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from translators.errors import Position, shown
from translators.jsondoc.codes import FAULTS
from translators.reading import IssueList, ReadDocument
from translators.tree import Node, NodeKind

ROOT = "$"
"""Name of the root."""
ITEM = "item"
"""Name of the items of an array that is no member of an object."""

_BLANK = re.compile(r"[ \t\r\n]*")
_TEXT = re.compile(r'"([^"\\\x00-\x1f]*)(")?')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"true|false|null")
_ESCAPE = re.compile(r'\\(?:(["\\/bfnrt])|u([0-9A-Fa-f]{4}))')
_ESCAPED = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_KINDS = {"true": NodeKind.BOOLEAN, "false": NodeKind.BOOLEAN, "null": NodeKind.NULL}
_OTHER_ENCODING = (b"\xff\xfe", b"\xfe\xff", b"\x00")


@dataclass(frozen=True, slots=True)
class JSONLimits:
    """Caps on one document.

    Args:
        bytes: of the file.
        depth: objects and arrays within each other.
        values: objects, arrays, texts, numbers, true, false and null, in all.
        text: characters of a text or name.
        number: characters of a number.
    """

    bytes: int = 64 * 1024 * 1024
    depth: int = 64
    values: int = 500_000
    text: int = 8 * 1024 * 1024
    number: int = 100


def read_json(chunks: Iterable[bytes], *, limits: JSONLimits | None = None) -> ReadDocument:
    """Read one JSON document.

    Args:
        chunks: the bytes of the file, cut anywhere.
        limits: caps; None for the usual ones.

    Returns:
        Its tree, a null as a node without text; or no tree and the fault that ended the reading.
    """
    limits = limits or JSONLimits()
    issues = IssueList(FAULTS, more="json.issues.capped")
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > limits.bytes:
            issues.add("json.too_large", f"the file has more than {limits.bytes} bytes; send it in parts", Position())
            return ReadDocument(None, issues.listed())
    mark = 3 if content.startswith(b"\xef\xbb\xbf") else 0
    try:
        text = content[mark:].decode("utf-8")
    except UnicodeDecodeError as error:
        place = Position(line=content.count(b"\n", 0, error.start + mark) + 1, offset=error.start + mark)
        other = content.startswith(_OTHER_ENCODING)
        told = "the file is UTF-16 or UTF-32" if other else f"byte {content[error.start + mark]:#04x} is no UTF-8"
        issues.add("json.encoding", f"{told}; JSON is UTF-8", place)
        return ReadDocument(None, issues.listed())
    try:
        root = _Reading(text, mark, limits, issues).document()
    except _GivenUp:
        return ReadDocument(None, issues.listed())
    return ReadDocument(root, issues.listed())


class _GivenUp(Exception):
    """The document cannot be read on; the issue is told already."""


class _Reading:
    """One text as far as it was read."""

    def __init__(self, text: str, mark: int, limits: JSONLimits, issues: IssueList) -> None:
        self._text = text
        self._limits = limits
        self._issues = issues
        self._at = 0
        self._known = (0, mark, 1, 0)
        """Of the last place asked for: character, byte, line, and the character its line begins at."""
        self._values = 0
        self._open: list[tuple[Node, str, set[str] | None]] = []
        """Objects (with the names they have) and arrays (None) around the place, and how an array's items are named."""

    def document(self) -> Node:
        """The whole text as one value."""
        self._blanks()
        if self._at >= len(self._text):
            self._refuse("json.empty", "the file is empty; want a JSON value")
        root = self._begin(ROOT, None, listed=False)
        while self._open:
            self._member()
        self._blanks()
        if self._at < len(self._text):
            self._syntax("the end of the file")
        return root

    def _member(self) -> None:
        """One step within the innermost object or array: its next member, or its end."""
        node, name, names = self._open[-1]
        closing = "]" if names is None else "}"
        self._blanks()
        if self._text.startswith(closing, self._at):
            self._at += 1
            node.end = self._byte(self._at)
            self._open.pop()
            return
        if node.end == -1:
            self._take(",", f"',' or '{closing}'")
            self._blanks()
        node.end = -1  # something stands in it: the next begins with a comma
        if names is None:
            self._begin(name, node, listed=True)
            return
        place = self._position()
        if not self._text.startswith('"', self._at):
            self._syntax("a name in quotes")
        member = self._string()
        if member in names:
            told = f'"{shown(member)}" stands twice in one object; say it once'
            self._issues.add("json.duplicate_name", told, place, value=member)
        names.add(member)
        self._blanks()
        self._take(":", "':'")
        self._blanks()
        self._begin(member, node, listed=False)

    def _begin(self, name: str, parent: Node | None, *, listed: bool) -> Node:
        """Read a value, or the beginning of one that holds others."""
        text, at = self._text, self._at
        self._values += 1
        if self._values > self._limits.values:
            self._refuse("json.too_many_values", f"more than {self._limits.values} values; send the file in parts")
        first = text[at : at + 1]
        place = self._position()
        node = Node(
            name,
            line=place.line or 0,
            column=place.column or 0,
            offset=place.offset or 0,
            ordinal=self._values,
            listed=listed,
        )
        if first == "[" and parent is not None and not listed and not self._is_empty(at):
            self._deeper()
            self._at += 1
            # The items stand in for the array; the stand-in is only there to be closed.
            self._open.append((_Flat(name, parent), name, None))
            return node
        if parent is not None:
            parent.children.append(node)
        if first in ("{", "["):
            self._deeper()
            self._at += 1
            node.kind = NodeKind.OBJECT if first == "{" else NodeKind.LIST
            self._open.append((node, ITEM, set() if first == "{" else None))
        elif first == '"':
            node.text = self._string()
            node.end = self._byte(self._at)
        else:
            self._plain(node)
        return node

    def _plain(self, node: Node) -> None:
        """A number, true, false or null."""
        if (found := _WORD.match(self._text, self._at)) is not None:
            node.kind = _KINDS[found.group()]
            node.text = "" if node.kind is NodeKind.NULL else found.group()
        elif (found := _NUMBER.match(self._text, self._at)) is not None:
            node.kind, node.text = NodeKind.NUMBER, found.group()
            if len(node.text) > self._limits.number:
                self._refuse("json.text_too_long", f"a number has more than {self._limits.number} characters")
        else:
            self._syntax("a value")
        self._at = found.end()
        if self._text[self._at : self._at + 1] not in ("", " ", "\t", "\r", "\n", ",", "]", "}"):
            self._syntax("',' or the end")
        node.end = self._byte(self._at)

    def _string(self) -> str:
        """A text in quotes."""
        start = self._at
        found = _TEXT.match(self._text, start)
        assert found is not None
        pieces = [found[1]]
        self._at = found.end()
        while not found[2]:
            escape = _ESCAPE.match(self._text, self._at)
            if escape is None:
                self._syntax("the end of a text, or an escape JSON has")
            pieces.append(_ESCAPED[escape[1]] if escape[1] else chr(int(escape[2], 16)))
            self._at = escape.end() - 1
            # what follows an escape is matched as if a quote stood before it
            found = _REST.match(self._text, self._at + 1)
            assert found is not None
            pieces.append(found[1])
            self._at = found.end()
        text = "".join(pieces)
        if len(text) > self._limits.text:
            self._refuse("json.text_too_long", f"a text has more than {self._limits.text} characters")
        if "\\" in self._text[start : self._at]:
            text = self._joined(text, start)
        return text

    def _joined(self, text: str, start: int) -> str:
        """The text with the two halves of characters beyond the first plane joined."""
        joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if (
            "\x00" in text
            or any("\ud800" <= char <= "\udfff" for char in joined)
            or joined.count("\ufffd") != text.count("\ufffd")
        ):
            told = "a text holds \\u0000 or half a character; leave it out"
            self._issues.add("json.character", told, self._position(start))
        return joined

    def _is_empty(self, at: int) -> bool:
        blanks = _BLANK.match(self._text, at + 1)
        assert blanks is not None
        return self._text.startswith("]", blanks.end())

    def _deeper(self) -> None:
        if len(self._open) >= self._limits.depth:
            self._refuse("json.too_deep", f"values are nested deeper than {self._limits.depth}")

    def _blanks(self) -> None:
        found = _BLANK.match(self._text, self._at)
        assert found is not None
        self._at = found.end()

    def _take(self, mark: str, wanted: str) -> None:
        if not self._text.startswith(mark, self._at):
            self._syntax(wanted)
        self._at += 1

    def _byte(self, at: int) -> int:
        self._position(at)
        return self._known[1]

    def _position(self, at: int | None = None) -> Position:
        """The place of a character, this one by default; places are asked for in order, but for the last few."""
        at = self._at if at is None else at
        char, byte, line, begins = self._known
        if at < char:
            passed = self._text[at:char]
            lines = passed.count("\n")
            begins = self._text.rfind("\n", 0, at) + 1
            self._known = (at, byte - len(passed.encode("utf-8")), line - lines, begins)
        elif at > char:
            passed = self._text[char:at]
            if (last := passed.rfind("\n")) >= 0:
                line, begins = line + passed.count("\n"), char + last + 1
            self._known = (at, byte + len(passed.encode("utf-8")), line, begins)
        _, byte, line, begins = self._known
        return Position(line=line, column=at - begins + 1, offset=byte)

    def _syntax(self, wanted: str) -> NoReturn:
        found = self._text[self._at : self._at + 1]
        told = f"found {shown(found)!r}" if found else "the file ends"
        self._refuse("json.syntax", f"{told}; want {wanted}")

    def _refuse(self, code: str, message: str) -> NoReturn:
        self._issues.add(code, message, self._position())
        raise _GivenUp


class _Flat(Node):
    """An array that is a member: its items go to the object around it, under its name."""

    __slots__ = ()

    def __init__(self, name: str, parent: Node) -> None:
        super().__init__(name)
        self.children = parent.children


_REST = re.compile(r'([^"\\\x00-\x1f]*)(")?')
