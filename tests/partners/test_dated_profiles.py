"""Revisions of profiles that take effect on a day: what holds before and after, and their mistakes, all at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from partners.registry import PartnerRegistry

PROFILE = """
    name: Acme
    time_zone: America/Chicago
    identifiers: [{qualifier: ZZ, id: ACME}]
    sftp: [{user: acme}]
    agreements:
      - {document: "850", direction: in, version: "004010", map: base/850.in, deliver_to: [erp]}
"""
NEXT = (
    PROFILE.replace("004010", "005010")
    .replace("[{user: acme}]", "[{user: acme}, {user: acme-new, login: password}]")
    .replace("base/850.in", "base/850-005010.in")
)
BEGINS = datetime(2026, 4, 1, 5, tzinfo=UTC)
"""Midnight in Chicago."""


class Clock:
    """A moment that a test moves."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(BEGINS - timedelta(seconds=1))


def load(profiles: Any, clock: Clock) -> PartnerRegistry:
    return PartnerRegistry.load([profiles.root], now=clock)


def versions(registry: PartnerRegistry) -> list[str]:
    return [agreement.version for agreement in registry.partners["acme"].agreements]


def test_a_revision_takes_effect_when_its_day_begins_at_the_partners(profiles: Any, clock: Clock) -> None:
    profiles.write("acme/profile.yaml", PROFILE)
    profiles.write("acme/profile.from-2026-04-01.yaml", NEXT)
    registry = load(profiles, clock)
    assert versions(registry) == ["004010"]
    assert registry.way("acme-new") is None
    before = registry.partners["acme"].revision
    clock.now = BEGINS
    assert versions(registry) == ["005010"]
    assert registry.way("acme-new") is not None
    assert registry.sender(("ZZ", "ACME")) is registry.partners["acme"]
    assert registry.partners["acme"].revision != before
    assert [begins for begins, _ in registry.revisions()] == [None, BEGINS]
    assert registry.any_passwords


def test_what_was_replaced_before_now_is_not_used_any_more(profiles: Any, clock: Clock) -> None:
    profiles.write("acme/profile.yaml", PROFILE)
    profiles.write("acme/profile.from-2026-04-01.yaml", NEXT)
    profiles.write("acme/profile.from-2026-05-01.yaml", PROFILE)
    clock.now = BEGINS + timedelta(days=1)
    registry = load(profiles, clock)
    assert versions(registry) == ["005010"]
    assert len(registry.revisions()) == 2
    clock.now = datetime(2026, 5, 1, 5, tzinfo=UTC)
    assert versions(registry) == ["004010"]


def test_a_partner_may_begin_on_a_day(profiles: Any, clock: Clock) -> None:
    profiles.write("acme/profile.from-2026-04-01.yaml", PROFILE)
    profiles.write("globex/profile.yaml", "name: Globex\nsftp: [{user: globex}]\n")
    registry = load(profiles, clock)
    assert list(registry.partners) == ["globex"]
    clock.now = BEGINS
    assert sorted(registry.partners) == ["acme", "globex"]


def test_an_identity_may_pass_from_one_partner_to_another_on_a_day(profiles: Any, clock: Clock) -> None:
    taken = "name: Globex\nsftp: [{user: globex}]\nidentifiers: [{qualifier: ZZ, id: ACME}]\n"
    profiles.write("acme/profile.yaml", PROFILE)
    profiles.write("acme/profile.from-2026-04-01.yaml", PROFILE.replace("id: ACME", "id: ACME2"))
    profiles.write("globex/profile.yaml", "name: Globex\nsftp: [{user: globex}]\n")
    profiles.write("globex/profile.from-2026-04-01.yaml", "time_zone: America/Chicago\n" + taken)
    registry = load(profiles, clock)
    clock.now = BEGINS
    found = registry.sender(("ZZ", "ACME"))
    assert found is not None
    assert found.key == "globex"


def test_keys_of_an_account_that_is_to_come_lie_ready(profiles: Any, clock: Clock) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBx1IPausO8pfQxeWYemLjkzgidScgPM1dHMfvRXHywn ops\n"
    profiles.write("acme/profile.yaml", PROFILE)
    profiles.write("acme/profile.from-2026-04-01.yaml", NEXT.replace(", login: password", ""))
    profiles.write("acme/keys/acme-new/one.pub", key)
    registry = load(profiles, clock)
    clock.now = BEGINS
    account = registry.account("acme-new")
    assert account is not None
    assert len(account.keys) == 1


def test_mistakes_of_revisions_to_come_are_told_now_and_once(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", PROFILE)
    profiles.write("acme/profile.from-2099-04-01.yaml", PROFILE.replace("in,", "inward,"))
    profiles.write("acme/profile.from-2099-13-01.yaml", PROFILE)
    profiles.write("globex/profile.yaml", "name: Globex\nsftp: [{user: globex}]\nstatus: gone\n")
    profiles.write(
        "globex/profile.from-2099-04-02.yaml",
        "name: Globex\nsftp: [{user: globex}]\nidentifiers: [{qualifier: ZZ, id: ACME}]\n",
    )
    told = profiles.faults()
    assert sorted(place.partition(":")[0] for place, _ in told) == [
        "p/acme/profile.from-2099-04-01.yaml",
        "p/acme/profile.from-2099-13-01.yaml",
        "p/globex/profile.from-2099-04-02.yaml",
        "p/globex/profile.yaml",
    ]
    assert any("ZZ/ACME" in message for _, message in told)


def test_the_day_is_one(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", PROFILE)
    profiles.write("acme/profile.next.yaml", PROFILE)
    assert [message for _, message in profiles.faults()] == [
        "a partner's folder holds profile.yaml, profile.from-CCYY-MM-DD.yaml, and no other YAML file"
    ]
