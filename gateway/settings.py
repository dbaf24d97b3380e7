"""How one gateway is set up: tradelane.yaml in its home folder, and what the environment says.

Every mistake of the file is found at once, each with its place; a secret stands in the environment, never in the file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from pydantic import SecretStr

from gateway.alert_settings import AlertSettings, read_alerts
from gateway.destinations import Destination, read_destinations, usual_destinations
from gateway.http_settings import (
    HttpSettings,
    OperationsSettings,
    WebhookSender,
    read_http,
    read_operations,
    read_webhooks,
)
from gateway.records_settings import AuditSettings, RetentionSettings, read_audit, read_retention
from partners.fields import TEXT, WORD, Fields, form
from sftp.gate import ServerLimits
from sftp.lockout import LockoutRules
from translators.datafile import LoadError, LoadFault, read_datafile
from translators.errors import shown

SETTINGS_FILE = "tradelane.yaml"
DATABASE_URL = "TRADELANE_DATABASE_URL"
"""The environment's name for the database; where it is not set, the gateway runs its own in the home folder."""

_TOP_KEYS = (
    "samples",
    "sftp",
    "http",
    "operations",
    "as2",
    "workers",
    "inbound",
    "destinations",
    "hand_in",
    "audit",
    "retention",
    "webhooks",
    "alerts",
)
SFTP_KEYS = (
    "host",
    "port",
    "connections",
    "connections_per_address",
    "auth_tries",
    "login_seconds",
    "idle_seconds",
    "lockout_failures",
    "lockout_half_life",
)
"""What `sftp` may say."""
_URL = form(r"https?://[!-~]{1,2000}", "an address that begins with https:// or http://")
_HOST = form(r"[0-9A-Za-z.:_-]+", "an address or host name, as 0.0.0.0")
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class SftpSettings:
    """Where the SFTP server listens (port 0 for any free one), and what all its sessions together may use."""

    host: str = "127.0.0.1"
    port: int = 2222
    limits: ServerLimits = field(default_factory=ServerLimits)


@dataclass(frozen=True, slots=True)
class AS2Settings:
    """Where partners post asynchronous receipts to; "" where none may be asked for."""

    url: str = ""


@dataclass(frozen=True, slots=True)
class InboundSettings:
    """How received files are worked.

    Args:
        large_bytes: one of more bytes has a lane apart from its partner's others.
        high_water: while so many wait for their turn, nothing more is taken in.
    """

    large_bytes: int = 5_000_000
    high_water: int = 100_000


@dataclass(frozen=True, slots=True)
class Settings:
    """One gateway.

    Args:
        home: the workspace folder, absolute.
        database_url: the served database; None for the embedded one.
        samples: whether the shipped sample partners and identities are part of the workspace.
        operations: where metrics and health are asked for; None where nowhere.
        http: where the HTTP server listens; None where it does not run unless its role is asked for.
        workers: worker processes.
        destinations: by the name agreements call them.
        hand_in: folders in which our own systems lay documents for partners, by a name of each.
        webhooks: systems of ours that post documents for partners, by a name of each.
        audit: where checkpoints of the audit log go.
        retention: how long things are kept.
        alerts: what is told outside, and where.
    """

    home: Path
    database_url: SecretStr | None = None
    samples: bool = True
    sftp: SftpSettings = SftpSettings()
    http: HttpSettings | None = None
    operations: OperationsSettings | None = None
    workers: int = 2
    inbound: InboundSettings = InboundSettings()
    as2: AS2Settings = AS2Settings()
    destinations: Mapping[str, Destination] = field(default_factory=lambda: MappingProxyType({}))
    hand_in: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    webhooks: Mapping[str, WebhookSender] = field(default_factory=lambda: MappingProxyType({}))
    audit: AuditSettings = field(default_factory=AuditSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)


def load_settings(home: Path, *, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of a home folder.

    Where the folder has no tradelane.yaml, or it names no destinations, there is one, `erp`: the folder `erp` of the
    home folder, made when first needed.

    Args:
        home: the workspace folder; it need not exist.
        environment: the process's own where left out.

    Raises:
        LoadError: with every mistake of the file.
    """
    home = home.resolve()
    url = (os.environ if environment is None else environment).get(DATABASE_URL, "").strip()
    database_url = SecretStr(url) if url else None
    path = home / SETTINGS_FILE
    usual = Settings(home, database_url, destinations=usual_destinations(home))
    if not path.exists():
        return usual
    faults: list[LoadFault] = []
    fields = Fields(read_datafile(path.read_bytes(), file=str(path)), of=SETTINGS_FILE, known=_TOP_KEYS, faults=faults)
    settings = Settings(
        home=home,
        database_url=database_url,
        samples=fields.flag("samples", default=usual.samples),
        sftp=_sftp(fields),
        http=read_http(fields, home=home),
        operations=read_operations(fields),
        workers=fields.number("workers", default=usual.workers, low=1, high=256),
        inbound=_inbound(fields),
        as2=_as2(fields),
        destinations=read_destinations(fields, home=home) if fields.has("destinations") else usual.destinations,
        hand_in=_hand_in(fields, home),
        webhooks=read_webhooks(fields, home=home),
        audit=read_audit(fields, home=home),
        retention=read_retention(fields),
        alerts=read_alerts(fields, home=home),
    )
    if faults:
        raise LoadError(faults)
    return settings


def _sftp(outer: Fields) -> SftpSettings:
    found = outer.mapping("sftp")
    usual = SftpSettings()
    if found is None:
        return usual
    fields = Fields(found, of="sftp", known=SFTP_KEYS, faults=outer.faults)
    limits = usual.limits
    return SftpSettings(
        host=fields.text("host", _HOST, default=usual.host),
        port=fields.number("port", default=usual.port, low=0, high=65_535),
        limits=ServerLimits(
            connections=fields.number("connections", default=limits.connections, low=1, high=100_000),
            connections_per_address=fields.number(
                "connections_per_address", default=limits.connections_per_address, low=1, high=100_000
            ),
            auth_tries=fields.number("auth_tries", default=limits.auth_tries, low=1, high=20),
            login_seconds=fields.number("login_seconds", default=int(limits.login_seconds), low=1, high=600),
            idle_seconds=fields.number("idle_seconds", default=int(limits.idle_seconds), low=10, high=_DAY_SECONDS),
            lockout=LockoutRules(
                failures=fields.number("lockout_failures", default=limits.lockout.failures, low=2, high=1000),
                half_life_seconds=fields.span(
                    "lockout_half_life", default=timedelta(seconds=limits.lockout.half_life_seconds)
                ).total_seconds(),
            ),
        ),
    )


def _as2(outer: Fields) -> AS2Settings:
    found = outer.mapping("as2")
    if found is None:
        return AS2Settings()
    fields = Fields(found, of="as2", known=("url",), faults=outer.faults)
    return AS2Settings(fields.text("url", _URL))


def _inbound(outer: Fields) -> InboundSettings:
    found = outer.mapping("inbound")
    usual = InboundSettings()
    if found is None:
        return usual
    fields = Fields(found, of="inbound", known=("large_bytes", "high_water"), faults=outer.faults)
    return InboundSettings(
        large_bytes=fields.size("large_bytes", default=usual.large_bytes),
        high_water=fields.number("high_water", default=usual.high_water, low=1, high=100_000_000),
    )


def _hand_in(outer: Fields, home: Path) -> Mapping[str, Path]:
    found = outer.mapping("hand_in")
    folders: dict[str, Path] = {}
    for name, value in () if found is None else found.entries:
        path = outer.checked(value, name=name.text, wanted=TEXT)
        if not WORD.pattern.fullmatch(name.text):
            outer.fault(name.place, f'a folder of hand_in is "{shown(name.text)}"; want {WORD.want}')
        elif path is not None:
            folders[name.text] = home / path.text
    return MappingProxyType(folders)
