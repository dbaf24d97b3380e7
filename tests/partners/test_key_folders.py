"""Keys as files: a workspace gives keys to a shipped partner, and what is wrong in a file is found at load."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

ONE_ACCOUNT = "name: A\ntime_zone: America/Chicago\nsftp:\n  - user: drop\n"
TWO_ACCOUNTS = "name: A\nsftp:\n  - user: drop\n  - user: pull\n"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_a_workspace_gives_keys_to_a_shipped_partner(
    new_profiles: Callable[..., Any], key_lines: dict[str, str]
) -> None:
    shipped, workspace = new_profiles("shipped"), new_profiles("workspace", ourselves=None)
    shipped.write("acme/profile.yaml", ONE_ACCOUNT)
    workspace.write("acme/keys/laptop.pub", key_lines["ed25519"] + " ann@laptop\n")
    workspace.write("acme/keys/server.pub", f"# the night job\r\n\r\n{key_lines['ecdsa']}\r\n{key_lines['rsa']}\n")
    account = shipped.load(workspace).account("drop")
    assert [(key.algorithm, key.comment) for key in account.keys] == [
        ("ssh-ed25519", "ann@laptop"),
        ("ecdsa-sha2-nistp384", ""),
        ("ssh-rsa", ""),
    ]


def test_keys_may_be_read_before_the_profile_they_belong_to(
    new_profiles: Callable[..., Any], key_lines: dict[str, str]
) -> None:
    workspace, shipped = new_profiles("workspace", ourselves=None), new_profiles("shipped")
    shipped.write("acme/profile.yaml", ONE_ACCOUNT)
    workspace.write("acme/keys/laptop.pub", key_lines["ed25519"])
    assert len(workspace.load(shipped).account("drop").keys) == 1


def test_with_several_accounts_each_has_its_own_folder(profiles: Any, key_lines: dict[str, str]) -> None:
    profiles.write("acme/profile.yaml", TWO_ACCOUNTS)
    profiles.write("acme/keys/pull/a.pub", key_lines["ed25519"])
    registry = profiles.load()
    assert registry.account("drop").keys == ()
    assert len(registry.account("pull").keys) == 1


def test_the_days_of_a_key_are_days_in_the_partners_zone(profiles: Any, key_lines: dict[str, str]) -> None:
    profiles.write("acme/profile.yaml", ONE_ACCOUNT)
    profiles.write(
        "acme/keys/a.pub", f'not-before="2026-01-01",not-after="2026-06-30" {key_lines["ed25519"]} until summer'
    )
    [key] = profiles.load().account("drop").keys
    assert key.not_before == datetime(2026, 1, 1, 6, tzinfo=UTC)  # CST is UTC-6
    assert key.not_after == datetime(2026, 7, 1, 5, tzinfo=UTC)  # CDT is UTC-5
    assert key.comment == "until summer"


def test_a_rollover_is_two_keys_whose_days_overlap(profiles: Any, key_lines: dict[str, str]) -> None:
    profiles.write("acme/profile.yaml", "name: A\nsftp:\n  - user: drop\n")
    profiles.write(
        "acme/keys/a.pub",
        f'not-after="2026-05-31T00:00:00Z" {key_lines["ed25519"]}\nnot-before="2026-05-01" {key_lines["other"]}\n',
    )
    account = profiles.load().account("drop")
    old, new = account.keys
    days = [datetime(2026, 4, 30, 23, 59, 59, tzinfo=UTC), datetime(2026, 5, 15, tzinfo=UTC), NOON]
    assert [account.accepts_key(old.blob, at=day) for day in days] == [True, True, False]
    assert [account.accepts_key(new.blob, at=day) for day in days] == [False, True, True]
    assert not account.accepts_key(b"another", at=NOON)


@pytest.mark.parametrize(
    ("line", "place", "said"),
    [
        ("hello", "1:1", "not a line with a public key"),
        ("?", "1:1", "not a line with a public key"),
        ('command="rm" KEY', "1:1", 'option "command" is not kept here; want not-before and not-after'),
        ('not-afer="2026-01-01" KEY', "1:1", 'did you mean "not-after"?'),
        ('not-before="2026-01-01",from="10.0.0.1" KEY', "1:25", 'option "from" is not kept here'),
        ('not-after="2026-01-01",not-after="2026-02-01" KEY', "1:24", 'option "not-after" stands once'),
        ("not-after KEY", "1:1", 'option "not-after" stands once, as not-after="2026-12-31"'),
        ('\nnot-after="2026-13-01" KEY', "2:12", 'not_after is "2026-13-01"; want a day'),
        ("# note\n  KEY\n  WEAK", "3:3", "the rsa key has 1024 bits"),
        ("ssh-ed25519 AAAA", "1:1", "the key does not read"),
        ("ssh-dss AAAA", "1:1", 'keys of type "ssh-dss" are not accepted'),
        ("sk-ssh-ed25519@openssh.com AAAA", "1:1", "are not accepted"),
        ("# mine\n-----BEGIN OPENSSH PRIVATE KEY-----\nx", "2:1", "this is a private key: remove it"),
        ("-----BEGIN PUBLIC KEY-----\nx", "1:1", "want the key on one line"),
        ("KEY\nKEY", "2:1", "the account drop has this key already"),
    ],
)
def test_a_fault_in_a_key_file_names_its_place(
    profiles: Any, key_lines: dict[str, str], line: str, place: str, said: str
) -> None:
    profiles.write("acme/profile.yaml", ONE_ACCOUNT)
    profiles.write(
        "acme/keys/a.pub",
        line.replace("KEY", key_lines["ed25519"]).replace("WEAK", key_lines["weak"]) if "BEGIN" not in line else line,
    )
    [(found, message)] = profiles.faults()
    assert said in message
    assert found == f"p/acme/keys/a.pub:{place}"


def test_a_key_file_that_is_no_text_or_too_large_is_a_fault(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", ONE_ACCOUNT)
    profiles.write("acme/keys/a.pub", "").write_bytes(b"\xff\xfe\x00")
    profiles.write("acme/keys/b.pub", "#" * 70_000)
    (first, said), (second, also) = profiles.faults()
    assert (first, second) == ("p/acme/keys/a.pub:1:1", "p/acme/keys/b.pub:1:1")
    assert "not UTF-8 text" in said
    assert "at most 65536 are read" in also


def test_a_key_of_the_profile_again_in_a_file_is_a_fault(profiles: Any, key_lines: dict[str, str]) -> None:
    key = key_lines["ed25519"]
    profiles.write("acme/profile.yaml", f"name: A\nsftp:\n  - user: drop\n    keys:\n      - key: {key}\n")
    profiles.write("acme/keys/a.pub", key)
    [(place, message)] = profiles.faults()
    assert place == "p/acme/keys/a.pub:1:1"
    assert message.endswith(f"{profiles.root}/acme/profile.yaml:5:14")


def test_key_files_that_belong_to_nobody_are_faults(profiles: Any, key_lines: dict[str, str]) -> None:
    profiles.write("acme/profile.yaml", TWO_ACCOUNTS)
    profiles.write("acme/keys/a.pub", key_lines["ed25519"])
    profiles.write("acme/keys/dropp/a.pub", key_lines["ed25519"])
    profiles.write("acme/keys/drop/id_ed25519", "private?")
    profiles.write("amce/keys/a.pub", key_lines["ed25519"])
    assert profiles.faults() == [
        ("p/acme/keys/a.pub:1:1", "acme has 2 SFTP accounts; put the key into keys/USER/a.pub"),
        (
            "p/acme/keys/drop/id_ed25519:1:1",
            "not a public key file; want files named *.pub here, and nothing else",
        ),
        (
            "p/acme/keys/dropp:1:1",
            'keys for the account "dropp", which acme does not have; did you mean "drop"?',
        ),
        ("p/amce/keys:1:1", 'keys for amce, which has no profile in any root; did you mean "acme"?'),
    ]


def test_hidden_files_beside_keys_say_nothing(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", ONE_ACCOUNT)
    profiles.write("acme/keys/.gitkeep", "")
    profiles.write(".git/profile.yaml", "nonsense")
    assert profiles.load().account("drop").keys == ()


def test_the_fingerprint_is_what_ssh_keygen_prints(profiles: Any) -> None:
    # A fixed key and the fingerprint `ssh-keygen -l` gave for it.
    line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBx1IPausO8pfQxeWYemLjkzgidScgPM1dHMfvRXHywn"
    profiles.write("acme/profile.yaml", ONE_ACCOUNT)
    profiles.write("acme/keys/a.pub", line)
    [key] = profiles.load().account("drop").keys
    assert key.fingerprint == "SHA256:1hpIp4QYtUSYm9FvFYxIL4T2/e2bUGORyaU5zOc9OLk"
