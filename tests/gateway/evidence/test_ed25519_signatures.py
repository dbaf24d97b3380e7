"""Ed25519 with nothing but the standard library: it agrees with RFC 8032 and with pyca/cryptography."""

from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.evidence.verify import ed25519_holds, public_key, public_pem

# RFC 8032 7.1, TEST 1 to TEST 3: public key, message, signature
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_the_vectors_of_the_standard_hold(public: str, message: str, signature: str) -> None:
    key, text, signed = map(bytes.fromhex, (public, message, signature))
    assert ed25519_holds(key, text, signed)
    assert not ed25519_holds(key, text + b"x", signed)


def test_what_another_implementation_signs_holds_and_no_flipped_bit_of_it_does() -> None:
    chance = random.Random(8032)
    for _ in range(20):
        private = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        public, message = private.public_key().public_bytes_raw(), chance.randbytes(chance.randrange(200))
        signature = private.sign(message)
        assert ed25519_holds(public, message, signature)
        bit = chance.randrange(512)
        broken = bytearray(signature)
        broken[bit // 8] ^= 1 << bit % 8
        assert not ed25519_holds(public, message, bytes(broken))


def test_a_signature_with_the_group_order_added_is_refused() -> None:
    public, message, signature = (bytes.fromhex(part) for part in VECTORS[1])
    scalar = int.from_bytes(signature[32:], "little") + GROUP_ORDER
    assert not ed25519_holds(public, message, signature[:32] + scalar.to_bytes(32, "little"))


@pytest.mark.parametrize("public", [b"", bytes(31), bytes([2]) + bytes(31), b"\xff" * 32])
def test_what_is_no_point_of_the_curve_signs_nothing(public: bytes) -> None:
    _, message, signature = (bytes.fromhex(part) for part in VECTORS[1])
    assert not ed25519_holds(public, message, signature)


def test_a_public_key_is_read_and_written_as_other_programs_do() -> None:
    public = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert public_key(pem) == public.public_bytes_raw()
    assert public_pem(public.public_bytes_raw()) == pem


def test_another_kind_of_key_is_refused() -> None:
    other = X25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match="no Ed25519"):
        public_key(other.decode())
    with pytest.raises(ValueError, match="no public key"):
        public_key("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
