"""`adapter`: the kinds of business systems there are, and whether the configured ones can be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.output import EXIT_REJECTED, EXIT_USAGE, Home, Json, fail, people, plain, print_json, print_table

if TYPE_CHECKING:
    from gateway.destinations import Destination

adapter_app = typer.Typer(help="Business systems documents are delivered to.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(adapter_app, name="adapter")


@adapter_app.command("list")
def adapter_list(home: Home = None, json: Json = False) -> None:
    """List the kinds of adapters: whose they are, against what they were tried, and the destinations of each."""
    from gateway.adapters.kinds import Kinds
    from gateway.errors import AdapterMisused
    from gateway.settings import load_settings
    from gateway.workspace import home_of

    kinds = Kinds.of_this_environment()
    destinations = load_settings(home_of(home)).destinations
    broken = False
    rows: list[dict[str, Any]] = []
    for name in kinds.names:
        used = [key for key, found in destinations.items() if found.kind_name == name]
        row: dict[str, Any] = {"kind": name, "from": kinds.origin(name), "destinations": used}
        try:
            kind = kinds.kind(name)
            row |= {"verified": kind.verified.value, "about": kind.about}
        except AdapterMisused as error:
            broken = True
            row |= {"verified": None, "about": str(error)}
        rows.append(row)
    if json:
        print_json(*rows)
    else:
        print_table(
            ({**row, "destinations": ", ".join(row["destinations"])} for row in rows),
            {
                "kind": "kind",
                "from": "from",
                "verified": "tried how",
                "destinations": "destinations",
                "about": "what it is",
            },
        )
    if broken:
        raise typer.Exit(EXIT_REJECTED)


@adapter_app.command("check")
def adapter_check(
    name: Annotated[str | None, typer.Argument(help="A destination; all when left out.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Look whether destinations could take documents: secrets, reachability, login. Changes nothing; exit 1 if not."""
    from gateway.settings import load_settings
    from gateway.workspace import home_of
    from translators.datafile import did_you_mean

    destinations = load_settings(home_of(home)).destinations
    if name is not None and name not in destinations:
        fail(f"there is no destination {name}{did_you_mean(name, destinations)}", code=EXIT_USAGE)
    ok = True
    for key, found in destinations.items():
        if name in (None, key):
            ok = _checked(key, found, json=json) and ok
    if not ok:
        raise typer.Exit(EXIT_REJECTED)


def _checked(name: str, destination: Destination, *, json: bool) -> bool:
    """Look at one and tell; whether it could work."""
    report = destination.adapter().check()
    verified = destination.kind.verified.value
    if json:
        findings = [{"name": one.name, "ok": one.ok, "message": one.message} for one in report.findings]
        told = {
            "destination": name,
            "kind": destination.kind_name,
            "environment": destination.environment.value,
            "verified": verified,
        }
        print_json({**told, "ok": report.ok, "findings": findings})
        return report.ok
    people.print(
        f"[bold]{plain(name)}[/]  {plain(destination.kind_name)}  {destination.environment.value}  [dim]{verified}[/]"
    )
    for one in report.findings:
        mark = "[green]ok[/]    " if one.ok else "[red]failed[/]"
        people.print(f"  {mark} {plain(one.name)}: {plain(one.message)}")
    return report.ok
