"""Messages that openssl made once are taken, and none of them with a byte changed: vectors/as2, see its README.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.as2.algorithms import Cipher, Digest
from gateway.as2.bodies import Bodies, in_memory
from gateway.as2.keys import Certificate, Identity, certificate
from gateway.as2.message import Built, Opened, Trust, open_message
from gateway.as2.mime import Headers, read_entity
from gateway.as2.refusals import MessageRefused, Refused
from tests.gateway.as2.parties import enveloped

HERE = Path(__file__).parents[2] / "vectors" / "as2"
AT = datetime(2030, 1, 1, tzinfo=UTC)
CONTENT = b"ISA*a message made for this test~\r\n"
SIGNED = {"signed-sha256.mime": Digest.SHA256, "signed-sha512-pss.mime": Digest.SHA512}
SEALED = {
    "sealed-aes-256-cbc.der": (Cipher.AES256_CBC, Digest.SHA256),
    "sealed-aes-256-gcm.der": (Cipher.AES256_GCM, Digest.SHA256),
    "sealed-aes-128-cbc-oaep.der": (Cipher.AES128_CBC, Digest.SHA256),
    "sealed-indefinite-lengths.der": (Cipher.AES256_CBC, Digest.SHA512),
}


@cache
def certificate_of(name: str) -> Certificate:
    return certificate(x509.load_pem_x509_certificate((HERE / f"{name}.pem").read_bytes()))


@cache
def trust(*, must_encrypt: bool) -> Trust:
    key = load_pem_private_key((HERE / "house.key").read_bytes(), None)
    house = Identity(certificate_of("house"), key)  # type: ignore[arg-type]  # it is an RSA key
    return Trust((house,), (certificate_of("acme"),), must_sign=True, must_encrypt=must_encrypt)


def message(name: str, data: bytes) -> Built:
    """The file as the body of a message, with the headers of one."""
    if name.endswith(".der"):
        return enveloped(data, "authEnveloped-data" if "gcm" in name else "enveloped-data")
    found = read_entity(in_memory(data))
    return Built(found.headers.pairs, found.content, {})


def opened(name: str, data: bytes, bodies: Bodies) -> Opened | Refused:
    built = message(name, data)
    found = trust(must_encrypt=name in SEALED)
    return open_message(Headers(built.headers), built.body, found, at=AT, bodies=bodies)


@pytest.fixture
def bodies() -> Iterator[Bodies]:
    with Bodies() as made:
        yield made


@pytest.mark.parametrize("name", [*SIGNED, *SEALED])
def test_what_openssl_made_is_taken(name: str, bodies: Bodies) -> None:
    found = opened(name, (HERE / name).read_bytes(), bodies)
    assert isinstance(found, Opened), found
    cipher, digest = SEALED.get(name, (None, SIGNED.get(name)))
    assert (found.content.read(), found.filename) == (CONTENT, "po.edi")
    assert (found.cipher, found.signed_with, found.signer) == (cipher, digest, certificate_of("acme"))


@pytest.mark.parametrize("name", [*SIGNED, *SEALED])
def test_with_a_bit_of_what_was_protected_changed_it_is_refused(name: str, bodies: Bodies) -> None:
    """Of a signed one a byte of the content; of a sealed one a byte amid the sealed."""
    data = bytearray((HERE / name).read_bytes())
    at = data.index(b"made for") if name in SIGNED else len(data) // 2
    data[at] ^= 1
    try:
        found: object = opened(name, bytes(data), bodies)
    except MessageRefused as error:
        found = error.refused
    assert isinstance(found, Refused), found
