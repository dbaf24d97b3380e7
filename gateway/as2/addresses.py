"""Where we may connect to: the hosts of a partner's profile, at public addresses unless it allows others.

A URL may come from a partner (Receipt-Delivery-Option) and so from a forger: nothing of it is believed, names are
resolved once, and the connection goes to the very address that was looked at.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

LONGEST_URL = 2048
_PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(r"[!-\[\]-~]+")
_EMBEDDING = (
    IPv6Network("64:ff9b::/96"),
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("2002::/16"),
    IPv6Network("2001::/32"),
    IPv6Network("::/96"),
)
"""IPv6 networks whose addresses stand for IPv4 ones: where a packet ends is not what its address says."""


class NotAllowed(Exception):
    """We do not connect there; the message says why."""


class Unresolved(Exception):
    """The host has no address now."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place to post to.

    Args:
        host: in lower case, without a dot at its end; what TLS and the Host header name.
        path: path and query.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of a Host header."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"


Resolve = Callable[[str, int], Iterable[str]]
"""The addresses of a host, as the system says."""


def read_target(url: str) -> Target:
    """The place a URL names.

    Raises:
        NotAllowed: it is none that is posted to: another scheme, a user in it, characters that readers disagree about.
    """
    if len(url) > LONGEST_URL or not _PLAIN.fullmatch(url):
        raise NotAllowed("no URL: want at most 2048 printable ASCII characters, no space or backslash")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise NotAllowed("a URL that cannot be read") from error
    if parts.scheme not in _PORTS:
        raise NotAllowed("want a URL that begins with https:// or http://")
    if "@" in parts.netloc or not parts.hostname or "%" in parts.netloc or parts.netloc.endswith(":"):
        raise NotAllowed("a URL with a user, without a host, or with one that is encoded")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, _host(parts.hostname), port or _PORTS[parts.scheme], path)


def host_of(url: str) -> str:
    """The host of a URL from a profile; "" for none."""
    try:
        return read_target(url).host
    except NotAllowed:
        return ""


def check_host(target: Target, hosts: Collection[str]) -> None:
    """Only hosts that the profile names.

    Raises:
        NotAllowed: it is another.
    """
    if target.host not in {_host(host) for host in hosts if host}:
        raise NotAllowed("the host is none that the partner's profile names")


def allowed_address(target: Target, *, private: Collection[Network] = (), resolve: Resolve | None = None) -> str:
    """The address to connect to.

    Args:
        target: where to.
        private: networks that may be reached although they are not public.
        resolve: finds the addresses; the system's where left out.

    Raises:
        Unresolved: there is none now.
        NotAllowed: one of them is neither public nor allowed; then none is used, since a name that leads to both is
            a trap.
    """
    texts = list((resolve or _resolve)(target.host, target.port))
    if not texts:
        raise Unresolved(f"{target.host} has no address")
    for text in texts:
        found = ip_address(text.partition("%")[0])
        if not _is_allowed(found, private):
            raise NotAllowed(f"{target.host} is at an address that is neither public nor allowed in the profile")
    return texts[0]


def _is_allowed(found: Address, private: Collection[Network]) -> bool:
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif any(found in network for network in private):
            return True
        elif any(found in network for network in _EMBEDDING):
            return False
    if any(found.version == network.version and found in network for network in private):
        return True
    return found.is_global and not found.is_multicast and not found.is_reserved


def _host(text: str) -> str:
    return text.lower().rstrip(".")


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(address[4][0]) for address in found]
