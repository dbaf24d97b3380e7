"""Every permutation of compressed, signed and encrypted comes out as it went in, and both sides know the same MIC."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.as2.algorithms import Cipher, Compression, Digest, KeyTransport, SignatureScheme
from gateway.as2.bodies import Bodies
from tests.gateway.as2 import parties
from tests.gateway.as2.parties import CIPHERS, DIGESTS, ORDER, build, security, taken, trust


@pytest.fixture
def bodies() -> Iterator[Bodies]:
    with Bodies() as made:
        yield made


@pytest.mark.parametrize("compression", Compression)
@pytest.mark.parametrize("sign", [False, True])
@pytest.mark.parametrize("encrypt", [False, True])
def test_each_permutation_comes_out_as_it_went_in(
    bodies: Bodies, sign: bool, encrypt: bool, compression: Compression
) -> None:
    built = build(security(sign=sign, encrypt=encrypt, compression=compression), bodies)
    found = taken(built, bodies, trust(must_sign=sign, must_encrypt=encrypt))
    assert found.content.read() == ORDER
    assert (found.media, found.filename) == ("application/edi-x12", "po.edi")
    assert (found.signer is not None, found.cipher is not None) == (sign, encrypt)
    assert found.compressed is (compression is not Compression.NONE)
    assert found.mics == built.mics


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("transport", KeyTransport)
@pytest.mark.parametrize("scheme", SignatureScheme)
def test_each_digest_cipher_and_padding_is_read(
    bodies: Bodies, digest: Digest, cipher: Cipher, transport: KeyTransport, scheme: SignatureScheme
) -> None:
    closed = replace(security(), digest=digest, cipher=cipher, transport=transport, scheme=scheme)
    found = taken(build(closed, bodies), bodies)
    assert found.content.read() == ORDER
    assert (found.signed_with, found.cipher) == (digest, cipher)


@pytest.mark.parametrize("digest", DIGESTS)
def test_an_elliptic_key_signs(bodies: Bodies, digest: Digest) -> None:
    signer = parties.party("acme", "ec")
    built = build(replace(security(), signer=signer.identity, digest=digest), bodies)
    found = taken(built, bodies, replace(trust(), pinned=(signer.certificate,)))
    assert found.signer == signer.certificate


def test_the_mic_of_a_plain_message_is_of_its_content_alone(bodies: Bodies) -> None:
    """RFC 4130 7.3.1: headers of what nothing is closed around may change on the way."""
    built = build(security(sign=False, encrypt=False), bodies)
    assert built.mics[Digest.SHA256] == hashlib.sha256(ORDER).digest()


@pytest.mark.parametrize("compression", [Compression.NONE, Compression.AFTER_SIGNING])
def test_the_mic_of_an_encrypted_message_includes_its_headers_uncompressed(
    bodies: Bodies, compression: Compression
) -> None:
    """RFC 4130 7.3.1 and RFC 5402 4.1."""
    built = build(security(sign=False, compression=compression), bodies)
    inner = (
        b"Content-Type: application/edi-x12\r\n"
        b'Content-Disposition: attachment; filename="po.edi"\r\n'
        b"Content-Transfer-Encoding: binary\r\n\r\n" + ORDER
    )
    assert built.mics[Digest.SHA256] == hashlib.sha256(inner).digest()


def test_the_mic_of_what_is_compressed_and_then_signed_is_of_what_was_signed(bodies: Bodies) -> None:
    """RFC 5402 4.1: over the same data that was signed, which here is compressed."""
    before = build(security(encrypt=False, compression=Compression.BEFORE_SIGNING), bodies)
    boundary = dict(before.headers)["Content-Type"].rpartition('boundary="')[2].rstrip('"').encode()
    signed = before.body.read().split(b"--" + boundary + b"\r\n")[1].removesuffix(b"\r\n")
    assert signed.startswith(b"Content-Type: application/pkcs7-mime; smime-type=compressed-data")
    assert before.mics[Digest.SHA256] == hashlib.sha256(signed).digest()


def test_a_mic_is_kept_in_every_digest_a_peer_may_answer_in(bodies: Bodies) -> None:
    assert set(build(security(), bodies).mics) == {Digest.SHA1, Digest.SHA256, Digest.SHA384, Digest.SHA512}


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=2000), compression=st.sampled_from(Compression))
def test_any_bytes_come_out_unchanged(content: bytes, compression: Compression) -> None:
    with Bodies() as made:
        assert taken(build(security(compression=compression), made, content), made).content.read() == content


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 262_143, 262_144, 262_145, 1_000_000])
@pytest.mark.parametrize("cipher", [Cipher.AES256_CBC, Cipher.AES256_GCM])
def test_sizes_around_blocks_and_pieces_come_out_unchanged(bodies: Bodies, size: int, cipher: Cipher) -> None:
    content = bytes(n * 7 % 251 for n in range(size))
    assert taken(build(replace(security(), cipher=cipher), bodies, content), bodies).content.read() == content


def test_a_sender_that_ends_lines_with_lf_after_signing_crlf_is_understood(bodies: Bodies) -> None:
    """Some gateways turn CR LF into LF on the way; what was signed is the canonical form (RFC 5751 3.1.1)."""
    built = build(security(encrypt=False), bodies, b"ISA*1~\r\nIEA*1~\r\n")
    found = taken(
        parties.with_body(built, built.body.read().replace(b"\r\n", b"\n")), bodies, trust(must_encrypt=False)
    )
    assert found.content.read() == b"ISA*1~\r\nIEA*1~\r\n"
    assert found.mics == built.mics


def test_content_with_lone_line_feeds_is_neither_changed_nor_refused(bodies: Bodies) -> None:
    assert taken(build(security(), bodies, b"ISA*1~\nIEA*1~\n"), bodies).content.read() == b"ISA*1~\nIEA*1~\n"
