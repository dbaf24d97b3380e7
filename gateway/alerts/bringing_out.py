"""Bringing alerts out: what waits for a channel is told it, in order, and again after a failure."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event
from time import monotonic

import structlog

from gateway.alert_settings import ChannelSettings, EmailChannel, LogChannel, WebhookChannel
from gateway.alerts.channel import Channel, NotTold
from gateway.alerts.email_channel import EmailAlerts
from gateway.alerts.log_channel import LogAlerts
from gateway.alerts.webhook_channel import WebhookAlerts
from gateway.ports import Clock
from gateway.store import alerts
from gateway.store.engine import Store

TURN_SECONDS = 2.0
"""After so long it lets others see that it is alive; the rest comes the next time."""

log = structlog.get_logger(__name__)


def channel_of(settings: ChannelSettings) -> Channel:
    """The channel that settings describe."""
    match settings:
        case LogChannel():
            return LogAlerts()
        case WebhookChannel():
            return WebhookAlerts(settings)
        case EmailChannel():
            return EmailAlerts(settings)


@dataclass(frozen=True, slots=True)
class BringingOut:
    """Tells one channel.

    Args:
        name: of the channel, in the settings.
        channel: where its messages are told.
    """

    store: Store
    clock: Clock
    name: str
    channel: Channel

    def run(self, stop: Event | None = None) -> int:
        """Tell what waits, until the channel fails or nothing waits; how many were told.

        Raises:
            StoreUnavailable: the database is gone; what was told and not noted is told again.
        """
        count, until = 0, monotonic() + TURN_SECONDS
        while monotonic() < until and not (stop is not None and stop.is_set()):
            with self.store.begin() as conn:
                message = alerts.next_of(conn, self.name, now=self.clock.now())
            if message is None or not self._tell(message):
                break
            count += 1
        return count

    def _tell(self, message: alerts.Message) -> bool:
        """Tell one; whether the next may be told."""
        try:
            self.channel.tell(message, at=self.clock.now())
        except NotTold as error:
            with self.store.begin() as conn:
                given_up = alerts.not_told(
                    conn, message, at=self.clock.now(), reason=error.reason, refused=error.refused
                )
            event = "alert.given_up" if given_up else "alert.not_told"
            log.warning(event, channel=self.name, id=str(message.id), reason=error.reason)
            return False
        with self.store.begin() as conn:
            alerts.told(conn, message, at=self.clock.now())
        return True
