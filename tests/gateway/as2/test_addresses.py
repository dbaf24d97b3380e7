"""Where an asynchronous receipt may be sent: hosts of the profile at public addresses, whatever a forger thinks of."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from gateway.as2.addresses import NotAllowed, Unresolved, allowed_address, check_host, read_target

HOSTS = {"mdn.acme.example"}
PUBLIC = "93.184.216.34"

FORGED = [
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://localhost/",
    "http://localhost:6379/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://0/",
    "http://0.0.0.0:5432/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1%25eth0]/",
    "http://[fc00::1]/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/admin",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "file:///etc/passwd",
    "file://mdn.acme.example/etc/passwd",
    "gopher://mdn.acme.example:6379/_FLUSHALL",
    "ftp://mdn.acme.example/",
    "dict://mdn.acme.example:11211/",
    "mailto:edi@acme.example",
    "//mdn.acme.example/",
    "mdn.acme.example",
    "https://evil.example/",
    "https://mdn.acme.example.evil.example/",
    "https://evil.example/mdn.acme.example",
    "https://evil.example?mdn.acme.example",
    "https://evil.example#mdn.acme.example",
    "https://mdn.acme.example@evil.example/",
    "https://user:secret@mdn.acme.example/",
    "https://mdn.acme.example:secret@evil.example/",
    "https://evil.example\\@mdn.acme.example/",
    "https://mdn.acme.example%2eevil.example/",
    "https://mdn.acme.example%00.evil.example/",
    "https://mdn.acme.example\r\nX-Evil: 1/",
    "https://mdn.acme.example /",
    "https://mdn.acme.ex\u00e0mple/",
    "https://\uff4d\uff44\uff4e.acme.example/",
    "https://mdn.acme.example:99999/",
    "https://mdn.acme.example:/",
    "https://mdn.acme.example:abc/",
    "https://",
    "",
    "https://mdn.acme.example/" + "x" * 3000,
]


def refused(url: str, addresses: tuple[str, ...] = (PUBLIC,)) -> None:
    with pytest.raises(NotAllowed):
        reached(url, addresses)


def reached(url: str, addresses: tuple[str, ...]) -> str:
    """What a receipt's way to a URL comes to."""
    target = read_target(url)
    check_host(target, HOSTS)
    return allowed_address(target, resolve=lambda _host, _port: addresses)


def test_there_are_fifty_and_more() -> None:
    assert len(set(FORGED)) >= 50


@pytest.mark.parametrize("url", FORGED)
def test_a_receipt_is_never_sent_to_a_forged_address(url: str) -> None:
    refused(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1",
        "::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2001:0:a00:1::", "64:ff9b:1::1",
    ],
)  # fmt: skip
def test_a_host_of_the_profile_that_leads_to_a_private_address_is_not_followed(address: str) -> None:
    """DNS rebinding: the name is the partner's own, the address is not."""
    refused("https://mdn.acme.example/", (address,))
    refused("https://mdn.acme.example/", (PUBLIC, address))


def test_a_host_of_the_profile_at_a_public_address_is_reached_at_that_very_address() -> None:
    answers = [[PUBLIC], ["127.0.0.1"]]
    target = read_target("https://MDN.acme.example.:8443/mdn?x=1")
    check_host(target, HOSTS)
    assert allowed_address(target, resolve=lambda _host, _port: answers.pop(0)) == PUBLIC
    assert (target.host, target.port, target.path) == ("mdn.acme.example", 8443, "/mdn?x=1")
    assert len(answers) == 1  # asked once


def test_a_private_address_that_the_profile_allows_is_reached() -> None:
    target = read_target("http://mdn.acme.example/")
    allowed = [ip_network("10.1.2.0/24"), ip_network("fc00:1::/32")]
    for address in ("10.1.2.3", "fc00:1::5", "::ffff:10.1.2.3"):
        assert allowed_address(target, private=allowed, resolve=lambda _host, _port, found=address: [found]) == address
    with pytest.raises(NotAllowed):
        allowed_address(target, private=allowed, resolve=lambda _host, _port: ["10.1.3.3"])


def test_a_host_without_an_address_is_tried_later() -> None:
    with pytest.raises(Unresolved):
        allowed_address(read_target("http://mdn.acme.example/"), resolve=lambda _host, _port: [])
