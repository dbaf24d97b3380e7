"""`alerts`: what waits to be told, what was given up, and telling it once more."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from gateway.cli.output import EXIT_REJECTED, Home, Json, fail, people, print_json, print_table

alerts_app = typer.Typer(help="Alerts on their way out: list, channels, retry.", invoke_without_command=True)

Channel = Annotated[str | None, typer.Option("--channel", help="Of this channel only.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(alerts_app, name="alerts")


@alerts_app.callback()
def alerts(
    context: typer.Context,
    channel: Channel = None,
    all_: Annotated[bool, typer.Option("--all", help="What was told, too.")] = False,
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="So many, the newest.")] = 100,
    home: Home = None,
    json: Json = False,
) -> None:
    """List what waits to be told and what was given up, the newest first."""
    if context.invoked_subcommand is not None:
        return
    from gateway.app import workspace_store
    from gateway.model import AlertState
    from gateway.store.alerts import listed

    states = list(AlertState) if all_ else [AlertState.WAITING, AlertState.GIVEN_UP]
    with workspace_store(home) as store, store.begin() as conn:
        rows = [asdict(one) for one in listed(conn, states=states, channel=channel, most=most)]
    if json:
        print_json(*rows)
        return
    if not rows:
        people.print("nothing waits to be told")
        return
    for row in rows:
        row["when"] = str(row["at"])[:19]
        row["group"] = row["fingerprint"][:12]
    columns = {"when": "at (UTC)", "channel": "channel", "state": "state", "refusals": "refused", "event": "event"}
    print_table(rows, columns | {"code": "code", "reason": "reason", "group": "group"})


@alerts_app.command()
def channels(home: Home = None, json: Json = False) -> None:
    """List the channels: what waits for each, its failures, and when it is tried next."""
    from gateway.app import workspace_store
    from gateway.store.alerts import channels as all_channels

    with workspace_store(home) as store, store.begin() as conn:
        rows = [asdict(one) for one in all_channels(conn)]
    if json:
        print_json(*rows)
        return
    for row in rows:
        row["next"] = str(row["next_at"] or "")[:19]
    columns = {"name": "channel", "waiting": "waiting", "failures": "failures", "next": "next try (UTC)"}
    print_table(rows, columns | {"reason": "reason"})


@alerts_app.command()
def retry(channel: Channel = None, home: Home = None, json: Json = False) -> None:
    """Tell once more what was given up, and at once what waits; the gateway does it within seconds."""
    from gateway.app import workspace_store
    from gateway.store.alerts import channels as all_channels
    from gateway.store.alerts import retry as tell_again

    with workspace_store(home) as store, store.begin() as conn:
        known = [one.name for one in all_channels(conn)]
        if channel is not None and channel not in known:
            fail(f"there is no channel {channel}; known: {', '.join(known)}", code=EXIT_REJECTED)
        count = tell_again(conn, channel=channel, by=f"cli:{getpass.getuser()}", at=datetime.now(UTC))
    if json:
        print_json({"waiting": count})
    else:
        people.print(f"{count} wait to be told")
