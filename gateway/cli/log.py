"""`log`, `show` and `search`: reading the transmission log."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.life import print_life
from gateway.cli.output import EXIT_REJECTED, Home, Json, fail, people, print_json, print_table

if TYPE_CHECKING:
    from gateway.store.engine import Store

log_app = typer.Typer(invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(log_app, name="log")
    app.command()(show)
    app.command()(search)


@log_app.callback()
def log(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 30,
    partner: Annotated[str | None, typer.Option(help="Only this partner's.")] = None,
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    direction: Annotated[str | None, typer.Option(help="Only `in` or `out`.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """List the newest transmissions; `log gaps` tells what is odd in the control numbers."""
    if context.invoked_subcommand is not None:
        return
    from gateway.store import timeline

    with _store(home) as store, store.begin() as conn:
        rows = timeline.newest(conn, limit=limit, partner=partner, state=state, direction=direction)
    if json:
        print_json(*rows)
        return
    for row in rows:
        row["when"] = str(row["received_at"])[:19]
        row["accepted"] = f"{row['sets_accepted']}/{row['sets']}" if row["sets"] else ""
    print_table(
        rows,
        {
            "when": "when (UTC)",
            "direction": "",
            "partner": "partner",
            "filename": "file",
            "state": "state",
            "accepted": "sets",
            "open_exceptions": "open",
            "id": "id",
        },
    )


@log_app.command()
def gaps(
    partner: Annotated[str | None, typer.Option(help="Only this partner's.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Tell what is odd in the control numbers: gaps, repeats and resets received; void or missing ones sent."""
    from gateway.store.gaps import findings
    from gateway.workspace import registry_of
    from partners.model import GroupCount

    partners = registry_of(home).partners.values()
    by_kind = [one.key for one in partners if one.control_numbers.received_gs06 is GroupCount.KIND]
    with _store(home) as store, store.begin() as conn:
        found = [asdict(one) for one in findings(conn, partner=partner, by_kind=by_kind)]
    if json:
        print_json(*found)
        return
    for row in found:
        row["numbers"] = str(row["first"]) if row["first"] == row["last"] else f"{row['first']} - {row['last']}"
        row["when"] = "" if row["at"] is None else str(row["at"])[:19]
    if not found:
        people.print("nothing is odd in the control numbers")
        return
    print_table(
        found,
        {
            "oddity": "what",
            "direction": "",
            "kind": "number",
            "partner": "partner",
            "environment": "",
            "sender": "sender",
            "receiver": "receiver",
            "numbers": "numbers",
            "count": "count",
            "when": "when (UTC)",
            "reason": "reason",
            "transmission_id": "transmission",
        },
    )


def search(
    key: Annotated[str, typer.Argument(help="An order number, ISA13, GS06, file name ...; `*` at one end for a part.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Find transmissions and documents by any business key. Exit 1 where there is none."""
    from gateway.store import timeline

    with _store(home) as store, store.begin() as conn:
        rows = timeline.search(conn, key)
    if json:
        print_json(*rows)
    elif rows:
        for row in rows:
            row["when"] = str(row["received_at"])[:19]
        print_table(
            rows,
            {
                "name": "key",
                "value": "value",
                "when": "when (UTC)",
                "direction": "",
                "partner": "partner",
                "filename": "file",
                "state": "state",
                "transmission_id": "transmission",
            },
        )
    if not rows:
        fail(f"nothing is known by {key!r}", code=EXIT_REJECTED)


def show(
    id: Annotated[str, typer.Argument(help="Id of a transmission, document or delivery; its end is enough.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Print the whole life of a transmission: envelopes, issues, acknowledgments, deliveries, attempts, audit."""
    from gateway.store import timeline

    with _store(home) as store, store.begin() as conn:
        transmission = timeline.only_transmission(conn, id)
        if isinstance(transmission, str):
            fail(transmission, code=EXIT_REJECTED)
        life = timeline.life(conn, transmission)
    if json:
        print_json(life)
    else:
        print_life(life)


def _store(home: Path | None) -> AbstractContextManager[Store]:
    """The workspace's store, opened for a command."""
    from gateway.app import workspace_store

    return workspace_store(home)
