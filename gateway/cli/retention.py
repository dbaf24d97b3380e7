"""`retention preview|run` and `hold add|remove|list`: what goes when its days are over, and what must not."""

from __future__ import annotations

import getpass
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from gateway.cli.output import (
    EXIT_REJECTED,
    EXIT_USAGE,
    Home,
    Json,
    complain,
    fail,
    people,
    plain,
    print_json,
    print_table,
)

retention_app = typer.Typer(help="What is past its days: see it, purge it.", no_args_is_help=True)
hold_app = typer.Typer(help="Legal holds: what is under one is never purged.", no_args_is_help=True)

Reason = Annotated[str, typer.Option(help="Why; it is audited.")]


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    app.add_typer(retention_app, name="retention")
    app.add_typer(hold_app, name="hold")


@retention_app.command()
def preview(home: Home = None, json: Json = False) -> None:
    """Show what would be purged now, and what is past its days but stays, with the reason. Nothing is changed."""
    from gateway.app import workspace_store
    from gateway.purging import retention_policy
    from gateway.settings import load_settings
    from gateway.store.retention import past_their_days
    from gateway.workspace import home_of, registry_of

    settings, registry = load_settings(home_of(home)), registry_of(home)
    for key in sorted({partner for partner, _ in settings.retention.rules if partner} - registry.partners.keys()):
        complain(f"retention names the partner {key}, and there is none")
    with workspace_store(home) as store, store.begin() as conn:
        found = past_their_days(conn, retention_policy(settings, registry), now=datetime.now(UTC))
    if json:
        print_json(*(asdict(one) for one in found))
        return
    going = [one for one in found if one.kept_for is None]
    print_table(
        [
            {
                "when": str(one.received_at)[:10],
                "partner": one.partner,
                "kinds": ", ".join(one.kinds),
                "file": one.filename,
                "days": one.days,
                "id": one.id,
            }
            for one in going[:50]
        ],
        {"when": "from", "partner": "partner", "kinds": "kind", "file": "file", "days": "days", "id": "id"},
    )
    size = sum(one.size for one in going)
    people.print(f"{len(going)} transmission(s), {size} bytes, would be purged")
    for why, count in sorted(Counter(one.kept_for for one in found if one.kept_for is not None).items()):
        people.print(f"{count} past their days stay for {plain(why)}")


@retention_app.command()
def run(home: Home = None, json: Json = False) -> None:
    """Purge what is past its days and free to go; its rows stay, with hash, size and dates."""
    from gateway.app import workspace_store
    from gateway.purging import purge_all, retention_policy
    from gateway.settings import load_settings
    from gateway.workspace import home_of, registry_of

    policy = retention_policy(load_settings(home_of(home)), registry_of(home))
    with workspace_store(home) as store:
        done = purge_all(store, policy, by=_me(), at=datetime.now(UTC))
    if json:
        print_json(asdict(done))
    else:
        people.print(f"{done.transmissions} transmission(s) purged, {done.freed} bytes freed")


@hold_app.command()
def add(
    id: Annotated[
        str | None, typer.Argument(help="Of a transmission, document or delivery; its end is enough.")
    ] = None,
    partner: Annotated[str | None, typer.Option(help="Everything of this partner.")] = None,
    key: Annotated[str | None, typer.Option(help="Everything found by this business key, as an order number.")] = None,
    reason: Reason = "",
    home: Home = None,
    json: Json = False,
) -> None:
    """Place a legal hold on one transmission, a partner, or all that a business key finds, now and later."""
    from gateway.app import workspace_store
    from gateway.store import holds, timeline
    from gateway.workspace import registry_of

    if [id, partner, key].count(None) != 2:
        fail("name one thing: an id, --partner or --key", code=EXIT_USAGE)
    if not reason.strip():
        fail("say why with --reason; it stands in the audit log", code=EXIT_USAGE)
    if partner is not None and partner not in registry_of(home).partners:
        fail(f"there is no partner {partner}", code=EXIT_REJECTED)
    with workspace_store(home) as store, store.begin() as conn:
        transmission = None if id is None else timeline.only_transmission(conn, id)
        if isinstance(transmission, str):
            fail(transmission, code=EXIT_REJECTED)
        placed = holds.place(
            conn,
            partner=partner,
            business_key=key,
            transmission_id=transmission,
            reason=reason.strip(),
            by=_me(),
            at=datetime.now(UTC),
        )
    if json:
        print_json({"id": str(placed.id), "too_late_for": placed.too_late_for})
        return
    people.print(f"held: {placed.id}")
    if placed.too_late_for:
        people.print(f"it came too late for {placed.too_late_for} transmission(s): their content was purged before")


@hold_app.command()
def remove(
    id: Annotated[str, typer.Argument(help="Of a hold, as `hold list` shows it; its end is enough.")],
    reason: Reason = "",
    home: Home = None,
    json: Json = False,
) -> None:
    """Lift a legal hold."""
    from gateway.app import workspace_store
    from gateway.store import holds

    if not reason.strip():
        fail("say why with --reason; it stands in the audit log", code=EXIT_USAGE)
    with workspace_store(home) as store, store.begin() as conn:
        found = holds.lift(conn, id, reason=reason.strip(), by=_me(), at=datetime.now(UTC))
    if len(found) != 1:
        why = "no hold has this id" if not found else f"{len(found)} holds match; give more of it"
        fail(f"{id}: {why}", code=EXIT_REJECTED)
    if json:
        print_json({"id": str(found[0])})
    else:
        people.print(f"lifted: {found[0]}")


@hold_app.command("list")
def list_holds(
    lifted: Annotated[bool, typer.Option("--lifted", help="Those of the past, too.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """List the legal holds there are."""
    from gateway.app import workspace_store
    from gateway.store import holds

    with workspace_store(home) as store, store.begin() as conn:
        rows = [asdict(one) for one in holds.listed(conn, lifted=lifted)]
    if json:
        print_json(*rows)
        return
    for row in rows:
        row["on"] = row["partner"] or row["business_key"] or row["transmission_id"]
        row["since"], row["until"] = str(row["placed_at"])[:19], str(row["lifted_at"] or "")[:19]
    columns = {"since": "since (UTC)", "on": "on", "reason": "reason", "placed_by": "by", "until": "until", "id": "id"}
    print_table(rows, columns)


def _me() -> str:
    return f"cli:{getpass.getuser()}"
