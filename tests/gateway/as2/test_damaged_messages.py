"""Whatever bytes come, a message is taken or refused; nothing is raised, and nothing that was not signed is taken."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cache

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.as2.algorithms import Cipher, Compression
from gateway.as2.ber import NotBER, Reader
from gateway.as2.bodies import Bodies, in_memory
from gateway.as2.mdn import MDN, is_mdn, make_mdn, read_mdn
from gateway.as2.message import Built, Security, Trust
from gateway.as2.mime import split_multipart, with_crlf
from gateway.as2.refusals import MessageRefused, Modifier, Refused
from tests.gateway.as2.parties import NOW, ORDER, build, encrypted, opened, partner, security, trust

KINDS = {
    "signed": replace(security(encrypt=False)),
    "encrypted": security(sign=False),
    "both": security(),
    "gcm": replace(security(), cipher=Cipher.AES256_GCM),
    "compressed": security(encrypt=False, compression=Compression.AFTER_SIGNING),
}
MUCH = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def message(kind: str) -> tuple[tuple[tuple[str, str], ...], bytes]:
    with Bodies() as bodies:
        built = build(KINDS[kind], bodies)
        return built.headers, built.body.read()


damage = st.lists(
    st.tuples(st.sampled_from(["flip", "cut", "insert", "double"]), st.integers(0, 1 << 20), st.binary(max_size=20)),
    min_size=1,
    max_size=4,
)


def damaged(data: bytes, damages: list[tuple[str, int, bytes]]) -> bytes:
    for what, where, more in damages:
        at = where % max(len(data), 1)
        match what:
            case "flip":
                data = data[:at] + bytes(byte ^ 0x55 for byte in data[at : at + 1]) + data[at + 1 :]
            case "cut":
                data = data[:at] + data[at + len(more) + 1 :]
            case "insert":
                data = data[:at] + more + data[at:]
            case "double":
                data = data[:at] + data[at : at + 50] + data[at:]
    return data


@MUCH
@given(kind=st.sampled_from(sorted(KINDS)), damages=damage)
def test_a_damaged_message_is_refused_or_unchanged(kind: str, damages: list[tuple[str, int, bytes]]) -> None:
    headers, data = message(kind)
    must = trust(must_sign=kind != "encrypted", must_encrypt=False)
    with Bodies() as bodies:
        found = opened(Built(headers, in_memory(damaged(data, damages)), {}), bodies, must)
        if not isinstance(found, Refused) and kind != "encrypted":
            assert found.content.read() == ORDER


@MUCH
@given(value=st.text(max_size=200), body=st.binary(max_size=500))
@example(value="multipart/signed; boundary=", body=b"")
@example(value='application/pkcs7-mime; smime-type="enveloped-data', body=b"0\x80")
def test_any_content_type_and_body_is_taken_or_refused(value: str, body: bytes) -> None:
    with Bodies() as bodies:
        built = Built((("Content-Type", value),), in_memory(body), {})
        opened(built, bodies, trust(must_sign=False, must_encrypt=False))


@MUCH
@given(damages=damage)
def test_a_damaged_mdn_is_read_or_refused(damages: list[tuple[str, int, bytes]]) -> None:
    with Bodies() as bodies:
        made = make_mdn(MDN("<1@house>", "HOUSE"), Security(signer=partner().identity), at=NOW, bodies=bodies)
        body = in_memory(damaged(made.content.read(), damages))
        pinned = Trust(pinned=(partner().certificate,))
        found = read_mdn(made.headers, body, pinned, at=NOW, bodies=bodies)
        assert isinstance(found, Refused) or found.message_id == "<1@house>"
        with suppress(MessageRefused):
            is_mdn(made.headers, body)


@MUCH
@given(data=st.binary(max_size=200))
@example(data=b"\x30\x80" * 100)
@example(data=b"\x24\x80" * 100)
@example(data=b"\x30\x84\xff\xff\xff\xff")
def test_any_bytes_are_ber_or_are_not(data: bytes) -> None:
    for read in (lambda reader: reader.element(), lambda reader: list(reader.octets(0x04))):
        with suppress(NotBER):
            read(Reader(iter((data,))))


@MUCH
@given(data=st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"ab\n"]), max_size=30), cut=st.integers(1, 5))
def test_line_ends_are_made_canonical_however_the_bytes_are_cut(data: list[bytes], cut: int) -> None:
    whole = b"".join(data)
    pieces = [whole[at : at + cut] for at in range(0, len(whole), cut)]
    assert b"".join(with_crlf(pieces)) == b"".join(with_crlf([whole]))
    assert b"".join(with_crlf([whole])).replace(b"\r\n", b"\n") == whole.replace(b"\r\n", b"\n")


def parts(body: bytes, boundary: str = "b") -> list[bytes]:
    return [part.read() for part in split_multipart(in_memory(body), boundary)]


def test_a_boundary_counts_at_the_beginning_of_a_line_alone() -> None:
    assert parts(b"--b\r\none --b\r\n--bc\r\n\r\n--b\t \r\ntwo\r\n--b--") == [b"one --b\r\n--bc\r\n", b"two"]
    assert parts(b"--b\none\n--b--\n") == [b"one"]


def test_parts_are_the_same_wherever_the_pieces_of_a_body_end() -> None:
    body = b"preamble\r\n--b\r\n" + b"x" * 700 + b"\r\n--b\r\n\r\n--b--\r\n"

    class Cut:
        size = len(body)

        def __init__(self, size: int) -> None:
            self.piece = size

        def chunks(self, start: int, end: int):  # type: ignore[no-untyped-def] # a test's source
            for at in range(start, end, self.piece):
                yield body[at : min(at + self.piece, end)]

    from gateway.as2.bodies import whole

    for size in (1, 2, 3, 7, 100, 1000):
        found = [part.read() for part in split_multipart(whole(Cut(size)), "b")]
        assert found == [b"x" * 700, b""]


def test_headers_that_would_be_read_in_two_ways_are_refused() -> None:
    for block in (b"A\r\n", b"A : b\x00c\r\n", b": b\r\n", b"A: b\rC: d\r\n"):
        with Bodies() as bodies:
            built = encrypted(block + b"\r\n", bodies, Cipher.AES256_GCM)
            assert opened(built, bodies, trust(must_sign=False)) == Refused(
                Modifier.UNEXPECTED, "a header line that is none"
            )
