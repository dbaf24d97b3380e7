"""`http`, `operations` and `webhooks` of tradelane.yaml: where the HTTP servers listen, and who may post webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType

from gateway.adapters.secrets import SecretReference
from partners.fields import WORD, Fields, form
from sftp.lockout import LockoutRules
from translators.datafile import LoadFault
from translators.datafile import Mapping as DataMapping
from translators.errors import shown

HTTP_KEYS = (
    "host",
    "port",
    "connections",
    "connections_per_address",
    "tls",
    "behind_proxy",
    "lockout_failures",
    "lockout_half_life",
)
"""What `http` may say."""
OPERATIONS_KEYS = ("host", "port")
"""What `operations` may say."""
WEBHOOK_KEYS = ("secrets", "partners")
"""What each of `webhooks` may say."""
TLS_KEYS = ("certificate", "key", "client_authorities")
"""What its `tls` may say."""
HTTP_LOCKOUT = LockoutRules(failures=20)
"""Twice as patient as with passwords: a program whose key ran out asks again and again, and a key cannot be guessed."""
_HOST = form(r"[0-9A-Za-z.:_-]+", "an address or host name, as 0.0.0.0")
_ADDRESS = form(r"[0-9A-Fa-f.:]+", "an IP address, as 10.0.0.7")


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files in PEM form.

    Args:
        certificate: the server's, with what leads to its root.
        key: its private key.
        client_authorities: certificates that client certificates must lead to; a client's own may stand here. Without
            it no client is asked for one.
    """

    certificate: Path
    key: Path
    client_authorities: Path | None = None


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where the HTTP server listens.

    Args:
        port: 0 for any free one.
        connections: at one time.
        connections_per_address: of these, from one address that is none of the proxies.
        tls: None for plain HTTP, which only a loopback address or a proxy that does TLS makes safe.
        proxies: addresses of the proxies before it, whose X-Forwarded-For is believed.
        lockout: when an address that showed keys that open nothing is answered no more.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    connections: int = 500
    connections_per_address: int = 100
    tls: TlsFiles | None = None
    proxies: tuple[str, ...] = ()
    lockout: LockoutRules = HTTP_LOCKOUT


@dataclass(frozen=True, slots=True)
class OperationsSettings:
    """Where metrics and health are asked for; port 0 for any free one."""

    host: str = "127.0.0.1"
    port: int = 9464


@dataclass(frozen=True, slots=True)
class WebhookSender:
    """A system of ours that posts documents for partners to `/hooks/NAME`.

    Args:
        secrets: it signs with one of them; several while one is replaced.
        partners: keys of those it may hand in for.
    """

    secrets: tuple[SecretReference, ...]
    partners: frozenset[str]


def read_webhooks(outer: Fields, *, home: Path) -> Mapping[str, WebhookSender]:
    """Read `webhooks`; none where it is not there."""
    found = outer.mapping("webhooks")
    senders: dict[str, WebhookSender] = {}
    for name, value in () if found is None else found.entries:
        if not WORD.pattern.fullmatch(name.text):
            outer.fault(name.place, f'a sender of webhooks is "{shown(name.text)}"; want {WORD.want}')
        settings = outer.as_mapping(value, name=name.text)
        if settings is not None:
            senders[name.text] = _sender(settings, home=home, faults=outer.faults)
    return MappingProxyType(senders)


def _sender(settings: DataMapping, *, home: Path, faults: list[LoadFault]) -> WebhookSender:
    fields = Fields(settings, of="a sender of webhooks", known=WEBHOOK_KEYS, faults=faults)
    fields.require(*WEBHOOK_KEYS)
    secrets = []
    for item in fields.scalars("secrets"):
        try:
            secrets.append(SecretReference.parse(item.text, home=home))
        except ValueError as error:
            fields.fault(item.place, f"an item of secrets: {error}")  # not its text, which may be the secret itself
    for key in WEBHOOK_KEYS:
        if fields.has(key) and not fields.items(key):
            fields.fault(fields.place_of(key), f"{key} names none")
    return WebhookSender(tuple(secrets), frozenset(item.text for item in fields.scalars("partners", WORD)))


def read_operations(outer: Fields) -> OperationsSettings | None:
    """Read `operations`; None where it is not there."""
    found = outer.mapping("operations")
    if found is None:
        return None
    usual = OperationsSettings()
    fields = Fields(found, of="operations", known=OPERATIONS_KEYS, faults=outer.faults)
    return OperationsSettings(
        host=fields.text("host", _HOST, default=usual.host),
        port=fields.number("port", default=usual.port, low=0, high=65_535),
    )


def read_http(outer: Fields, *, home: Path) -> HttpSettings | None:
    """Read `http`; None where it is not there."""
    found = outer.mapping("http")
    if found is None:
        return None
    usual = HttpSettings()
    fields = Fields(found, of="http", known=HTTP_KEYS, faults=outer.faults)
    proxies = tuple(item.text for item in fields.scalars("behind_proxy", _ADDRESS))
    read = HttpSettings(
        host=fields.text("host", _HOST, default=usual.host),
        port=fields.number("port", default=usual.port, low=0, high=65_535),
        connections=fields.number("connections", default=usual.connections, low=1, high=100_000),
        connections_per_address=fields.number(
            "connections_per_address", default=usual.connections_per_address, low=1, high=100_000
        ),
        tls=_tls(fields, home=home),
        proxies=proxies,
        lockout=LockoutRules(
            failures=fields.number("lockout_failures", default=usual.lockout.failures, low=2, high=1000),
            half_life_seconds=fields.span(
                "lockout_half_life", default=timedelta(seconds=usual.lockout.half_life_seconds)
            ).total_seconds(),
        ),
    )
    if read.tls is None and not fields.has("tls") and not proxies and not _is_loopback(read.host):
        place = fields.place_of("host")
        fields.fault(place, f"{read.host} without tls would show API keys to the network; add tls, or behind_proxy")
    return read


def _tls(outer: Fields, *, home: Path) -> TlsFiles | None:
    found = outer.mapping("tls")
    if found is None:
        return None
    fields = Fields(found, of="tls", known=TLS_KEYS, faults=outer.faults)
    fields.require("certificate", "key")
    certificate, key = fields.text("certificate"), fields.text("key")
    authorities = fields.text("client_authorities")
    if not certificate or not key:
        return None
    return TlsFiles(home / certificate, home / key, home / authorities if authorities else None)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
