"""HTTPS accounts of a profile, and every mistake in them at its place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from partners.readiness import readiness

PIN = "SHA256:" + "ab" * 32


def test_an_account_has_all_it_may_say(profiles: Any) -> None:
    profiles.write(
        "acme/profile.yaml",
        f"""\
        name: Acme
        https:
          - user: acme-api
            certificates: [{PIN}]
            allowed_from: [203.0.113.0/24]
            carries: [acme]
            file_bytes: 1 KiB
        """,
    )
    registry = profiles.load()
    account = registry.https_account("acme-api")
    assert account is not None
    assert (account.partner, account.channel, account.pushed, account.file_bytes) == ("acme", "https", False, 1024)
    assert registry.https_account_by_certificate("ab" * 32) == account
    assert registry.https_account_by_certificate("cd" * 32) is None
    assert registry.way("acme-api") == account
    assert registry.account("acme-api") is None, "it is no SFTP login"
    assert account.accepts_address("203.0.113.9")
    assert not account.accepts_address("198.51.100.1")


def test_an_inactive_partners_account_opens_nothing(profiles: Any) -> None:
    text = f"name: Acme\nstatus: inactive\nhttps:\n  - {{user: acme-api, certificates: [{PIN}]}}\n"
    profiles.write("acme/profile.yaml", text)
    registry = profiles.load()
    assert registry.https_account("acme-api") is None
    assert registry.https_account_by_certificate("ab" * 32) is None
    assert registry.way("acme-api", active=False) is not None


def test_an_account_carries_its_own_partner_unless_it_says_so(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", "name: Acme\nhttps:\n  - {user: acme-api}\n")
    account = profiles.load().https_account("acme-api")
    assert account is not None
    assert account.carries == {"acme"}


def test_a_name_stands_once_over_all_channels(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", "name: Acme\nhttps:\n  - {user: drop}\n")
    profiles.write("globex/profile.yaml", "name: Globex\nsftp:\n  - {user: drop}\n")
    assert profiles.faults() == [
        (
            "p/globex/profile.yaml:3:12",
            f"the account drop stands twice; first at {profiles.root}/acme/profile.yaml:3:12",
        )
    ]


def test_a_certificate_opens_one_account(profiles: Any) -> None:
    for key in ("acme", "globex"):
        profiles.write(f"{key}/profile.yaml", f"name: {key}\nhttps:\n  - {{user: {key}, certificates: [{PIN}]}}\n")
    [(place, message)] = profiles.faults()
    assert place == "p/globex/profile.yaml:3:12"
    assert message.startswith(f"the client certificate {PIN} also opens acme")


def test_every_mistake_is_told(profiles: Any) -> None:
    profiles.write(
        "acme/profile.yaml",
        """\
        name: Acme
        https:
          - {user: Acme, certificates: ["SHA256:AB"], allowed_from: [here], carries: [nobody], file_bytes: 0, key: x}
          - {certificates: []}
        """,
    )
    found = [message.split(";")[0] for _, message in profiles.faults()]
    assert sorted(found) == sorted(
        [
            'an https account has no key "key"',
            'user is "Acme"',
            'an item of certificates is "SHA256:AB"',
            'allowed_from has "here"',
            'file_bytes is "0"',
            'an https account needs the key "user"',
            'there is no partner "nobody"',
        ]
    )


def test_readiness_tells_of_an_https_account(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", "name: Acme\nhttps:\n  - {user: acme-api}\n")
    registry = profiles.load()
    checks = readiness(
        registry.partners["acme"],
        ourselves=list(registry.ourselves.values()),
        carriers=registry.carriers("acme"),
        maps=(),
        destinations=(),
        at=datetime(2026, 1, 5, tzinfo=UTC),
    )
    named = {check.name: check for check in checks}
    assert named["https acme-api"].ok
    assert "accounts" not in named
