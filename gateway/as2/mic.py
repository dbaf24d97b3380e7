"""Message integrity checks: digests of what was sent, in every algorithm a peer may answer in (RFC 4130 7.3.1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping

from gateway.as2.algorithms import Digest, digest_named

Digests = Mapping[Digest, bytes]

KEPT = (Digest.SHA1, Digest.SHA256, Digest.SHA384, Digest.SHA512)
"""A MIC is kept in all of these: some peers answer in the algorithm asked for, others in the signature's. It secures
nothing by itself (the MDN's signature does), so that SHA-1 is among them."""


def digests_of(chunks: Iterable[bytes], kinds: Collection[Digest] = KEPT) -> dict[Digest, bytes]:
    """The digests of some bytes, in one pass."""
    running = {kind: hashlib.new(kind.hashlib_name, usedforsecurity=False) for kind in kinds}
    for chunk in chunks:
        for one in running.values():
            one.update(chunk)
    return {kind: one.digest() for kind, one in running.items()}


def mic_text(digests: Digests, kind: Digest) -> str:
    """A Received-Content-MIC: `base64, algorithm` (RFC 3335 5.2.1)."""
    return f"{base64.b64encode(digests[kind]).decode('ascii')}, {kind.value}"


def mic_fits(text: str, digests: Digests) -> bool:
    """Whether a Received-Content-MIC is that of what we sent, in whichever algorithm it names."""
    encoded, _, name = text.partition(",")
    kind = digest_named(name)
    if kind is None or kind not in digests:
        return False
    try:
        found = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(found, digests[kind])
