"""The folders of profiles, read together: what clashes or points nowhere over all of their files is found here.

```
ROOT/ourselves.yaml                our own legal entities
ROOT/acme/profile.yaml             a partner; the folder's name is its key
ROOT/acme/profile.from-2026-04-01.yaml  what takes its place from that day on
ROOT/acme/keys/laptop.pub          keys for its only SFTP account, or, where it has several,
ROOT/acme/keys/USER/laptop.pub     keys for the account USER
ROOT/acme/certificates/a.pem       certificates for its only AS2 account, or, where it has several,
ROOT/acme/certificates/USER/a.pem  certificates for the account USER
ROOT/acme/guides/850.in.yaml       the partner's guide 850.in, an overlay of the standard's
ROOT/acme/schemas/order.xsd        a schema its XML is held to; files it includes lie beside it or below
```
A partner's profile stands in one root; its keys and guides may stand in any, so that a workspace gives keys to a
shipped partner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from partners.certificates import read_certificate_file
from partners.clashes import (
    check_accounts,
    check_as2_names,
    check_certificates,
    check_folders,
    check_identifiers,
    check_references,
    check_sending_accounts,
    check_ties,
)
from partners.fields import WORD
from partners.keys import read_key_file
from partners.logins import PublicKey, SftpAccount
from partners.model import GuideOverlay, LegalEntity, SchemaFile, TradingPartner
from partners.profile import read_ourselves, read_profile
from partners.revision import with_revision
from partners.revisions_ahead import PROFILE, DatedProfile, Stage, first_day_of, stages_of
from translators.datafile import LoadError, LoadFault, Mapping, Place, did_you_mean, read_datafile
from translators.errors import shown
from translators.xmldoc.schema import SchemaError, XMLSchema

OURSELVES = "ourselves.yaml"
KEYS = "keys"
CERTIFICATES = "certificates"
GUIDES = "guides"
SCHEMAS = "schemas"


@dataclass(frozen=True, slots=True)
class PartnersFrom:
    """The partners as they are from a moment on (None: from the first)."""

    active_from: datetime | None
    partners: tuple[TradingPartner, ...]


def read_roots(roots: Iterable[Path], *, at: datetime | None = None) -> tuple[list[PartnersFrom], list[LegalEntity]]:
    """Read every profile and key of these roots.

    Args:
        roots: the folders.
        at: now, aware: what was replaced before is read and not used any more. None for before every day there is.

    Returns:
        The partners as they are, then as they will be from each day on a profile changes; our legal entities.

    Raises:
        LoadError: with every fault of every file.
    """
    faults: list[LoadFault] = []
    existing = [root for root in roots if root.is_dir()]
    revisions: dict[str, list[DatedProfile]] = {}
    folders: list[tuple[str, Path]] = []
    names: dict[str, Path] = {}
    for root in existing:
        for folder in _partner_folders(root, faults):
            folders.append((folder.name, folder))
            _read_folder(folder, revisions=revisions, names=names, faults=faults)
    entities = _entities(existing, faults)
    stages = stages_of(revisions, at=at)
    for stage in stages:
        _check(stage, names, entities, faults)
    whole = _with_folders(revisions, folders, names, faults)
    if faults:
        raise LoadError(list(dict.fromkeys(faults)))
    return [
        PartnersFrom(stage.active_from, tuple(whole[key, one.first_day] for key, one in stage.profiles.items()))
        for stage in stages
    ], entities


def _check(stage: Stage, names: dict[str, Path], entities: list[LegalEntity], faults: list[LoadFault]) -> None:
    """What clashes, or points nowhere, among the profiles that hold together."""
    reads = [one.read for one in stage.profiles.values()]
    partners = [read.partner for read in reads]
    check_identifiers(partners, entities, faults)
    check_accounts(partners, faults)
    check_as2_names(partners, entities, faults)
    check_folders(partners, faults)
    check_certificates(partners, faults)
    references = [reference for read in reads for reference in read.references]
    check_references(references, partners=names, entities=[entity.key for entity in entities], faults=faults)
    check_ties(partners, faults)
    check_sending_accounts(partners, faults)


def _with_folders(
    revisions: dict[str, list[DatedProfile]],
    folders: list[tuple[str, Path]],
    names: dict[str, Path],
    faults: list[LoadFault],
) -> dict[tuple[str, date | None], TradingPartner]:
    """Every revision of every partner with what its folders hold beside it."""
    users = {
        key: frozenset(
            user
            for one in several
            for user in (
                *(account.user for account in one.read.partner.accounts),
                *(account.user for account in one.read.partner.as2),
            )
        )
        for key, several in revisions.items()
    }
    whole = {(key, one.first_day): one.read.partner for key, several in revisions.items() for one in several}
    for name, folder in folders:
        mine = [key for key in whole if key[0] == name]
        for key in mine:
            whole[key] = _with_files(whole[key], folder, users[name], faults)
        if not mine and name not in names:
            faults.append(_without_profile(folder, names))
    for partner in whole.values():
        _check_guides(partner, faults)
        _check_schemas(partner, faults)
    return {key: with_revision(partner) for key, partner in whole.items()}


def _partner_folders(root: Path, faults: list[LoadFault]) -> Iterator[Path]:
    for entry in sorted(root.iterdir()):
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir():
            if WORD.pattern.fullmatch(entry.name):
                yield entry
            else:
                text = f'a partner\'s folder is "{shown(entry.name)}"; want {WORD.want}'
                faults.append(LoadFault(_start(entry), text))
        elif entry.suffix in (".yaml", ".yml") and entry.name != OURSELVES:
            text = f"want {OURSELVES}, or a folder per partner with its {PROFILE}, and no other YAML file here"
            faults.append(LoadFault(_start(entry), text))


def _read_folder(
    folder: Path, *, revisions: dict[str, list[DatedProfile]], names: dict[str, Path], faults: list[LoadFault]
) -> None:
    for path in sorted(folder.glob("*.y*ml")):
        try:
            first_day = first_day_of(path.name)
        except ValueError:
            text = f"a partner's folder holds {PROFILE}, profile.from-CCYY-MM-DD.yaml, and no other YAML file"
            faults.append(LoadFault(_start(path), text))
            continue
        if names.setdefault(folder.name, path).parent != folder:
            text = f"the partner {folder.name} stands twice; first in {names[folder.name]}"
            faults.append(LoadFault(_start(path), text))
            continue
        top = _read(path, faults)
        if top is not None:
            read = read_profile(top, key=folder.name, faults=faults)
            revisions.setdefault(folder.name, []).append(DatedProfile(read, first_day))


def _read(path: Path, faults: list[LoadFault]) -> Mapping | None:
    try:
        return read_datafile(path.read_bytes(), file=str(path))
    except LoadError as error:
        faults.extend(error.faults)
        return None


def _entities(roots: Iterable[Path], faults: list[LoadFault]) -> list[LegalEntity]:
    found: dict[str, LegalEntity] = {}
    places: dict[str, Place] = {}
    for root in roots:
        path = root / OURSELVES
        top = _read(path, faults) if path.is_file() else None
        for name, entity in [] if top is None else read_ourselves(top, faults=faults):
            if name.text in found:
                text = f"the legal entity {name.text} stands twice; first at {places[name.text]}"
                faults.append(LoadFault(name.place, text))
                continue
            found[name.text], places[name.text] = entity, name.place
    return list(found.values())


def _with_keys(
    partner: TradingPartner, folder: Path, known_users: frozenset[str], faults: list[LoadFault]
) -> TradingPartner:
    """The partner with the keys of one `keys` folder added to its accounts."""
    accounts = {account.user: account for account in partner.accounts}
    users = [account.user for account in partner.accounts]
    for path, user in _account_files(folder / KEYS, _KEYS, partner.key, users, known_users, faults):
        known = accounts[user]
        read = read_key_file(path.read_bytes(), file=str(path), zone=ZoneInfo(partner.time_zone), faults=faults)
        accounts[user] = _with_more_keys(known, read, faults)
    return replace(partner, accounts=tuple(accounts.values()))


def _with_files(
    partner: TradingPartner, folder: Path, known_users: frozenset[str], faults: list[LoadFault]
) -> TradingPartner:
    """The partner with everything its folder holds beside the profile; `known_users` are those of all its revisions."""
    found = _with_certificates(_with_keys(partner, folder, known_users, faults), folder, known_users, faults)
    return _with_schemas(_with_guides(found, folder, faults), folder, faults)


def _with_certificates(
    partner: TradingPartner, folder: Path, known_users: frozenset[str], faults: list[LoadFault]
) -> TradingPartner:
    """The partner with the certificates of one `certificates` folder added to its AS2 accounts."""
    accounts = {account.user: account for account in partner.as2}
    zone = ZoneInfo(partner.time_zone)
    held = _account_files(folder / CERTIFICATES, _CERTIFICATES, partner.key, list(accounts), known_users, faults)
    for path, user in held:
        read = read_certificate_file(path.read_bytes(), file=str(path), ours=False, zone=zone, faults=faults)
        if read is not None:
            known = accounts[user]
            accounts[user] = replace(known, certificates=(*known.certificates, read))
    return replace(partner, as2=tuple(accounts.values()))


def _with_guides(partner: TradingPartner, folder: Path, faults: list[LoadFault]) -> TradingPartner:
    """The partner with the overlays of one `guides` folder, not looked into: the standard's guides are not ours."""
    guides = list(partner.guides)
    inside = folder / GUIDES
    for path in sorted(inside.iterdir()) if inside.is_dir() else ():
        if path.name.startswith("."):
            continue
        name = path.name.removesuffix(".yaml")
        if name == path.name or not path.is_file():
            faults.append(LoadFault(_start(path), "want guides as files NAME.yaml here, and nothing else"))
        elif any(name == guide.name for guide in guides):
            faults.append(LoadFault(_start(path), f"the guide {name} of {partner.key} stands twice"))
        else:
            label = f"{partner.key}/{GUIDES}/{path.name}"
            guides.append(GuideOverlay(name, path.read_bytes(), label, str(path)))
    return replace(partner, guides=tuple(guides))


def _with_schemas(partner: TradingPartner, folder: Path, faults: list[LoadFault]) -> TradingPartner:
    """The partner with the files of one `schemas` folder."""
    schemas = list(partner.schemas)
    inside = folder / SCHEMAS
    for path in sorted(inside.rglob("*")) if inside.is_dir() else ():
        name = path.relative_to(inside).as_posix()
        if path.is_dir() or path.name.startswith("."):
            continue
        if path.suffix != ".xsd":
            faults.append(LoadFault(_start(path), "want schemas as files NAME.xsd here, and nothing else"))
        elif any(name == schema.name for schema in schemas):
            faults.append(LoadFault(_start(path), f"the schema {name} of {partner.key} stands twice"))
        else:
            schemas.append(SchemaFile(name, path.read_bytes(), str(path)))
    return replace(partner, schemas=tuple(schemas))


def _check_schemas(partner: TradingPartner, faults: list[LoadFault]) -> None:
    """Every schema an agreement names is there and loads."""
    files = {schema.name: schema.content for schema in partner.schemas}
    for agreement in partner.agreements:
        if not agreement.file.schema:
            continue
        assert agreement.place is not None
        try:
            XMLSchema(files, main=agreement.file.schema)
        except SchemaError as error:
            hint = did_you_mean(agreement.file.schema, files) if agreement.file.schema not in files else ""
            faults.append(LoadFault(agreement.place, f"{error}{hint}"))


def _check_guides(partner: TradingPartner, faults: list[LoadFault]) -> None:
    known = [guide.name for guide in partner.guides]
    for agreement in partner.agreements:
        if agreement.guide and agreement.guide not in known:
            assert agreement.place is not None
            hint = did_you_mean(agreement.guide, known)
            text = f'there is no guide "{agreement.guide}" in the {GUIDES} folder of {partner.key}{hint}'
            faults.append(LoadFault(agreement.place, text))


def _with_more_keys(account: SftpAccount, read: Iterable[PublicKey], faults: list[LoadFault]) -> SftpAccount:
    keys = list(account.keys)
    for key in read:
        twin = next((before for before in keys if before.blob == key.blob), None)
        if twin is None:
            keys.append(key)
        else:
            assert key.place is not None
            text = f"the account {account.user} has this key already, from {twin.place}"
            faults.append(LoadFault(key.place, text))
    return replace(account, keys=tuple(keys))


@dataclass(frozen=True, slots=True)
class _Kind:
    """Files that belong to an account."""

    folder: str
    suffix: str
    channel: str
    one: str


_KEYS = _Kind(KEYS, ".pub", "SFTP", "key")
_CERTIFICATES = _Kind(CERTIFICATES, ".pem", "AS2", "certificate")


def _account_files(
    folder: Path, kind: _Kind, partner: str, users: list[str], known_users: frozenset[str], faults: list[LoadFault]
) -> Iterator[tuple[Path, str]]:
    """The files of a `keys` or `certificates` folder, each with its account; those of other revisions are left out."""
    if not folder.is_dir():
        return
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and entry.name in users:
            for path in sorted(entry.iterdir()):
                if _is_account_file(path, kind, faults):
                    yield path, entry.name
        elif entry.is_dir() and entry.name in known_users:
            continue
        elif entry.is_dir():
            hint = did_you_mean(entry.name, users)
            text = f'{kind.folder} for the account "{shown(entry.name)}", which {partner} does not have{hint}'
            faults.append(LoadFault(_start(entry), text))
        elif _is_account_file(entry, kind, faults):
            if len(users) == 1:
                yield entry, users[0]
            else:
                text = f"{partner} has {len(users)} {kind.channel} accounts; put the {kind.one} into "
                faults.append(LoadFault(_start(entry), f"{text}{kind.folder}/USER/{entry.name}"))


def _is_account_file(path: Path, kind: _Kind, faults: list[LoadFault]) -> bool:
    if path.name.startswith("."):
        return False
    if path.suffix == kind.suffix and path.is_file():
        return True
    what = "public key" if kind is _KEYS else kind.one
    text = f"not a {what} file; want files named *{kind.suffix} here, and nothing else"
    faults.append(LoadFault(_start(path), text))
    return False


def _without_profile(folder: Path, names: Iterable[str]) -> LoadFault:
    inside = next((name for name in (KEYS, CERTIFICATES) if (folder / name).is_dir()), None)
    if inside is None:
        return LoadFault(_start(folder / PROFILE), f"the folder {folder.name} holds no {PROFILE}")
    hint = did_you_mean(folder.name, names)
    return LoadFault(_start(folder / inside), f"{inside} for {folder.name}, which has no profile in any root{hint}")


def _start(path: Path) -> Place:
    return Place(str(path), 1, 1)
