"""CMS CompressedData (RFC 3274, RFC 5402): zlib, read under caps."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from asn1crypto import core

from gateway.as2 import algorithms, der
from gateway.as2.ber import NotBER, Reader
from gateway.as2.bodies import CHUNK, Bodies, Part
from gateway.as2.refusals import MessageRefused, Modifier

MOST_RATIO = 100
RATIO_COUNTS_FROM = 1024 * 1024
"""Up to so many bytes content may be smaller than a hundredth: a page of blanks is no bomb."""
DEFAULT_MOST_BYTES = 100 * 1024 * 1024


def compress(content: Part, bodies: Bodies) -> Part:
    """The content as CompressedData, in DER."""
    packed = bodies.filled(_packed(content))
    string = der.head(der.OCTET_STRING, packed.size)
    length = packed.size
    wrapped = der.head(der.context(0), len(string) + length) + string
    inner = der.oid(algorithms.DATA) + wrapped
    inner = der.head(der.SEQUENCE, len(inner) + length) + inner
    fields = der.integer(0) + der.algorithm(algorithms.ZLIB) + inner
    data = der.head(der.SEQUENCE, len(fields) + length) + fields
    outer = der.oid(algorithms.COMPRESSED_DATA) + der.head(der.context(0), len(data) + length) + data
    top = der.head(der.SEQUENCE, len(outer) + length) + outer
    return bodies.filled(_joined(top, packed))


def decompress(compressed: Part, bodies: Bodies, *, most_bytes: int = DEFAULT_MOST_BYTES) -> Part:
    """What was compressed.

    Args:
        compressed: ContentInfo, in BER.
        bodies: where the content is put.
        most_bytes: a content that is longer is refused as soon as it is.

    Raises:
        MessageRefused: it is none, is cut short, or grows beyond all reason; `decompression-failed`.
    """
    try:
        return _opened(Reader(compressed.chunks()), bodies, most_bytes)
    except (NotBER, zlib.error, ValueError, TypeError) as error:
        raise _failed(f"it cannot be decompressed ({type(error).__name__})") from error


def _opened(reader: Reader, bodies: Bodies, most_bytes: int) -> Part:
    reader.enter(der.SEQUENCE)
    if core.ObjectIdentifier.load(reader.element()).dotted != algorithms.COMPRESSED_DATA:
        raise _failed("what should be compressed is something else")
    reader.enter(der.context(0))
    reader.enter(der.SEQUENCE)
    reader.element()  # the version
    how = Reader(iter((reader.element(),)))
    how.enter(der.SEQUENCE)
    if core.ObjectIdentifier.load(how.element()).dotted != algorithms.ZLIB:
        raise _failed("compressed by something other than zlib")
    reader.enter(der.SEQUENCE)
    if core.ObjectIdentifier.load(reader.element()).dotted != algorithms.DATA:
        raise _failed("compressed content of another type")
    reader.enter(der.context(0))
    body = bodies.new()
    unpacking = _Unpacking(most_bytes)
    for chunk in reader.octets(der.OCTET_STRING):
        for piece in unpacking.pieces(chunk):
            body.write(piece)
    if not unpacking.ended:
        raise _failed("the compressed content is cut short")
    for _ in range(4):
        reader.leave()
    return Part(body, 0, body.size)


class _Unpacking:
    """One zlib stream under caps."""

    def __init__(self, most_bytes: int) -> None:
        self._stream = zlib.decompressobj()
        self._most = most_bytes
        self._in = 0
        self._out = 0

    @property
    def ended(self) -> bool:
        """Whether the stream came to its own end."""
        return self._stream.eof

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """What a piece unpacks to."""
        self._in += len(chunk)
        more = bool(chunk)
        while more:
            if self._stream.eof:
                raise _failed("bytes after the compressed content")
            piece = self._stream.decompress(chunk, CHUNK)
            self._out += len(piece)
            if self._out > self._most:
                raise _failed(f"it unpacks to more than {self._most} bytes")
            if self._out > max(RATIO_COUNTS_FROM, self._in * MOST_RATIO):
                raise _failed(f"it unpacks to more than {MOST_RATIO} times its size")
            if piece:
                yield piece
            chunk = self._stream.unconsumed_tail or self._stream.unused_data
            more = bool(chunk) or (len(piece) == CHUNK and not self._stream.eof)  # there may be more inside


def _packed(content: Part) -> Iterator[bytes]:
    stream = zlib.compressobj()
    for chunk in content.chunks():
        yield stream.compress(chunk)
    yield stream.flush()


def _joined(head: bytes, rest: Part) -> Iterator[bytes]:
    yield head
    yield from rest.chunks()


def _failed(reason: str) -> MessageRefused:
    return MessageRefused(Modifier.DECOMPRESSION, reason)
