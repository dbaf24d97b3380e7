"""Folder accounts of a profile, and every mistake in them at its place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any


def test_an_account_has_all_it_may_say(profiles: Any) -> None:
    profiles.write(
        "acme/profile.yaml",
        """\
        name: Acme
        folders:
          - {user: van, in: van/in, out: /srv/out, stable: 1m, held_names: ["*.x"], keep: false, test: true}
          - {user: drop, in: drop}
        """,
    )
    registry = profiles.load()
    van, drop = registry.folders()
    assert (van.inbox, van.outbox, van.stable) == (Path("van/in"), Path("/srv/out"), timedelta(minutes=1))
    assert (van.held_names, van.keep, van.test, van.channel, van.pushed) == (("*.x",), False, True, "folder", True)
    assert (drop.outbox, drop.pushed, drop.keep, drop.test, drop.carries) == (None, False, True, False, {"acme"})
    assert ".*" in drop.held_names
    assert registry.way("van") == van


def test_an_inactive_partners_folders_are_not_watched(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", "name: Acme\nstatus: inactive\nfolders:\n  - {user: van, in: van}\n")
    assert profiles.load().folders() == []


def test_a_folder_belongs_to_one_account(profiles: Any) -> None:
    profiles.write("acme/profile.yaml", "name: Acme\nfolders:\n  - {user: a, in: shared}\n")
    profiles.write("globex/profile.yaml", "name: Globex\nfolders:\n  - {user: b, in: mine, out: shared}\n")
    [(place, message)] = profiles.faults()
    assert place == "p/globex/profile.yaml:3:12"
    assert message.startswith("the folder shared is also one of a (")


def test_every_mistake_is_told(profiles: Any) -> None:
    profiles.write(
        "acme/profile.yaml",
        """\
        name: Acme
        folders:
          - {user: A, in: x, stable: soon, held_names: ["a/b"], keep: perhaps, carries: []}
          - {user: b}
          - {user: c, in: same, out: same}
        """,
    )
    assert sorted(message.split(";")[0] for _, message in profiles.faults()) == sorted(
        [
            'user is "A"',
            'stable is "soon"',
            'an item of held_names is "a/b"',
            'keep is "perhaps"',
            "carries names no partner",
            "a folder account needs in, out, or both",
            "in and out are one folder: what we put there would come back",
        ]
    )
