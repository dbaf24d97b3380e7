"""`map activate`, `retire`, `rollback`, `revisions`: which revision of a map is in force, and from when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.maps import map_app, print_samples, shipped_guides
from gateway.cli.output import (
    EXIT_REJECTED,
    EXIT_USAGE,
    Home,
    Json,
    fail,
    people,
    plain,
    print_json,
    print_table,
)
from gateway.errors import UnknownRevision
from gateway.ports import SystemClock
from gateway.workspace import maps_of

if TYPE_CHECKING:
    from gateway.store.revisions import MapDecision

ACTOR = "cli"


def register(app: typer.Typer) -> None:
    """Add the commands to the group of `map`."""
    del app  # the group is registered with the commands it had first
    map_app.command("activate")(map_activate)
    map_app.command("retire")(map_retire)
    map_app.command("rollback")(map_rollback)
    map_app.command("revisions")(map_revisions)


def map_activate(
    name: Annotated[str, typer.Argument(help="As acme/850.in.")],
    since: Annotated[str | None, typer.Option("--from", help="The day, 2026-12-01 (UTC), or moment; else now.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Put a map in force as its file says it now. Its samples must pass; what was in force is kept for rollback."""
    from gateway.app import workspace_store
    from gateway.pipeline.decided_maps import kept_map
    from gateway.store import revisions
    from mappings.golden import run_samples

    catalog = maps_of(home, guides=shipped_guides())
    found = catalog.written(name)
    results = run_samples(catalog, name)
    if not results.passed:
        print_samples(results)
        fail(f"{name} is a draft: its samples do not all pass; nothing was activated", code=EXIT_REJECTED)
    at = SystemClock().now()
    with workspace_store(home) as store, store.begin() as conn:
        kept = {(name, found.revision): kept_map(catalog, found)}
        revisions.keep_revisions(conn, maps=kept, partners={}, at=at)
        decision = revisions.MapDecision(name, found.revision, _since(since, at), at, ACTOR)
        revisions.decide(conn, decision)
    _print_decision(decision, json=json)


def map_retire(
    name: Annotated[str, typer.Argument(help="As acme/850.in.")],
    since: Annotated[str | None, typer.Option("--from", help="The day, 2026-12-01 (UTC), or moment; else now.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Take a map out of force: every document that wants it is an issue from then on."""
    from gateway.app import workspace_store
    from gateway.store import revisions

    maps_of(home, guides=shipped_guides()).folder(name)
    at = SystemClock().now()
    decision = revisions.MapDecision(name, None, _since(since, at), at, ACTOR)
    with workspace_store(home) as store, store.begin() as conn:
        revisions.decide(conn, decision)
    _print_decision(decision, json=json)


def map_rollback(
    name: Annotated[str, typer.Argument(help="As acme/850.in.")], home: Home = None, json: Json = False
) -> None:
    """Put the revision that was in force before back in force, at once."""
    from gateway.app import workspace_store
    from gateway.pipeline.decided_maps import before
    from gateway.store import revisions

    at = SystemClock().now()
    with workspace_store(home) as store, store.begin() as conn:
        try:
            wanted = before(revisions.map_decisions(conn, name), at)
            decision = revisions.MapDecision(name, wanted.revision, at, at, ACTOR)
            revisions.decide(conn, decision)
        except UnknownRevision as error:
            fail(f"{name}: {error}", code=EXIT_REJECTED)
    _print_decision(decision, json=json)


def map_revisions(
    name: Annotated[str, typer.Argument(help="As acme/850.in.")], home: Home = None, json: Json = False
) -> None:
    """List the revisions of a map: draft, tested, active (from when), superseded or retired."""
    from gateway.app import workspace_store
    from gateway.pipeline.decided_maps import states_of
    from gateway.store import revisions
    from mappings.golden import run_samples

    catalog = maps_of(home, guides=shipped_guides())
    found = catalog.written(name)
    tested = run_samples(catalog, name).passed
    with workspace_store(home) as store, store.begin() as conn:
        seen = revisions.seen_revisions(conn, name)
        decided = revisions.map_decisions(conn, name)
    rows = [
        {"revision": row.revision, "state": row.state, "since": row.since, "file": row.revision == found.revision}
        for row in states_of(found.revision, tested=tested, seen=seen, decisions=decided, at=SystemClock().now())
    ]
    if json:
        print_json(*rows)
        return
    print_table(
        ({**row, "revision": str(row["revision"] or "")[:12], "file": "it" if row["file"] else ""} for row in rows),
        {"revision": "revision", "state": "state", "since": "since (UTC)", "file": "the file"},
    )


def _since(text: str | None, now: datetime) -> datetime:
    """A moment as it was typed; a day begins at midnight UTC."""
    if text is None:
        return now
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{text} is no day or moment; want 2026-12-01 or 2026-12-01T06:00+00:00", code=EXIT_USAGE)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _print_decision(decision: MapDecision, *, json: bool) -> None:
    if json:
        print_json(
            {"map": decision.map_name, "revision": decision.revision, "active_from": decision.active_from.isoformat()}
        )
        return
    told = "retired" if decision.revision is None else f"revision {decision.revision[:12]} in force"
    people.print(f"[bold]{plain(decision.map_name)}[/] {told} from {decision.active_from:%Y-%m-%d %H:%M} UTC")
