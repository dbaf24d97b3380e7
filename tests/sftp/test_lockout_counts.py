"""Failures are counted by name and wear off; the table of names has an end."""

from __future__ import annotations

import pytest

from sftp.lockout import Lockout, LockoutRules, of_address, of_user


class Watch:
    """Seconds that a test turns on."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_a_name_is_locked_at_its_last_failure_and_others_are_not(watch: Watch) -> None:
    lockout = Lockout(LockoutRules(failures=3), now=watch)
    for _ in range(2):
        lockout.failed("user acme")
    assert not lockout.is_locked("user acme")
    lockout.failed("user acme")
    assert lockout.is_locked("user acme")
    assert not lockout.is_locked("user globex")


def test_a_lock_wears_off_in_its_half_life_and_comes_back_after_half_as_many(watch: Watch) -> None:
    lockout = Lockout(LockoutRules(failures=4, half_life_seconds=60), now=watch)
    for _ in range(4):
        lockout.failed("a")
    watch.seconds += 59
    assert lockout.is_locked("a")
    watch.seconds += 1
    assert not lockout.is_locked("a")
    lockout.failed("a")
    assert not lockout.is_locked("a")
    lockout.failed("a")
    assert lockout.is_locked("a")


def test_failures_some_seconds_apart_count_as_many(watch: Watch) -> None:
    lockout = Lockout(LockoutRules(failures=10, half_life_seconds=300), now=watch)
    for _ in range(10):
        assert not lockout.is_locked("a")
        lockout.failed("a")
        watch.seconds += 1
    assert lockout.is_locked("a")


def test_failures_while_locked_do_not_lengthen_the_lock(watch: Watch) -> None:
    lockout = Lockout(LockoutRules(failures=2, half_life_seconds=60), now=watch)
    for _ in range(1000):
        lockout.failed("a")
    watch.seconds += 60
    assert not lockout.is_locked("a")


def test_who_shows_who_he_is_begins_anew(watch: Watch) -> None:
    lockout = Lockout(LockoutRules(failures=2), now=watch)
    lockout.failed("a")
    lockout.forgive("a")
    lockout.forgive("never failed")
    lockout.failed("a")
    assert not lockout.is_locked("a")


def test_a_flood_of_names_forgets_the_least_and_never_the_worst(watch: Watch) -> None:
    lockout = Lockout(LockoutRules(failures=5, entries=100), now=watch)
    for _ in range(5):
        lockout.failed("attacked")
    for number in range(1000):
        lockout.failed(f"name {number}")
    assert lockout.is_locked("attacked")
    assert len(lockout._counts) <= 100


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("203.0.113.7", "address 203.0.113.7"),
        ("::ffff:203.0.113.7", "address 203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "address 2001:db8:1:2::/64"),
        ("fe80::1%eth0", "address fe80::/64"),
        ("not an address", "address not an address"),
    ],
)
def test_an_address_is_counted_by_what_its_owner_cannot_choose(address: str, name: str) -> None:
    assert of_address(address) == name


def test_a_long_user_name_is_counted_by_its_beginning() -> None:
    assert of_user("a" * 1000) == "user " + "a" * 64
