"""Two parties with keys and certificates, and messages between them."""

from __future__ import annotations

import itertools
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from gateway.as2 import algorithms, der
from gateway.as2.algorithms import Cipher, Compression, Digest, KeyTransport
from gateway.as2.bodies import Bodies, Part, in_memory
from gateway.as2.enveloped import encrypt
from gateway.as2.keys import Certificate, Identity, PrivateKey, certificate
from gateway.as2.message import Built, Opened, Security, Trust, build_message, open_message
from gateway.as2.mime import Headers
from gateway.as2.refusals import Refused

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ORDER = (
    b"ISA*00*          *00*          *ZZ*ACME           *ZZ*HOUSEUS        *260105*0900*U*00401*000000001*0*P*>~\r\n"
)
_serials = itertools.count(1001)


@dataclass(frozen=True, slots=True)
class Party:
    """A key with its certificate."""

    name: str
    key: PrivateKey
    x509: x509.Certificate

    @property
    def identity(self) -> Identity:
        return Identity(self.certificate, self.key)

    @property
    def certificate(self) -> Certificate:
        return certificate(self.x509)

    @property
    def pem(self) -> bytes:
        return self.x509.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def party(name: str, kind: str = "rsa") -> Party:
    """One party of this name for the whole run; keys are dear."""
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    return certified(name, key)


def certified(
    name: str,
    key: PrivateKey,
    *,
    begins: datetime = NOW - timedelta(days=30),
    ends: datetime = NOW + timedelta(days=300),
) -> Party:
    """A party with a new self-signed certificate of this key."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), next(_serials), begins, ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Party(name, key, made)


def us() -> Party:
    return party("house")


def partner() -> Party:
    return party("acme")


def stranger() -> Party:
    return party("globex")


def security(*, sign: bool = True, encrypt: bool = True, compression: Compression = Compression.NONE) -> Security:
    """What the partner closes a message to us with."""
    return Security(
        signer=partner().identity if sign else None,
        encrypt_to=us().certificate if encrypt else None,
        compression=compression,
    )


def trust(*, must_sign: bool = True, must_encrypt: bool = True) -> Trust:
    """What we open a message of the partner with."""
    return Trust(
        identities=(us().identity,),
        pinned=(partner().certificate,),
        must_sign=must_sign,
        must_encrypt=must_encrypt,
    )


def build(closed: Security, bodies: Bodies, content: bytes = ORDER, *, filename: str = "po.edi") -> Built:
    return build_message(
        in_memory(content), media="application/edi-x12", filename=filename, security=closed, at=NOW, bodies=bodies
    )


def opened(built: Built, bodies: Bodies, found: Trust | None = None, *, at: datetime = NOW) -> Opened | Refused:
    return open_message(Headers(built.headers), built.body, found or trust(), at=at, bodies=bodies)


def taken(built: Built, bodies: Bodies, found: Trust | None = None) -> Opened:
    """What is opened, which must not be refused."""
    result = opened(built, bodies, found)
    assert isinstance(result, Opened), result
    return result


def refused(built: Built, bodies: Bodies, found: Trust | None = None, *, at: datetime = NOW) -> Refused:
    """Why it is refused, which it must be."""
    result = opened(built, bodies, found, at=at)
    assert isinstance(result, Refused), "it was taken"
    return result


def with_body(built: Built, data: bytes) -> Built:
    """The same message with another body."""
    return replace(built, body=in_memory(data))


def multipart(content: bytes, signature: bytes, *more: bytes, after: bytes = b"", closing: bytes = b"--") -> Built:
    """A multipart/signed from its parts as they stand."""
    parts = [content, b"Content-Type: application/pkcs7-signature\r\n\r\n" + signature, *more]
    body = b"".join(b"--b1\r\n" + part + b"\r\n" for part in parts) + b"--b1" + closing + b"\r\n" + after
    kind = 'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=b1'
    return Built((("Content-Type", kind),), in_memory(body), {})


def entity(content: bytes = ORDER, *headers: tuple[str, str]) -> bytes:
    """A MIME entity around content."""
    found = headers or (("Content-Type", "application/edi-x12"),)
    return Headers(found).encoded() + b"\r\n" + content


def encrypted(plain: bytes, bodies: Bodies, cipher: Cipher = Cipher.AES256_CBC) -> Built:
    """An envelope to us around anything."""

    body = bodies.filled(encrypt(in_memory(plain), us().certificate, cipher, transport=KeyTransport.PKCS1))
    kind = "authEnveloped-data" if cipher.authenticated else "enveloped-data"
    return Built((("Content-Type", f"application/pkcs7-mime; smime-type={kind}"),), body, {})


def whole(built: Built) -> bytes:
    """A built message as an entity, to be closed once more."""
    return Headers(built.headers).encoded() + b"\r\n" + built.body.read()


def part_of(data: bytes) -> Part:
    return in_memory(data)


DIGESTS = (Digest.SHA256, Digest.SHA384, Digest.SHA512)
CIPHERS = tuple(cipher for cipher in Cipher if cipher is not Cipher.DES3_CBC)


def compressed_bytes(stream: bytes) -> bytes:
    """CompressedData around a zlib stream, whatever it is."""
    inner = der.sequence(der.oid(algorithms.DATA), der.tlv(der.context(0), der.octets(stream)))
    data = der.sequence(der.integer(0), der.algorithm(algorithms.ZLIB), inner)
    return der.sequence(der.oid(algorithms.COMPRESSED_DATA), der.tlv(der.context(0), data))


def compressed_stream(stream: bytes) -> Built:
    """The same as a message."""
    kind = "application/pkcs7-mime; smime-type=compressed-data"
    return Built((("Content-Type", kind),), in_memory(compressed_bytes(stream)), {})


def compressed_once(plain: bytes) -> Built:
    """An entity compressed."""
    return compressed_stream(zlib.compress(plain))


def enveloped(data: bytes, kind: str = "enveloped-data") -> Built:
    """ContentInfo as the body of a message."""
    return Built((("Content-Type", f"application/pkcs7-mime; smime-type={kind}"),), in_memory(data), {})
