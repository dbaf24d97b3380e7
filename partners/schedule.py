"""When something is done: every so often or at times of day, within windows, all in a partner's time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WINDOW = re.compile(
    r"(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:-(Mon|Tue|Wed|Thu|Fri|Sat|Sun))? )?"
    r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])"
)
_FARTHEST = 8
"""Days looked ahead: a week, and one for a change of clocks."""


@dataclass(frozen=True, slots=True)
class Window:
    """Days of the week (Monday is 0), and from when until when on each; until a time before its beginning: overnight.

    Args:
        days: on which it begins.
        start: local time.
        minutes: how long it lasts.
    """

    days: frozenset[int]
    start: time
    minutes: int

    def on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
        """Its moments on a day, UTC; None where it does not begin on that day."""
        if day.weekday() not in self.days:
            return None
        begins = datetime.combine(day, self.start)
        ends = begins + timedelta(minutes=self.minutes)
        return begins.replace(tzinfo=zone).astimezone(UTC), ends.replace(tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a partner's server is visited.

    Args:
        zone: IANA name of the partner's time zone.
        every: from one visit to the next, where there are no times.
        times: local times of day; instead of `every`.
        windows: outside of them there is no visit; none for any time.
    """

    zone: str = "UTC"
    every: timedelta = timedelta(minutes=5)
    times: tuple[time, ...] = ()
    windows: tuple[Window, ...] = ()

    def is_open(self, at: datetime) -> bool:
        """Whether the aware moment `at` lies in a window."""
        if not self.windows:
            return True
        return any(begins <= at < ends for begins, ends in self._openings(at))

    def opens(self, at: datetime) -> datetime:
        """`at`, or the beginning of the next window after it."""
        if self.is_open(at):
            return at
        return min(begins for begins, _ in self._openings(at) if begins > at)

    def following(self, at: datetime) -> datetime:
        """The next visit after one at the aware moment `at`."""
        if not self.times:
            return self.opens(at + self.every)
        zone = ZoneInfo(self.zone)
        today = at.astimezone(zone).date()
        days = (today + timedelta(days=ahead) for ahead in range(_FARTHEST + 1))
        moments = sorted(
            datetime.combine(day, each, tzinfo=zone).astimezone(UTC) for day in days for each in self.times
        )
        after = [moment for moment in moments if moment > at]
        return next((moment for moment in after if self.is_open(moment)), self.opens(after[0]))

    def _openings(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        zone = ZoneInfo(self.zone)
        today = at.astimezone(zone).date()
        for ahead in range(-1, _FARTHEST + 1):
            for window in self.windows:
                found = window.on(today + timedelta(days=ahead), zone)
                if found is not None:
                    yield found


def read_window(text: str) -> Window | None:
    """A window, as `Mon-Fri 06:00-22:00`, `Sat 08:00-12:00` or, every day and overnight, `22:00-02:00`; or None."""
    match = _WINDOW.fullmatch(text)
    if match is None:
        return None
    first, last, start_hour, start_minute, end_hour, end_minute = match.groups()
    start, end = int(start_hour) * 60 + int(start_minute), int(end_hour) * 60 + int(end_minute)
    if start == end or end > 24 * 60:
        return None
    days = range(7) if first is None else days_between(DAYS.index(first), DAYS.index(last or first))
    lasts = end - start if end > start else end - start + 24 * 60
    return Window(frozenset(days), time(start // 60, start % 60), lasts)


def days_between(first: int, last: int) -> list[int]:
    """The days from one to another (Monday is 0), as Monday to Friday, or Saturday to Monday over the week's end."""
    return [(first + ahead) % 7 for ahead in range((last - first) % 7 + 1)]
