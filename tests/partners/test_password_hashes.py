"""Passwords in profiles: only hashes that are dear enough, with days; looked at in the same time for nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import argon2
import pytest

from partners import passwords
from partners.logins import PasswordHash
from partners.passwords import fits, new_hash
from partners.readiness import readiness
from tests.work_done import functions_called

GOOD = new_hash("correct horse battery")
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x")
DEAR = GOOD.replace("m=19456", "m=999999")
OF_NOTHING = argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash("")
PROFILE = """\
name: Acme
time_zone: America/Chicago
sftp:
  - user: acme
    login: {login}
    passwords:
      - hash: {hash}
        not_after: 2026-03-31
"""


def test_a_password_fits_its_own_hash_and_nothing_else() -> None:
    known = PasswordHash(GOOD)
    assert fits(known, "correct horse battery")
    assert not fits(known, "correct horse batterY")
    assert not fits(known, "")
    assert not fits(None, "correct horse battery")
    assert not fits(None, "")
    assert GOOD not in repr(known)


def test_a_short_password_has_no_hash() -> None:
    with pytest.raises(ValueError, match="want 12 or more"):
        new_hash("elevenchars")


def test_a_password_is_good_within_its_days(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", PROFILE.format(login="either", hash=GOOD))
    account = profiles.load().account("acme")
    assert [found.text for found in account.good_passwords(at=datetime(2026, 4, 1, 4, 59, tzinfo=UTC))] == [GOOD]
    assert account.good_passwords(at=datetime(2026, 4, 1, 5, 0, tzinfo=UTC)) == []
    assert profiles.load().any_passwords


def test_no_account_with_a_password_means_that_none_is_asked_for(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", "name: Acme\nsftp: [{user: acme}]\n")
    assert not profiles.load().any_passwords


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("my-password-in-clear", "this is no argon2id hash (a password must never stand here)"),
        (GOOD[:-3], "the hash does not read"),
        (GOOD[:40], "the hash does not read"),
        (CHEAP, "the hash is too cheap: m=8, t=1"),
        (DEAR, "the hash is too dear: m=999999, t=2"),
        (OF_NOTHING, "this is the hash of no password at all"),
    ],
    ids=["a password", "cut at the end", "cut in the middle", "cheap", "dear", "of nothing"],
)
def test_a_hash_that_is_none_or_cheap_or_dear_is_a_fault_that_does_not_show_it(
    profiles: Any, text: str, said: str
) -> None:
    profiles.write("acme/profile.yaml", PROFILE.format(login="password", hash=text))
    [(place, message)] = profiles.faults()
    assert place == "p/acme/profile.yaml:7:15"
    assert message.startswith(said)
    assert text not in message


def test_passwords_of_an_account_that_asks_for_none_are_a_fault(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", PROFILE.format(login="key", hash=GOOD))
    [(place, message)] = profiles.faults()
    assert (place, message) == (
        "p/acme/profile.yaml:6:5",
        "passwords are not asked for; say login: password, either or both",
    )


@pytest.mark.parametrize(
    ("login", "keys", "passwords", "ready"),
    [
        ("key", True, False, True),
        ("key", False, False, False),
        ("password", True, False, False),
        ("password", False, True, True),
        ("either", False, True, True),
        ("either", True, False, True),
        ("either", False, False, False),
        ("both", True, False, False),
        ("both", False, True, False),
        ("both", True, True, True),
    ],
)
def test_an_account_is_ready_when_it_has_what_it_is_opened_with(
    profiles: Any, key_lines: dict[str, str], login: str, keys: bool, passwords: bool, ready: bool
) -> None:
    text = f"name: Acme\nsftp:\n  - user: acme\n    login: {login}\n"
    text += f"    keys:\n      - key: {key_lines['ed25519']}\n" if keys else ""
    text += f"    passwords:\n      - hash: {GOOD}\n" if passwords else ""
    profiles.write("acme/profile.yaml", text)
    registry = profiles.load()
    checks = readiness(
        registry.partners["acme"],
        ourselves=list(registry.ourselves.values()),
        carriers=[],
        maps=[],
        destinations=[],
        at=datetime(2026, 1, 5, tzinfo=UTC),
    )
    assert next(check.ok for check in checks if check.name == "sftp acme") is ready


def test_limits_read_as_they_are_written(profiles: Any) -> None:
    limits = "{sessions: 3, sessions_per_address: 2, open_files: 4, files: 5, total_bytes: 6 MiB, idle: 90s}"
    profiles.write("acme/profile.yaml", f"name: Acme\nsftp: [{{user: acme, limits: {limits}}}]\n")
    found = profiles.load().account("acme").limits
    assert (found.sessions, found.sessions_per_address, found.open_files) == (3, 2, 4)
    assert (found.files, found.total_bytes, found.idle.total_seconds()) == (5, 6 * 1024**2, 90)


def test_an_idle_time_of_no_unit_is_a_fault(new_profiles: Callable[..., Any], tmp_path: Path) -> None:
    profiles = new_profiles()
    profiles.write("acme/profile.yaml", "name: Acme\nsftp: [{user: acme, limits: {idle: 90}}]\n")
    [(place, message)] = profiles.faults()
    assert place == "p/acme/profile.yaml:2:36"
    assert "want seconds, minutes, hours or days" in message


def test_a_password_of_nobody_costs_the_work_of_a_wrong_one() -> None:
    def work(known: PasswordHash | None) -> Counter[str]:
        return functions_called(lambda: fits(known, "wrong password"))

    assert work(None)["argon2.low_level.verify_secret"] == 1
    assert work(None) == work(PasswordHash(GOOD))
    assert argon2.extract_parameters(passwords._NOBODYS) == argon2.extract_parameters(new_hash("a long password"))
