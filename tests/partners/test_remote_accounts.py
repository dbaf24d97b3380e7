"""Partners' own servers as profiles say them, and the schedule of visits there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from partners.readiness import readiness
from partners.remotes import After, Breaker, Kind, RemoteAccount
from partners.schedule import Schedule, read_window

CHICAGO = ZoneInfo("America/Chicago")
USUAL = "name: hosted, host: sftp.example, user: us, key: k, host_keys: ['{key}'], fetch: [{{folder: /out}}]"


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHICAGO).astimezone(UTC)


def schedule(*windows: str, **terms: Any) -> Schedule:
    return Schedule("America/Chicago", windows=tuple(w for text in windows if (w := read_window(text))), **terms)


def write(profiles: Any, key: str, terms: str) -> None:
    profiles.write("acme/profile.yaml", f"name: Acme\nsftp_client: [{{{terms.format(key=key)}}}]\n")


def test_a_server_reads_as_it_is_written(profiles: Any, key_lines: dict[str, str]) -> None:
    profiles.write(
        "acme/profile.yaml",
        f"""\
        name: Acme
        time_zone: America/Chicago
        sftp_client:
          - name: acme-host
            host: sftp.acme.example
            port: 2222
            user: house
            key: acme-host
            password: acme-host-password
            host_keys:
              - {key_lines["ed25519"]}
              - {key_lines["rsa"]}
            fetch:
              - folder: /outbox
                names: ["*.edi"]
                held_names: ["*.writing"]
                after: move
                move_to: /outbox/done
                file_bytes: 1 MiB
              - {{folder: /test, after: keep, environment: test}}
            send: {{folder: /inbox}}
            at: ["06:00", "18:30"]
            windows: ["Mon-Fri 05:00-19:00"]
            stable_polls: 3
            breaker: {{failures: 2, pause: 1h}}
        """,
    )
    registry = profiles.load()
    found = registry.way("acme-host")
    assert isinstance(found, RemoteAccount)
    assert (found.host, found.port, found.login, found.key, found.password) == (
        "sftp.acme.example",
        2222,
        "house",
        "acme-host",
        "acme-host-password",
    )
    assert len(found.host_keys) == 2
    assert (found.channel, found.pushed, found.takes_files, found.carries) == ("sftp-client", True, True, {"acme"})
    outbox, test = found.fetch
    assert (outbox.names, outbox.held_names, outbox.after, outbox.move_to) == (
        ("*.edi",),
        ("*.writing",),
        After.MOVE,
        "/outbox/done",
    )
    assert (outbox.file_bytes, test.after, test.environment) == (1024**2, After.KEEP, Kind.TEST)
    assert found.breaker == Breaker(2, timedelta(hours=1))
    assert [f"{each:%H:%M}" for each in found.schedule.times] == ["06:00", "18:30"]
    assert registry.partners["acme"].revision


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ("name: h, host: s, user: u, key: k, fetch: [{{folder: /o}}]", 'an sftp_client needs the key "host_keys"'),
        (USUAL.replace("key: k, ", ""), "there is neither key nor password; name a secret to log in with"),
        (USUAL.partition(", fetch")[0], "there is nothing to do there; say fetch, send or both"),
        (USUAL + ", every: 5m, at: ['06:00']", "at and every exclude each other; keep one"),
        (USUAL + ", send: {{folder: /out}}", "what is sent to /out would be fetched again"),
        (USUAL.replace("/out}}", "/out}}, {{folder: /out}}"), "a folder stands twice in fetch"),
        (USUAL.replace("/out}}", "out}}"), 'folder is "out"; want an absolute path, as /outbox'),
        (USUAL.replace("/out}}", "/out, after: move}}"), "after: move and move_to belong together"),
        (USUAL.replace("/out}}", "/out, move_to: /done}}"), "after: move and move_to belong together"),
        (USUAL.replace("/out}}", "/out, after: move, move_to: /out}}"), "move_to is the folder itself"),
        (USUAL + ", windows: ['Mo 06:00-07:00']", 'windows has "Mo 06:00-07:00"; want days and times'),
        (USUAL + ", at: ['6:00']", 'an item of at is "6:00"; want a time of day, as 06:30'),
        (
            USUAL.replace("['{key}']", "['{key}', '{key}', '{key}']"),
            "want one host key, or two while one replaces the other",
        ),
        (USUAL.replace("['{key}']", "[]"), "want one host key, or two while one replaces the other"),
        (USUAL.replace("'{key}'", "'ssh-ed25519 AAAA'"), "the key does not read"),
        (USUAL + ", carries: []", "carries names no partner; leave it out for this partner alone"),
        (USUAL + ", breaker: {{failure: 3}}", 'breaker has no key "failure"; did you mean "failures"?'),
    ],
)
def test_mistakes_in_a_server_are_named(profiles: Any, key_lines: dict[str, str], terms: str, said: str) -> None:
    write(profiles, key_lines["ed25519"], terms)
    assert profiles.faults()[0][1].startswith(said)


def test_the_name_of_a_server_is_no_other_accounts(profiles: Any, key_lines: dict[str, str]) -> None:
    profiles.write("globex/profile.yaml", "name: Globex\nsftp: [{user: hosted}]\n")
    write(profiles, key_lines["ed25519"], USUAL)
    [(_, message)] = profiles.faults()
    assert message.startswith("the account hosted stands twice")


def test_the_revision_changes_with_the_pinned_keys(profiles: Any, key_lines: dict[str, str]) -> None:
    revisions = set()
    for name in ("ed25519", "other"):
        write(profiles, key_lines[name], USUAL)
        revisions.add(profiles.load().partners["acme"].revision)
    assert len(revisions) == 2


@pytest.mark.parametrize(
    ("text", "open_at", "closed_at"),
    [
        ("Mon-Fri 06:00-22:00", ["2026-01-05 06:00", "2026-01-09 21:59"], ["2026-01-05 05:59", "2026-01-10 12:00"]),
        ("Sat 08:00-12:00", ["2026-01-10 08:00"], ["2026-01-10 12:00", "2026-01-11 09:00"]),
        ("22:00-02:00", ["2026-01-05 22:00", "2026-01-06 01:59"], ["2026-01-06 02:00", "2026-01-06 21:59"]),
        ("Fri 22:00-02:00", ["2026-01-10 01:00"], ["2026-01-09 01:00", "2026-01-11 01:00"]),
        ("Sat-Mon 00:00-24:00", ["2026-01-10 00:00", "2026-01-12 23:59"], ["2026-01-13 00:00", "2026-01-09 23:59"]),
    ],
)
def test_a_window_is_open_at_its_local_times(text: str, open_at: list[str], closed_at: list[str]) -> None:
    found = schedule(text)
    assert [found.is_open(local(moment)) for moment in open_at] == [True] * len(open_at)
    assert [found.is_open(local(moment)) for moment in closed_at] == [False] * len(closed_at)


@pytest.mark.parametrize("text", ["", "Mon", "Mon 6:00-7:00", "06:00-06:00", "06:00-24:01", "Mon-Fri", "06:00-25:00"])
def test_what_is_no_window_is_none(text: str) -> None:
    assert read_window(text) is None


def test_without_windows_any_time_is_good_and_the_next_visit_is_the_span_away() -> None:
    at = local("2026-01-05 03:00")
    assert Schedule("America/Chicago").is_open(at)
    assert Schedule("America/Chicago", every=timedelta(minutes=7)).following(at) == at + timedelta(minutes=7)


def test_a_visit_that_would_fall_outside_waits_for_the_next_window() -> None:
    found = schedule("Mon-Fri 06:00-07:00", every=timedelta(minutes=50))
    assert found.following(local("2026-01-09 06:30")) == local("2026-01-12 06:00")
    assert found.opens(local("2026-01-10 12:00")) == local("2026-01-12 06:00")


@pytest.mark.parametrize(
    ("at", "following"),
    [
        ("2026-03-07 06:00", "2026-03-08 06:00"),  # clocks go forward on the 8th at 02:00
        ("2026-10-31 06:00", "2026-11-01 06:00"),  # and back on 1 November
    ],
)
def test_a_time_of_day_stays_that_time_when_the_clocks_change(at: str, following: str) -> None:
    found = Schedule("America/Chicago", times=(datetime(2026, 1, 1, 6, 0).time(),))  # noqa: DTZ001 a time of day
    assert found.following(local(at)) == local(following)


def test_of_several_times_the_next_one_is_taken() -> None:
    times = tuple(datetime(2026, 1, 1, hour).time() for hour in (18, 6))  # noqa: DTZ001 times of day
    found = Schedule("America/Chicago", times=times)
    assert found.following(local("2026-01-05 05:59")) == local("2026-01-05 06:00")
    assert found.following(local("2026-01-05 06:00")) == local("2026-01-05 18:00")
    assert found.following(local("2026-01-05 18:00")) == local("2026-01-06 06:00")


def test_readiness_tells_what_is_done_at_the_partners_server(profiles: Any, key_lines: dict[str, str]) -> None:
    write(profiles, key_lines["ed25519"], USUAL + ", send: {{folder: /in}}")
    registry = profiles.load()
    checks = readiness(
        registry.partners["acme"],
        ourselves=list(registry.ourselves.values()),
        carriers=[],
        maps=[],
        destinations=[],
        at=datetime(2026, 1, 5, tzinfo=UTC),
    )
    [told] = [check for check in checks if check.name == "sftp_client hosted"]
    assert told.found == "sftp.example port 22: fetch from /out, send to /in"
    assert not [check for check in checks if check.name == "sftp"]
