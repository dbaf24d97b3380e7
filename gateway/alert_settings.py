"""`alerts` of tradelane.yaml: on which channels it is told that something waits for a person, and that it is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from gateway.adapters.secrets import SecretReference
from partners.fields import WORD, Fields, form
from translators.datafile import Mapping as DataMapping
from translators.errors import shown

ALERTS_KEYS = ("channels",)
"""What `alerts` may say."""
_URL = form(r"https?://[!-~]{1,2000}", "an address that begins with https:// or http://")


class ChannelKind(StrEnum):
    """Where alerts may be told."""

    LOG = "log"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class LogChannel:
    """The gateway's own log."""


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """A URL that signed messages are posted to.

    Args:
        secret: where the key of their signatures is: `whsec_` and base64.
    """

    url: str
    secret: SecretReference


ChannelSettings = LogChannel | WebhookChannel


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """What is told, and where.

    Args:
        channels: by name.
    """

    channels: Mapping[str, ChannelSettings] = field(default_factory=lambda: MappingProxyType({"log": LogChannel()}))


def read_alerts(outer: Fields, *, home: Path) -> AlertSettings:
    """Read `alerts`."""
    found = outer.mapping("alerts")
    usual = AlertSettings()
    if found is None:
        return usual
    fields = Fields(found, of="alerts", known=ALERTS_KEYS, faults=outer.faults)
    return AlertSettings(channels=_channels(fields, home) if fields.has("channels") else usual.channels)


def _channels(outer: Fields, home: Path) -> Mapping[str, ChannelSettings]:
    found = outer.mapping("channels")
    channels: dict[str, ChannelSettings] = {}
    for name, value in () if found is None else found.entries:
        if not WORD.pattern.fullmatch(name.text):
            outer.fault(name.place, f'a channel is "{shown(name.text)}"; want {WORD.want}')
        own = outer.as_mapping(value, name=name.text)
        channel = None if own is None else _channel(own, outer, home)
        if channel is not None:
            channels[name.text] = channel
    return MappingProxyType(channels)


def _channel(found: DataMapping, outer: Fields, home: Path) -> ChannelSettings | None:
    every = Fields(found, of="a channel", known=[name.text for name, _ in found.entries], faults=outer.faults)
    every.require("kind")
    match every.choice_or_none("kind", ChannelKind):
        case ChannelKind.LOG:
            Fields(found, of="a log channel", known=("kind",), faults=outer.faults)
            return LogChannel()
        case ChannelKind.WEBHOOK:
            fields = Fields(found, of="a webhook channel", known=("kind", "url", "secret"), faults=outer.faults)
            fields.require("url", "secret")
            url, secret = fields.text("url", _URL), _secret(fields, "secret", home)
            return WebhookChannel(url, secret) if url and secret is not None else None
        case None:
            return None


def _secret(fields: Fields, key: str, home: Path) -> SecretReference | None:
    found = fields.scalar(key)
    if found is None:
        return None
    try:
        return SecretReference.parse(found.text, home=home)
    except ValueError as error:
        fields.fault(found.place, f"{key}: {error}")
        return None
