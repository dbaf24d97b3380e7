"""Moments: days and times of day in a time zone, both ways; the zone a name of the tz database or an offset."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from mappings.kinds import Unreadable

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")


@lru_cache(maxsize=512)
def zone_named(name: str) -> tzinfo | None:
    """A time zone by its name (`America/Chicago`, `UTC`, `+01:00`); None where there is none."""
    if name in ("UTC", "Z"):
        return UTC
    found = _OFFSET.fullmatch(name)
    if found is not None:
        hours, minutes = int(found[2]), int(found[3])
        if hours > 14 or minutes > 59:
            return None
        offset = timedelta(hours=hours, minutes=minutes)
        return timezone(offset if found[1] == "+" else -offset)
    if re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}", name) is None:
        return None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return None


def moment(day: date, at: time, zone: str) -> datetime | Unreadable:
    """The moment of a day and a time of day in a zone; of an hour that there is twice, the first.

    A time that a zone leaves out when clocks go forward is none.
    """
    found = zone_named(zone)
    if found is None:
        return Unreadable("map.zone.unknown", "a time zone, as America/Chicago or +01:00", zone)
    local = datetime.combine(day, at, found)
    if local.astimezone(UTC).astimezone(found).replace(tzinfo=None) != local.replace(tzinfo=None):
        told = local.replace(tzinfo=None).isoformat()
        return Unreadable("map.time.unreadable", f"a time there is in {zone}; clocks were put forward", told)
    return local


def day_in(at: datetime, zone: str) -> date | Unreadable:
    """The day of a moment in a zone."""
    found = zone_named(zone)
    if found is None:
        return Unreadable("map.zone.unknown", "a time zone, as America/Chicago or +01:00", zone)
    return at.astimezone(found).date()


def time_in(at: datetime, zone: str) -> time | Unreadable:
    """The time of day of a moment in a zone."""
    found = zone_named(zone)
    if found is None:
        return Unreadable("map.zone.unknown", "a time zone, as America/Chicago or +01:00", zone)
    return at.astimezone(found).time()


def today(zone: str, now: datetime | None) -> date | Unreadable:
    """The day it is in a zone; without a clock (`now`) that is not known."""
    if now is None:
        return Unreadable("map.clock.missing", "the time it is, which whoever runs the map knows", zone)
    return day_in(now, zone)
