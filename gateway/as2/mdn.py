"""MDNs (RFC 4130 7.4, RFC 3335, RFC 8098): the receipt of a message, made, read and judged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.as2 import mime
from gateway.as2.bodies import Bodies, Part
from gateway.as2.headers import same_message_id
from gateway.as2.keys import Certificate
from gateway.as2.message import Security, Trust, make_entity, sign_entity, verify_signed
from gateway.as2.mic import Digests, mic_fits
from gateway.as2.mime import Entity, Headers
from gateway.as2.refusals import MessageRefused, Modifier, Refused

REPORTING_UA = "Tradelane"
MOST_MDN_BYTES = 1024 * 1024
_DISPOSITION = re.compile(r"\s*[^;/]+/[^;]+;\s*([A-Za-z-]+)\s*(?:/\s*(.*?)\s*)?", re.DOTALL)
_NOTIFICATION = "message/disposition-notification"


@dataclass(frozen=True, slots=True)
class MDN:
    """What a receipt says.

    Args:
        message_id: of the message it is about.
        recipient: the AS2 name of who received it.
        modifier: why it was not taken, or taken with a warning; None for `processed` and no more.
        mic: Received-Content-MIC; "" for none.
        text: for people.
    """

    message_id: str
    recipient: str
    modifier: Modifier | None = None
    mic: str = ""
    text: str = "The message was received and kept."

    @property
    def disposition(self) -> str:
        """The Disposition field (RFC 4130 7.4.3)."""
        kind = "failed" if self.modifier is not None and self.modifier.startswith("failure:") else "processed"
        said = kind if self.modifier is None else f"{kind}/{self.modifier.value}"
        return f"automatic-action/MDN-sent-automatically; {said}"


@dataclass(frozen=True, slots=True)
class ReadMDN:
    """A partner's receipt, as it stands in the part that was signed, or in the whole if it was not.

    Args:
        message_id: of the message it is about.
        kind: `processed`, `failed` ... in lower case.
        modifier: what follows it; "" for nothing.
        mic: Received-Content-MIC; "" for none.
        signer: the pinned certificate; None if it was not signed.
    """

    message_id: str
    kind: str
    modifier: str
    mic: str
    signer: Certificate | None


class Verdict(StrEnum):
    """What a receipt means for the message it is about."""

    DELIVERED = "delivered"
    REJECTED = "rejected"
    """The partner says no, in words that are proven to be its own: final."""
    UNTRUSTED = "untrusted"
    """It proves nothing: the message counts as not delivered."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and why."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What we know of a message of ours.

    Args:
        message_id: its own.
        mics: of its content.
        wants_signed: whether a signed receipt was asked for.
        tries: how often it was sent.
    """

    message_id: str
    mics: Digests
    wants_signed: bool = True
    tries: int = 1


def make_mdn(mdn: MDN, security: Security | None, *, at: datetime, bodies: Bodies) -> Entity:
    """A receipt, signed if there is a signer.

    Args:
        mdn: what it says.
        security: who signs it, and how; None for an unsigned one.
        at: the signing time.
        bodies: where it is put.
    """
    boundary = mime.new_boundary()
    fields = [
        ("Reporting-UA", REPORTING_UA),
        ("Original-Recipient", f"rfc822; {mdn.recipient}"),
        ("Final-Recipient", f"rfc822; {mdn.recipient}"),
        ("Original-Message-ID", mdn.message_id),
        ("Disposition", mdn.disposition),
    ]
    if mdn.mic:
        fields.append(("Received-Content-MIC", mdn.mic))
    content = (
        f"--{boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
        f"{mdn.text}\r\n\r\n--{boundary}\r\nContent-Type: {_NOTIFICATION}\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
    ).encode("ascii", "replace")
    content += Headers(tuple(fields)).encoded() + f"\r\n--{boundary}--\r\n".encode("ascii")
    kind = f'multipart/report; report-type=disposition-notification; boundary="{boundary}"'
    entity = make_entity((("Content-Type", kind),), content, bodies)
    return entity if security is None else sign_entity(entity, security, at=at, bodies=bodies)


def read_mdn(headers: Headers, body: Part, trust: Trust, *, at: datetime, bodies: Bodies) -> ReadMDN | Refused:
    """Read a partner's receipt; nothing outside of what is signed counts.

    Args:
        headers: of the answer, or of the request that brings it.
        body: its bytes.
        trust: the partner's certificates and what it may sign with.
        at: the moment, aware.
        bodies: where its parts are put.
    """
    try:
        return _read(Entity(headers, body, body), trust, at, bodies)
    except MessageRefused as error:
        return error.refused


def judge(found: ReadMDN | Refused, sent: Sent) -> Judgement:
    """What a receipt means: delivered only if it is about this message, says so, and proves it as was asked."""
    if isinstance(found, Refused):
        return Judgement(Verdict.UNTRUSTED, found.reason)
    if not same_message_id(found.message_id, sent.message_id):
        return Judgement(Verdict.UNTRUSTED, "the MDN is about another message")
    if sent.wants_signed and found.signer is None:
        return Judgement(Verdict.UNTRUSTED, "the MDN is not signed, and a signed one was asked for")
    if _is_duplicate(found):
        return _judged_duplicate(found, sent)
    if found.kind != "processed" or found.modifier.lower().startswith(("error", "failure")):
        said = f"{found.kind}/{found.modifier}" if found.modifier else found.kind
        return Judgement(Verdict.REJECTED, f"the partner answers {said}")
    if not found.mic and not sent.wants_signed:  # a MIC is a signed receipt's (RFC 4130 7.4.3)
        return Judgement(Verdict.DELIVERED, "processed")
    if not found.mic:
        return Judgement(Verdict.UNTRUSTED, "the MDN has no MIC")
    if not mic_fits(found.mic, sent.mics):
        return Judgement(Verdict.UNTRUSTED, "the MDN's MIC is not that of what was sent")
    return Judgement(Verdict.DELIVERED, found.modifier or "processed")


def is_mdn(headers: Headers, body: Part) -> bool:
    """Whether a request brings a receipt and not a message: a report, bare or as what is signed.

    Raises:
        MessageRefused: its headers cannot be read.
    """
    kind = mime.content_type(headers)
    if kind.media == "multipart/signed":
        parts = mime.split_multipart(body, kind.parameters.get("boundary", "")) if body.size <= MOST_MDN_BYTES else []
        kind = mime.read_entity(parts[0]).content_type if parts else kind
    return kind.media == "multipart/report" and kind.parameters.get("report-type", "").lower() == (
        "disposition-notification"
    )


def _read(entity: Entity, trust: Trust, at: datetime, bodies: Bodies) -> ReadMDN:
    if entity.whole.size > MOST_MDN_BYTES:
        raise MessageRefused(Modifier.UNEXPECTED, f"an MDN of more than {MOST_MDN_BYTES} bytes")
    signer = None
    if entity.content_type.media == "multipart/signed":
        content, signer, *_ = verify_signed(entity, trust, at=at, bodies=bodies)
        entity = mime.read_entity(content)
    kind = entity.content_type
    if kind.media != "multipart/report":
        raise MessageRefused(Modifier.UNEXPECTED, "an answer that is no MDN")
    parts = [mime.read_entity(part) for part in _parts(entity)]
    notes = [part for part in parts if part.content_type.media == _NOTIFICATION]
    if len(notes) != 1:
        raise MessageRefused(Modifier.UNEXPECTED, f"{len(notes)} notifications in an MDN; want exactly one")
    block = mime.decoded(notes[0], bodies).read().strip(b"\r\n")
    fields = mime.read_headers(re.sub(rb"(?:\r?\n)+", b"\r\n", block))
    match = _DISPOSITION.fullmatch(fields.one("Disposition") or "")
    message_id = fields.one("Original-Message-ID")
    if match is None or message_id is None:
        raise MessageRefused(Modifier.UNEXPECTED, "an MDN without its disposition or message id")
    mic = fields.one("Received-Content-MIC") or ""
    return ReadMDN(message_id, match[1].lower(), " ".join((match[2] or "").split()), mic, signer)


def _parts(entity: Entity) -> Sequence[Part]:
    return mime.split_multipart(entity.content, entity.content_type.parameters.get("boundary", ""))


def _judged_duplicate(found: ReadMDN, sent: Sent) -> Judgement:
    if found.mic and not mic_fits(found.mic, sent.mics):
        return Judgement(Verdict.UNTRUSTED, "the MDN's MIC is not that of what was sent")
    if sent.tries > 1:
        return Judgement(Verdict.DELIVERED, "the partner had it from an earlier try")
    return Judgement(Verdict.REJECTED, "the partner calls a duplicate what was sent to it once")


def _is_duplicate(found: ReadMDN) -> bool:
    said = found.modifier.lower()
    return found.kind == "processed" and re.match(r"warning\s*:\s*duplicate-document\b", said) is not None
