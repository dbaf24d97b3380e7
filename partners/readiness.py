"""What a partner still needs before documents can pass: what is there, what is missing, what to do about it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from partners.as2_accounts import AS2Account, EncryptWith, Receipt
from partners.certificates import Use, good_for
from partners.folder_accounts import FolderAccount
from partners.https_accounts import HttpsAccount
from partners.logins import Login, SftpAccount
from partners.model import Account, Agreement, Direction, LegalEntity, Syntax, TradingPartner
from partners.remotes import RemoteAccount


class Level(StrEnum):
    """How far a partner has come."""

    DRAFT = "draft"
    """Something is missing."""
    COMPLETE = "complete"
    """Everything is there, and no scenario has shown that it works together."""
    CERTIFIED = "certified"
    """A scenario held with the profile as it is now."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: `found` says what is there; `todo` what to do where it is not `ok`, else ""."""

    name: str
    ok: bool
    found: str
    todo: str = ""


def level_of(partner: TradingPartner, checks: Collection[Check], *, certified_revision: str | None) -> Level:
    """How far a partner has come.

    Args:
        partner: whose level.
        checks: what `readiness` found.
        certified_revision: of the profile a scenario last held with; None where none did.
    """
    if not all(check.ok for check in checks):
        return Level.DRAFT
    return Level.CERTIFIED if certified_revision == partner.revision else Level.COMPLETE


def readiness(
    partner: TradingPartner,
    *,
    ourselves: Collection[LegalEntity],
    carriers: Collection[Account],
    maps: Collection[str],
    destinations: Collection[str],
    at: datetime,
) -> list[Check]:
    """Look at everything a partner needs.

    Args:
        partner: whose readiness.
        ourselves: our legal entities.
        carriers: the accounts, over any channel, that may bring its documents (`PartnerRegistry.carriers`).
        maps: names of all maps that load.
        destinations: names of all destinations that are configured.
        at: the (aware) moment keys must be good at.

    Returns:
        One check per thing, in the order in which they are set up.
    """
    checks = [_status(partner), _own_identities(ourselves)]
    if any(agreement.syntax is Syntax.X12 for agreement in partner.agreements):
        checks.append(_identifiers(partner))
    ways = {way.user: way for way in (*partner.ways, *carriers)}
    checks += [_way(way, at) for way in ways.values()]
    if not ways:
        todo = "give it an account under sftp:, https:, as2:, sftp_client: or folders:, or let another's carry it"
        checks.append(Check("accounts", False, "no account", todo))
    else:
        checks += _directions(partner, ways.values())
    if not partner.agreements and not _only_carries(partner):
        checks.append(Check("agreements", False, "no agreement", "agree on a document under agreements:"))
    for agreement in partner.agreements:
        checks += _agreement(agreement, maps=maps, destinations=destinations)
    return checks


def _status(partner: TradingPartner) -> Check:
    todo = "" if partner.active else "set status: active in its profile once it may send and receive"
    return Check("status", partner.active, partner.status.value, todo)


def _own_identities(ourselves: Collection[LegalEntity]) -> Check:
    count = sum(len(entity.identifiers) for entity in ourselves)
    todo = "" if count else "name our own interchange identities in ourselves.yaml"
    return Check("ourselves", count > 0, f"{count} identities of ours", todo)


def _identifiers(partner: TradingPartner) -> Check:
    found = ", ".join(map(str, partner.identifiers)) or "no identifier"
    todo = "" if partner.identifiers else "add the ISA qualifier and id it sends under to identifiers:"
    return Check("identifiers", bool(partner.identifiers), found, todo)


def _way(way: Account, at: datetime) -> Check:
    """One account, whichever its channel."""
    match way:
        case SftpAccount():
            return _account(way, at)
        case AS2Account():
            return _as2(way, at)
        case HttpsAccount():
            return Check(f"https {way.user}", True, _https(way))
        case RemoteAccount():
            return Check(f"sftp_client {way.user}", True, _remote(way))
        case FolderAccount():
            return Check(f"folder {way.user}", True, f"in: {way.inbox or 'none'}, out: {way.outbox or 'none'}")
        case _:
            return Check(f"{way.channel} {way.user}", True, "there")


def _directions(partner: TradingPartner, ways: Collection[Account]) -> list[Check]:
    """Whether what was agreed to come in can come, and what was agreed to go out can go."""
    checks = []
    for direction, able, what in (
        (Direction.IN, [way.user for way in ways if way.brings_files], "bring its documents"),
        (Direction.OUT, [way.user for way in ways if way.takes_files], "take ours"),
    ):
        if any(agreement.direction is direction for agreement in partner.agreements):
            todo = "" if able else f"give it an account that can {what}"
            checks.append(Check(f"way {direction.value}", bool(able), ", ".join(able) or "none", todo))
    return checks


def _account(account: SftpAccount, at: datetime) -> Check:
    name = f"sftp {account.user}"
    good = [f"{key.algorithm} {key.fingerprint}" for key in account.keys if key.is_valid_at(at)]
    passwords = account.good_passwords(at=at)
    if account.login in (Login.PASSWORD, Login.BOTH) and not passwords:
        todo = f"put what tradelane partner password prints into passwords of the account {account.user}"
        return Check(name, False, "no password that is good today", todo)
    if passwords:
        good.append(f"{len(passwords)} password(s)")
    if good and not (account.login is Login.BOTH and len(good) == 1):
        return Check(name, True, ", ".join(good))
    found = f"{len(account.keys)} keys, none of them good today" if account.keys else "no key"
    return Check(name, False, found, f"put its public key into profiles/{account.partner}/keys/ as a .pub file")


def _as2(account: AS2Account, at: datetime) -> Check:
    """Certificates of the partner's for all that is done with them."""
    needed = [Use.VERIFY] if account.must_sign else []
    if account.url and account.encrypt is not EncryptWith.NONE:
        needed.append(Use.ENCRYPT)
    if account.url and account.receipt is Receipt.SIGNED:
        needed.append(Use.VERIFY_MDN)
    missing = [use.value for use in needed if not good_for(account.certificates, use, at=at)]
    found = f"{len(account.certificates)} certificate(s)"
    if not missing:
        return Check(f"as2 {account.user}", True, found)
    todo = f"tradelane cert import {account.user} FILE"
    return Check(f"as2 {account.user}", False, f"{found}, none good today to {' and '.join(missing)}", todo)


def _https(account: HttpsAccount) -> str:
    pinned = f"{len(account.certificates)} client certificate(s)" if account.certificates else "no client certificate"
    return f"{pinned}; API keys: tradelane apikey list"


def _remote(remote: RemoteAccount) -> str:
    """What is done at a partner's own server."""
    does = [f"fetch from {rule.folder}" for rule in remote.fetch]
    does += [f"send to {remote.send_to}"] if remote.send_to else []
    return f"{remote.host} port {remote.port}: {', '.join(does)}"


def _agreement(agreement: Agreement, *, maps: Collection[str], destinations: Collection[str]) -> list[Check]:
    name = f"{agreement.document} {agreement.direction.value} {agreement.version or 'any version'}"
    checks: list[Check] = []
    if agreement.map:
        known = agreement.map in maps
        todo = (
            ""
            if known
            else f"write mappings/maps/{agreement.map}/map.yaml, or correct its faults (tradelane map check)"
        )
        checks.append(Check(f"{name}: map", known, agreement.map, todo))
    if agreement.direction is Direction.IN and agreement.pass_through:
        checks.append(Check(f"{name}: pass_through", True, "answered and kept; without a map nothing is delivered"))
    elif agreement.direction is Direction.IN:
        missing = [word for word in agreement.deliver_to if word not in destinations]
        todo = f"configure the destination {' and '.join(missing)} in tradelane.yaml" if missing else ""
        checks.append(Check(f"{name}: destinations", not missing, ", ".join(agreement.deliver_to), todo))
    return checks


def _only_carries(partner: TradingPartner) -> bool:
    """Whether it is a network or provider that only brings other partners' interchanges."""
    return any(account.carries - {partner.key} for account in partner.ways)
