"""The log as a channel: one line for each alert."""

from __future__ import annotations

from datetime import datetime

import structlog

from gateway.model import AlertEvent
from gateway.store.alerts import Message

log = structlog.get_logger(__name__)


class LogAlerts:
    """Tells the gateway's own log."""

    def tell(self, message: Message, *, at: datetime) -> None:  # noqa: ARG002 a log line has a moment of its own
        """Write it."""
        write = log.warning if message.event is AlertEvent.OPENED else log.info
        write(
            f"alert.{message.event.value}",
            id=str(message.id),
            group=message.fingerprint,
            code=message.code,
            reason=message.reason,
            owner=message.owner,
        )
