"""`nodes`: which nodes there are, what they run, lead and have in hand."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from gateway.cli.output import Home, Json, people, print_json, print_table

if TYPE_CHECKING:
    from gateway.store.nodes import NodeView

COLUMNS = {
    "name": "node",
    "state": "state",
    "since": "since (UTC)",
    "heard": "last heard (UTC)",
    "runs": "roles",
    "workers": "workers",
    "in_hand": "in hand",
    "led": "leads",
    "version": "version",
    "schema": "schema",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(nodes)


def nodes(home: Home = None, json: Json = False) -> None:
    """List the nodes on this database: what each runs and leads, and what it has in hand.

    One that has ended is listed for a week.
    """
    from gateway.app import workspace_store
    from gateway.store.nodes import listed

    with workspace_store(home) as store, store.begin() as conn:
        found = listed(conn)
    if json:
        print_json(*(asdict(one) for one in found))
    elif found:
        print_table(map(_row, found), COLUMNS)
    else:
        people.print("no node has run lately")


def _row(one: NodeView) -> dict[str, Any]:
    lanes = f" in {len(one.lanes)} lanes" if len(one.lanes) > 1 else ""
    return {
        **asdict(one),
        "since": str(one.since or one.started_at)[:19],
        "heard": str(one.heartbeat_at)[:19],
        "runs": ", ".join(one.roles),
        "in_hand": f"{one.rows} rows{lanes}" if one.rows else "",
        "led": ", ".join(one.leads),
    }
