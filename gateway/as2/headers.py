"""The headers AS2 has of its own (RFC 4130 6, 7.3): names, message ids, and what receipt is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from gateway.as2.algorithms import Digest, digest_named
from gateway.as2.mime import Headers
from gateway.as2.refusals import MessageRefused, Modifier

AS2_VERSION = "1.2"
"""1.2 says that we read and may send compressed content (RFC 4130 6.1, RFC 6017)."""
LONGEST_NAME = 128
LONGEST_MESSAGE_ID = 998

_ATOMIC = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}")
_QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,256})"')
_MESSAGE_ID = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class ReceiptRequest:
    """What receipt a sender asks for.

    Args:
        wanted: whether it wants any.
        signed: whether signed.
        digests: in which it wants the MIC, the dearest first; empty where it does not say.
        url: where it wants an asynchronous one; "" for a synchronous one.
        problem: why what it asks for cannot be given; None where it can.
    """

    wanted: bool = False
    signed: bool = False
    digests: tuple[Digest, ...] = ()
    url: str = ""
    problem: Modifier | None = None


def quoted_name(name: str) -> str:
    """An AS2 name as it stands in a header (RFC 4130 6.2).

    Raises:
        ValueError: it is none: 1 to 128 printable ASCII characters.
    """
    if _ATOMIC.fullmatch(name):
        return name
    text = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if not _QUOTED.fullmatch(text) or len(name) > LONGEST_NAME:
        raise ValueError("no AS2 name: want 1 to 128 printable ASCII characters")
    return text


def read_name(headers: Headers, field: str) -> str | None:
    """The AS2 name in `AS2-From` or `AS2-To`, case kept; None where it is missing, doubled or no name."""
    values = headers.all(field)
    text = values[0].strip() if len(values) == 1 else ""
    if _ATOMIC.fullmatch(text):
        return text
    quoted = _QUOTED.fullmatch(text)
    name = None if quoted is None else re.sub(r'\\(["\\])', r"\1", quoted[1])
    return name if name is not None and len(name) <= LONGEST_NAME else None


def new_message_id(id: UUID, name: str) -> str:
    """A Message-ID of ours (RFC 5322 3.6.4), the same each time the same transmission is tried."""
    place = re.sub(r"[^0-9A-Za-z.-]+", "-", name).strip(".-") or "as2"
    return f"<{id}@{place.lower()}>"


def read_message_id(headers: Headers) -> str | None:
    """The Message-ID as it stands; None where it is missing, doubled, longer than a line may be or not ASCII."""
    values = headers.all("Message-ID")
    text = values[0].strip() if len(values) == 1 else ""
    return text if _MESSAGE_ID.fullmatch(text) and len(text) <= LONGEST_MESSAGE_ID else None


def same_message_id(one: str, other: str) -> bool:
    """Whether two texts name one message: some peers leave the angle brackets out."""
    return one.strip().strip("<>") == other.strip().strip("<>")


def read_receipt_request(headers: Headers) -> ReceiptRequest:
    """What the headers of a message ask for (RFC 4130 7.3).

    Raises:
        MessageRefused: a header stands there twice.
    """
    if headers.one("Disposition-Notification-To") is None:
        return ReceiptRequest()
    url = headers.one("Receipt-Delivery-Option") or ""
    options = headers.one("Disposition-Notification-Options")
    if options is None:
        return ReceiptRequest(True, url=url)
    asked = _options(options)
    importance, protocols = asked.get("signed-receipt-protocol", ("", ()))
    if not protocols:
        return ReceiptRequest(True, url=url)
    if "pkcs7-signature" not in protocols:
        problem = Modifier.UNSUPPORTED_FORMAT if importance == "required" else None
        return ReceiptRequest(True, url=url, problem=problem)
    importance, names = asked.get("signed-receipt-micalg", ("", ()))
    known = tuple(found for found in map(digest_named, names) if found is not None and found is not Digest.MD5)
    problem = Modifier.UNSUPPORTED_MIC if names and not known and importance == "required" else None
    return ReceiptRequest(True, True, known, url, problem)


def receipt_options(digest: Digest) -> str:
    """The Disposition-Notification-Options that ask for a signed receipt with a MIC in this digest."""
    return f"signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, {digest.value}"


def _options(text: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """`name=importance, value, value; ...` (RFC 3798 2.2)."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for piece in text.split(";"):
        name, _, rest = piece.partition("=")
        importance, *values = (word.strip().strip('"').lower() for word in rest.split(","))
        if name.strip().lower() in found:
            raise MessageRefused(Modifier.UNEXPECTED, "a receipt option stands there twice")
        found[name.strip().lower()] = (importance, tuple(value for value in values if value))
    return found
