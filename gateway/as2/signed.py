"""CMS SignedData, detached (RFC 5652 5): one signer, whose key is one of those we know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, core
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_der_public_key

from gateway.as2 import algorithms, der
from gateway.as2.algorithms import DIGEST_OIDS, DIGESTS_BY_OID, Allowed, Digest, SignatureScheme
from gateway.as2.keys import Certificate, Identity, PublicKey
from gateway.as2.refusals import MessageRefused, Modifier

MOST_SIGNATURE_BYTES = 256 * 1024
BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
"""What asn1crypto raises over bytes that are not what they claim to be."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as it was read, not yet believed.

    Args:
        digest: what its signer took of the content.
    """

    digest: Digest
    info: cms.SignerInfo
    certificates: tuple[cms.Certificate, ...]


def sign(
    digests: Mapping[Digest, bytes], signer: Identity, digest: Digest, *, scheme: SignatureScheme, at: datetime
) -> bytes:
    """A detached signature over content with these digests, in DER, with the signer's certificate.

    Args:
        digests: of the content; the one asked for is among them.
        signer: whose it is.
        digest: what the content and the attributes are hashed with.
        scheme: how an RSA key signs.
        at: the signing time.
    """
    attributes = (
        _attribute(algorithms.CONTENT_TYPE, der.oid(algorithms.DATA)),
        _attribute(algorithms.SIGNING_TIME, der.tlv(0x17, at.strftime("%y%m%d%H%M%SZ").encode("ascii"))),
        _attribute(algorithms.MESSAGE_DIGEST, der.octets(digests[digest])),
    )
    signed = der.set_of(*attributes)
    hashed_with = der.algorithm(DIGEST_OIDS[digest])
    how, value = _signature(signer, signed, digest, scheme)
    info = der.sequence(
        der.integer(1),
        signer.certificate.issuer_and_serial,
        hashed_with,
        der.tlv(der.context(0), *sorted(attributes)),
        how,
        der.octets(value),
    )
    data = der.sequence(
        der.integer(1),
        der.set_of(hashed_with),
        der.sequence(der.oid(algorithms.DATA)),
        der.tlv(der.context(0), signer.certificate.encoded),
        der.set_of(info),
    )
    return der.sequence(der.oid(algorithms.SIGNED_DATA), der.tlv(der.context(0), data))


def read_signature(encoded: bytes) -> Signature:
    """Read a detached signature of exactly one signer.

    Raises:
        MessageRefused: it is none, carries content of its own, or has no signer, several, or one by an unknown digest.
    """
    if len(encoded) > MOST_SIGNATURE_BYTES:
        raise _refused(f"a signature of more than {MOST_SIGNATURE_BYTES} bytes", Modifier.INTEGRITY)
    try:
        info = cms.ContentInfo.load(encoded)
        if info["content_type"].dotted != algorithms.SIGNED_DATA:
            raise _refused("what should be a signature is something else", Modifier.INTEGRITY)
        data = info["content"]
        content = data["encap_content_info"]
        if content["content_type"].dotted != algorithms.DATA:
            raise _refused("a signature over another type of content")
        if not isinstance(content["content"], core.Void):
            raise _refused("a detached signature that carries content of its own")
        signers = list(data["signer_infos"])
        if len(signers) != 1:
            raise _refused(f"{len(signers)} signers; want exactly one")
        digest = DIGESTS_BY_OID.get(signers[0]["digest_algorithm"]["algorithm"].dotted)
        if digest is None:
            raise _refused("a signature by an unknown digest")
        chosen = [] if isinstance(data["certificates"], core.Void) else list(data["certificates"])
        certificates = tuple(found.chosen for found in chosen if found.name == "certificate")
    except BROKEN as error:
        raise _refused("a signature that cannot be read", Modifier.INTEGRITY) from error
    return Signature(digest, signers[0], certificates)


def verify(
    signature: Signature, content_digest: bytes, *, pinned: Sequence[Certificate], allowed: Allowed, at: datetime
) -> Certificate:
    """Believe a signature, or not.

    That the content is what somebody signed is found out first; whether that somebody may sign only afterwards.

    Args:
        signature: as read.
        content_digest: of the content, by the signature's digest.
        pinned: the partner's certificates.
        allowed: what the partner may sign with.
        at: the moment at which one of them must be good.

    Returns:
        The pinned certificate whose key signed.

    Raises:
        MessageRefused: the content is another (`integrity-check-failed`), or no good pinned key signed it
            (`authentication-failed`).
    """
    try:
        enclosed = _enclosed(signature)
        candidates = _candidates(signature, pinned, enclosed)
        signed, value = _signed_bytes(signature, content_digest), signature.info["signature"].native
        scheme = _scheme(signature)
        if not candidates:
            known = any(_fits(_public_key(found), value, signed, content_digest, scheme) for found in enclosed)
            raise _refused("the signer's key is none that is pinned for this partner", proven=known)
        fitting = [one for one in candidates if _fits(one.public_key, value, signed, content_digest, scheme)]
    except BROKEN as error:
        raise _refused("a signature that cannot be read", Modifier.INTEGRITY) from error
    if not fitting:
        raise _refused("the signature's value is wrong", Modifier.INTEGRITY)
    if signature.digest not in allowed.digests:
        raise _refused(f"signed by {signature.digest}, which this partner may not use", proven=True)
    good = [one for one in fitting if one.is_valid_at(at)]
    if not good:
        raise _refused("the signer's certificate is not good at this time", proven=True)
    return good[0]


def _attribute(oid: str, value: bytes) -> bytes:
    return der.sequence(der.oid(oid), der.set_of(value))


def _signature(signer: Identity, data: bytes, digest: Digest, scheme: SignatureScheme) -> tuple[bytes, bytes]:
    """The signatureAlgorithm and the signature's value."""
    key = signer.private_key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        oid = next(found for found, of in algorithms.ECDSA_SIGNATURE_OIDS.items() if of is digest)
        return der.algorithm(oid), key.sign(data, ec.ECDSA(digest.hash))
    if scheme is SignatureScheme.PSS:
        length = digest.hash.digest_size
        value = key.sign(data, padding.PSS(padding.MGF1(digest.hash), length), digest.hash)
        return _pss(digest, length), value
    return der.algorithm(algorithms.RSA_ENCRYPTION, der.NULL), key.sign(data, padding.PKCS1v15(), digest.hash)


def _pss(digest: Digest, salt: int) -> bytes:
    """RSASSA-PSS with its parameters (RFC 4056 2.2)."""
    hashed = der.algorithm(DIGEST_OIDS[digest], der.NULL)
    parameters = der.sequence(
        der.tlv(der.context(0), hashed),
        der.tlv(der.context(1), der.algorithm(algorithms.MGF1, hashed)),
        der.tlv(der.context(2), der.integer(salt)),
    )
    return der.algorithm(algorithms.RSA_PSS, parameters)


def _enclosed(signature: Signature) -> list[cms.Certificate]:
    """The enclosed certificates that the signer names as its own."""
    wanted, is_key_id = _name(signature)
    return [
        found
        for found in signature.certificates
        if wanted == ((found.key_identifier or b"") if is_key_id else _issuer_and_serial(found))
    ]


def _candidates(
    signature: Signature, pinned: Iterable[Certificate], enclosed: Iterable[cms.Certificate]
) -> list[Certificate]:
    """Pinned certificates the signer may mean: named by it, or of the key of an enclosed one that it names."""
    wanted, is_key_id = _name(signature)
    keys = {found["tbs_certificate"]["subject_public_key_info"].dump() for found in enclosed}
    return [
        found
        for found in pinned
        if wanted == (found.key_id if is_key_id else found.issuer_and_serial) or found.spki in keys
    ]


def _name(signature: Signature) -> tuple[bytes, bool]:
    """How the signer names its certificate, and whether that is a key identifier."""
    name = signature.info["sid"]
    if name.name == "subject_key_identifier":
        return name.chosen.native, True
    return der.sequence(name.chosen["issuer"].dump(), name.chosen["serial_number"].dump()), False


def _issuer_and_serial(found: cms.Certificate) -> bytes:
    body = found["tbs_certificate"]
    return der.sequence(body["issuer"].dump(), body["serial_number"].dump())


def _public_key(found: cms.Certificate) -> PublicKey:
    key = load_der_public_key(found["tbs_certificate"]["subject_public_key_info"].dump())
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        raise _refused("a signer's key that is neither RSA nor elliptic-curve")
    return key


def _signed_bytes(signature: Signature, content_digest: bytes) -> bytes | None:
    """What the value was made over: the attributes, which must be about this content; None for the content itself."""
    attributes = signature.info["signed_attrs"]
    if isinstance(attributes, core.Void):
        return None
    values: dict[str, list[core.Asn1Value]] = {}
    for attribute in attributes:
        values.setdefault(attribute["type"].dotted, []).extend(attribute["values"])
    types, digests = values.get(algorithms.CONTENT_TYPE, []), values.get(algorithms.MESSAGE_DIGEST, [])
    if len(types) != 1 or types[0].dotted != algorithms.DATA or len(digests) != 1:
        raise _refused("signed attributes that do not say exactly once what was signed", Modifier.INTEGRITY)
    if digests[0].native != content_digest:
        raise _refused("the content is not what was signed", Modifier.INTEGRITY)
    return der.tlv(der.SET, attributes.contents)


@dataclass(frozen=True, slots=True)
class _Scheme:
    """How a value was made: the padding of an RSA key, None for an elliptic one."""

    digest: Digest
    padding: padding.PKCS1v15 | padding.PSS | None


def _scheme(signature: Signature) -> _Scheme:
    identifier = signature.info["signature_algorithm"]
    oid, digest = identifier["algorithm"].dotted, signature.digest
    if oid == algorithms.RSA_PSS:
        return _Scheme(digest, _pss_padding(identifier["parameters"], digest))
    for known, how in ((algorithms.RSA_SIGNATURE_OIDS, padding.PKCS1v15()), (algorithms.ECDSA_SIGNATURE_OIDS, None)):
        if oid in known:
            if known[oid] not in (None, digest):
                raise _refused("a signature whose two digests differ", Modifier.INTEGRITY)
            return _Scheme(digest, how)
    raise _refused("an unknown signature algorithm", Modifier.INTEGRITY)


def _pss_padding(parameters: core.Asn1Value, digest: Digest) -> padding.PSS:
    """PSS as its parameters say, which must name the signer's digest for both purposes (RFC 4056 3)."""
    hashed = parameters["hash_algorithm"]["algorithm"].dotted
    mask = parameters["mask_gen_algorithm"]
    masked = mask["parameters"]["algorithm"].dotted
    if mask["algorithm"].dotted != algorithms.MGF1 or {hashed, masked} != {DIGEST_OIDS[digest]}:
        raise _refused("a PSS signature whose digests differ", Modifier.INTEGRITY)
    return padding.PSS(padding.MGF1(digest.hash), parameters["salt_length"].native)


def _fits(key: PublicKey, value: bytes, signed: bytes | None, content_digest: bytes, scheme: _Scheme) -> bool:
    """Whether the key made the value."""
    data = content_digest if signed is None else signed
    hashed = Prehashed(scheme.digest.hash) if signed is None else scheme.digest.hash
    try:
        if isinstance(key, rsa.RSAPublicKey) and scheme.padding is not None:
            key.verify(value, data, scheme.padding, hashed)
            return True
        if isinstance(key, ec.EllipticCurvePublicKey) and scheme.padding is None:
            key.verify(value, data, ec.ECDSA(hashed))
            return True
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return False


def _refused(reason: str, modifier: Modifier = Modifier.AUTHENTICATION, *, proven: bool = False) -> MessageRefused:
    return MessageRefused(modifier, reason, proven=proven)
