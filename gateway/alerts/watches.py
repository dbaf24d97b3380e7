"""Watches: what nobody reports is looked for, and is an exception as long as it lasts.

A destination that fails for long, a lane that is not worked, a partner who fell silent, gaps in control numbers,
dropped files that never count, a disk that fills up.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

from gateway.alert_settings import AlertSettings
from gateway.model import FileState
from gateway.ports import Clock
from gateway.store import destinations, gaps, mailbox, matters, work
from gateway.store.engine import Store
from gateway.store.gaps import Finding, Oddity
from gateway.store.matters import Matter
from translators.errors import shown

DESTINATION_DOWN = "destination.down"
LANE_STALLED = "lane.stalled"
PARTNER_SILENT = "partner.silent"
NUMBERS_MISSING = "control_numbers.missing"
DISK_LOW = "disk.low"
FILES_WAITING = "mailbox.waiting"

DROP_FOLDERS = ("in", "test")

GAP_PATIENCE = timedelta(minutes=15)
"""Files overtake one another: so long numbers that were left out may come late."""
RUNS_SHOWN = 5
_MISSING = {
    FileState.HELD: "its rename or its flag file is missing",
    FileState.PARTIAL: "its connection broke, and it was not sent again",
}
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Watches:
    """Looks at one gateway; each method looks once. Lanes are remembered from look to look.

    Args:
        settings: what is too long, and too little.
        destinations: of the settings; others that are still known to be down are gone.
        by_kind: partners that count their GS06 for each GS01 apart.
        free: the share of this node's disk that is free, from 0 to 1.
        node: this node's name for people; the same after a restart.
    """

    store: Store
    clock: Clock
    settings: AlertSettings
    destinations: Collection[str]
    by_kind: Collection[str]
    free: Callable[[], float]
    node: str = field(default_factory=socket.gethostname)
    _heads: dict[str, tuple[UUID, datetime]] = field(default_factory=dict)

    def look_at_destinations(self) -> None:
        """Tell of destinations that have failed for too long.

        Raises:
            StoreUnavailable: the database is gone; so with every look.
        """
        now = self.clock.now()
        with self.store.begin() as conn:
            found = [
                Matter(
                    (trouble.destination,),
                    f"{trouble.destination} has not taken anything since {_moment(trouble.since)},"
                    f" {trouble.failures} failures: {trouble.reason}",
                    trouble.since,
                )
                for trouble in destinations.in_trouble(conn)
                if trouble.destination in self.destinations and now - trouble.since >= self.settings.paused_after
            ]
            matters.settle(conn, DESTINATION_DOWN, found, at=now)

    def look_at_lanes(self) -> None:
        """Tell of lanes whose next row is due and has not been begun for too long."""
        now = self.clock.now()
        found, waiting = [], []
        with self.store.begin() as conn:
            heads = {lane: work.first_due(conn, lane, now=now) for lane in work.due_lanes(conn, now)}
            for lane in set(self._heads) - set(heads):
                del self._heads[lane]
            for lane, head in heads.items():
                if head is None:
                    continue
                before, since = self._heads.get(lane, (head, now))
                if before != head:
                    since = now
                elif now - since >= self.settings.stalled_after:
                    found.append(Matter((lane,), f"nothing in lane {lane} was begun since {_moment(since)}", since))
                else:  # of a lane that is seen for the first time nobody knows whether it moves
                    waiting.append((lane,))
                self._heads[lane] = head, since
            matters.settle(conn, LANE_STALLED, found, at=now, still=waiting)

    def look_at_partners(self) -> None:
        """Tell of partners who sent before, and have not for too long."""
        now = self.clock.now()
        found = []
        with self.store.begin() as conn:
            for partner, patience in self.settings.silent.items():
                last = matters.last_received(conn, partner)
                if last is not None and now - last >= patience:
                    reason = f"nothing from {partner} since {_moment(last)}"
                    found.append(Matter((partner,), reason, last))
            matters.settle(conn, PARTNER_SILENT, found, at=now)

    def look_at_numbers(self) -> None:
        """Tell of control numbers that are missing, one matter for each count of a partner."""
        now = self.clock.now()
        with self.store.begin() as conn:
            missing = [
                one
                for partner in self.settings.gaps
                for one in gaps.findings(conn, partner=partner, by_kind=self.by_kind)
                if one.oddity in (Oddity.GAP, Oddity.MISSING) and (one.at is None or now - one.at >= GAP_PATIENCE)
            ]
            matters.settle(conn, NUMBERS_MISSING, list(_counts(missing)), at=now)

    def look_at_mailboxes(self) -> None:
        """Tell of files that partners dropped and that do not count: a rename, a flag or their rest never came."""
        now, patience = self.clock.now(), self.settings.waiting_after
        with self.store.begin() as conn:
            found = [
                Matter(
                    (one.account, one.folder),
                    f"{one.files} file(s) in /{one.folder} of {one.account} do not count; the oldest,"
                    f" {shown(one.name)}, since {_moment(one.since)}: {_MISSING[one.state]}",
                    one.newest_at + patience,
                )
                for one in mailbox.uncounted(conn, folders=DROP_FOLDERS, until=now - patience)
            ]
            matters.settle(conn, FILES_WAITING, found, at=now)

    def look_at_disk(self) -> None:
        """Tell that this node's disk fills up; each node tells of its own."""
        now, percent = self.clock.now(), self.free() * 100
        with self.store.begin() as conn:
            if percent < self.settings.disk_below:
                reason = f"{percent:.1f} % of the disk of {self.node} is free; want {self.settings.disk_below} %"
                matters.begin(conn, DISK_LOW, Matter((self.node,), reason), at=now)
            else:
                matters.end(conn, DISK_LOW, (self.node,), at=now)


def _counts(missing: list[Finding]) -> Iterator[Matter]:
    def count_of(one: Finding) -> tuple[str, ...]:
        return (one.partner, one.direction, one.kind, one.environment, one.sender, one.receiver)

    for about, findings in groupby(sorted(missing, key=count_of), key=count_of):
        runs = list(findings)
        partner, direction, kind, *_ = about
        which = ", ".join(f"{one.first}-{one.last}" if one.count > 1 else f"{one.first}" for one in runs[:RUNS_SHOWN])
        more = f" and {len(runs) - RUNS_SHOWN} more" if len(runs) > RUNS_SHOWN else ""
        whose = f"from {partner}" if direction == "in" else f"to {partner}"
        reason = f"{kind} {whose}: {which}{more} missing"
        newest = max((one.at for one in runs if one.at is not None), default=_EVER)
        yield Matter(about, reason, newest + GAP_PATIENCE)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
