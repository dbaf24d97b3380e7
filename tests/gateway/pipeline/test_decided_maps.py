"""Which revision of a map is in force: the file, what was activated and from when, rolled back, retired."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway.errors import UnknownRevision
from gateway.pipeline.decided_maps import FRESH, DecidedMaps, before, in_force, kept_map, states_of
from gateway.ports import FakeClock
from gateway.store import revisions
from gateway.store.engine import Store
from gateway.store.revisions import MapDecision
from gateway.workspace import map_roots
from mappings.catalog import MapCatalog
from tests.gateway.inbound_line import Line, file_of
from translators.x12.guide import GuideLibrary

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def decision(revision: str | None, day: int, *, decided: int = 0) -> MapDecision:
    return MapDecision("acme/850.in", revision, NOW + day * DAY, NOW + decided * DAY, "cli")


def test_the_newest_decision_whose_moment_has_come_is_in_force() -> None:
    rows = [decision("a", -3), decision("b", -1), decision("c", 1)]
    assert in_force([], NOW) is None
    assert in_force(rows[2:], NOW) is None
    assert in_force(rows, NOW) is rows[1]
    assert in_force(rows, NOW + DAY) is rows[2]


def test_back_goes_to_the_last_other_revision_that_was_in_force() -> None:
    rows = [decision("a", -5), decision(None, -4), decision("b", -3), decision("b", -2), decision("c", 2)]
    assert before(rows, NOW).revision == "a"
    for nothing in ([], rows[:1], rows[2:4]):
        with pytest.raises(UnknownRevision):
            before(nothing, NOW)


def test_states_say_where_every_revision_stands() -> None:
    rows = [decision("a", -3), decision("b", -1), decision("c", 1)]
    seen = [("z", NOW - 9 * DAY), ("a", NOW - 4 * DAY)]
    found = states_of("d", tested=False, seen=seen, decisions=rows, at=NOW)
    assert {row.revision: row.state for row in found} == {
        "z": "kept",
        "a": "superseded",
        "b": "active",
        "c": "scheduled",
        "d": "draft",
    }
    assert [(row.revision, row.state) for row in states_of("d", tested=True, seen=[], decisions=[], at=NOW)] == [
        ("d", "active")
    ]
    retired = states_of("b", tested=True, seen=[], decisions=[*rows[:2], decision(None, 0)], at=NOW)
    assert {row.revision: row.state for row in retired}[None] == "retired"


class Maps:
    """A workspace whose map of Acme can be written anew, as processes see it that begin later."""

    def __init__(self, store: Store, home: Path) -> None:
        self.store, self.home, self.clock = store, home, FakeClock()

    def write(self, rule: str) -> None:
        folder = self.home / "mappings" / "maps" / "acme" / "850.in"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "map.yaml").write_text(f"extends: base/850.in\npartner: acme\norder:\n  {rule}\n")

    def activate(self, *, since: datetime | None = None) -> str:
        catalog = MapCatalog(map_roots(self.home))
        found = catalog.find("acme/850.in")
        at = self.clock.now()
        with self.store.begin() as conn:
            kept = {(found.name, found.revision): kept_map(catalog, found)}
            revisions.keep_revisions(conn, maps=kept, partners={}, at=at)
            revisions.decide(conn, MapDecision(found.name, found.revision, since or at, at, "cli"))
        return found.revision

    def decided(self) -> DecidedMaps:
        guides = GuideLibrary.shipped()
        return DecidedMaps(map_roots(self.home), guides=guides, store=self.store, clock=self.clock)


@pytest.fixture
def maps(fresh_store: Store, tmp_path: Path) -> Maps:
    return Maps(fresh_store, tmp_path)


def test_without_a_decision_a_map_is_its_file(maps: Maps) -> None:
    maps.write("contract: BEG06")
    assert maps.decided().find("acme/850.in").revision == MapCatalog(map_roots(maps.home)).find("acme/850.in").revision


def test_an_activated_revision_stays_in_force_whatever_the_file_says_later(maps: Maps) -> None:
    maps.write("contract: BEG06")
    first = maps.activate()
    maps.write("contract: BEG07")
    decided = maps.decided()
    found = decided.find("acme/850.in")
    assert (found.revision, decided.written("acme/850.in").revision == first) == (first, False)
    assert next(rule.text for rule in found.rules if rule.field == "contract") == "BEG06"
    (maps.home / "mappings" / "maps" / "acme" / "850.in" / "map.yaml").write_text("extends: base/850.in\n")
    assert maps.decided().find("acme/850.in").revision == first


def test_a_revision_begins_at_its_moment_by_the_clock(maps: Maps) -> None:
    maps.write("contract: BEG06")
    first = maps.activate()
    maps.write("contract: BEG07")
    second = maps.activate(since=maps.clock.now() + DAY)
    decided = maps.decided()
    assert decided.find("acme/850.in").revision == first
    maps.clock.advance(DAY)
    assert decided.find("acme/850.in").revision == second


def test_a_decision_is_seen_by_a_process_that_runs(maps: Maps) -> None:
    maps.write("contract: BEG06")
    decided = maps.decided()
    first = decided.find("acme/850.in").revision
    maps.write("contract: BEG07")
    second = maps.activate()
    assert decided.find("acme/850.in").revision == first
    maps.clock.advance(FRESH)
    assert decided.find("acme/850.in").revision == second


def test_a_retired_map_makes_an_issue_of_every_document(fresh_store: Store, tmp_path: Path) -> None:
    line = Line(fresh_store, tmp_path)
    with fresh_store.begin() as conn:
        at = line.clock.now()
        revisions.decide(conn, MapDecision("acme/850.in", None, at, at, "cli"))
    life: dict[str, Any] = line.sent(file_of("PO-1"))
    assert [issue["code"] for issue in life["issues"]] == ["map.retired"]
    assert life["documents"] == []


def test_documents_name_the_revision_that_was_in_force(fresh_store: Store, tmp_path: Path) -> None:
    maps = Maps(fresh_store, tmp_path)
    maps.write("contract: BEG06")
    revision = maps.activate()
    maps.write("contract: BEG07")
    life = Line(fresh_store, tmp_path).sent(file_of("PO-1"))
    assert [document["map_revision"] for document in life["documents"]] == [revision]


def test_a_revision_that_was_not_kept_cannot_be_decided_on(maps: Maps) -> None:
    at = maps.clock.now()
    wanted = MapDecision("acme/850.in", "1234567890123", at, at, "cli")
    with maps.store.begin() as conn, pytest.raises(UnknownRevision, match="no revision 123456789012 that was kept"):
        revisions.decide(conn, wanted)


def test_what_was_seen_without_its_files_gets_them_later(maps: Maps) -> None:
    maps.write("contract: BEG06")
    found = MapCatalog(map_roots(maps.home)).find("acme/850.in")
    with maps.store.begin() as conn:
        conn.execute(
            text("INSERT INTO map_revision (map_name, revision, resolved, seen_at) VALUES (:n, :r, '{}', now())"),
            {"n": found.name, "r": found.revision},
        )
    assert maps.activate() == found.revision
    assert maps.decided().find("acme/850.in").revision == found.revision
