"""MIME as AS2 needs it (RFC 2045, 2046, 1847): headers, entities, two parts between boundaries, read as they stand."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from secrets import token_hex

from gateway.as2.bodies import Bodies, Part
from gateway.as2.refusals import MessageRefused, Modifier

MOST_HEADER_BYTES = 32 * 1024
MOST_HEADERS = 100
MOST_PARTS = 3
"""Of a multipart no more are looked for: none that is taken has as many."""
LONGEST_LINE = 76

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PARAMETER = re.compile(r';\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))\s*')
_TYPE = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*")
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_FOLD = re.compile(r"\r?\n[ \t]+")

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in order, names compared without case, values without their folds."""

    pairs: Pairs = ()

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        wanted = name.lower()
        return [value for found, value in self.pairs if found.lower() == wanted]

    def one(self, name: str) -> str | None:
        """The value of a field that stands at most once; None where it is missing.

        Raises:
            MessageRefused: it stands there twice, so that two readers may read two things.
        """
        found = self.all(name)
        if len(found) > 1:
            raise MessageRefused(Modifier.UNEXPECTED, f"{name} stands there {len(found)} times")
        return found[0].strip() if found else None

    def encoded(self) -> bytes:
        """As they are written, without the empty line after them."""
        return "".join(f"{name}: {value}\r\n" for name, value in self.pairs).encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class ContentType:
    """A media type in lower case, with its parameters; `boundary` and the like keep their case."""

    media: str
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Entity:
    """A MIME entity: where its headers and its content stand.

    Args:
        whole: from its first header to its end: what is signed, and what a MIC is taken of.
        content: what follows the empty line, encoded as the headers say.
    """

    headers: Headers
    whole: Part
    content: Part

    @property
    def content_type(self) -> ContentType:
        """Its type; `text/plain` where it has none (RFC 2045 5.2)."""
        return content_type(self.headers)


def content_type(headers: Headers) -> ContentType:
    """The type that headers name; `text/plain` where they name none.

    Raises:
        MessageRefused: it stands there twice, or is none that can be read.
    """
    value = headers.one("Content-Type")
    if value is None:
        return ContentType("text/plain", {})
    match = _TYPE.match(value)
    if match is None:
        raise MessageRefused(Modifier.UNEXPECTED, "a Content-Type that is none")
    parameters = read_parameters(value[match.end() :])
    if parameters is None:
        raise MessageRefused(Modifier.UNEXPECTED, "a Content-Type whose parameters cannot be read")
    return ContentType(match[1].lower(), parameters)


def read_parameters(text: str) -> dict[str, str] | None:
    """`; name=value; name="value"`, names in lower case; None where something else stands there, or one twice."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _PARAMETER.match(text, at)
        if match is None:
            return found if not text[at:].strip(" \t;") else None
        name = match[1].lower()
        if name in found:
            return None
        quoted, plain = match[2], match[3]
        found[name] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = match.end()
    return found


def read_entity(part: Part) -> Entity:
    """The entity that a part is.

    Raises:
        MessageRefused: its headers do not end, or a line of them is none.
    """
    head = part.head(MOST_HEADER_BYTES)
    if head.startswith((b"\r\n", b"\n")):
        return Entity(Headers(), part, part.cut(head.index(b"\n") + 1))
    ends = [(at, len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (at := head.find(mark)) >= 0]
    if not ends:
        raise MessageRefused(Modifier.UNEXPECTED, "headers without an end")
    at, length = min(ends)
    return Entity(read_headers(head[:at]), part, part.cut(at + length))


def read_headers(block: bytes) -> Headers:
    """The fields of a header block.

    Raises:
        MessageRefused: a line is no field, or there are too many.
    """
    text = _FOLD.sub(" ", block.decode("utf-8", "surrogateescape"))
    lines = re.split(r"\r?\n", text)
    if len(lines) > MOST_HEADERS:
        raise MessageRefused(Modifier.UNEXPECTED, f"more than {MOST_HEADERS} headers")
    pairs = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name.rstrip(" \t")) or "\r" in value or "\0" in value:
            raise MessageRefused(Modifier.UNEXPECTED, "a header line that is none")
        pairs.append((name.rstrip(" \t"), value.strip(" \t")))
    return Headers(tuple(pairs))


def split_multipart(content: Part, boundary: str) -> list[Part]:
    """The parts of a multipart (RFC 2046 5.1.1), each without the line end before its boundary; what stands before the
    first boundary is read past.

    Raises:
        MessageRefused: no boundary that can be used, more parts than any message taken here has, no closing
            boundary, or text after it.
    """
    if not _BOUNDARY.fullmatch(boundary):
        raise MessageRefused(Modifier.UNEXPECTED, "a multipart without a usable boundary")
    parts: list[Part] = []
    begin: int | None = None
    for start, after, closing in _delimiters(content, b"--" + boundary.encode("ascii")):
        if begin is not None:
            parts.append(content.cut(begin, max(begin, start)))
        if len(parts) > MOST_PARTS:
            break
        begin = after
        if closing:
            if content.cut(after).head(4096).strip():
                raise MessageRefused(Modifier.INTEGRITY, "text after the closing boundary")
            return parts
    raise MessageRefused(Modifier.INTEGRITY, "a multipart that is not closed, or has too many parts")


def decoded(entity: Entity, bodies: Bodies) -> Part:
    """The content without its Content-Transfer-Encoding (RFC 2045 6).

    Raises:
        MessageRefused: an encoding there is not, or text that is not in it.
    """
    encoding = (entity.headers.one("Content-Transfer-Encoding") or "binary").lower()
    if encoding in ("binary", "7bit", "8bit"):
        return entity.content
    if encoding == "base64":
        return bodies.filled(_from_base64(entity.content.chunks()))
    if encoding == "quoted-printable":
        return bodies.filled(_from_quoted(entity.content.chunks()))
    raise MessageRefused(Modifier.UNEXPECTED, "an unknown Content-Transfer-Encoding")


def new_boundary() -> str:
    """A boundary that no content has."""
    return f"=_{token_hex(16)}"


def quoted(text: str) -> str:
    """A text as a quoted string; what would end a line or the header is left out (RFC 5322 3.2.4)."""
    plain = "".join(char for char in text if char >= " " and char != "\x7f")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def base64_lines(data: bytes) -> bytes:
    """Bytes in base64, in lines of 76 characters."""
    text = base64.b64encode(data)
    return b"".join(text[at : at + LONGEST_LINE] + b"\r\n" for at in range(0, len(text), LONGEST_LINE))


def with_crlf(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Bytes with every lone LF made CR LF, the canonical form of text (RFC 5751 3.1.1)."""
    ended_in_cr = False
    for chunk in chunks:
        lines = re.sub(rb"(?<!\r)\n", b"\r\n", chunk)
        if ended_in_cr and chunk.startswith(b"\n"):
            lines = lines[1:]  # its CR came with the piece before
        ended_in_cr = chunk.endswith(b"\r")
        yield lines


def _delimiters(content: Part, mark: bytes) -> Iterator[tuple[int, int, bool]]:
    """Each boundary line: where its text begins, line end before it included; where the next line begins; the last?"""
    window = bytearray()
    base = 0  # where the window begins
    search = 0
    longest = len(mark) + 2 + 512  # of a line: white space after the boundary is allowed, not pages of it
    chunks = content.chunks()
    ended = False
    while True:
        at = window.find(mark, search)
        if at >= 0 and (ended or len(window) - at >= longest):
            found = _line(window, at, mark)
            if found is not None:
                before, after, closing = found
                yield base + before, base + after, closing
                search = after
            else:
                search = at + 1
            continue
        keep = at if at >= 0 else max(search, len(window) - len(mark) + 1)
        keep = max(0, keep - 2)  # a CR LF may stand before it
        if ended and at < 0:
            return
        del window[:keep]
        base += keep
        search = max(0, search - keep)
        piece = next(chunks, None)
        if piece is None:
            ended = True
        else:
            window += piece


def _line(window: bytearray, at: int, mark: bytes) -> tuple[int, int, bool] | None:
    if at > 0 and window[at - 1] != 0x0A:
        return None
    rest = at + len(mark)
    closing = window[rest : rest + 2] == b"--"
    if closing:
        rest += 2
    end = window.find(b"\n", rest)
    line = window[rest:] if end < 0 else window[rest:end]
    if line.strip(b" \t\r") or (end < 0 and not closing):
        return None
    before = at
    if before > 0:
        before -= 2 if before > 1 and window[before - 2] == 0x0D else 1
    return before, len(window) if end < 0 else end + 1, closing


def _from_base64(chunks: Iterable[bytes]) -> Iterator[bytes]:
    left = b""
    for chunk in chunks:
        text = left + b"".join(chunk.split())
        usable = len(text) - len(text) % 4
        left = text[usable:]
        yield _unbase64(text[:usable])
    if left:
        raise MessageRefused(Modifier.UNEXPECTED, "base64 that is cut short")


def _unbase64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise MessageRefused(Modifier.UNEXPECTED, "text that is not base64") from error


def _from_quoted(chunks: Iterable[bytes]) -> Iterator[bytes]:
    left = b""
    for chunk in chunks:
        text = left + chunk
        usable = text.rfind(b"\n") + 1
        left = text[usable:]
        if len(left) > MOST_HEADER_BYTES:
            raise MessageRefused(Modifier.UNEXPECTED, "a line of quoted-printable without an end")
        yield quopri.decodestring(text[:usable])
    yield quopri.decodestring(left)
