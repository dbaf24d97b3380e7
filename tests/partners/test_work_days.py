"""How long a partner has counts on its work days, in its zone, also over a change of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from partners.profile import read_profile
from partners.work_days import EVERY_DAY, WorkDays
from translators.datafile import LoadFault, Mapping, read_datafile

FRIDAY_NOON = datetime(2026, 3, 6, 18, tzinfo=UTC)  # in Chicago, which is 6 hours behind until 8 March
WEEK = frozenset(range(5))


def read(text: str) -> tuple[WorkDays, list[str]]:
    faults: list[LoadFault] = []
    top = read_datafile(f"name: A\ntime_zone: America/Chicago\n{text}".encode(), file="profile.yaml")
    assert isinstance(top, Mapping)
    return read_profile(top, key="acme", faults=faults).partner.work_days, [fault.message for fault in faults]


def test_every_day_counts_unless_agreed_otherwise() -> None:
    found, faults = read("")
    assert (found, faults) == (WorkDays("America/Chicago", EVERY_DAY), [])
    assert found.after(FRIDAY_NOON, timedelta(hours=24)) == FRIDAY_NOON + timedelta(hours=24)


def test_a_profile_names_the_days_of_the_week_and_holidays() -> None:
    found, faults = read("work_days: {days: Mon-Fri, holidays: [2026-12-25]}\n")
    assert (found, faults) == (WorkDays("America/Chicago", WEEK, frozenset({date(2026, 12, 25)})), [])
    assert read("work_days: {days: Sat-Mon}\n")[0].days == {5, 6, 0}
    assert read("work_days: {days: Wed}\n")[0].days == {2}


@pytest.mark.parametrize(
    ("span", "due"),
    [
        (timedelta(hours=12), datetime(2026, 3, 7, 6, tzinfo=UTC)),  # the end of Friday
        (timedelta(hours=13), datetime(2026, 3, 9, 6, tzinfo=UTC)),  # Monday 01:00, with the clocks put forward
        (timedelta(days=1), datetime(2026, 3, 9, 17, tzinfo=UTC)),  # Monday noon
        (timedelta(days=6), datetime(2026, 3, 16, 17, tzinfo=UTC)),
    ],
)
def test_a_weekend_does_not_count(span: timedelta, due: datetime) -> None:
    assert WorkDays("America/Chicago", WEEK).after(FRIDAY_NOON, span) == due


def test_a_holiday_does_not_count_and_a_day_off_begins_the_next_one() -> None:
    days = WorkDays("America/Chicago", WEEK, frozenset({date(2026, 3, 9)}))
    assert days.after(FRIDAY_NOON, timedelta(days=1)) == datetime(2026, 3, 10, 17, tzinfo=UTC)
    saturday = FRIDAY_NOON + timedelta(days=1)
    assert days.after(saturday, timedelta(hours=1)) == datetime(2026, 3, 10, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{days: Monday}", 'days is "Monday"; want days of the week, as Mon-Fri or Sat'),
        ("{holidays: [25.12.2026]}", 'an item of holidays is "25.12.2026"; want a day, as 2026-12-25'),
        ("{holidays: [2026-02-30]}", 'a holiday is "2026-02-30"; there is no such day'),
        ("{hours: 9-17}", 'work_days has no key "hours"'),
    ],
)
def test_mistakes_of_work_days_are_told(text: str, told: str) -> None:
    _, faults = read(f"work_days: {text}\n")
    assert len(faults) == 1
    assert told in faults[0]
