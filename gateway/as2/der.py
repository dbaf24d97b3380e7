"""Writing ASN.1 in DER (X.690 10): the few forms a CMS message of ours is made of."""

from __future__ import annotations

from functools import cache

INTEGER = 0x02
OCTET_STRING = 0x04
NULL = b"\x05\x00"
OBJECT_IDENTIFIER = 0x06
SEQUENCE = 0x30
SET = 0x31


def context(number: int, *, constructed: bool = True) -> int:
    """The tag `[number]`."""
    return 0x80 | (0x20 if constructed else 0) | number


def head(tag: int, length: int) -> bytes:
    """Tag and definite length of something that has `length` bytes."""
    if length < 0x80:
        return bytes((tag, length))
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big")


def tlv(tag: int, *contents: bytes) -> bytes:
    """Something with its contents, as they stand."""
    body = b"".join(contents)
    return head(tag, len(body)) + body


def sequence(*contents: bytes) -> bytes:
    """A SEQUENCE."""
    return tlv(SEQUENCE, *contents)


def set_of(*contents: bytes) -> bytes:
    """A SET OF, its members in the order DER wants."""
    return tlv(SET, *sorted(contents))


def integer(value: int) -> bytes:
    """An INTEGER of 0 or more."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(OCTET_STRING, value)


@cache
def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER, from `1.2.840.113549.1.7.1`."""
    first, second, *others = (int(arc) for arc in dotted.split("."))
    return tlv(OBJECT_IDENTIFIER, b"".join(_base128(arc) for arc in (first * 40 + second, *others)))


def algorithm(dotted: str, parameters: bytes = b"") -> bytes:
    """An AlgorithmIdentifier; without parameters they are absent, which is not NULL."""
    return sequence(oid(dotted), parameters)


def _base128(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | value & 0x7F)
    return bytes(reversed(digits))
