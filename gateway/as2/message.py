"""An AS2 message, made and opened: compressed, signed and encrypted as agreed (RFC 4130 2.4, 7; RFC 5402; RFC 5751).

What is opened is believed layer by layer, from the outside; only the bytes a pinned key signed come out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gateway.as2 import compressed, enveloped, mime, signed
from gateway.as2.algorithms import (
    Allowed,
    Cipher,
    Compression,
    Digest,
    KeyTransport,
    SignatureScheme,
)
from gateway.as2.bodies import Bodies, Part
from gateway.as2.keys import Certificate, Identity
from gateway.as2.mic import KEPT, Digests, digests_of
from gateway.as2.mime import Entity, Headers
from gateway.as2.refusals import MessageRefused, Modifier, Refused

MOST_DEPTH = 4
"""Layers around the content: compressed, signed, compressed, encrypted."""
LONGEST_FILENAME = 255
_PKCS7 = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_PKCS7_SIGNATURE = ("application/pkcs7-signature", "application/x-pkcs7-signature")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_REFUSED_MULTIPARTS = ("multipart/signed", "multipart/encrypted")


@dataclass(frozen=True, slots=True)
class Security:
    """How a message of ours is closed.

    Args:
        signer: who signs it; None for nobody.
        digest: what it is signed with.
        scheme: how an RSA key signs.
        encrypt_to: the partner's certificate; None for no encryption.
        cipher: what it is encrypted with.
        transport: how the key is carried.
        compression: whether, and on which side of the signature.
    """

    signer: Identity | None = None
    digest: Digest = Digest.SHA256
    scheme: SignatureScheme = SignatureScheme.PKCS1
    encrypt_to: Certificate | None = None
    cipher: Cipher = Cipher.AES256_CBC
    transport: KeyTransport = KeyTransport.PKCS1
    compression: Compression = Compression.NONE


@dataclass(frozen=True, slots=True)
class Built:
    """A message as it goes over HTTP.

    Args:
        headers: the MIME ones of its outermost layer.
        body: its bytes.
        mics: what the partner's MDN must say of it.
    """

    headers: mime.Pairs
    body: Part
    mics: Digests


@dataclass(frozen=True, slots=True)
class Trust:
    """What a partner's message is opened with, and must be.

    Args:
        identities: ours, to decrypt with.
        pinned: the partner's certificates, to verify with.
        allowed: what it may be closed with.
        must_sign: an unsigned one is refused.
        must_encrypt: one in clear is refused.
        most_bytes: of its content.
    """

    identities: Sequence[Identity] = ()
    pinned: Sequence[Certificate] = ()
    allowed: Allowed = field(default_factory=Allowed)
    must_sign: bool = True
    must_encrypt: bool = True
    most_bytes: int = compressed.DEFAULT_MOST_BYTES


@dataclass(frozen=True, slots=True)
class Opened:
    """A message as it was taken.

    Args:
        content: what its sender sent; if it was signed, exactly what was signed.
        media: its media type.
        filename: a label, safe to show, never a path; "" for none.
        mics: for the MDN.
        signer: the pinned certificate; None if it was not signed.
        signed_with: the signature's digest.
        cipher: what it was encrypted with.
        compressed: whether it was.
    """

    content: Part
    media: str
    filename: str
    mics: Digests
    signer: Certificate | None
    signed_with: Digest | None
    cipher: Cipher | None
    compressed: bool


def build_message(
    content: Part,
    *,
    media: str,
    filename: str = "",
    security: Security,
    at: datetime,
    bodies: Bodies,
) -> Built:
    """Make a message.

    Args:
        content: what is sent; its bytes are never changed.
        media: its media type, as `application/edi-x12`.
        filename: the label it gets; "" for none.
        security: how it is closed.
        at: the signing time.
        bodies: where its layers are put.
    """
    headers = [("Content-Type", media)]
    if filename:
        headers.append(("Content-Disposition", f"attachment; filename={mime.quoted(filename)}"))
    closed = bool(security.signer or security.encrypt_to) or security.compression is not Compression.NONE
    if not closed:
        return Built(tuple(headers), content, digests_of(content.chunks()))
    entity = _entity((*headers, ("Content-Transfer-Encoding", "binary")), content, bodies)
    mics = None if security.signer else digests_of(entity.whole.chunks())
    if security.compression is Compression.BEFORE_SIGNING:
        entity = _compressed(entity, bodies)
    if security.signer is not None:
        digests = digests_of(entity.whole.chunks(), {*KEPT, security.digest})
        mics = digests
        entity = _signed(entity, digests, security.signer, security, at, bodies)
    if security.compression is Compression.AFTER_SIGNING:
        entity = _compressed(entity, bodies)
    if security.encrypt_to is not None:
        encrypted = bodies.filled(
            enveloped.encrypt(entity.whole, security.encrypt_to, security.cipher, transport=security.transport)
        )
        kind = "authEnveloped-data" if security.cipher.authenticated else "enveloped-data"
        entity = Entity(Headers(_pkcs7_headers(kind)), encrypted, encrypted)
    assert mics is not None
    return Built(entity.headers.pairs, entity.content, mics)


def sign_entity(entity: Entity, security: Security, *, at: datetime, bodies: Bodies) -> Entity:
    """An entity as multipart/signed (RFC 1847 2.1); what a signed MDN is, too.

    Raises:
        ValueError: `security` names no signer.
    """
    if security.signer is None:
        raise ValueError("nobody to sign")
    digests = digests_of(entity.whole.chunks(), (security.digest,))
    return _signed(entity, digests, security.signer, security, at, bodies)


def make_entity(headers: mime.Pairs, content: bytes, bodies: Bodies) -> Entity:
    """An entity of these headers and this content."""
    return _entity(headers, bodies.filled((content,)), bodies)


def open_message(headers: Headers, body: Part, trust: Trust, *, at: datetime, bodies: Bodies) -> Opened | Refused:
    """Open a message that came over HTTP.

    Args:
        headers: the request's.
        body: its bytes.
        trust: the keys, and what was agreed.
        at: the moment, aware.
        bodies: where its layers are put.

    Returns:
        The message, or why it is refused. Of a message whose cipher lets it be altered unseen, everything that may
        come from an alteration is refused in the same words.
    """
    opening = _Opening(trust, at, bodies)
    try:
        return opening.run(headers, body)
    except MessageRefused as error:
        refused = error.refused
        if opening.malleable and not refused.proven:
            return Refused(Modifier.DECRYPTION, refused.reason)
        return refused


def verify_signed(
    entity: Entity, trust: Trust, *, at: datetime, bodies: Bodies
) -> tuple[Part, Certificate, Digest, Digests]:
    """The part of a multipart/signed that a pinned key signed, and whose; exactly as it was signed.

    Raises:
        MessageRefused: it is not exactly two parts, or its signature is not to be believed.
    """
    kind = entity.content_type
    protocol = kind.parameters.get("protocol", "").lower()
    if protocol not in _PKCS7_SIGNATURE:
        raise MessageRefused(Modifier.UNEXPECTED, "signed in a way that is not S/MIME")
    parts = mime.split_multipart(entity.content, kind.parameters.get("boundary", ""))
    if len(parts) != 2:
        raise MessageRefused(Modifier.INTEGRITY, f"a multipart/signed of {len(parts)} parts; want exactly two")
    content, enclosed = parts[0], mime.read_entity(parts[1])
    if enclosed.content_type.media not in _PKCS7_SIGNATURE:
        raise MessageRefused(Modifier.INTEGRITY, "a second part that is no signature")
    if enclosed.content.size > signed.MOST_SIGNATURE_BYTES * 2:
        raise MessageRefused(Modifier.INTEGRITY, "a signature beyond all reason")
    signature = signed.read_signature(mime.decoded(enclosed, bodies).read())
    wanted = {*KEPT, signature.digest}
    refused: MessageRefused | None = None
    for candidate in _forms(content, bodies):
        digests = digests_of(candidate.chunks(), wanted)
        try:
            signer = signed.verify(
                signature, digests[signature.digest], pinned=trust.pinned, allowed=trust.allowed, at=at
            )
            return candidate, signer, signature.digest, digests
        except MessageRefused as error:
            refused = refused or error
    assert refused is not None
    raise refused


def safe_label(filename: str) -> str:
    """A file name as a label: the last step of a path, without what moves a cursor or turns a line, cut to length."""
    last = re.split(r"[/\\]", filename)[-1]
    label = _UNSAFE.sub("", last).strip()[:LONGEST_FILENAME]
    return "" if label.strip(". ") == "" else label


@dataclass(slots=True)
class _Opening:
    """One message on its way from the outside in."""

    trust: Trust
    at: datetime
    bodies: Bodies
    malleable: bool = False
    """Whether we are inside a cipher that does not tell of alterations, and no signature was believed yet."""
    cipher: Cipher | None = None
    compressed: bool = False
    signer: Certificate | None = None
    signed_with: Digest | None = None
    mics: Digests | None = field(default=None)

    def run(self, headers: Headers, body: Part) -> Opened:
        """Take off layer after layer."""
        entity, closed = Entity(headers, body, body), False
        for _ in range(MOST_DEPTH + 1):
            inner = self._inside(entity, outermost=not closed)
            if inner is None:
                return self._opened(entity, closed=closed)
            entity, closed = inner, True
        raise MessageRefused(Modifier.UNEXPECTED, f"more than {MOST_DEPTH} layers")

    def _inside(self, entity: Entity, *, outermost: bool) -> Entity | None:
        kind = entity.content_type
        if kind.media in _PKCS7:
            smime = kind.parameters.get("smime-type", "enveloped-data").lower()
            content = mime.decoded(entity, self.bodies)
            if smime == "compressed-data":
                self.compressed = True
                plain = compressed.decompress(content, self.bodies, most_bytes=self.trust.most_bytes)
                return mime.read_entity(plain)
            if smime not in ("enveloped-data", "authenveloped-data"):
                raise MessageRefused(Modifier.UNSUPPORTED_FORMAT, "a kind of S/MIME that AS2 does not have")
            if not outermost:
                raise MessageRefused(Modifier.UNEXPECTED, "an envelope that is not the outermost layer")
            opened = enveloped.decrypt(content, self.trust.identities, self.bodies, allowed=self.trust.allowed)
            self.cipher, self.malleable = opened.cipher, not opened.cipher.authenticated
            return mime.read_entity(opened.content)
        if kind.media == "multipart/signed":
            if self.signer is not None:
                raise MessageRefused(Modifier.INTEGRITY, "signed twice")
            found = verify_signed(entity, self.trust, at=self.at, bodies=self.bodies)
            content, self.signer, self.signed_with, self.mics = found
            self.malleable = False
            return mime.read_entity(content)
        return None

    def _opened(self, entity: Entity, *, closed: bool) -> Opened:
        if self.malleable and entity.headers.one("Content-Type") is None:
            raise MessageRefused(Modifier.DECRYPTION, "a content that does not say what it is")
        if self.trust.must_sign and self.signer is None:
            raise MessageRefused(Modifier.SECURITY, "not signed; the agreement wants it", proven=True)
        if self.trust.must_encrypt and self.cipher is None:
            raise MessageRefused(Modifier.SECURITY, "not encrypted; the agreement wants it", proven=True)
        content = mime.decoded(entity, self.bodies)
        if content.size > self.trust.most_bytes:
            raise MessageRefused(
                Modifier.UNEXPECTED, f"a content of more than {self.trust.most_bytes} bytes", proven=True
            )
        # Headers may be changed on the way as long as nothing is closed around them (RFC 4130 7.3.1, RFC 5402 4.1).
        mics = self.mics or digests_of((entity.whole if closed else entity.content).chunks())
        return Opened(
            content=content,
            media=entity.content_type.media,
            filename=_filename(entity.headers),
            mics=mics,
            signer=self.signer,
            signed_with=self.signed_with,
            cipher=self.cipher,
            compressed=self.compressed,
        )


def _entity(headers: mime.Pairs, content: Part, bodies: Bodies) -> Entity:
    head = Headers(headers).encoded() + b"\r\n"
    whole = bodies.filled(_chain((head,), content.chunks()))
    return Entity(Headers(headers), whole, whole.cut(len(head)))


def _compressed(entity: Entity, bodies: Bodies) -> Entity:
    return _entity(_pkcs7_headers("compressed-data"), compressed.compress(entity.whole, bodies), bodies)


def _signed(
    entity: Entity, digests: Digests, signer: Identity, security: Security, at: datetime, bodies: Bodies
) -> Entity:
    signature = signed.sign(digests, signer, security.digest, scheme=security.scheme, at=at)
    boundary = mime.new_boundary()
    headers = (
        (
            "Content-Type",
            'multipart/signed; protocol="application/pkcs7-signature"; '
            f'micalg="{security.digest.value}"; boundary="{boundary}"',
        ),
    )
    before = f"--{boundary}\r\n".encode("ascii")
    after = (
        f'\r\n--{boundary}\r\nContent-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n'
    ).encode("ascii")
    last = mime.base64_lines(signature) + f"\r\n--{boundary}--\r\n".encode("ascii")
    head = Headers(headers).encoded() + b"\r\n"
    whole = bodies.filled(_chain((head, before), entity.whole.chunks(), (after, last)))
    return Entity(Headers(headers), whole, whole.cut(len(head)))


def _pkcs7_headers(kind: str) -> mime.Pairs:
    name = "smime.p7z" if kind == "compressed-data" else "smime.p7m"
    return (
        ("Content-Type", f'application/pkcs7-mime; smime-type={kind}; name="{name}"'),
        ("Content-Transfer-Encoding", "binary"),
        ("Content-Disposition", f'attachment; filename="{name}"'),
    )


def _forms(content: Part, bodies: Bodies) -> Iterator[Part]:
    """The bytes a signature may have been made over: as they came; with CR LF at every line's end (RFC 5751 3.1.1);
    without the last line end, which some composers add after they signed."""
    yield content
    canonical = bodies.filled(mime.with_crlf(content.chunks()))
    if canonical.size != content.size:
        yield canonical
    if content.size > 2 and content.cut(content.size - 2).read() == b"\r\n":
        yield content.cut(0, content.size - 2)


def _filename(headers: Headers) -> str:
    """The label a content carries: its disposition's `filename`, or its type's `name`."""
    disposition = headers.one("Content-Disposition") or ""
    parameters = mime.read_parameters(disposition.partition(";")[1] + disposition.partition(";")[2]) or {}
    return safe_label(parameters.get("filename") or mime.content_type(headers).parameters.get("name", ""))


def _chain(*pieces: Iterable[bytes]) -> Iterator[bytes]:
    for chunks in pieces:
        yield from chunks
