"""What kind of file this is, told from its first bytes."""

from __future__ import annotations

import re
from enum import StrEnum

SNIFFED_BYTES = 4096
"""How much of a file is looked at; more does no harm."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FILLER = b"\r\n\t \x00\x1a"
_ISA = re.compile(rb"ISA(?![0-9A-Za-z])")
_XML = re.compile(rb"<[?!A-Za-z_:]")
_XML_UTF16 = (b"\xff\xfe<\x00", b"\xfe\xff\x00<", b"<\x00?\x00", b"\x00<\x00?")
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1b\x7f]")
_NOT_TEXT_SHARE = 0.05


class Format(StrEnum):
    """The kinds of file that are told apart."""

    X12 = "x12"
    XML = "xml"
    UNKNOWN = "unknown"
    """Text of some other kind: delimited, fixed width, or none of ours."""
    BINARY = "binary"
    EMPTY = "empty"


def sniff(head: bytes) -> Format:
    """Tell the kind of a file.

    Args:
        head: its first bytes, SNIFFED_BYTES of them or all there are.

    Returns:
        EMPTY for no byte that counts; X12 where an ISA begins it (good or bad); XML by its first mark, UTF-16 too.
    """
    head = head[:SNIFFED_BYTES]
    if head.startswith(_XML_UTF16):
        return Format.XML
    text = head.removeprefix(_BYTE_ORDER_MARK).lstrip(_FILLER)
    if not text:
        return Format.EMPTY
    if _ISA.match(text):
        return Format.X12
    if _XML.match(text):
        return Format.XML
    if b"\x00" in text or len(_NOT_TEXT.findall(text)) > len(text) * _NOT_TEXT_SHARE:
        return Format.BINARY
    return Format.UNKNOWN
