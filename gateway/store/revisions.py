"""Revisions: what a map or a partner's profile said when it was in force, by the hash that documents carry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert as insert_or_keep

from gateway.store.tables import map_revision, partner_revision


def keep_revisions(
    conn: Connection, *, maps: Mapping[tuple[str, str], str], partners: Mapping[str, str], at: datetime
) -> None:
    """Remember what is in force now; what was seen before keeps its first moment.

    Args:
        maps: (name, revision) -> the map's resolved form, as JSON.
        partners: key -> revision of its profile.
        at: the moment, aware.
    """
    if maps:
        conn.execute(
            insert_or_keep(map_revision).on_conflict_do_nothing(),
            [
                {"map_name": name, "revision": revision, "resolved": resolved, "seen_at": at}
                for (name, revision), resolved in sorted(maps.items())
            ],
        )
    if partners:
        conn.execute(
            insert_or_keep(partner_revision).on_conflict_do_nothing(),
            [{"partner": key, "revision": revision, "seen_at": at} for key, revision in sorted(partners.items())],
        )
