"""The kind of a file, told from its first bytes."""

from __future__ import annotations

import pytest

from translators.formats import SNIFFED_BYTES, Format, sniff


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", Format.EMPTY),
        (b"\r\n \t\x00\x1a", Format.EMPTY),
        (b"\xef\xbb\xbf", Format.EMPTY),
        (b"ISA*00*", Format.X12),
        (b"ISA|00|", Format.X12),
        (b"ISA\x1d00", Format.X12),
        (b"ISA", Format.X12),
        (b"\xef\xbb\xbf\r\n  ISA*00*", Format.X12),
        (b"ISABEL,1,2", Format.UNKNOWN),
        (b"<?xml version='1.0'?><a/>", Format.XML),
        (b"\xef\xbb\xbf\n<Order>", Format.XML),
        (b"<!-- x --><Order/>", Format.XML),
        ("\ufeff<Order/>".encode("utf-16-le"), Format.XML),
        ("\ufeff<Order/>".encode("utf-16-be"), Format.XML),
        ("<?xml".encode("utf-16-le"), Format.XML),
        (b"< 5 pieces", Format.UNKNOWN),
        (b"po,line,qty\n1,2,3\n", Format.UNKNOWN),
        ("Straße;1;2\n".encode(), Format.UNKNOWN),
        ("Straße;1;2\n".encode("latin-1"), Format.UNKNOWN),
        (b"UNA:+.? 'UNB+UNOA:1", Format.UNKNOWN),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", Format.BINARY),
        (b"PK\x03\x04\x14\x00", Format.BINARY),
        (bytes(range(1, 32)) * 3, Format.BINARY),
        ("ISA*00*".encode("utf-16-le"), Format.BINARY),
        (b"x" * 100_000 + b"\x00", Format.UNKNOWN),
    ],
)
def test_a_kind_is_told_by_its_first_bytes(head, kind) -> None:
    assert sniff(head) is kind
    assert sniff(head[:SNIFFED_BYTES]) is kind
