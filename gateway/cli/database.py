"""`db upgrade` and `db status`: the database's schema, and who may work on it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli.output import EXIT_REJECTED, Home, Json, people, plain, print_json

db_app = typer.Typer(help="The database's schema: status, upgrade.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(db_app, name="db")


@db_app.command()
def status(home: Home = None, json: Json = False) -> None:
    """Print the database's schema and this program's. Exit 1 if an upgrade is wanted."""
    from gateway.app import workspace_database
    from gateway.upgrading import planned

    with workspace_database(home) as url:
        plan = planned(url)
    said: dict[str, Any] = {
        "schema": plan.found.revision,
        "compatible_from": plan.found.floor,
        "program": plan.wanted,
        "program_compatible_from": plan.floor,
        "needed": plan.needed,
        "in_the_way": plan.in_the_way if plan.needed else [],
    }
    if json:
        print_json(said)
    else:
        floor = f", for programs that know {plan.found.floor} or a later one" if plan.found.floor else ""
        people.print(f"the database has schema {plain(plan.found.revision or 'none')}{plain(floor)}")
        people.print(f"this program knows {plain(plan.wanted)}")
        if plan.needed:
            people.print("wanted: tradelane db upgrade")
            for name in plan.in_the_way:
                people.print(f"too old to work on it then: node {plain(name)}")
    if plan.needed:
        raise typer.Exit(EXIT_REJECTED)


@db_app.command()
def upgrade(
    stop_older: Annotated[
        bool, typer.Option("--stop-older", help="Let nodes end that cannot work on the new schema, and wait for them.")
    ] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Bring the database to this program's schema, while nodes work. Exit 2 if older nodes are in the way."""
    from gateway.app import workspace_database
    from gateway.upgrading import upgrade

    def tell(line: str) -> None:
        if not json:
            people.print(plain(line))

    with workspace_database(home) as url:
        plan = upgrade(url, make_way=stop_older, told=tell)
    if json:
        print_json({"from": plan.found.revision, "to": plan.wanted if plan.needed else plan.found.revision})
    elif plan.needed:
        people.print(f"upgraded from schema {plain(plan.found.revision or 'none')} to {plain(plan.wanted)}")
    else:
        people.print(f"the database has schema {plain(plan.found.revision)}; there was nothing to do")
