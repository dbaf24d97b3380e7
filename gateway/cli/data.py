"""`map check|test|show` and `partner list|check`: the data an onboarding specialist writes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
    printable,
)
from gateway.workspace import home_of, maps_of, registry_of

if TYPE_CHECKING:
    from mappings.golden import SampleResults

map_app = typer.Typer(
    help="Maps: check that they load, run their samples, show what they resolve to.", no_args_is_help=True
)
partner_app = typer.Typer(help="Trading partners: list them, check what one still needs.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    app.add_typer(map_app, name="map")
    app.add_typer(partner_app, name="partner")


@map_app.command("check")
def map_check(home: Home = None, json: Json = False) -> None:
    """Load every map; print every mistake as FILE:LINE:COLUMN. Exit 1 if there is any."""
    catalog = maps_of(home, guides=_guides())
    faults = catalog.load_all()
    if json:
        print_json(
            *(
                {
                    "file": fault.place.file,
                    "line": fault.place.line,
                    "column": fault.place.column,
                    "message": fault.message,
                }
                for fault in faults
            )
        )
    else:
        for fault in faults:
            print(printable(str(fault)))
        people.print(f"{len(catalog.names())} maps, {len(faults)} mistake(s)")
    if faults:
        raise typer.Exit(EXIT_REJECTED)


@map_app.command("test")
def map_test(
    partner: Annotated[str | None, typer.Argument(help="Only the maps of this folder, as acme or base.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Run the samples that lie beside the maps. Exit 1 if one does not come out as expected."""
    from mappings.golden import run_samples

    catalog = maps_of(home, guides=_guides())
    names = [name for name in catalog.names() if partner is None or name.split("/", 1)[0] == partner]
    if not names:
        fail(f"no map of {partner}; there are {', '.join(catalog.names())}", code=EXIT_USAGE)
    results = [run_samples(catalog, name) for name in names]
    if json:
        print_json(
            *(
                {
                    "map": found.map_name,
                    "sample": result.name,
                    "passed": result.passed,
                    "differences": result.differences,
                }
                for found in results
                for result in found.results
            )
        )
    else:
        for found in results:
            _print_samples(found)
        run = [result for found in results for result in found.results]
        people.print(f"{sum(result.passed for result in run)} of {len(run)} samples passed")
    if not all(found.passed for found in results):
        raise typer.Exit(EXIT_REJECTED)


@map_app.command("show")
def map_show(
    name: Annotated[str, typer.Argument(help="As acme/850.in.")], home: Home = None, json: Json = False
) -> None:
    """Print a map as it is after `extends`, each rule with the line that states it."""
    found = maps_of(home, guides=_guides()).find(name)
    if json:
        print_json({"map": found.name, "revision": found.revision, "resolved": found.resolved})
    else:
        people.print(f"[bold]{plain(found.name)}[/]  {plain(found.resolved['map'])}  revision {found.revision[:12]}")
        for name, table in found.resolved["tables"].items():
            people.print(
                f"  table {plain(name)}: {plain(', '.join(f'{key}: {value}' for key, value in table.items()))}"
            )
        print_table(
            ({"field": rule.field, "rule": rule.text, "place": f"{rule.file}:{rule.line}"} for rule in found.rules),
            {"field": "field", "rule": "rule", "place": "stated at"},
        )


@partner_app.command("list")
def partner_list(home: Home = None, json: Json = False) -> None:
    """List the partners with what was agreed."""
    registry = registry_of(home)
    rows: list[dict[str, Any]] = [
        {
            "partner": partner.key,
            "name": partner.name,
            "status": partner.status.value,
            "identifiers": [str(identifier) for identifier in partner.identifiers],
            "accounts": [account.user for account in partner.accounts],
            "agreements": [
                f"{item.document} {item.direction.value} {item.version}".strip() for item in partner.agreements
            ],
            "revision": partner.revision,
        }
        for partner in registry.partners.values()
    ]
    if json:
        print_json(*rows)
        return
    for row in rows:
        for key in ("identifiers", "accounts", "agreements"):
            row[key] = ", ".join(row[key])
    print_table(
        rows,
        {
            "partner": "partner",
            "name": "name",
            "status": "status",
            "identifiers": "identifiers",
            "accounts": "sftp",
            "agreements": "agreements",
        },
    )


@partner_app.command("check")
def partner_check(
    partner: Annotated[str | None, typer.Argument(help="Key of the partner; all when left out.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Say what a partner still needs before documents can pass. Exit 1 if anything is missing."""
    from gateway.guides import PartnerGuides
    from gateway.settings import load_settings
    from partners.readiness import readiness
    from translators.datafile import LoadError

    registry = registry_of(home)
    faults = PartnerGuides(registry, _guides()).faults
    if faults:
        raise LoadError(faults)
    if partner is not None and partner not in registry.partners:
        fail(f"no partner {partner}; known: {', '.join(sorted(registry.partners))}", code=EXIT_USAGE)
    settings = load_settings(home_of(home))
    maps = maps_of(home, guides=_guides()).names()
    ready = True
    for found in registry.partners.values() if partner is None else [registry.partners[partner]]:
        checks = readiness(
            found,
            ourselves=list(registry.ourselves.values()),
            carriers=registry.carriers(found.key),
            maps=maps,
            destinations=list(settings.destinations),
            at=datetime.now(UTC),
        )
        ready = ready and all(check.ok for check in checks)
        if json:
            print_json(
                {
                    "partner": found.key,
                    "ready": all(check.ok for check in checks),
                    "checks": [
                        {"name": check.name, "ok": check.ok, "found": check.found, "todo": check.todo}
                        for check in checks
                    ],
                }
            )
            continue
        people.print(f"[bold]{plain(found.key)}[/]  {plain(found.name)}")
        for check in checks:
            mark = "[green]ok[/]     " if check.ok else "[red]missing[/]"
            people.print(f"  {mark} {plain(check.name)}: {plain(check.found)}")
            if check.todo:
                people.print(f"          {plain(check.todo)}")
    if not ready:
        raise typer.Exit(EXIT_REJECTED)


def _print_samples(found: SampleResults) -> None:
    if not found.results:
        people.print(f"[red]no samples[/] {plain(found.map_name)}: put FILE.edi and FILE.expected.json beside the map")
    for result in found.results:
        mark = "[green]passed[/]" if result.passed else "[red]failed[/]"
        people.print(f"{mark} {plain(found.map_name)} {plain(result.name)}")
        for difference in result.differences:
            people.print(f"  {plain(difference)}")


def _guides() -> Any:
    from translators.x12.guide import GuideLibrary

    return GuideLibrary.shipped()
