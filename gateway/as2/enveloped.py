"""CMS EnvelopedData and AuthEnvelopedData (RFC 5652 6, RFC 5083, 5084): content encrypted to an RSA certificate.

Everything that can go wrong while reading gives one and the same refusal, and takes the same steps as far as it can:
what a forger could tell apart would answer questions about the plaintext (RFC 3218).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from secrets import token_bytes

from asn1crypto import cms, core
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher as Crypt
from cryptography.hazmat.primitives.ciphers import CipherContext, modes
from cryptography.hazmat.primitives.ciphers import algorithms as ciphers
from cryptography.hazmat.primitives.padding import PKCS7

from gateway.as2 import algorithms, der
from gateway.as2.algorithms import (
    CIPHER_OIDS,
    CIPHERS_BY_OID,
    DIGEST_OIDS,
    DIGESTS_BY_OID,
    Allowed,
    Cipher,
    Digest,
    KeyTransport,
)
from gateway.as2.ber import NotBER, Reader
from gateway.as2.bodies import Bodies, Part
from gateway.as2.keys import Certificate, Identity
from gateway.as2.refusals import MessageRefused, Modifier
from gateway.as2.signed import BROKEN

GCM_NONCE_BYTES = 12
GCM_TAG_BYTES = 16
MOST_RECIPIENTS = 100


def encrypt(content: Part, to: Certificate, cipher: Cipher, *, transport: KeyTransport) -> Iterator[bytes]:
    """The content as EnvelopedData (or, for GCM, AuthEnvelopedData) in DER, in pieces.

    Raises:
        ValueError: the certificate's key is not RSA.
    """
    key = token_bytes(cipher.key_bytes)
    recipients = der.set_of(_recipient(to, key, transport))
    start = token_bytes(GCM_NONCE_BYTES if cipher.authenticated else cipher.block_bytes)
    if cipher.authenticated:
        parameters = der.sequence(der.octets(start), der.integer(GCM_TAG_BYTES))
        length = content.size
        after = der.head(der.OCTET_STRING, GCM_TAG_BYTES)
        tail = len(after) + GCM_TAG_BYTES
    else:
        parameters = der.octets(start)
        length = content.size + cipher.block_bytes - content.size % cipher.block_bytes
        after, tail = b"", 0
    described = der.oid(algorithms.DATA) + der.algorithm(CIPHER_OIDS[cipher], parameters)
    string = der.head(der.context(0, constructed=False), length)
    inner = der.head(der.SEQUENCE, len(described) + len(string) + length) + described + string
    fields = der.integer(0) + recipients + inner
    kind = der.oid(algorithms.AUTH_ENVELOPED_DATA if cipher.authenticated else algorithms.ENVELOPED_DATA)
    data = der.head(der.SEQUENCE, len(fields) + length + tail) + fields
    wrapped = der.head(der.context(0), len(data) + length + tail) + data
    yield der.head(der.SEQUENCE, len(kind) + len(wrapped) + length + tail) + kind + wrapped
    encryptor = _crypt(cipher, key, start).encryptor()
    padder = None if cipher.authenticated else PKCS7(cipher.block_bytes * 8).padder()
    for chunk in content.chunks():
        yield encryptor.update(chunk if padder is None else padder.update(chunk))
    if padder is not None:
        yield encryptor.update(padder.finalize()) + encryptor.finalize()
    else:
        encryptor.finalize()
        yield after + encryptor.tag  # type: ignore[attr-defined] # there for GCM, whose context this is


@dataclass(frozen=True, slots=True)
class Decrypted:
    """What was in the envelope, and by which cipher it was closed."""

    content: Part
    cipher: Cipher


def decrypt(enveloped: Part, identities: Sequence[Identity], bodies: Bodies, *, allowed: Allowed) -> Decrypted:
    """Open an envelope.

    Args:
        enveloped: ContentInfo, in BER.
        identities: ours, of which one must be among its recipients.
        bodies: where the content is put.
        allowed: the ciphers its sender may use.

    Raises:
        MessageRefused: it cannot be opened; `decryption-failed`, whatever the reason.
    """
    try:
        return _opened(Reader(enveloped.chunks()), identities, bodies, allowed)
    except (NotBER, InvalidTag, UnsupportedAlgorithm, *BROKEN) as error:
        raise _failed(f"the envelope cannot be opened ({type(error).__name__})") from error


def _opened(reader: Reader, identities: Sequence[Identity], bodies: Bodies, allowed: Allowed) -> Decrypted:
    reader.enter(der.SEQUENCE)
    kind = core.ObjectIdentifier.load(reader.element()).dotted
    if kind not in (algorithms.ENVELOPED_DATA, algorithms.AUTH_ENVELOPED_DATA):
        raise _failed("what should be an envelope is something else")
    reader.enter(der.context(0))
    reader.enter(der.SEQUENCE)
    reader.element()  # its version says nothing that its form does not
    if reader.peek() == der.context(0):
        reader.element()  # originatorInfo
    recipients = cms.RecipientInfos.load(reader.element())
    reader.enter(der.SEQUENCE)
    if core.ObjectIdentifier.load(reader.element()).dotted != algorithms.DATA:
        raise _failed("an envelope around another type of content")
    described = cms.EncryptionAlgorithm.load(reader.element())
    cipher = CIPHERS_BY_OID.get(described["algorithm"].dotted)
    if cipher is None or cipher not in allowed.ciphers:
        raise _failed(f"encrypted by {cipher or 'an unknown cipher'}, which this partner may not use")
    if cipher.authenticated is not (kind == algorithms.AUTH_ENVELOPED_DATA):
        raise _failed("a cipher in an envelope of the other kind")
    key = _content_key(recipients, identities, cipher)
    start, tag_bytes = _start(described, cipher)
    decryptor = _crypt(cipher, key, start).decryptor()
    body = bodies.new()
    unpadder = None if cipher.authenticated else PKCS7(cipher.block_bytes * 8).unpadder()
    for chunk in reader.octets(der.context(0, constructed=False)):
        plain = decryptor.update(chunk)
        body.write(plain if unpadder is None else unpadder.update(plain))
    reader.leave()
    if unpadder is not None:
        body.write(unpadder.update(decryptor.finalize()) + unpadder.finalize())
    else:
        _check_tag(reader, decryptor, tag_bytes)
    while reader.more():
        reader.element()  # attributes, which say nothing we act on
    for _ in range(3):
        reader.leave()
    return Decrypted(Part(body, 0, body.size), cipher)


def _check_tag(reader: Reader, decryptor: CipherContext, tag_bytes: int) -> None:
    if reader.peek() == der.context(1):
        raise _failed("an envelope with authenticated attributes")
    tag = b"".join(reader.octets(der.OCTET_STRING))
    if len(tag) != tag_bytes:
        raise _failed("a tag of another length than was said")
    decryptor.finalize_with_tag(tag)  # type: ignore[attr-defined] # there for GCM, whose context this is


def _recipient(to: Certificate, key: bytes, transport: KeyTransport) -> bytes:
    """KeyTransRecipientInfo (RFC 5652 6.2.1)."""
    if not isinstance(to.public_key, rsa.RSAPublicKey):
        raise ValueError("only an RSA certificate can be encrypted to")
    if transport is KeyTransport.OAEP:
        digest = Digest.SHA256
        value = to.public_key.encrypt(key, _oaep(digest))
        hashed = der.algorithm(DIGEST_OIDS[digest], der.NULL)
        mask = der.tlv(der.context(1), der.algorithm(algorithms.MGF1, hashed))
        how = der.algorithm(algorithms.RSA_OAEP, der.sequence(der.tlv(der.context(0), hashed), mask))
    else:
        value = to.public_key.encrypt(key, padding.PKCS1v15())
        how = der.algorithm(algorithms.RSA_ENCRYPTION, der.NULL)
    return der.sequence(der.integer(0), to.issuer_and_serial, how, der.octets(value))


def _content_key(recipients: cms.RecipientInfos, identities: Sequence[Identity], cipher: Cipher) -> bytes:
    """The content's key; a random one where ours does not fit, so that the failure shows where every other does."""
    infos = list(recipients)
    if len(infos) > MOST_RECIPIENTS:
        raise _failed(f"more than {MOST_RECIPIENTS} recipients")
    other = token_bytes(cipher.key_bytes)
    for info in infos:
        if info.name != "ktri":
            continue
        for identity in identities:
            if _is_for(info.chosen["rid"], identity.certificate) and isinstance(
                identity.private_key, rsa.RSAPrivateKey
            ):
                how = info.chosen["key_encryption_algorithm"]
                found = _unwrapped(identity.private_key, info.chosen["encrypted_key"].native, how)
                return found if len(found) == cipher.key_bytes else other
    raise _failed("none of its recipients is a key of ours")


def _is_for(name: cms.RecipientIdentifier, ours: Certificate) -> bool:
    if name.name == "subject_key_identifier":
        return bool(ours.key_id) and name.chosen.native == ours.key_id
    return der.sequence(name.chosen["issuer"].dump(), name.chosen["serial_number"].dump()) == ours.issuer_and_serial


def _unwrapped(key: rsa.RSAPrivateKey, value: bytes, how: cms.KeyEncryptionAlgorithm) -> bytes:
    """The key inside a value; b"" where it is not made for ours."""
    oid = how["algorithm"].dotted
    try:
        if oid == algorithms.RSA_ENCRYPTION:
            return key.decrypt(value, padding.PKCS1v15())
        if oid == algorithms.RSA_OAEP:
            parameters = how["parameters"]
            digest = DIGESTS_BY_OID[parameters["hash_algorithm"]["algorithm"].dotted]
            masked = DIGESTS_BY_OID[parameters["mask_gen_algorithm"]["parameters"]["algorithm"].dotted]
            return key.decrypt(value, padding.OAEP(padding.MGF1(masked.hash), digest.hash, None))
    except ValueError:
        return b""
    raise _failed("an unknown way to carry the key")


def _oaep(digest: Digest) -> padding.OAEP:
    return padding.OAEP(padding.MGF1(digest.hash), digest.hash, None)


def _start(described: cms.EncryptionAlgorithm, cipher: Cipher) -> tuple[bytes, int]:
    """IV or nonce, and the length of the tag."""
    parameters = described["parameters"]
    if not cipher.authenticated:
        start: bytes = core.OctetString.load(parameters.dump()).native
        return start, 0
    reader = Reader(iter((parameters.dump(),)))
    reader.enter(der.SEQUENCE)
    nonce = b"".join(reader.octets(der.OCTET_STRING))
    length: int = core.Integer.load(reader.element()).native if reader.more() else 12
    if not 12 <= length <= GCM_TAG_BYTES:
        raise _failed("a tag shorter than 12 bytes")
    return nonce, length


def _crypt(cipher: Cipher, key: bytes, start: bytes) -> Crypt[modes.CBC] | Crypt[modes.GCM]:
    if cipher.authenticated:
        return Crypt(ciphers.AES(key), modes.GCM(start, min_tag_length=12))
    return Crypt(TripleDES(key) if cipher is Cipher.DES3_CBC else ciphers.AES(key), modes.CBC(start))


def _failed(reason: str) -> MessageRefused:
    return MessageRefused(Modifier.DECRYPTION, reason)
