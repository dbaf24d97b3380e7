"""Reading ASN.1 in BER (X.690 8) forwards, from pieces: definite and indefinite lengths, strings of any size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.as2 import der

MOST_ELEMENT_BYTES = 1024 * 1024
"""What is read whole (certificates, recipients, attributes) is not longer."""
MOST_DEPTH = 32
_CONSTRUCTED = 0x20
_END = 0x00


class NotBER(Exception):
    """The bytes are not what they should be: cut short, of another type, or beyond all reason."""


@dataclass(frozen=True, slots=True)
class Head:
    """Tag and length of an element; `length` is None where it is indefinite."""

    tag: int
    length: int | None
    encoded: bytes

    @property
    def constructed(self) -> bool:
        """Whether it is made of elements."""
        return bool(self.tag & _CONSTRUCTED)


class Reader:
    """Reads elements one after the other.

    Args:
        chunks: the bytes, in pieces.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._piece = b""
        self._at = 0
        self._ends: list[int | None] = []
        self._before = 0  # bytes of the pieces before this one

    def head(self) -> Head:
        """Tag and length of the next element.

        Raises:
            NotBER: there is none, or it has a form nothing here has.
        """
        tag = self._take(1)
        if tag[0] & 0x1F == 0x1F:
            raise NotBER("a tag of several bytes")
        first = self._take(1)
        if first[0] < 0x80:
            found = Head(tag[0], first[0], tag + first)
        elif first[0] == 0x80:
            found = Head(tag[0], None, tag + first)
            if not found.constructed:
                raise NotBER("an indefinite length without elements inside")
        else:
            size = first[0] & 0x7F
            if size > 8:
                raise NotBER("a length of more than eight bytes")
            length = self._take(size)
            found = Head(tag[0], int.from_bytes(length, "big"), tag + first + length)
        end = self._ends[-1] if self._ends else None
        if end is not None and found.length is not None and self._position + found.length > end:
            raise NotBER("an element ends after what it stands in")
        return found

    def enter(self, tag: int) -> None:
        """Go into the next element, which must have this tag; `leave` goes out of it again.

        Raises:
            NotBER: it is another.
        """
        found = self.head()
        if found.tag != tag:
            raise NotBER(f"tag {found.tag:#04x} where {tag:#04x} should be")
        self._ends.append(None if found.length is None else self._position + found.length)

    def leave(self) -> None:
        """Go out of the element entered last, which must be at its end.

        Raises:
            NotBER: something else stands in it.
        """
        if self.more():
            raise NotBER("more elements than there should be")
        if self._ends.pop() is None:
            self._take(2)

    def more(self) -> bool:
        """Whether another element stands in the one entered last (or, outside of all, whether bytes are left)."""
        if not self._ends:
            return self._fill()
        end = self._ends[-1]
        if end is not None:
            return self._position < end
        return self.peek() != _END

    def peek(self) -> int:
        """The tag of the next element, 0 for the end of contents.

        Raises:
            NotBER: no bytes are left.
        """
        if not self._fill():
            raise NotBER("cut short")
        return self._piece[self._at]

    def element(self, limit: int = MOST_ELEMENT_BYTES) -> bytes:
        """The next element whole, as it is encoded.

        Raises:
            NotBER: it is longer than `limit`.
        """
        kept = bytearray()
        self._copy(kept, limit, 0)
        return bytes(kept)

    def octets(self, tag: int) -> Iterator[bytes]:
        """The value of the next element, an OCTET STRING with this tag (primitive), in pieces.

        One made of parts (X.690 8.7.3) has the tag with the bit for constructed, and gives the bytes of its parts.

        Raises:
            NotBER: it is another.
        """
        found = self.head()
        if found.tag == tag & ~_CONSTRUCTED:
            assert found.length is not None
            yield from self._pieces(found.length)
        elif found.tag == tag | _CONSTRUCTED:
            yield from self._parts(found, 0)
        else:
            raise NotBER(f"tag {found.tag:#04x} where a string {tag:#04x} should be")

    @property
    def _position(self) -> int:
        return self._before + self._at

    def _parts(self, outer: Head, depth: int) -> Iterator[bytes]:
        if depth > MOST_DEPTH:
            raise NotBER("nested too deep")
        self._ends.append(None if outer.length is None else self._position + outer.length)
        while self.more():
            found = self.head()
            if found.tag == der.OCTET_STRING:
                assert found.length is not None
                yield from self._pieces(found.length)
            elif found.tag == der.OCTET_STRING | _CONSTRUCTED:
                yield from self._parts(found, depth + 1)
            else:
                raise NotBER("a part of a string that is no string")
        self.leave()

    def _copy(self, kept: bytearray, limit: int, depth: int) -> None:
        if depth > MOST_DEPTH:
            raise NotBER("nested too deep")
        found = self.head()
        kept += found.encoded
        if found.length is not None:
            if len(kept) + found.length > limit:
                raise NotBER(f"an element of more than {limit} bytes")
            for piece in self._pieces(found.length):
                kept += piece
            return
        self._ends.append(None)
        while self.more():
            self._copy(kept, limit, depth + 1)
            if len(kept) > limit:
                raise NotBER(f"an element of more than {limit} bytes")
        self.leave()
        kept += b"\0\0"

    def _pieces(self, length: int) -> Iterator[bytes]:
        left = length
        while left:
            if not self._fill():
                raise NotBER("cut short")
            end = min(len(self._piece), self._at + left)
            piece = self._piece[self._at : end]
            left -= len(piece)
            self._at = end
            yield piece

    def _take(self, length: int) -> bytes:
        end = self._at + length
        if end <= len(self._piece):
            found = self._piece[self._at : end]
            self._at = end
            return found
        return b"".join(self._pieces(length))

    def _fill(self) -> bool:
        while self._at >= len(self._piece):
            following = next(self._chunks, None)
            if following is None:
                return False
            self._before += len(self._piece)
            self._piece, self._at = following, 0
        return True
