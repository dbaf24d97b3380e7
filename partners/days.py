"""From when until when something is good: days in the partner's zone, or moments."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from translators.datafile import LoadFault, Scalar
from translators.errors import shown

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Span = tuple[datetime | None, datetime | None]
"""The first moment something is good, and the first it is good no more, UTC; None for no end on that side."""


def read_span(
    not_before: Scalar | None, not_after: Scalar | None, *, of: str, zone: ZoneInfo, faults: list[LoadFault]
) -> Span:
    """The span that `not_before` and `not_after` name.

    Args:
        not_before: first day (or moment) it is good.
        not_after: last day it is good, or the moment it ends.
        of: what, for messages: "key".
        zone: where its days begin and end.
        faults: where mistakes are added.
    """
    start = None if not_before is None else _moment(not_before, "not_before", zone=zone, last=False, faults=faults)
    end = None if not_after is None else _moment(not_after, "not_after", zone=zone, last=True, faults=faults)
    if start is not None and end is not None and not_after is not None and end <= start:
        faults.append(LoadFault(not_after.place, f"not_after lies before not_before; the {of} would never be good"))
    return start, end


def _moment(found: Scalar, name: str, *, zone: ZoneInfo, last: bool, faults: list[LoadFault]) -> datetime | None:
    """The instant a date (its first moment, or with `last` the first after it) or an instant with zone names."""
    try:
        if _DATE.fullmatch(found.text):
            day = date.fromisoformat(found.text) + timedelta(days=1 if last else 0)
            moment = datetime.combine(day, time.min, tzinfo=zone)
        else:
            moment = datetime.fromisoformat(found.text)
        if moment.tzinfo is None:
            raise ValueError("no zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        wanted = "want a day as 2026-12-31 or a moment as 2026-12-31T18:00:00Z"
        faults.append(LoadFault(found.place, f'{name} is "{shown(found.text)}"; {wanted}'))
        return None
