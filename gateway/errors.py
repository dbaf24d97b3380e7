"""What can be broken around the gateway. Faults of documents are Issues, never these."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from translators.errors import Issue


class GatewayError(Exception):
    """The root of everything the gateway raises."""


class StoreError(GatewayError):
    """The store did not do what it was asked."""


class StoreUnavailable(StoreError):
    """The database is gone, starting, full or has broken a deadlock: the same work may be tried again later."""


class StoreRefused(StoreError):
    """A database we must not work on: too old, another schema, or behind a pooler that shares sessions."""


class StoreConflict(StoreError):
    """The database holds rows that contradict what was written (a unique, foreign or check constraint)."""


class PayloadMissing(StoreError):
    """A row names bytes that the vault does not have."""


class PayloadDamaged(StoreError):
    """The vault's bytes are not those that were put in: their SHA-256 differs."""


class SigningKeyRefused(GatewayError):
    """The key that signs checkpoints and evidence is no such key, or not secret."""


class CheckpointRefused(GatewayError):
    """A file is no checkpoint of the audit log, or not signed by whom it must be."""


class EvidenceIncomplete(GatewayError):
    """What an evidence pack must show is not there: the audit log was cut or changed, or is not sealed yet."""


class ReplayRefused(GatewayError):
    """It cannot be replayed as asked: it is still on its way, or a second effect could come of it."""


class NoSuchGroup(GatewayError):
    """There is no group of exceptions of this name, or none in the state that is wanted."""


class Overtaken(GatewayError):
    """The row was given to another worker meanwhile: what was about to be written must not be."""


class IntakeClosed(GatewayError):
    """Nothing more is taken in for now: the disk is nearly full, or too much work waits already.

    Args:
        reason: for people.
        retry_after: seconds after which a sender may try again.
    """

    def __init__(self, reason: str, *, retry_after: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class RequestKeyReused(GatewayError):
    """A sender used one idempotency key for two different things; nothing was taken."""


class WorkersFault(GatewayError):
    """The worker processes cannot be run as asked: an unknown factory, or a process that does not come up."""


class NotYet(GatewayError):
    """Something else has to finish first: the same work may be tried again in a moment."""


class AdapterMisused(GatewayError):
    """An adapter was handed what it could never have given or been promised: a foreign ref, an impossible key."""


class SetsRefused(GatewayError):
    """What was to be sent is not what the standard or the agreement allows; nothing was sent, no number is used.

    Args:
        issues: what was found.
    """

    def __init__(self, issues: Sequence[Issue]) -> None:
        more = f" (and {len(issues) - 1} more)" if len(issues) > 1 else ""
        super().__init__(f"nothing was sent: {issues[0].message} ({issues[0].position}){more}")
        self.issues = issues


class UnknownRevision(GatewayError):
    """A map has no such revision, or none to go back to."""


class SecretMissing(GatewayError):
    """A secret that the settings refer to (`env:`, `file:`) is not there, or others may read it."""


class WebhookRefused(GatewayError):
    """A webhook is forged, stale or unreadable; nothing was taken.

    Args:
        reason: for the log and the sender, without anything of its content.
        proved: whether its signature held, so that only its content is at fault.
    """

    def __init__(self, reason: str, *, proved: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.proved = proved


class WebhookReplayed(GatewayError):
    """A copy of a webhook that was here before; nothing was taken."""


class NoTelling(Exception):  # no GatewayError: an adapter's fault is one delivery's, not the gateway's
    """A business system could not be asked now; raised by adapters, where the runtime takes any exception for that.

    Args:
        after: how long it wants to be left alone; None where it did not say.
    """

    def __init__(self, text: str, *, after: timedelta | None = None) -> None:
        super().__init__(text)
        self.after = after
