"""The port of an alert channel, and what is the same on all of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

import orjson

from gateway.errors import GatewayError
from gateway.store.alerts import Message

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 20.0
"""So long a channel waits for the other side each time."""


class NotTold(GatewayError):
    """A channel did not take a message.

    Args:
        reason: for people, without any secret.
        refused: it was reached, and this message is what it does not take.
    """

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refused = refused


class Channel(Protocol):
    """Where alerts are told."""

    def tell(self, message: Message, *, at: datetime) -> None:
        """Tell one; when it returns, the other side has it.

        Args:
            message: its id is the same when it is told again.
            at: the moment, aware.

        Raises:
            NotTold: it has not, or nobody knows whether it has.
        """
        ...


def as_json(message: Message) -> bytes:
    """A message as the body of a webhook: `type`, `timestamp`, `data`.

    Source: Standard Webhooks specification 1.0, "Payload structure".
    """
    data = {
        "id": str(message.id),
        "group": message.fingerprint,
        "code": message.code,
        "reason": message.reason,
        "owner": message.owner,
    }
    at = message.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return orjson.dumps({"type": f"exception.{message.event.value}", "timestamp": at, "data": data})
