"""Addresses and networks an account may be used from."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from partners.fields import Fields
from translators.errors import shown

Network = IPv4Network | IPv6Network


def is_allowed(address: str, networks: Sequence[Network]) -> bool:
    """Whether an IP address lies in one of these, or there are none; text that is no address is refused."""
    if not networks:
        return True
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in networks)


def read_networks(fields: Fields) -> tuple[Network, ...]:
    """Read `allowed_from`."""
    found: list[Network] = []
    for item in fields.scalars("allowed_from"):
        try:
            found.append(ip_network(item.text))
        except ValueError:
            fields.fault(
                item.place,
                f'allowed_from has "{shown(item.text)}"; want an address or network, as 203.0.113.7 or 203.0.113.0/24',
            )
    if fields.has("allowed_from") and not fields.items("allowed_from"):
        fields.fault(fields.place_of("allowed_from"), "allowed_from names no network; leave it out to allow any")
    return tuple(found)
