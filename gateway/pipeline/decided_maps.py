"""DecidedMaps: of every map the revision that is in force, as people decided; without a decision, the file's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import orjson

from gateway.errors import UnknownRevision
from gateway.ports import Clock
from gateway.store import revisions
from gateway.store.engine import Store
from gateway.store.revisions import KeptMap, MapDecision
from mappings.catalog import KeptMaps, MapCatalog
from mappings.compiled import CompiledMap
from translators.x12.guide import GuideLibrary

FRESH = timedelta(seconds=1)
"""How long what was decided is remembered before the store is asked again."""


class DecidedMaps(MapCatalog):
    """The maps of a workspace as they are in force.

    A map that nobody decided about is its file, as it was when the process began. One that was activated is the
    revision that is in force by the clock, made again from the texts that were kept; a retired one refuses documents.
    """

    def __init__(self, roots: Sequence[Path], *, guides: GuideLibrary, store: Store, clock: Clock) -> None:
        super().__init__(roots, guides=guides)
        self._beside = tuple(roots)
        self._library = guides
        self._store = store
        self._clock = clock
        self._asked: datetime | None = None
        self._decided: dict[str, list[MapDecision]] = {}
        self._kept: dict[tuple[str, str], CompiledMap] = {}

    def find(self, name: str) -> CompiledMap:
        """The revision of a map that is in force now.

        Raises:
            UnknownMap: there is none.
            LoadError: it has faults.
            UnknownRevision: what was decided on is not kept.
        """
        decided = in_force(self._decisions().get(name, ()), self._clock.now())
        if decided is None:
            return self.written(name)
        if decided.revision is None:
            return replace(self.written(name), retired=True)
        if name in self.names() and self.written(name).revision == decided.revision:
            return self.written(name)
        key = (name, decided.revision)
        if key not in self._kept:
            self._kept[key] = self._made_again(name, decided.revision)
        return self._kept[key]

    def _made_again(self, name: str, revision: str) -> CompiledMap:
        with self._store.begin() as conn:
            sources = revisions.map_sources(conn, name, revision)
        if sources is None:
            raise UnknownRevision(f"{name} has no revision {revision[:12]} that was kept with its files")
        return KeptMaps(orjson.loads(sources), beside=self._beside, guides=self._library).find(name)

    def _decisions(self) -> dict[str, list[MapDecision]]:
        now = self._clock.now()
        if self._asked is None or now - self._asked >= FRESH:
            with self._store.begin() as conn:
                rows = revisions.map_decisions(conn)
            self._decided = {}
            for row in rows:
                self._decided.setdefault(row.map_name, []).append(row)
            self._asked = now
        return self._decided


def in_force(decisions: Sequence[MapDecision], at: datetime) -> MapDecision | None:
    """The decision that holds at a moment, of those in the order they take effect."""
    return next((decision for decision in reversed(decisions) if decision.active_from <= at), None)


def before(decisions: Sequence[MapDecision], at: datetime) -> MapDecision:
    """The decision to go back to: the newest one before that in force, on another revision that is not retired.

    Raises:
        UnknownRevision: there is none.
    """
    now = in_force(decisions, at)
    earlier = [decision for decision in decisions if decision.active_from <= at and decision is not now]
    for decision in reversed(earlier):
        if now is not None and decision.revision is not None and decision.revision != now.revision:
            return decision
    raise UnknownRevision("no other revision was in force before; there is nothing to go back to")


@dataclass(frozen=True, slots=True)
class RevisionState:
    """A revision of a map (None: the retirement) and where it stands, with the moment it stands there since."""

    revision: str | None
    state: str
    since: datetime | None


def states_of(
    written: str,
    *,
    tested: bool,
    seen: Sequence[tuple[str, datetime]],
    decisions: Sequence[MapDecision],
    at: datetime,
) -> list[RevisionState]:
    """Where every revision of a map stands.

    Args:
        written: the revision its file is.
        tested: whether that one's samples pass.
        seen: revisions that are kept, and since when.
        decisions: in the order they take effect.
        at: now.

    Returns:
        `active` for the one in force (by decision, or the file where there is none), `scheduled` for one that will be,
        `superseded` for one that was, else `tested` or `draft` for the file and `kept` for what was only seen;
        `retired` where the map is.
    """
    now = in_force(decisions, at)
    states: dict[str | None, RevisionState] = {}
    for revision, since in seen:
        states[revision] = RevisionState(revision, "kept", since)
    states[written] = RevisionState(written, "tested" if tested else "draft", None)
    if now is None:
        states[written] = RevisionState(written, "active", None)
    for decision in decisions:
        if decision.active_from > at:
            word = "scheduled" if decision.revision is not None else "retired"
        elif decision is now:
            word = "active" if decision.revision is not None else "retired"
        else:
            word = "superseded"
        if decision.revision is not None or word == "retired":
            states[decision.revision] = RevisionState(decision.revision, word, decision.active_from)
    return list(states.values())


def kept_map(maps: MapCatalog, found: CompiledMap) -> KeptMap:
    """A map as the store keeps it."""
    return KeptMap(orjson.dumps(found.resolved).decode(), orjson.dumps(maps.sources(found.name)).decode())
