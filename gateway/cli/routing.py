"""`route`: where the documents of a file would go, by which rule and why. Nothing is kept or sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.files import Made, is_x12, translated_file
from gateway.cli.output import EXIT_REJECTED, Home, Json, OneFile, complain, people, plain, print_json
from gateway.cli.x12_files import translated_x12

if TYPE_CHECKING:
    from gateway.destinations import Destination
    from gateway.routing import Routes
    from translators.canonical.common import Document


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(route)


def route(
    file: OneFile,
    partner: Annotated[str | None, typer.Option(help="Whose it is; X12 says so itself.")] = None,
    test: Annotated[bool, typer.Option("--test", help="As if it came as test.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Say where the documents of a file would go, and why; nothing is kept or sent. Exit 1 if some cannot be read."""
    from gateway.settings import load_settings
    from gateway.workspace import home_of, registry_of, routes_of

    settings = load_settings(home_of(home))
    routes = routes_of(settings, registry_of(home))
    worst = 0
    translated = translated_x12 if is_x12(file) else translated_file
    for made in translated(file, map_name=None, partner=partner, home=home):
        for issue in made.issues:
            complain(f"{issue.code}: {issue.message} ({issue.position})")
            worst = EXIT_REJECTED if issue.severity == "error" else worst
        for document in made.documents:
            told = _told(document, made, routes, settings.destinations, test=test)
            if json:
                print_json(told)
            else:
                _print(told)
    raise typer.Exit(worst)


def _told(
    document: Document, made: Made, routes: Routes, destinations: Mapping[str, Destination], *, test: bool
) -> dict[str, Any]:
    """What is said of one document."""
    from gateway.model import Environment
    from gateway.routing import Facts

    assert made.agreement is not None
    environment = Environment.TEST if test or made.is_test else Environment.LIVE
    facts = Facts.of(document, partner=made.agreement.partner, entity=made.entity, environment=environment)
    chosen = routes.choose(facts, made.agreement.deliver_to)
    shown = chosen.withheld if environment is Environment.TEST else ()
    return {
        "document": document.kind,
        "identity": list(document.identity),
        "partner": facts.partner,
        "entity": facts.entity or None,
        "environment": environment.value,
        "ship_to": facts.ship_to or None,
        "ship_from": facts.ship_from or None,
        "warehouse": facts.warehouse or None,
        "rule": None if chosen.rule is None else chosen.rule.name,
        "place": str((chosen.rule or made.agreement).place),
        "destinations": [{"name": name, "kind": destinations[name].kind_name} for name in chosen.destinations],
        "shown_only": list(shown),
        "not_for_live": [name for name in chosen.withheld if name not in shown],
        "passed_over": [{"rule": rule.name, "why": why} for rule, why in chosen.passed],
    }


def _print(told: dict[str, Any]) -> None:
    where = ", ".join(
        f"{name} {plain(told[name])}" for name in ("entity", "ship_to", "ship_from", "warehouse") if told[name]
    )
    people.print(
        f"[bold]{plain(told['document'])} {plain(told['identity'][0])}[/]  {plain(told['partner'])}  "
        f"{told['environment']}  [dim]{where}[/]"
    )
    for rule in told["passed_over"]:
        people.print(f"  [dim]not by rule {plain(rule['rule'])}: {plain(rule['why'])}[/]")
    by = "as agreed" if told["rule"] is None else f"by rule {plain(told['rule'])}"
    people.print(f"  {by}  [dim]{plain(told['place'])}[/]")
    for found in told["destinations"]:
        people.print(f"  [green]goes to[/] {plain(found['name'])}  [dim]{plain(found['kind'])}[/]")
    for name in told["shown_only"]:
        people.print(f"  is shown for {plain(name)}, and not sent: that is a live system, and this is a test")
    for name in told["not_for_live"]:
        people.print(f"  does not go to {plain(name)}: that is for test documents")
