"""Dated revisions of profiles: `profile.from-2026-04-01.yaml` takes the place of `profile.yaml` from that day on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from partners.profile import ProfileRead

PROFILE = "profile.yaml"
_DATED = re.compile(r"profile\.from-([0-9]{4}-[0-9]{2}-[0-9]{2})\.yaml")


@dataclass(frozen=True, slots=True)
class DatedProfile:
    """One revision of a partner's profile; `first_day` None: it holds until another does.

    Args:
        active_from: the first moment of its day in its own time zone, UTC; None likewise.
    """

    read: ProfileRead
    first_day: date | None = None

    @property
    def active_from(self) -> datetime | None:
        """When it takes the place of the one before it, UTC; None for the first."""
        if self.first_day is None:
            return None
        zone = ZoneInfo(self.read.partner.time_zone)
        return datetime.combine(self.first_day, time.min, tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Stage:
    """What profiles say from a moment on (None: from the first), by partner."""

    active_from: datetime | None
    profiles: Mapping[str, DatedProfile]


def first_day_of(name: str) -> date | None:
    """The first day of the revision that a file of this name holds; None where it is the undated one.

    Raises:
        ValueError: it is called like no profile.
    """
    if name == PROFILE:
        return None
    match = _DATED.fullmatch(name)
    if match is None:
        raise ValueError(name)
    return date.fromisoformat(match[1])


def stages_of(revisions: Mapping[str, Iterable[DatedProfile]], *, at: datetime | None) -> list[Stage]:
    """What holds at a moment, and what will, in the order of time.

    Args:
        revisions: of each partner.
        at: now, aware; None for before every day there is.
    """
    moments = {one.active_from for several in revisions.values() for one in several}
    coming = sorted(moment for moment in moments if moment is not None and (at is None or moment > at))
    return [Stage(moment, _at(revisions, moment or at)) for moment in (None, *coming)]


def _at(revisions: Mapping[str, Iterable[DatedProfile]], moment: datetime | None) -> dict[str, DatedProfile]:
    """Of each partner the newest revision that holds at a moment; none of one that begins later."""
    found = {}
    for key, several in revisions.items():
        begun = [one for one in several if one.active_from is None or (moment and one.active_from <= moment)]
        if begun:
            found[key] = max(begun, key=lambda one: (one.first_day is not None, one.first_day or date.min))
    return found
