"""The algorithms a message may use, as tables: names in MIME, identifiers in CMS, and which of them are of the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives import hashes


class Digest(StrEnum):
    """What a MIC or a signature is computed with, as `micalg` names it (RFC 5751 3.4.3.2)."""

    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha-256"
    SHA384 = "sha-384"
    SHA512 = "sha-512"

    @property
    def hashlib_name(self) -> str:
        """As `hashlib.new` wants it."""
        return self.value.replace("-", "")

    @property
    def hash(self) -> hashes.HashAlgorithm:
        """As `cryptography` has it."""
        return _HASHES[self]


class Cipher(StrEnum):
    """What encrypts a message's content."""

    DES3_CBC = "3des-cbc"
    AES128_CBC = "aes128-cbc"
    AES192_CBC = "aes192-cbc"
    AES256_CBC = "aes256-cbc"
    AES128_GCM = "aes128-gcm"
    AES192_GCM = "aes192-gcm"
    AES256_GCM = "aes256-gcm"

    @property
    def authenticated(self) -> bool:
        """Whether it tells by itself that something was altered (RFC 5084)."""
        return self.value.endswith("-gcm")

    @property
    def key_bytes(self) -> int:
        """Length of its key."""
        return 24 if self is Cipher.DES3_CBC else int(self.value[3:6]) // 8

    @property
    def block_bytes(self) -> int:
        """Length of its block, and of the IV in CBC."""
        return 8 if self is Cipher.DES3_CBC else 16


class KeyTransport(StrEnum):
    """How the content's key is carried to an RSA certificate: PKCS #1 v1.5, or OAEP (RFC 3560)."""

    PKCS1 = "pkcs1"
    OAEP = "oaep"


class SignatureScheme(StrEnum):
    """How an RSA key signs: PKCS #1 v1.5, or PSS (RFC 4056). An elliptic key signs as ECDSA."""

    PKCS1 = "pkcs1"
    PSS = "pss"


class Compression(StrEnum):
    """Whether a message is compressed, and whether before or after it is signed (RFC 5402 3)."""

    NONE = "none"
    BEFORE_SIGNING = "before"
    AFTER_SIGNING = "after"


_HASHES: Mapping[Digest, hashes.HashAlgorithm] = {
    Digest.MD5: hashes.MD5(),  # noqa: S303 inbound, for partners that opted in until a day
    Digest.SHA1: hashes.SHA1(),  # noqa: S303 the same
    Digest.SHA256: hashes.SHA256(),
    Digest.SHA384: hashes.SHA384(),
    Digest.SHA512: hashes.SHA512(),
}

LEGACY_DIGESTS = frozenset({Digest.MD5, Digest.SHA1})
LEGACY_CIPHERS = frozenset({Cipher.DES3_CBC})
MODERN_DIGESTS = frozenset(Digest) - LEGACY_DIGESTS
MODERN_CIPHERS = frozenset(Cipher) - LEGACY_CIPHERS

DIGEST_OIDS: Mapping[Digest, str] = {
    Digest.MD5: "1.2.840.113549.2.5",
    Digest.SHA1: "1.3.14.3.2.26",
    Digest.SHA256: "2.16.840.1.101.3.4.2.1",
    Digest.SHA384: "2.16.840.1.101.3.4.2.2",
    Digest.SHA512: "2.16.840.1.101.3.4.2.3",
}
CIPHER_OIDS: Mapping[Cipher, str] = {
    Cipher.DES3_CBC: "1.2.840.113549.3.7",
    Cipher.AES128_CBC: "2.16.840.1.101.3.4.1.2",
    Cipher.AES192_CBC: "2.16.840.1.101.3.4.1.22",
    Cipher.AES256_CBC: "2.16.840.1.101.3.4.1.42",
    Cipher.AES128_GCM: "2.16.840.1.101.3.4.1.6",
    Cipher.AES192_GCM: "2.16.840.1.101.3.4.1.26",
    Cipher.AES256_GCM: "2.16.840.1.101.3.4.1.46",
}
RSA_SIGNATURE_OIDS: Mapping[str, Digest | None] = {
    "1.2.840.113549.1.1.1": None,  # rsaEncryption: the digest is the signer's digestAlgorithm
    "1.2.840.113549.1.1.4": Digest.MD5,
    "1.2.840.113549.1.1.5": Digest.SHA1,
    "1.2.840.113549.1.1.11": Digest.SHA256,
    "1.2.840.113549.1.1.12": Digest.SHA384,
    "1.2.840.113549.1.1.13": Digest.SHA512,
}
ECDSA_SIGNATURE_OIDS: Mapping[str, Digest | None] = {
    "1.2.840.10045.2.1": None,  # id-ecPublicKey, as some write it
    "1.2.840.10045.4.1": Digest.SHA1,
    "1.2.840.10045.4.3.2": Digest.SHA256,
    "1.2.840.10045.4.3.3": Digest.SHA384,
    "1.2.840.10045.4.3.4": Digest.SHA512,
}
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
RSA_PSS = "1.2.840.113549.1.1.10"
RSA_OAEP = "1.2.840.113549.1.1.7"
MGF1 = "1.2.840.113549.1.1.8"
DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
ENVELOPED_DATA = "1.2.840.113549.1.7.3"
COMPRESSED_DATA = "1.2.840.113549.1.9.16.1.9"
AUTH_ENVELOPED_DATA = "1.2.840.113549.1.9.16.1.23"
ZLIB = "1.2.840.113549.1.9.16.3.8"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"

DIGESTS_BY_OID = {found: digest for digest, found in DIGEST_OIDS.items()}
CIPHERS_BY_OID = {found: cipher for cipher, found in CIPHER_OIDS.items()}


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a partner's messages may use; what is of the past only while it opted in to it."""

    digests: frozenset[Digest] = MODERN_DIGESTS
    ciphers: frozenset[Cipher] = MODERN_CIPHERS


def digest_named(text: str) -> Digest | None:
    """The digest a partner means: `sha-256`, `SHA256`, `rsa-sha1` ...; None for one we do not know."""
    plain = text.strip().strip('"').lower().removeprefix("rsa-").replace("-", "").replace("_", "")
    return next((digest for digest in Digest if digest.hashlib_name == plain), None)
