"""`apikey`: keys of HTTPS accounts: made, listed, revoked. A key is shown once, when it is made."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.output import EXIT_REJECTED, EXIT_USAGE, Home, Json, fail, people, plain, print_json, print_table

if TYPE_CHECKING:
    from gateway.store.api_keys import ApiKey

ACTOR = "cli"
LONGEST_DAYS = 3650

apikey_app = typer.Typer(help="API keys of HTTPS accounts: add, list, revoke.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(apikey_app, name="apikey")


@apikey_app.command()
def add(
    account: Annotated[str, typer.Argument(help="The HTTPS account it opens, as the partner's profile names it.")],
    label: Annotated[str, typer.Option(help="What it is for, to tell it from others.")] = "",
    days: Annotated[int, typer.Option(min=1, max=LONGEST_DAYS, help="How long it is good.")] = 365,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make a key and print it. It is kept nowhere and cannot be shown again."""
    from gateway.app import workspace_store
    from gateway.ports import SystemClock
    from gateway.store import api_keys

    _known(home, account)
    at = SystemClock().now()
    with workspace_store(home) as store, store.begin() as conn:
        made, text = api_keys.add(
            conn, account=account, label=label, at=at, expires_at=at + timedelta(days=days), actor=ACTOR
        )
    if json:
        print_json({"key": text, **_row(made)})
        return
    people.print(f"{plain(text)}")
    people.print(f"opens {plain(account)} until {made.expires_at:%Y-%m-%d}; it is not shown again", style="dim")


@apikey_app.command("list")
def list_keys(home: Home = None, json: Json = False) -> None:
    """All keys, by the part that may be shown."""
    from gateway.app import workspace_store
    from gateway.ports import SystemClock
    from gateway.store import api_keys

    with workspace_store(home) as store, store.begin() as conn:
        found = api_keys.every(conn)
    at = SystemClock().now()
    if json:
        print_json(*(_row(one) | {"good": one.is_good_at(at)} for one in found))
        return
    rows = ({**_row(one), "good": one.is_good_at(at), "expires_at": f"{one.expires_at:%Y-%m-%d}"} for one in found)
    print_table(
        rows, {"id": "id", "account": "account", "label": "label", "expires_at": "good until", "good": "good now"}
    )


@apikey_app.command()
def revoke(
    id: Annotated[str, typer.Argument(help="The key's id: the part after tlk_.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """From now on the key opens nothing. Exit 1 where there is none, or it was revoked before."""
    from gateway.app import workspace_store
    from gateway.ports import SystemClock
    from gateway.store import api_keys

    with workspace_store(home) as store, store.begin() as conn:
        done = api_keys.revoke(conn, id, at=SystemClock().now(), actor=ACTOR)
    if not done:
        fail(f"no key {id} that is not revoked already", code=EXIT_REJECTED)
    if json:
        print_json({"revoked": id})
    else:
        people.print(f"{plain(id)} opens nothing any more")


def _known(home: Path | None, account: str) -> None:
    """The account must stand in a profile, with `https`."""
    from gateway.settings import load_settings
    from gateway.workspace import home_of, profile_roots
    from partners.registry import PartnerRegistry
    from translators.datafile import did_you_mean

    settings = load_settings(home_of(home))
    registry = PartnerRegistry.load(profile_roots(settings.home, samples=settings.samples))
    if registry.https_account(account) is None:
        known = [one.user for partner in registry.partners.values() for one in partner.https]
        hint = did_you_mean(account, known)
        fail(f"no active partner has an https account {account}{hint}; add it to its profile", code=EXIT_USAGE)


def _row(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "account": key.account,
        "label": key.label,
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat(),
        "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(),
    }
