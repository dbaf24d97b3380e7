"""`alerts` of tradelane.yaml: on which channels it is told that something waits for a person, and that it is over."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from gateway.adapters.secrets import SecretReference
from partners.fields import WORD, Fields, form
from translators.datafile import LoadFault, Scalar, did_you_mean
from translators.datafile import Mapping as DataMapping
from translators.errors import shown

ALERTS_KEYS = ("channels", "paused_after", "stalled_after", "waiting_after", "disk_below", "silent", "gaps", "kept_for")
"""What `alerts` may say."""
EMAIL_KEYS = ("kind", "host", "port", "tls", "user", "password", "from", "to", "authorities")
"""What a channel of kind `email` may say."""
_HOST = form(r"[0-9A-Za-z.:_-]+", "an address or host name, as mail.house.example")
_ADDRESS = form(r"[!-;=?A-~]{1,64}@[0-9A-Za-z.-]{1,255}", "an address of e-mail, as edi@house.example")
_URL = form(r"https?://[!-~]{1,2000}", "an address that begins with https:// or http://")


class ChannelKind(StrEnum):
    """Where alerts may be told."""

    LOG = "log"
    WEBHOOK = "webhook"
    EMAIL = "email"


class MailTls(StrEnum):
    """How a mail server is spoken to."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


_PORTS = {MailTls.STARTTLS: 587, MailTls.TLS: 465, MailTls.NONE: 25}


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


@dataclass(frozen=True, slots=True)
class EmailChannel:
    """People, by a mail server.

    Args:
        sender: the address it is from.
        to: whom it is for.
        user: who we are to the server; "" where it asks nobody.
        password: of that user.
        authorities: certificates the server's must lead to; those of the system where None.
    """

    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    tls: MailTls = MailTls.STARTTLS
    user: str = ""
    password: SecretReference | None = None
    authorities: Path | None = None


ChannelSettings = LogChannel | WebhookChannel | EmailChannel


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """What is told, and where.

    Args:
        channels: by name.
        paused_after: a destination that has failed for so long is told of.
        stalled_after: a lane whose next row is due and was not begun for so long is told of.
        waiting_after: dropped files that do not count and have not changed for so long are told of.
        disk_below: percent of the disk; with less free it is told of.
        silent: partner -> after so long without a live file of his it is told.
        gaps: partners whose control numbers have to be without gaps.
        kept_for: so long it is kept what was told, and what was given up.
        named: where each partner of the last two is named.
    """

    channels: Mapping[str, ChannelSettings] = field(default_factory=lambda: MappingProxyType({"log": LogChannel()}))
    paused_after: timedelta = timedelta(minutes=15)
    stalled_after: timedelta = timedelta(minutes=15)
    waiting_after: timedelta = timedelta(hours=24)
    disk_below: int = 10
    silent: Mapping[str, timedelta] = field(default_factory=lambda: MappingProxyType({}))
    gaps: tuple[str, ...] = ()
    kept_for: timedelta = timedelta(days=90)
    named: tuple[Scalar, ...] = field(default=(), compare=False)


def read_alerts(outer: Fields, *, home: Path) -> AlertSettings:
    """Read `alerts`."""
    found = outer.mapping("alerts")
    usual = AlertSettings()
    if found is None:
        return usual
    fields = Fields(found, of="alerts", known=ALERTS_KEYS, faults=outer.faults)
    gaps = fields.scalars("gaps", WORD)
    silent, named = _silent(fields)
    return AlertSettings(
        channels=_channels(fields, home) if fields.has("channels") else usual.channels,
        paused_after=fields.span("paused_after", default=usual.paused_after),
        stalled_after=fields.span("stalled_after", default=usual.stalled_after),
        waiting_after=fields.span("waiting_after", default=usual.waiting_after),
        disk_below=fields.number("disk_below", default=usual.disk_below, low=1, high=99),
        silent=MappingProxyType(silent),
        gaps=tuple(partner.text for partner in gaps),
        kept_for=fields.span("kept_for", default=usual.kept_for),
        named=(*named, *gaps),
    )


def unknown_partners(settings: AlertSettings, known: Collection[str]) -> list[LoadFault]:
    """Partners that are named and that there are not, each at its place."""
    return [
        LoadFault(name.place, f'there is no partner "{shown(name.text)}"{did_you_mean(name.text, known)}')
        for name in settings.named
        if name.text not in known
    ]


def _silent(outer: Fields) -> tuple[dict[str, timedelta], list[Scalar]]:
    found = outer.mapping("silent")
    if found is None:
        return {}, []
    names = [name for name, _ in found.entries]
    fields = Fields(found, of="silent", known=[name.text for name in names], faults=outer.faults)
    return {name.text: fields.span(name.text, default=timedelta(days=1)) for name in names}, names


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
        case ChannelKind.EMAIL:
            return _email(Fields(found, of="an email channel", known=EMAIL_KEYS, faults=outer.faults), home)
        case None:
            return None


def _email(fields: Fields, home: Path) -> EmailChannel | None:
    fields.require("host", "from", "to")
    tls = fields.choice("tls", MailTls.STARTTLS)
    host, sender = fields.text("host", _HOST), fields.text("from", _ADDRESS)
    to = tuple(item.text for item in fields.scalars("to", _ADDRESS))
    if fields.has("to") and not to:
        fields.fault(fields.place_of("to"), "to names nobody; want a list of addresses")
    user, password = fields.text("user"), _secret(fields, "password", home)
    if bool(user) != fields.has("password"):
        fields.fault(fields.place, "user and password belong together")
    if user and tls is MailTls.NONE:
        fields.fault(fields.place_of("tls"), "without tls the password would be shown to the network")
    authorities = fields.text("authorities")
    return EmailChannel(
        host=host,
        port=fields.number("port", default=_PORTS[tls], low=1, high=65_535),
        sender=sender,
        to=to,
        tls=tls,
        user=user,
        password=password,
        authorities=home / authorities if authorities else None,
    )


def _secret(fields: Fields, key: str, home: Path) -> SecretReference | None:
    found = fields.scalar(key)
    if found is None:
        return None
    try:
        return SecretReference.parse(found.text, home=home)
    except ValueError as error:
        fields.fault(found.place, f"{key}: {error}")
        return None
