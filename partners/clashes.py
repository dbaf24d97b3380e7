"""What clashes or points nowhere over all profiles: identifiers, logins, names of partners and entities, agreements."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from partners.as2_accounts import AS2Account
from partners.fields import Reference, ReferenceKind
from partners.folder_accounts import FolderAccount
from partners.https_accounts import HttpsAccount
from partners.model import Account, Identifier, LegalEntity, TradingPartner
from partners.selection import ties
from translators.datafile import LoadFault, Place, did_you_mean
from translators.errors import shown


def check_identifiers(
    partners: Iterable[TradingPartner], entities: Iterable[LegalEntity], faults: list[LoadFault]
) -> None:
    """No interchange identity belongs to two, neither partners nor entities of ours."""
    owners: dict[Identifier, tuple[str, Place]] = {}
    owned = [(f"our {entity.key}", entity.identifiers) for entity in entities]
    owned += [(f"the partner {partner.key}", partner.identifiers) for partner in partners]
    for owner, identifiers in owned:
        for identifier in identifiers:
            if identifier in owners:
                other, place = owners[identifier]
                text = f"{identifier} is already an identifier of {other} ({place})"
                faults.append(LoadFault(identifier.place, text))
            else:
                owners[identifier] = (owner, identifier.place)


def check_accounts(partners: Iterable[TradingPartner], faults: list[LoadFault]) -> None:
    """No account's name stands twice, over whichever channels: it is the mailbox, and the partner's right to it."""
    seen: dict[str, Account] = {}
    for partner in partners:
        for account in partner.ways:
            first = seen.setdefault(account.user, account)
            if first is not account and account.place is not None:
                what = "SFTP user" if {first.channel, account.channel} == {"sftp"} else "account"
                text = f"the {what} {account.user} stands twice; first at {first.place}"
                faults.append(LoadFault(account.place, text))


def check_as2_names(
    partners: Iterable[TradingPartner], entities: Iterable[LegalEntity], faults: list[LoadFault]
) -> None:
    """Two AS2 names tell one account: who sends, and which of our entities it sends to, which must have a name."""
    named = {entity.key for entity in entities if entity.as2_name}
    seen: dict[tuple[str, str], AS2Account] = {}
    for account in (account for partner in partners for account in partner.as2):
        assert account.place is not None
        first = seen.setdefault((account.name, account.ourselves), account)
        if first is not account:
            text = f"the AS2 name {shown(account.name)} stands twice for {account.ourselves}; first at {first.place}"
            faults.append(LoadFault(account.place, text))
        if account.ourselves not in named:
            text = f"our {account.ourselves} has no as2_name; give it one in ourselves.yaml"
            faults.append(LoadFault(account.place, text))


def check_certificates(partners: Iterable[TradingPartner], faults: list[LoadFault]) -> None:
    """No client certificate opens two HTTPS accounts."""
    seen: dict[str, HttpsAccount] = {}
    for account in (account for partner in partners for account in partner.https):
        for certificate in sorted(account.certificates):
            first = seen.setdefault(certificate, account)
            if first is not account and account.place is not None:
                text = f"the client certificate SHA256:{certificate} also opens {first.user} ({first.place})"
                faults.append(LoadFault(account.place, text))


def check_folders(partners: Iterable[TradingPartner], faults: list[LoadFault]) -> None:
    """No folder is watched for two accounts, nor written to for one and watched for another."""
    seen: dict[Path, FolderAccount] = {}
    for account in (account for partner in partners for account in partner.folders):
        for folder in (account.inbox, account.outbox):
            first = account if folder is None else seen.setdefault(folder, account)
            if first is not account and account.place is not None:
                text = f"the folder {shown(str(folder))} is also one of {first.user} ({first.place})"
                faults.append(LoadFault(account.place, text))


def check_references(
    references: Iterable[Reference], *, partners: Iterable[str], entities: Iterable[str], faults: list[LoadFault]
) -> None:
    """Every partner and legal entity a profile names exists."""
    known = {ReferenceKind.PARTNER: sorted(partners), ReferenceKind.ENTITY: sorted(entities)}
    what = {ReferenceKind.PARTNER: "partner", ReferenceKind.ENTITY: "legal entity in ourselves.yaml"}
    for reference in references:
        word = reference.name.text
        if word not in known[reference.kind]:
            hint = did_you_mean(word, known[reference.kind])
            faults.append(LoadFault(reference.name.place, f'there is no {what[reference.kind]} "{word}"{hint}'))


def check_ties(partners: Iterable[TradingPartner], faults: list[LoadFault]) -> None:
    """No two agreements of a partner tie."""
    for partner in partners:
        ways = dict.fromkeys((item.document, item.direction) for item in partner.agreements)
        for document, direction in ways:
            same = [item for item in partner.agreements if (item.document, item.direction) == (document, direction)]
            for one, other in ties(same):
                assert other.place is not None
                text = (
                    f"ties with the agreement at {one.place}: both can hold for the same {document}, and neither is "
                    "the more specific; say more in one of them, or add one that says what both say"
                )
                faults.append(LoadFault(other.place, text))


def check_sending_accounts(partners: Iterable[TradingPartner], faults: list[LoadFault]) -> None:
    """The account an agreement sends by takes files, and carries the partner."""
    partners = list(partners)
    for partner in partners:
        known = [
            way.user
            for other in partners
            for way in other.ways
            if way.takes_files and (other is partner or partner.key in way.carries)
        ]
        for agreement in partner.agreements:
            if agreement.account and agreement.account not in known:
                assert agreement.place is not None
                text = f'no account "{shown(agreement.account)}" takes files for {partner.key}'
                faults.append(LoadFault(agreement.place, f"{text}{did_you_mean(agreement.account, known)}"))
