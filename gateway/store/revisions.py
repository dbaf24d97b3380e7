"""Revisions: what a map or a partner's profile said when it was in force, by the hash that documents carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as insert_or_keep

from gateway.errors import UnknownRevision
from gateway.ports import new_id
from gateway.store import audit
from gateway.store.rows import insert_rows
from gateway.store.tables import map_decision, map_revision, partner_revision


@dataclass(frozen=True, slots=True, order=True)
class KeptMap:
    """A revision of a map as it is kept: its resolved form, and its files (map name -> text), both as JSON."""

    resolved: str
    sources: str


@dataclass(frozen=True, slots=True)
class MapDecision:
    """Which revision of a map is in force from a moment on; None: the map is retired."""

    map_name: str
    revision: str | None
    active_from: datetime
    decided_at: datetime
    decided_by: str


def keep_revisions(
    conn: Connection, *, maps: Mapping[tuple[str, str], KeptMap], partners: Mapping[tuple[str, str], str], at: datetime
) -> None:
    """Remember what there is now; what was seen before keeps its first moment.

    Args:
        maps: (name, revision) -> the map.
        partners: (key, revision) -> what the profile says, those to come among them; see `profiles_kept`.
        at: the moment, aware.
    """
    if maps:
        adding = insert_or_keep(map_revision)
        conn.execute(
            adding.on_conflict_do_update(
                index_elements=[map_revision.c.map_name, map_revision.c.revision],
                set_={"sources": adding.excluded.sources},
                where=map_revision.c.sources.is_(None),
            ),
            [
                {
                    "map_name": name,
                    "revision": revision,
                    "resolved": kept.resolved,
                    "sources": kept.sources,
                    "seen_at": at,
                }
                for (name, revision), kept in sorted(maps.items())
            ],
        )
    if partners:
        adding = insert_or_keep(partner_revision)
        conn.execute(
            adding.on_conflict_do_update(
                index_elements=[partner_revision.c.partner, partner_revision.c.revision],
                set_={"resolved": adding.excluded.resolved},
                where=partner_revision.c.resolved.is_(None),
            ),
            [
                {"partner": key, "revision": revision, "resolved": said, "seen_at": at}
                for (key, revision), said in sorted(partners.items())
            ],
        )


def profiles_kept(conn: Connection) -> set[tuple[str, str]]:
    """Key and revision of the profiles that are kept with what they say."""
    columns = partner_revision.c
    rows = conn.execute(select(columns.partner, columns.revision).where(columns.resolved.is_not(None)))
    return {(row.partner, row.revision) for row in rows}


def decide(conn: Connection, decision: MapDecision) -> None:
    """Write down a decision; the decisions before it stay.

    Raises:
        UnknownRevision: the map has no such revision that can be made again.
    """
    if decision.revision is not None and map_sources(conn, decision.map_name, decision.revision) is None:
        told = f"{decision.map_name} has no revision {decision.revision[:12]} that was kept with its files"
        raise UnknownRevision(told)
    insert_rows(
        conn,
        map_decision,
        [
            {
                "id": new_id(),
                "map_name": decision.map_name,
                "revision": decision.revision,
                "active_from": decision.active_from,
                "decided_at": decision.decided_at,
                "decided_by": decision.decided_by,
            }
        ],
    )
    audit.record(
        conn,
        at=decision.decided_at,
        actor=decision.decided_by,
        action="map.retired" if decision.revision is None else "map.activated",
        subject="map",
        subject_id=decision.map_name,
        detail={"revision": decision.revision, "active_from": decision.active_from.isoformat()},
    )


def map_decisions(conn: Connection, map_name: str | None = None) -> list[MapDecision]:
    """All decisions (of one map), in the order they take effect; of two for one moment the later one is last."""
    columns = map_decision.c
    wanted = select(
        columns.map_name, columns.revision, columns.active_from, columns.decided_at, columns.decided_by
    ).order_by(columns.active_from, columns.decided_at, columns.id)
    if map_name is not None:
        wanted = wanted.where(columns.map_name == map_name)
    return [MapDecision(**row._mapping) for row in conn.execute(wanted)]


def map_sources(conn: Connection, map_name: str, revision: str) -> str | None:
    """The files of a revision, as JSON; None where they were not kept."""
    columns = map_revision.c
    row = conn.execute(
        select(columns.sources).where(columns.map_name == map_name, columns.revision == revision)
    ).one_or_none()
    return None if row is None else row.sources


def seen_revisions(conn: Connection, map_name: str) -> list[tuple[str, datetime]]:
    """The revisions of a map and when each was seen first, oldest first."""
    columns = map_revision.c
    rows = conn.execute(
        select(columns.revision, columns.seen_at)
        .where(columns.map_name == map_name)
        .order_by(columns.seen_at, columns.revision)
    )
    return [(row.revision, row.seen_at) for row in rows]
