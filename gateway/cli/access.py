"""`partner password` and `sessions`: who may log in over SFTP, and who is logged in."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from threading import Event
from typing import Annotated

import typer

from gateway.cli.data import partner_app
from gateway.cli.output import EXIT_REJECTED, EXIT_USAGE, Home, Json, fail, people, print_json, print_table

KICK_WITHIN = 50
"""Fifths of a second until a server that runs has cut a connection."""

sessions_app = typer.Typer(invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    partner_app.command("password")(password)
    app.add_typer(sessions_app, name="sessions")


@sessions_app.callback()
def sessions(context: typer.Context, home: Home = None, json: Json = False) -> None:
    """List who is logged in over SFTP, over all nodes; `sessions kick ID` cuts one off."""
    if context.invoked_subcommand is not None:
        return
    from gateway.app import workspace_store
    from gateway.store.sessions import listed

    with workspace_store(home) as store, store.begin() as conn:
        rows = listed(conn, at=datetime.now(UTC))
    if json:
        print_json(*rows)
        return
    for row in rows:
        row["since"] = str(row["began_at"])[:19]
        row["active"] = str(row["active_at"])[:19]
        row["by"] = " and ".join(row["proofs"])
        row["does"] = "busy" if row["busy"] else ""
    if not rows:
        people.print("nobody is logged in")
        return
    print_table(
        rows,
        {
            "account": "account",
            "address": "address",
            "since": "since (UTC)",
            "active": "last active (UTC)",
            "sessions": "sessions",
            "does": "",
            "by": "by",
            "client": "client",
            "node": "node",
            "id": "id",
        },
    )


@sessions_app.command()
def kick(
    id: Annotated[str, typer.Argument(help="Id of a connection, as `sessions` lists it.")], home: Home = None
) -> None:
    """Cut a connection off now; what it was sending stays a partial file. Exit 1 if there is none of this id."""
    from gateway.app import workspace_store
    from gateway.store.sessions import ask_to_kick, is_listed

    with workspace_store(home) as store:
        with store.begin() as conn:
            found = ask_to_kick(conn, id, by=f"cli:{getpass.getuser()}", at=datetime.now(UTC))
        if not found:
            fail(f"no connection {id}; see tradelane sessions", code=EXIT_REJECTED)
        between = Event()
        for _ in range(KICK_WITHIN):
            with store.begin() as conn:
                if not is_listed(conn, id, at=datetime.now(UTC)):
                    people.print("cut off")
                    return
            between.wait(0.2)
    fail(f"{id} is still there; its server does not answer", code=EXIT_REJECTED)


def password() -> None:
    """Ask for a password and print its argon2id hash, in quotes, for `passwords` in a profile. It is kept nowhere."""
    from partners.passwords import new_hash

    secret = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    try:
        print(f'"{new_hash(secret)}"')
    except ValueError as error:
        fail(str(error), code=EXIT_USAGE)
