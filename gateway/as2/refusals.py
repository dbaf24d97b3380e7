"""Why a message is refused: the words a disposition has for it (RFC 4130 7.5.3), and the reason for our own log."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Modifier(StrEnum):
    """What follows `processed/` or `failed/` in a Disposition."""

    AUTHENTICATION = "error: authentication-failed"
    DECOMPRESSION = "error: decompression-failed"
    DECRYPTION = "error: decryption-failed"
    SECURITY = "error: insufficient-message-security"
    INTEGRITY = "error: integrity-check-failed"
    UNEXPECTED = "error: unexpected-processing-error"
    DUPLICATE = "warning: duplicate-document"
    UNSUPPORTED_FORMAT = "failure: unsupported format"
    UNSUPPORTED_MIC = "failure: unsupported MIC-algorithms"


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is not taken.

    Args:
        modifier: what its sender is told.
        reason: what our log says; it never leaves us, since it may help a forger.
        proven: whether the bytes were proven to be as their sender made them. Where not, and a cipher let them be
            altered, the refusal is told as a failed decryption: it could answer questions about the plaintext.
    """

    modifier: Modifier
    reason: str
    proven: bool = False


class MessageRefused(Exception):
    """A message failed a check; caught where the message is opened, and returned as `Refused`."""

    def __init__(self, modifier: Modifier, reason: str, *, proven: bool = False) -> None:
        super().__init__(f"{modifier}: {reason}")
        self.refused = Refused(modifier, reason, proven)
