"""Certificates and private keys as messages use them: what names them in CMS is made once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.as2 import der

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class Certificate:
    """An X.509 certificate, with the days within which it may be used.

    Args:
        encoded: it in DER.
        public_key: its key.
        issuer_and_serial: IssuerAndSerialNumber in DER (RFC 5652 10.2.4).
        key_id: the value of its SubjectKeyIdentifier; b"" where it has none.
        spki: its SubjectPublicKeyInfo in DER: two certificates of one key have the same.
        not_before: the first moment it is good.
        not_after: the first moment it is good no more.
    """

    encoded: bytes = field(repr=False)
    public_key: PublicKey = field(repr=False)
    issuer_and_serial: bytes = field(repr=False)
    key_id: bytes = field(repr=False)
    spki: bytes = field(repr=False)
    not_before: datetime
    not_after: datetime

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether an aware `moment` lies within its days."""
        return self.not_before <= moment < self.not_after


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate of ours with its private key."""

    certificate: Certificate
    private_key: PrivateKey = field(repr=False)


def certificate(
    found: x509.Certificate, *, not_before: datetime | None = None, not_after: datetime | None = None
) -> Certificate:
    """What messages need of a certificate.

    Args:
        found: an RSA or elliptic-curve certificate.
        not_before: the first moment we want it used; its own where left out or earlier.
        not_after: the first moment we want it used no more; its own where left out or later.

    Raises:
        ValueError: its key is of another kind.
    """
    key = found.public_key()
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        raise ValueError("the certificate's key is neither RSA nor elliptic-curve")
    begins, ends = found.not_valid_before_utc, found.not_valid_after_utc
    return Certificate(
        encoded=found.public_bytes(Encoding.DER),
        public_key=key,
        issuer_and_serial=der.sequence(found.issuer.public_bytes(), _serial(found.serial_number)),
        key_id=_key_id(found),
        spki=key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        not_before=begins if not_before is None else max(begins, not_before),
        not_after=ends if not_after is None else min(ends, not_after),
    )


def _serial(number: int) -> bytes:
    return der.integer(number) if number >= 0 else der.tlv(der.INTEGER, _negative(number))


def _negative(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 8) // 8, "big", signed=True)


def _key_id(found: x509.Certificate) -> bytes:
    try:
        return found.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return b""
