"""XML to a tree of nodes, each with its line, column and bytes; nothing is fetched and no entity is defined.

Read with expat, which does no input or output of its own. A DOCTYPE that only names an external DTD (cXML has one) is
read past, and the DTD never loaded; an internal subset is refused, so no entity can be declared. Source: XML 1.0
(fifth edition), Namespaces in XML 1.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.parsers import expat

from translators.errors import Position, shown
from translators.reading import IssueList, ReadDocument
from translators.tree import NOTHING, Node
from translators.xmldoc.codes import FAULTS

_FED_BYTES = 64 * 1024
_SEPARATOR = "\n"
"""Between namespace and name in what expat says; no character of either."""
ENCODINGS = frozenset(
    {"utf-8", "utf8", "utf-16", "utf-16be", "utf-16le", "us-ascii", "ascii", "koi8-r", "koi8-u", "latin1"}
    | {f"iso-8859-{part}" for part in range(1, 17) if part != 12}
    | {f"{maker}{page}" for maker in ("windows-", "cp") for page in range(1250, 1259)}
    | {f"{maker}{page}" for maker in ("ibm", "cp") for page in ("437", "850", "852", "858")}
)
"""The names a declaration may give, in lower case (IANA, Character Sets): UTF and single bytes."""


@dataclass(frozen=True, slots=True)
class XMLLimits:
    """Caps on one document, so that a hostile one costs little: time and memory grow with nothing else.

    Args:
        bytes: of the file.
        depth: elements within each other.
        elements: in all.
        attributes: of one element.
        namespaces: declared in all.
        text: characters of one element's own text.
        token: bytes of one tag, comment or processing instruction.
        name: characters of an element's or attribute's name, namespace included.
    """

    bytes: int = 64 * 1024 * 1024
    depth: int = 256
    elements: int = 500_000
    attributes: int = 256
    namespaces: int = 1_000
    text: int = 8 * 1024 * 1024
    token: int = 1024 * 1024
    name: int = 1_024


def read_xml(chunks: Iterable[bytes], *, limits: XMLLimits | None = None) -> ReadDocument:
    """Read one XML document.

    Args:
        chunks: the bytes of the file, cut anywhere.
        limits: caps; None for the usual ones.

    Returns:
        Its tree and no issue, or no tree and the fault that ended the reading.
    """
    return _Reading(limits or XMLLimits()).read(chunks)


class _Refused(Exception):
    """The document is given up; the issue is told already."""


class _Reading:
    """The tree as far as the document was read."""

    def __init__(self, limits: XMLLimits) -> None:
        self._limits = limits
        self._issues = IssueList(FAULTS, more="xml.issues.capped")
        self._root: Node | None = None
        self._open: list[Node] = []
        self._texts: list[list[str]] = []
        self._sizes: list[int] = []
        self._elements = 0
        self._namespaces = 0
        parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartNamespaceDeclHandler = self._namespace
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.SkippedEntityHandler = self._entity
        self._parser = parser

    def read(self, chunks: Iterable[bytes]) -> ReadDocument:
        """Feed the parser until the document ends or is given up."""
        parser, limits, fed = self._parser, self._limits, 0
        try:
            for chunk in chunks:
                for start in range(0, len(chunk), _FED_BYTES):
                    piece = chunk[start : start + _FED_BYTES]
                    fed += len(piece)
                    if fed > limits.bytes:
                        self._refuse("xml.too_large", f"the file has more than {limits.bytes} bytes; send it in parts")
                    parser.Parse(piece, False)
                    if fed - max(parser.CurrentByteIndex, 0) > limits.token + len(piece):
                        self._refuse("xml.text_too_long", f"a tag or comment has more than {limits.token} bytes")
            parser.Parse(b"", True)
        except _Refused:
            return ReadDocument(None, self._issues.listed())
        except expat.ExpatError as error:
            self._syntax(error, fed)
            return ReadDocument(None, self._issues.listed())
        return ReadDocument(self._root, self._issues.listed())

    def _start(self, name: str, listed: list[str]) -> None:
        limits, parser = self._limits, self._parser
        self._elements += 1
        if self._elements > limits.elements:
            self._refuse("xml.too_many_elements", f"more than {limits.elements} elements; send the file in parts")
        if len(self._open) >= limits.depth:
            self._refuse("xml.too_deep", f"elements are nested deeper than {limits.depth}")
        if len(listed) > 2 * limits.attributes:
            self._refuse("xml.too_many_attributes", f"an element has more than {limits.attributes} attributes")
        attributes = NOTHING
        if listed:
            names = [self._name(found) for found in listed[::2]]
            attributes = dict(zip(names, listed[1::2], strict=True))
        node = Node(
            self._name(name),
            attributes=attributes,
            line=parser.CurrentLineNumber,
            column=parser.CurrentColumnNumber + 1,
            offset=parser.CurrentByteIndex,
            ordinal=self._elements,
        )
        if self._open:
            self._open[-1].children.append(node)
        else:
            self._root = node
        self._open.append(node)
        self._texts.append([])
        self._sizes.append(0)

    def _end(self, _name: str) -> None:
        node, texts = self._open.pop(), self._texts.pop()
        self._sizes.pop()
        text = texts[0] if len(texts) == 1 else "".join(texts)
        if not node.children or not text.isspace():
            node.text = text
        node.end = self._parser.CurrentByteIndex

    def _text(self, data: str) -> None:
        self._sizes[-1] += len(data)
        if self._sizes[-1] > self._limits.text:
            self._refuse("xml.text_too_long", f"a text has more than {self._limits.text} characters")
        self._texts[-1].append(data)

    def _name(self, found: str) -> str:
        if len(found) > self._limits.name:
            self._refuse("xml.text_too_long", f"a name has more than {self._limits.name} characters", found)
        namespace, separator, local = found.partition(_SEPARATOR)
        return f"{{{namespace}}}{local}" if separator else found

    def _namespace(self, _prefix: str | None, _uri: str) -> None:
        self._namespaces += 1
        if self._namespaces > self._limits.namespaces:
            self._refuse("xml.too_many_namespaces", f"more than {self._limits.namespaces} namespaces are declared")

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        """Only these: pyexpat looks any other name up among Python's modules, on the disk."""
        if encoding is not None and encoding.lower() not in ENCODINGS:
            self._refuse("xml.encoding", f"the declared encoding {shown(encoding)} is not read; want UTF-8", encoding)

    def _doctype(self, name: str, _system: str | None, _public: str | None, has_internal_subset: int) -> None:
        if has_internal_subset:
            self._refuse(
                "xml.doctype",
                f"the DOCTYPE of {shown(name)} declares things in the file itself; leave the [..] out",
                name,
            )

    def _entity(self, name: str, _is_parameter: bool) -> None:
        self._refuse("xml.entity", f"&{shown(name)}; is not defined; write the character itself or &#NUMBER;", name)

    def _syntax(self, error: expat.ExpatError, fed: int) -> None:
        position = Position(
            line=error.lineno, column=error.offset + 1, offset=max(self._parser.ErrorByteIndex, 0), path=self._path()
        )
        words = expat.ErrorString(error.code) or "not readable"
        if error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS] and self._root is None:
            text = "the file is empty" if not fed else "the file holds no element"
            self._issues.add("xml.empty", f"{text}; want an XML document", position)
        elif error.code == expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]:
            self._issues.add(
                "xml.entity", "an entity is not defined; write the character itself or &#NUMBER;", position
            )
        elif error.code in _ENCODING_ERRORS:
            self._issues.add("xml.encoding", f"the encoding is not read: {words}; want UTF-8 or UTF-16", position)
        else:
            self._issues.add("xml.syntax", f"not well-formed XML: {words}", position)

    def _refuse(self, code: str, message: str, value: str | None = None) -> None:
        self._issues.add(code, message, self._position(), value=value)
        raise _Refused

    def _position(self) -> Position:
        parser = self._parser
        return Position(
            line=parser.CurrentLineNumber,
            column=parser.CurrentColumnNumber + 1,
            offset=max(parser.CurrentByteIndex, 0),
            path=self._path(),
        )

    def _path(self) -> str | None:
        if not self._open:
            return None
        shown_names = [shown(node.local_name) for node in self._open[:12]]
        return "/" + "/".join(shown_names) + ("/.." if len(self._open) > 12 else "")


_ENCODING_ERRORS = frozenset(
    expat.errors.codes[name]
    for name in (expat.errors.XML_ERROR_UNKNOWN_ENCODING, expat.errors.XML_ERROR_INCORRECT_ENCODING)
)
