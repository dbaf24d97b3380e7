"""Signatures of webhooks as Standard Webhooks has them: HMAC-SHA256 over id, timestamp and body, in a window of time.

Source: Standard Webhooks specification 1.0, "Webhook Headers" and "Verifying webhook authenticity".
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from gateway.errors import SecretMissing, WebhookRefused

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"
WINDOW = timedelta(minutes=5)
"""How far a timestamp may lie from our clock, before or after."""
PREFIX = "whsec_"
LEAST_KEY_BYTES = 24

_ID = re.compile(r"[!-~]{1,200}")
_SECONDS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class SignedId:
    """Whose webhook it is and when it was signed; both are proved."""

    id: str
    at: datetime


def signing_key(secret: SecretStr) -> bytes:
    """The key of a secret: `whsec_` and base64 of 24 to 64 bytes, or base64 alone.

    Raises:
        SecretMissing: it is no such secret.
    """
    try:
        key = base64.b64decode(secret.get_secret_value().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < LEAST_KEY_BYTES:
        raise SecretMissing(f"a secret of webhooks is {PREFIX} and base64 of at least {LEAST_KEY_BYTES} bytes")
    return key


def signature_headers(key: bytes, *, id: str, body: bytes, at: datetime) -> dict[str, str]:
    """The three headers of a webhook that is sent at this moment.

    Args:
        key: as `signing_key` gives it.
        id: the same when it is sent again; printable ASCII.
        body: as it goes over the wire.
        at: aware.
    """
    seconds = str(int(at.timestamp()))
    return {ID: id, TIMESTAMP: seconds, SIGNATURE: f"v1,{_mac(key, id, seconds, body)}"}


def verify(
    keys: Iterable[bytes], headers: Iterable[tuple[str, str]], body: bytes, *, at: datetime, window: timedelta = WINDOW
) -> SignedId:
    """Prove that a webhook was signed with one of the keys, not long ago.

    Args:
        keys: in force; several while one is replaced.
        headers: names and values as they came.
        body: as it came.
        at: the moment, aware.
        window: how far from it the timestamp may lie.

    Raises:
        WebhookRefused: it is not proved; the reason says nothing of what would have been right.
    """
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    id, seconds, signatures = (_single(found, name) for name in (ID, TIMESTAMP, SIGNATURE))
    if not _ID.fullmatch(id) or not _SECONDS.fullmatch(seconds):
        raise WebhookRefused(f"want {ID} of 1 to 200 printable characters, and {TIMESTAMP} in seconds")
    wanted = [_mac(key, id, seconds, body).encode() for key in keys]
    offered = [part.removeprefix("v1,").encode() for part in signatures.split(" ") if part.startswith("v1,")]
    proofs = [hmac.compare_digest(want, offer) for want in wanted for offer in offered]
    if not any(proofs):
        raise WebhookRefused("the signature does not match")
    signed_at = datetime.fromtimestamp(int(seconds), UTC) if int(seconds) < _LAST else datetime.max.replace(tzinfo=UTC)
    if abs(signed_at - at) > window:
        raise WebhookRefused(f"{TIMESTAMP} is more than {window.total_seconds():.0f} seconds from our clock")
    return SignedId(id, signed_at)


_LAST = 253_402_300_799
"""The last second that a datetime knows."""


def _single(found: dict[str, list[str]], name: str) -> str:
    values = found.get(name, [])
    if len(values) != 1:
        raise WebhookRefused(f"want the header {name} once")
    return values[0]


def _mac(key: bytes, id: str, seconds: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(key, f"{id}.{seconds}.".encode() + body, "sha256")).decode()
