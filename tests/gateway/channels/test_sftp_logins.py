"""Whom the store's mailbox lets in: keys and passwords on their days, from allowed addresses, and nobody else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.channels.sftp import StoreMailbox
from gateway.ports import FakeClock
from gateway.store.engine import Store
from gateway.store.vault import Vault
from partners.passwords import new_hash
from partners.registry import PartnerRegistry
from sftp.keys import PublicKey, new_private_key, public_part
from sftp.ports import Account, Login, NotAdmitted, Password

OLD, NEW = public_part(new_private_key()), public_part(new_private_key())
OLD_HASH, NEW_HASH = new_hash("the old password"), new_hash("the new password")
PROFILE = f"""\
name: Acme
sftp:
  - user: acme
    login: either
    allowed_from: [203.0.113.0/24]
    keys:
      - {{key: {OLD.line}, not_after: 2026-01-10}}
      - {{key: {NEW.line}, not_before: 2026-01-08}}
    passwords:
      - {{hash: "{OLD_HASH}", not_after: 2026-01-10}}
      - {{hash: "{NEW_HASH}", not_before: 2026-01-08}}
    limits: {{sessions: 3, idle: 90s, files: 7, total_bytes: 8 MiB}}
  - user: acme-both
    login: both
  - user: acme-key
  - user: acme-password
    login: password
"""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def box(store: Store, tmp_path: Path, clock: FakeClock) -> StoreMailbox:
    folder = tmp_path / "profiles" / "acme"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text(PROFILE)
    registry = PartnerRegistry.load([tmp_path / "profiles"])
    return StoreMailbox(store, Vault(store, tmp_path / "vault", clock), registry, clock, print, large_bytes=5_000_000)


@pytest.mark.parametrize(
    ("old", "new"),
    [(OLD, NEW), (Password("the old password"), Password("the new password"))],
    ids=["keys", "passwords"],
)
def test_a_secret_is_replaced_with_days_on_which_both_are_good(
    box: StoreMailbox, clock: FakeClock, old: PublicKey | Password, new: PublicKey | Password
) -> None:
    good = []
    for _ in range(7):  # 5 to 11 January
        good.append(tuple(isinstance(box.login("acme", one, "203.0.113.7"), Account) for one in (old, new)))
        clock.advance(timedelta(days=1))
    assert good == [(True, False)] * 3 + [(True, True)] * 3 + [(False, True)]


@pytest.mark.parametrize("proof", [OLD, Password("the old password")], ids=["key", "password"])
def test_the_right_secret_from_elsewhere_opens_nothing(box: StoreMailbox, proof: PublicKey | Password) -> None:
    assert isinstance(box.login("acme", proof, "203.0.114.7"), NotAdmitted)
    assert isinstance(box.login("acme", proof, "::ffff:203.0.113.7"), Account)


def test_the_profiles_limits_reach_the_server(box: StoreMailbox) -> None:
    account = box.login("acme", OLD, "203.0.113.7")
    assert isinstance(account, Account)
    assert account.login is Login.EITHER
    limits = account.limits
    assert (limits.sessions, limits.idle_seconds, limits.files, limits.total_bytes) == (3, 90.0, 7, 8 * 1024**2)


def test_an_account_without_a_password_is_opened_by_none(box: StoreMailbox) -> None:
    for secret in ("", "the old password"):
        assert isinstance(box.login("acme-both", Password(secret), "127.0.0.1"), NotAdmitted)


@pytest.mark.parametrize(
    ("user", "proof", "address", "reason"),
    [
        ("nobody", NEW, "203.0.113.7", "no account of this name, or its partner is not active"),
        ("acme", NEW, "203.0.113.7", "the key is not good at this time"),
        ("acme", public_part(new_private_key()), "203.0.113.7", "not one of the account's keys"),
        ("acme", OLD, "203.0.114.7", "its address is not in allowed_from"),
        ("acme", Password("guess"), "203.0.113.7", "wrong password"),
        ("acme", Password("guess"), "203.0.114.7", "its address is not in allowed_from"),
        ("acme-both", Password("guess"), "127.0.0.1", "no password of the account is good now"),
        ("acme-key", Password("guess"), "127.0.0.1", "the account takes no passwords"),
        ("acme-password", OLD, "127.0.0.1", "the account takes no keys"),
    ],
)
def test_who_runs_the_server_is_told_why_a_login_opens_nothing(
    box: StoreMailbox, user: str, proof: PublicKey | Password, address: str, reason: str
) -> None:
    assert box.login(user, proof, address) == NotAdmitted(reason)
