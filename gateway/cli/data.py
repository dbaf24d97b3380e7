"""`partner list|check`: who the partners are, and what one still needs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

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
)
from gateway.workspace import home_of, maps_of, registry_of

partner_app = typer.Typer(help="Trading partners: list them, check what one still needs.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    app.add_typer(partner_app, name="partner")


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
    from gateway.onboarding.files import certified
    from gateway.settings import load_settings
    from partners.readiness import level_of, readiness
    from translators.datafile import LoadError

    registry = registry_of(home)
    faults = PartnerGuides(registry, _guides()).faults
    if faults:
        raise LoadError(faults)
    revisions = registry.revisions()
    names = sorted({found.key for _, found in revisions})
    if partner is not None and partner not in names:
        fail(f"no partner {partner}; known: {', '.join(names)}", code=EXIT_USAGE)
    settings = load_settings(home_of(home))
    maps = maps_of(home, guides=_guides()).names()
    ready = True
    for begins, found in revisions:
        if partner not in (None, found.key):
            continue
        checks = readiness(
            found,
            ourselves=list(registry.ourselves.values()),
            carriers=registry.carriers(found.key),
            maps=maps,
            destinations=list(settings.destinations),
            at=datetime.now(UTC),
        )
        ready = ready and all(check.ok for check in checks)
        noted = certified(settings.home, found.key)
        level = level_of(found, checks, certified_revision=None if noted is None else noted.revision)
        if json:
            print_json(
                {
                    "partner": found.key,
                    "ready": all(check.ok for check in checks),
                    "level": level.value,
                    "from": None if begins is None else begins.isoformat(),
                    "checks": [
                        {"name": check.name, "ok": check.ok, "found": check.found, "todo": check.todo}
                        for check in checks
                    ],
                }
            )
            continue
        coming = "" if begins is None else f"  [cyan]from {begins:%Y-%m-%d %H:%M} UTC[/]"
        people.print(f"[bold]{plain(found.key)}[/]  {plain(found.name)}  {level.value}{coming}")
        for check in checks:
            mark = "[green]ok[/]     " if check.ok else "[red]missing[/]"
            people.print(f"  {mark} {plain(check.name)}: {plain(check.found)}")
            if check.todo:
                people.print(f"          {plain(check.todo)}")
    if not ready:
        raise typer.Exit(EXIT_REJECTED)


def _guides() -> Any:
    from translators.x12.guide import GuideLibrary

    return GuideLibrary.shipped()
