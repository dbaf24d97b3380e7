"""When a file counts and when it leaves /out, as profiles say it; keys of another way are faults."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from partners.logins import Outbox, Pickup, Removal


def account(profiles: Any, terms: str) -> Any:
    profiles.write("acme/profile.yaml", f"name: Acme\nsftp: [{{user: acme, {terms}}}]\n")
    return profiles.load().account("acme")


def test_ways_of_picking_up_read_as_they_are_written(profiles: Any) -> None:
    flags = account(profiles, "pickup: flag, flag_endings: [.ready, .OK], held_names: ['*.x']")
    assert (flags.pickup, flags.flag_endings, flags.held_names) == (Pickup.FLAG, (".ready", ".OK"), ("*.x",))
    quiet = account(profiles, "pickup: quiet, quiet_time: 2m")
    assert (quiet.pickup, quiet.quiet_time) == (Pickup.QUIET, timedelta(minutes=2))
    usual = account(profiles, "pickup: close")
    assert (usual.flag_endings, usual.quiet_time, usual.out) == (
        (".done", ".ok", ".fin"),
        timedelta(minutes=1),
        Outbox(),
    )


def test_the_outbox_reads_as_it_is_written(profiles: Any) -> None:
    assert account(profiles, "out: {remove: after_download, days: 30}").out == Outbox(Removal.AFTER_DOWNLOAD, 30)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ("held_names: ['*.x']", "held_names is for pickup: rename or flag or quiet; here it is close"),
        ("pickup: rename, flag_endings: [.x]", "flag_endings is for pickup: flag; here it is rename"),
        ("pickup: flag, quiet_time: 1m", "quiet_time is for pickup: quiet; here it is flag"),
        ("pickup: flag, flag_endings: [done]", 'an item of flag_endings is "done"; want the ending of a flag file'),
        ("pickup: rename, held_names: [in/*]", 'an item of held_names is "in/*"; want a pattern of file names'),
        ("pickup: quit", 'pickup is "quit"; want close or rename or flag or quiet; did you mean "quiet"?'),
        ("out: {remove: never}", 'remove is "never"; want on_delete or after_download'),
        ("out: {days: 0}", 'days is "0"; want a whole number from 1 to 3660'),
        ("out: {day: 1}", 'out has no key "day"; did you mean "days"?'),
    ],
)
def test_mistakes_in_them_are_named(profiles: Any, terms: str, said: str) -> None:
    profiles.write("acme/profile.yaml", f"name: Acme\nsftp: [{{user: acme, {terms}}}]\n")
    [(_, message)] = profiles.faults()
    assert message.startswith(said)
