"""What a forger, or a careless peer, may send: nothing of it is taken, and each is told what it may know."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import padding

from gateway.as2 import algorithms, der
from gateway.as2.algorithms import Allowed, Cipher, Compression, Digest, SignatureScheme
from gateway.as2.bodies import Bodies, in_memory
from gateway.as2.keys import Identity
from gateway.as2.message import Built, safe_label
from gateway.as2.mic import digests_of
from gateway.as2.refusals import Modifier
from gateway.as2.signed import sign
from tests.gateway.as2 import parties
from tests.gateway.as2.parties import (
    NOW,
    ORDER,
    build,
    encrypted,
    entity,
    multipart,
    opened,
    partner,
    refused,
    security,
    stranger,
    taken,
    trust,
    us,
    whole,
    with_body,
)

CLEAR = replace(trust(), must_encrypt=False)


@pytest.fixture
def bodies() -> Iterator[Bodies]:
    with Bodies() as made:
        yield made


def signature(content: bytes, *, by: Identity | None = None, digest: Digest = Digest.SHA256) -> bytes:
    """A detached signature of the partner over an entity."""
    signer = by or partner().identity
    return sign(digests_of([content], (digest,)), signer, digest, scheme=SignatureScheme.PKCS1, at=NOW)


def signed(content: bytes) -> Built:
    return multipart(content, signature(content))


def signers(*infos: bytes, content: bytes = b"") -> bytes:
    """SignedData of these SignerInfos, with the partner's certificate."""
    inside = der.sequence(der.oid(algorithms.DATA), der.tlv(der.context(0), der.octets(content)) if content else b"")
    digests = der.set_of(der.algorithm(algorithms.DIGEST_OIDS[Digest.SHA256]))
    certificates = der.tlv(der.context(0), partner().certificate.encoded)
    data = der.sequence(der.integer(1), digests, inside, certificates, der.tlv(der.SET, *infos))
    return der.sequence(der.oid(algorithms.SIGNED_DATA), der.tlv(der.context(0), data))


def signer_info(content: bytes, by: Identity | None = None) -> bytes:
    """A SignerInfo without attributes: a signature straight over the content (RFC 5652 5.4)."""
    signer = by or partner().identity
    value = signer.private_key.sign(content, padding.PKCS1v15(), Digest.SHA256.hash)  # type: ignore[call-arg, arg-type] # an RSA key
    return der.sequence(
        der.integer(1),
        signer.certificate.issuer_and_serial,
        der.algorithm(algorithms.DIGEST_OIDS[Digest.SHA256]),
        der.algorithm(algorithms.RSA_ENCRYPTION, der.NULL),
        der.octets(value),
    )


def test_a_signature_without_attributes_is_taken(bodies: Bodies) -> None:
    content = entity()
    assert taken(multipart(content, signers(signer_info(content))), bodies, CLEAR).content.read() == ORDER


def test_zero_signers_are_refused(bodies: Bodies) -> None:
    assert refused(multipart(entity(), signers()), bodies, CLEAR).modifier is Modifier.AUTHENTICATION


def test_two_signers_are_refused_even_if_both_signatures_hold(bodies: Bodies) -> None:
    content = entity()
    infos = [signer_info(content), signer_info(content, us().identity)]
    assert refused(multipart(content, signers(*infos)), bodies, CLEAR).modifier is Modifier.AUTHENTICATION
    assert refused(multipart(content, signers(infos[0], infos[0])), bodies, CLEAR).modifier is Modifier.AUTHENTICATION


def test_another_partners_signer_is_refused(bodies: Bodies) -> None:
    closed = replace(security(), signer=stranger().identity)
    assert refused(build(closed, bodies), bodies).modifier is Modifier.AUTHENTICATION


def test_a_signer_that_takes_the_name_of_the_pinned_certificate_is_refused(bodies: Bodies) -> None:
    """Issuer and serial number name a certificate; its key is what counts."""
    forged = Identity(
        replace(stranger().certificate, issuer_and_serial=partner().certificate.issuer_and_serial), stranger().key
    )
    result = refused(build(replace(security(encrypt=False), signer=forged), bodies), bodies, CLEAR)
    assert result.modifier is Modifier.INTEGRITY


def test_an_expired_signer_is_refused_and_one_not_yet_good(bodies: Bodies) -> None:
    built = build(security(), bodies)
    assert refused(built, bodies, at=NOW + timedelta(days=301)).modifier is Modifier.AUTHENTICATION
    assert refused(built, bodies, at=NOW - timedelta(days=31)).modifier is Modifier.AUTHENTICATION


def test_an_unpinned_certificate_of_the_partners_own_name_is_refused(bodies: Bodies) -> None:
    namesake = parties.certified("acme", stranger().key)
    closed = replace(security(), signer=namesake.identity)
    assert refused(build(closed, bodies), bodies).modifier is Modifier.AUTHENTICATION


def test_a_renewed_certificate_of_a_pinned_key_is_taken(bodies: Bodies) -> None:
    renewed = parties.certified("acme", partner().key)
    assert taken(build(replace(security(), signer=renewed.identity), bodies), bodies).signer == partner().certificate


def test_both_certificates_are_good_while_one_rolls_over_to_the_next(bodies: Bodies) -> None:
    following = parties.party("acme-next")
    both = replace(trust(), pinned=(partner().certificate, following.certificate))
    for signer in (partner(), following):
        found = taken(build(replace(security(), signer=signer.identity), bodies), bodies, both)
        assert found.signer == signer.certificate


def test_a_message_to_the_old_or_the_new_certificate_of_ours_is_opened(bodies: Bodies) -> None:
    following = parties.party("house-next")
    both = replace(trust(), identities=(us().identity, following.identity))
    for to in (us(), following):
        taken(build(replace(security(), encrypt_to=to.certificate), bodies), bodies, both)


def test_a_stripped_signature_is_refused(bodies: Bodies) -> None:
    """The signed part alone, in clear and encrypted again."""
    assert refused(Built((("Content-Type", "application/edi-x12"),), in_memory(ORDER), {}), bodies, CLEAR).modifier is (
        Modifier.SECURITY
    )
    assert refused(encrypted(entity(), bodies), bodies).modifier is Modifier.SECURITY


def test_encrypted_only_is_refused_where_a_signature_is_agreed(bodies: Bodies) -> None:
    assert refused(build(security(sign=False), bodies), bodies).modifier is Modifier.SECURITY


def test_clear_is_refused_where_encryption_is_agreed(bodies: Bodies) -> None:
    assert refused(build(security(encrypt=False), bodies), bodies).modifier is Modifier.SECURITY


def test_an_outer_header_that_claims_encryption_counts_for_nothing(bodies: Bodies) -> None:
    """The floor is held to what was found, not to what the request says of itself."""
    built = build(security(encrypt=False), bodies)
    claims = replace(built, headers=(*built.headers, ("X-Encrypted", "yes"), ("smime-type", "enveloped-data")))
    assert refused(claims, bodies).modifier is Modifier.SECURITY


@pytest.mark.parametrize("at", [-1, -40])
def test_a_flipped_gcm_tag_or_text_is_refused(bodies: Bodies, at: int) -> None:
    built = build(replace(security(), cipher=Cipher.AES256_GCM), bodies)
    data = bytearray(built.body.read())
    data[at] ^= 1
    assert refused(with_body(built, bytes(data)), bodies).modifier is Modifier.DECRYPTION


def test_a_third_part_is_refused(bodies: Bodies) -> None:
    content = entity()
    appended = multipart(content, signature(content), entity(b"ISA*EVIL~"))
    assert refused(appended, bodies, CLEAR).modifier is Modifier.INTEGRITY


def test_a_part_put_before_the_signed_one_is_refused(bodies: Bodies) -> None:
    content = entity()
    parts = [entity(b"ISA*EVIL~"), content, b"Content-Type: application/pkcs7-signature\r\n\r\n" + signature(content)]
    body = b"".join(b"--b1\r\n" + part + b"\r\n" for part in parts) + b"--b1--\r\n"
    assert refused(with_body(signed(content), body), bodies, CLEAR).modifier is Modifier.INTEGRITY


def test_text_after_the_closing_boundary_is_refused_and_before_the_first_never_passed_on(bodies: Bodies) -> None:
    content = entity()
    after = multipart(content, signature(content), after=b"ISA*EVIL~")
    assert refused(after, bodies, CLEAR).modifier is Modifier.INTEGRITY
    built = signed(content)
    found = taken(with_body(built, b"This is S/MIME\r\nISA*EVIL~\r\n" + built.body.read()), bodies, CLEAR)
    assert found.content.read() == ORDER


def test_a_multipart_that_is_not_closed_is_refused(bodies: Bodies) -> None:
    content = entity()
    assert refused(multipart(content, signature(content), closing=b""), bodies, CLEAR).modifier is Modifier.INTEGRITY


def test_a_signed_message_wrapped_beside_another_is_refused(bodies: Bodies) -> None:
    """multipart/mixed of an evil part and a validly signed one: what is outermost is not signed."""
    inner = whole(build(security(encrypt=False), bodies))
    body = b"--o\r\n" + entity(b"ISA*EVIL~") + b"\r\n--o\r\n" + inner + b"\r\n--o--\r\n"
    wrapped = Built((("Content-Type", "multipart/mixed; boundary=o"),), in_memory(body), {})
    assert refused(wrapped, bodies, CLEAR).modifier is Modifier.SECURITY


def test_a_signature_inside_a_signature_is_refused(bodies: Bodies) -> None:
    inner = whole(build(security(encrypt=False), bodies))
    assert refused(signed(inner), bodies, CLEAR).modifier is Modifier.INTEGRITY


def test_a_signature_that_carries_other_content_is_refused(bodies: Bodies) -> None:
    """Attached and detached at once: two readers would believe two contents."""
    content = entity()
    both = signers(signer_info(content), content=b"ISA*EVIL~")
    assert refused(multipart(content, both), bodies, CLEAR).modifier is Modifier.AUTHENTICATION


def test_a_doubled_content_type_is_refused(bodies: Bodies) -> None:
    built = signed(entity())
    doubled = replace(built, headers=(*built.headers, ("content-type", "application/edi-x12")))
    assert refused(doubled, bodies, CLEAR).modifier is Modifier.UNEXPECTED


def test_altered_content_is_refused(bodies: Bodies) -> None:
    content = entity()
    built = multipart(content.replace(b"ACME", b"ACNE"), signature(content))
    assert refused(built, bodies, CLEAR).modifier is Modifier.INTEGRITY


def test_headers_of_the_signed_part_are_signed_too(bodies: Bodies) -> None:
    content = entity()
    built = multipart(content.replace(b"edi-x12", b"edifact"), signature(content))
    assert refused(built, bodies, CLEAR).modifier is Modifier.INTEGRITY


@pytest.mark.parametrize("digest", [Digest.SHA1, Digest.MD5])
def test_a_digest_of_the_past_is_refused_until_the_partner_opts_in(bodies: Bodies, digest: Digest) -> None:
    content = entity()
    built = multipart(content, signature(content, digest=digest))
    assert refused(built, bodies, CLEAR).modifier is Modifier.AUTHENTICATION
    allowed = Allowed(digests=frozenset({digest}))
    assert taken(built, bodies, replace(CLEAR, allowed=allowed)).signed_with is digest


def test_a_cipher_of_the_past_is_refused_until_the_partner_opts_in(bodies: Bodies) -> None:
    built = build(replace(security(), cipher=Cipher.DES3_CBC), bodies)
    assert refused(built, bodies).modifier is Modifier.DECRYPTION
    allowed = Allowed(ciphers=frozenset({Cipher.DES3_CBC}))
    assert taken(built, bodies, replace(trust(), allowed=allowed)).cipher is Cipher.DES3_CBC


def test_a_message_to_somebody_else_is_refused(bodies: Bodies) -> None:
    closed = replace(security(), encrypt_to=stranger().certificate)
    assert refused(build(closed, bodies), bodies).modifier is Modifier.DECRYPTION


def test_ten_layers_are_refused(bodies: Bodies) -> None:
    built = build(security(encrypt=False), bodies)
    for _ in range(9):
        again = parties.compressed_once(whole(built))
        built = again
    assert refused(built, bodies, CLEAR).modifier is Modifier.UNEXPECTED


def test_an_envelope_inside_an_envelope_is_refused(bodies: Bodies) -> None:
    inner = whole(build(replace(security(), cipher=Cipher.AES256_GCM), bodies))
    assert refused(encrypted(inner, bodies, Cipher.AES256_GCM), bodies).modifier is Modifier.UNEXPECTED


def test_a_bomb_of_a_megabyte_is_refused_within_16_mib_of_memory(bodies: Bodies) -> None:
    """1 MB that unpacks to 1 GB (A2)."""
    bomb = parties.compressed_bytes(zlib_of_zeros(1 << 30))
    assert len(bomb) < 1_100_000
    built = Built((("Content-Type", "application/pkcs7-mime; smime-type=compressed-data"),), in_memory(bomb), {})
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = peak()
    result = refused(built, bodies, replace(trust(must_sign=False, must_encrypt=False), most_bytes=1 << 40))
    assert result.modifier is Modifier.DECOMPRESSION
    assert "100 times its size" in result.reason  # long before its end
    assert peak() - before < 16 * 1024


def test_a_content_over_the_partners_limit_is_refused_as_soon_as_it_is(bodies: Bodies) -> None:
    built = build(security(compression=Compression.BEFORE_SIGNING), bodies, ORDER * 1000)
    assert refused(built, bodies, replace(trust(), most_bytes=50_000)).modifier is Modifier.DECOMPRESSION
    plain = build(security(), bodies, ORDER * 1000)
    assert refused(plain, bodies, replace(trust(), most_bytes=50_000)).modifier is Modifier.UNEXPECTED


def test_compressed_data_cut_short_is_refused(bodies: Bodies) -> None:
    stream = zlib.compress(entity(ORDER * 100))
    built = parties.compressed_stream(stream[:-6])
    found = replace(trust(must_sign=False, must_encrypt=False))
    assert refused(built, bodies, found).modifier is Modifier.DECOMPRESSION


ALTERATIONS: dict[str, Callable[[bytearray], None]] = {
    "the padding": lambda data: flip(data, -17),
    "the last block": lambda data: flip(data, -1),
    "the middle": lambda data: flip(data, len(data) // 2),
    "the wrapped key": lambda data: flip(data, data.find(der.head(der.OCTET_STRING, 256)) + 100),
    "the IV": lambda data: flip(data, data.find(bytes.fromhex("60864801650304012a0410")) + 12),
    "the length": lambda data: data.__delitem__(slice(-16, None)),
}


def flip(data: bytearray, at: int) -> None:
    data[at] ^= 0x41


@pytest.mark.parametrize("what", ALTERATIONS)
def test_every_alteration_of_an_encrypted_message_gets_the_one_answer(bodies: Bodies, what: str) -> None:
    """A4: bad padding, bad key, broken MIME, broken signature: told apart they would answer questions (RFC 3218)."""
    built = build(security(), bodies)
    data = bytearray(built.body.read())
    ALTERATIONS[what](data)
    assert refused(with_body(built, bytes(data)), bodies).modifier is Modifier.DECRYPTION


@pytest.mark.parametrize(
    "plain",
    [
        b"no headers at all",
        b"Content-Type: multipart/signed; boundary=x\r\n\r\nnothing",
        b"\x00\x01\x02\x03" * 10,
        b"Content-Type: application/pkcs7-mime; smime-type=compressed-data\r\n\r\nnot zlib",
        b"\r\nno type",
    ],
)
def test_a_plaintext_that_makes_no_sense_gets_the_one_answer_too(bodies: Bodies, plain: bytes) -> None:
    assert refused(encrypted(plain, bodies), bodies).modifier is Modifier.DECRYPTION


def test_every_flipped_bit_of_a_signed_message_is_refused_or_changes_nothing(bodies: Bodies) -> None:
    built = build(security(encrypt=False), bodies)
    data = built.body.read()
    for at in range(0, len(data), 7):
        altered = bytearray(data)
        altered[at] ^= 0x04
        result = opened(with_body(built, bytes(altered)), bodies, CLEAR)
        content = getattr(result, "content", None)
        assert content is None or content.read() == ORDER


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ("po.edi", "po.edi"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\temp\\po.edi", "po.edi"),
        ("..", ""),
        ("a\x00b\r\nSet-Cookie: x", "abSet-Cookie: x"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("x" * 4096, "x" * 255),
        ("   ", ""),
    ],
)
def test_a_file_name_is_a_label_and_never_a_path(given: str, label: str) -> None:
    assert safe_label(given) == label


def zlib_of_zeros(size: int) -> bytes:
    """A zlib stream of so many zeros, made from one block again and again; its checksum is never reached."""
    stream = zlib.compressobj(9)
    head = stream.compress(bytes(1 << 20)) + stream.flush(zlib.Z_FULL_FLUSH)
    block = stream.compress(bytes(1 << 20)) + stream.flush(zlib.Z_FULL_FLUSH)
    return head + block * ((size >> 20) - 1)


def peak() -> int:
    """The most memory this process has had, in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
