"""`send`: a canonical document goes out to a partner as agreed, or the sets of an X12 file in envelopes of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.handing_in import send_document
from gateway.cli.output import (
    EXIT_REJECTED,
    EXIT_USAGE,
    Home,
    Json,
    OneFile,
    chunks_of,
    fail,
    people,
    plain,
    print_json,
)

if TYPE_CHECKING:
    from gateway.app import Gateway
    from partners.model import LegalEntity, TradingPartner


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(send)


def send(
    file: OneFile,
    partner: Annotated[str, typer.Option(help="Whom it is for.")],
    ourselves: Annotated[str | None, typer.Option(help="Which of our legal entities sends it.")] = None,
    account: Annotated[str | None, typer.Option(help="By which account; the agreed or the first one.")] = None,
    test: Annotated[bool, typer.Option("--test", help="A canonical document goes as test.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what a document becomes; send nothing.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Send a canonical document (JSON) to a partner as agreed, or the sets of an X12 file. Exit 1 if refused.

    A document is kept, and sent by the running gateway; the sets of a file stand in envelopes of ours at once.
    """
    if next(chunks_of(file), b"").lstrip()[:1] == b"{":
        way = {name: key for name, key in (("ourselves", ourselves), ("account", account)) if key is not None}
        send_document(file, partner=partner, way=way, test=test, dry_run=dry_run, home=home, json=json)
        return
    if test or dry_run:
        fail("--test and --dry-run are for canonical documents; a file says itself whether it is test", code=EXIT_USAGE)
    from gateway.app import load_gateway, workspace_store
    from gateway.errors import SetsRefused
    from gateway.pipeline.dispatch import Dispatch
    from gateway.pipeline.prepared import prepare
    from gateway.settings import load_settings
    from gateway.workspace import home_of
    from translators.errors import WritingError

    with workspace_store(home) as store:
        gateway = load_gateway(load_settings(home_of(home)), store)
        to, entity = _partner(gateway, partner), _entity(gateway, ourselves)
        prepared = prepare(
            chunks_of(file),
            partner=to,
            ourselves=entity,
            registry=gateway.registry,
            guides=gateway.guides,
            partner_guides=gateway.partner_guides,
        )
        if prepared.errors or not prepared.sets:
            issues = prepared.errors
            if json:
                print_json({"sent": [], "issues": [issue.as_json() for issue in issues]})
            for issue in issues if not json else ():
                people.print(f"[red]issue[/] {plain(issue.message)}  [dim]{plain(issue.position)}[/]")
            why = f"{len(issues)} fault(s) in it" if issues else "there is no set in it"
            fail(f"{file}: nothing was sent: {why}", code=EXIT_REJECTED)
        sent: list[str] = []
        try:
            with store.begin() as conn:
                for environment, sets in prepared.sets.items():
                    dispatch = Dispatch(
                        partner=to,
                        ourselves=entity,
                        account=_account(gateway, to, account),
                        environment=environment,
                        vault=gateway.vault,
                        registry=gateway.registry,
                        guides=gateway.guides,
                        partner_guides=gateway.partner_guides,
                    )
                    sent += map(str, dispatch.send_sets(conn, sets, at=gateway.clock.now()))
        except (SetsRefused, WritingError) as error:
            fail(f"{file}: {error}", code=EXIT_REJECTED)
    if json:
        print_json({"sent": sent, "issues": []})
        return
    for id in sent:
        people.print(f"sent to {plain(partner)} as {id}")


def _partner(gateway: Gateway, key: str) -> TradingPartner:
    from translators.datafile import did_you_mean

    known = gateway.registry.partners
    if key not in known:
        fail(f"there is no partner {key}{did_you_mean(key, known)}", code=EXIT_USAGE)
    return known[key]


def _entity(gateway: Gateway, key: str | None) -> LegalEntity:
    from translators.datafile import did_you_mean

    known = gateway.registry.ourselves
    if key is None and len(known) != 1:
        fail(f"there are {len(known)} of us; say which with --ourselves: {', '.join(sorted(known))}", code=EXIT_USAGE)
    if key is not None and key not in known:
        fail(f"none of us is {key}{did_you_mean(key, known)}", code=EXIT_USAGE)
    return known[key] if key is not None else next(iter(known.values()))


def _account(gateway: Gateway, partner: TradingPartner, wanted: str | None) -> str:
    ways = (*partner.ways, *gateway.registry.carriers(partner.key))
    carriers = [account.user for account in ways if account.takes_files]
    if wanted is not None and wanted not in carriers:
        fail(f"the account {wanted} does not carry {partner.key}", code=EXIT_USAGE)
    if not carriers:
        fail(f"no account carries {partner.key}; there is no /out to put it into", code=EXIT_USAGE)
    return wanted or carriers[0]
