"""`acks`: the acknowledgments partners owe us, and what came."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.output import Home, Json, people, print_json, print_table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(acks)


def acks(
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those that should have come by now.")] = False,
    partner: Annotated[str | None, typer.Option(help="Only this partner's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 100,
    home: Home = None,
    json: Json = False,
) -> None:
    """List the acknowledgments we wait for, the longest due first, and then those that came."""
    from gateway.app import workspace_store
    from gateway.ports import SystemClock
    from gateway.store import expected

    with workspace_store(home) as store, store.begin() as conn:
        now = SystemClock().now()
        rows = expected.awaited(conn, at=now, overdue=overdue, partner=partner, limit=limit)
    if json:
        print_json(*rows)
        return
    for row in rows:
        row["due"] = str(row["due_at"])[:16]
        row["group"] = "" if row["group_number"] is None else f"{row['functional_id']} {row['group_number']}"
    if not rows:
        people.print("nothing is overdue" if overdue else "nothing is waited for")
        return
    print_table(
        rows,
        {
            "due": "due (UTC)",
            "state": "state",
            "kind": "",
            "partner": "partner",
            "control_number": "interchange",
            "group": "group",
            "filename": "file",
            "transmission_state": "file is",
            "transmission_id": "transmission",
        },
    )
