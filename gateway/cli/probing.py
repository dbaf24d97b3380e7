"""`partner probe`: whether what comes and goes by an account of a partner's can."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.certificates import own_keys
from gateway.cli.data import partner_app
from gateway.cli.output import EXIT_REJECTED, EXIT_USAGE, Home, Json, fail, people, plain, print_json
from gateway.workspace import home_of, registry_of

if TYPE_CHECKING:
    from gateway.channels.as2_probe import Looked
    from partners.as2_accounts import AS2Account
    from partners.registry import PartnerRegistry


def register(app: typer.Typer) -> None:
    """Add the command to the group of `partner`."""
    del app  # the group is registered with the commands it had first
    partner_app.command("probe")(probe_partner)


def probe_partner(
    account: Annotated[str, typer.Argument(help="An account of a partner's, over any channel.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Look whether what comes and goes by an account can; over AS2 with a test message. Exit 1 if anything fails."""
    from gateway.channels.probes import probe_door, probe_folder, probe_login, probe_remote
    from gateway.channels.sftp_client import RemoteConnect
    from gateway.http_settings import HttpSettings
    from gateway.settings import load_settings
    from partners.as2_accounts import AS2Account
    from partners.folder_accounts import FolderAccount
    from partners.logins import SftpAccount
    from partners.remotes import RemoteAccount
    from translators.datafile import did_you_mean

    registry = registry_of(home)
    found = registry.way(account)
    if found is None:
        known = [way.user for partner in registry.partners.values() for way in partner.ways]
        fail(f"{account} is no account of an active partner{did_you_mean(account, known)}", code=EXIT_USAGE)
    settings = load_settings(home_of(home))
    match found:
        case AS2Account():
            looked = _as2(found, registry, home)
        case RemoteAccount():
            looked = probe_remote(found, RemoteConnect(settings.home))
        case FolderAccount():
            looked = probe_folder(found, settings.home)
        case SftpAccount():
            looked = probe_login(found, settings.sftp.host, settings.sftp.port, at=datetime.now(UTC))
        case _:
            http = settings.http or HttpSettings()
            looked = [probe_door("https", http.host, http.port)]
    for one in looked:
        if json:
            print_json({"name": one.name, "ok": one.ok, "found": one.found})
        else:
            mark = "[green]ok[/]     " if one.ok else "[red]failed[/] "
            people.print(f"{mark} {plain(one.name)}: {plain(one.found)}")
    if not all(one.ok for one in looked):
        raise typer.Exit(EXIT_REJECTED)


def _as2(account: AS2Account, registry: PartnerRegistry, home: Path | None) -> list[Looked]:
    from gateway.channels.as2_probe import probe
    from gateway.channels.as2_transport import Line
    from gateway.ports import new_id

    if not account.url:
        fail(f"{account.user} has no url; it only sends to us, and cannot be probed", code=EXIT_USAGE)
    with tempfile.TemporaryDirectory(prefix="tradelane-probe-") as folder:
        return probe(
            account,
            registry.ourselves[account.ourselves],
            own_keys(home),
            at=datetime.now(UTC),
            id=new_id(),
            folder=Path(folder),
            line=Line(),
        )
