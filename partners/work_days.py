"""The days on which a partner works: how long it has for an answer counts on these alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from partners.fields import Fields, form
from partners.schedule import DAYS, days_between
from translators.datafile import LoadFault
from translators.errors import shown

EVERY_DAY = frozenset(range(7))
WORK_DAYS_KEYS = ("days", "holidays")
"""What the `work_days` of a profile may say."""

_DAY = "|".join(DAYS)
_RANGE = form(rf"(?:{_DAY})(?:-(?:{_DAY}))?", "days of the week, as Mon-Fri or Sat")
_DATE = form(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "a day, as 2026-12-25")


@dataclass(frozen=True, slots=True)
class WorkDays:
    """Days on which somebody is there, in the partner's zone.

    Args:
        zone: IANA name.
        days: of the week, Monday is 0.
        holidays: days off beside.
    """

    zone: str = "UTC"
    days: frozenset[int] = EVERY_DAY
    holidays: frozenset[date] = frozenset()

    def works_on(self, day: date) -> bool:
        """Whether it is one of them."""
        return day.weekday() in self.days and day not in self.holidays

    def after(self, at: datetime, span: timedelta) -> datetime:
        """The moment, UTC, when so much time of work days has passed since an (aware) moment."""
        if self.days == EVERY_DAY and not self.holidays:
            return at + span
        zone = ZoneInfo(self.zone)
        moment, left = at.astimezone(UTC), span
        while True:
            today = moment.astimezone(zone).date()
            midnight = datetime.combine(today + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC)
            if self.works_on(today):
                if left <= midnight - moment:
                    return moment + left
                left -= midnight - moment
            moment = midnight


def read_work_days(outer: Fields, *, zone: str) -> WorkDays:
    """Read `work_days`; every day where it is left out."""
    found = outer.mapping("work_days")
    if found is None:
        return WorkDays(zone)
    fields = Fields(found, of="work_days", known=WORK_DAYS_KEYS, faults=outer.faults)
    days = EVERY_DAY
    told = fields.scalar("days", _RANGE)
    if told is not None:
        first, _, last = told.text.partition("-")
        days = frozenset(days_between(DAYS.index(first), DAYS.index(last or first)))
    holidays = set()
    for one in fields.scalars("holidays", _DATE):
        try:
            holidays.add(date.fromisoformat(one.text))
        except ValueError:
            fields.faults.append(LoadFault(one.place, f'a holiday is "{shown(one.text)}"; there is no such day'))
    return WorkDays(zone, days, frozenset(holidays))
