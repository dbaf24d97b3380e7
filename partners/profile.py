"""One partner's profile.yaml, and our own ourselves.yaml, read into the model with every fault at its place."""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from partners.accounts import read_account
from partners.agreements import GROUP_ID, read_acknowledgments, read_agreement
from partners.as2_accounts import NAME, read_as2_account
from partners.fields import WORD, Fields, Reference, form
from partners.folder_accounts import read_folder_account
from partners.https_accounts import read_https_account
from partners.model import (
    Acknowledgments,
    Contact,
    Identifier,
    LegalEntity,
    NumberWindow,
    Status,
    TextTerms,
    TradingPartner,
)
from partners.remotes import read_remote
from partners.work_days import read_work_days
from translators.datafile import LoadFault, Mapping, Scalar, did_you_mean
from translators.errors import shown

_QUALIFIER = form(r"[0-9A-Z]{2}", "two digits or capital letters, as ZZ or 01 (ISA05)")
_INTERCHANGE_ID = form(
    r"[!-~](?:[ -~]{0,13}[!-~])?", "1 to 15 printable ASCII characters, no space at the ends (ISA06)"
)
_EMAIL = form(r"[^@\s]+@[^@\s]+", "an e-mail address")
_HIGHEST_WINDOW = 3660

PROFILE_KEYS = (
    "name",
    "status",
    "time_zone",
    "work_days",
    "duplicate_window_days",
    "control_numbers",
    "text",
    "identifiers",
    "group_ids",
    "acknowledge",
    "contacts",
    "sftp",
    "sftp_client",
    "as2",
    "https",
    "folders",
    "agreements",
)
"""What a profile may say."""

ENTITY_KEYS = ("name", "identifiers", "group_ids", "as2_name")
"""What a legal entity of ours may say."""

NUMBER_KEYS = ("window_days", "gs06", "st02", "received_gs06", "sent_gs06")
"""What its `control_numbers` may say."""

TEXT_KEYS = ("charset", "unwrap")
"""What its `text` may say."""


class ProfileRead(NamedTuple):
    """What a profile says; what is at fault in it is left out."""

    partner: TradingPartner
    references: tuple[Reference, ...]


def read_profile(top: Mapping, *, key: str, faults: list[LoadFault]) -> ProfileRead:
    """Read a profile.

    Args:
        top: the file.
        key: the partner's key, its folder's name.
        faults: where mistakes are added.
    """
    fields = Fields(top, of="a profile", known=PROFILE_KEYS, faults=faults)
    fields.require("name")
    zone_name, zone = _zone(fields)
    acknowledge = read_acknowledgments(fields, of="acknowledge", inherited=Acknowledgments())
    references: list[Reference] = []
    accounts = tuple(
        account
        for item in fields.mappings("sftp")
        if (account := read_account(item, partner=key, zone=zone, references=references, faults=faults)) is not None
    )
    agreements = tuple(
        agreement
        for item in fields.mappings("agreements")
        if (agreement := read_agreement(item, partner=key, inherited=acknowledge, references=references, faults=faults))
        is not None
    )
    partner = TradingPartner(
        key=key,
        name=fields.text("name"),
        status=fields.choice("status", Status.ACTIVE),
        identifiers=_identifiers(fields, faults),
        group_ids=tuple(item.text for item in fields.scalars("group_ids", GROUP_ID)),
        accounts=accounts,
        as2=tuple(
            reached
            for item in fields.mappings("as2")
            if (reached := read_as2_account(item, partner=key, zone=zone, references=references, faults=faults))
            is not None
        ),
        https=tuple(
            opened
            for item in fields.mappings("https")
            if (opened := read_https_account(item, partner=key, references=references, faults=faults)) is not None
        ),
        remotes=tuple(
            remote
            for item in fields.mappings("sftp_client")
            if (remote := read_remote(item, partner=key, zone=zone, references=references, faults=faults)) is not None
        ),
        folders=tuple(
            watched
            for item in fields.mappings("folders")
            if (watched := read_folder_account(item, partner=key, references=references, faults=faults)) is not None
        ),
        agreements=agreements,
        acknowledge=acknowledge,
        contacts=tuple(_contact(item, faults) for item in fields.mappings("contacts")),
        time_zone=zone_name,
        work_days=read_work_days(fields, zone=zone_name),
        duplicate_window_days=fields.number("duplicate_window_days", default=0, low=0, high=_HIGHEST_WINDOW),
        control_numbers=_window(fields),
        text=_text(fields),
    )
    return ProfileRead(partner, tuple(references))


def read_ourselves(top: Mapping, *, faults: list[LoadFault]) -> list[tuple[Scalar, LegalEntity]]:
    """Read our own legal entities, each with the place of its key."""
    entities: list[tuple[Scalar, LegalEntity]] = []
    for name, value in top.entries:
        if not WORD.pattern.fullmatch(name.text):
            faults.append(LoadFault(name.place, f'a legal entity is "{shown(name.text)}"; want {WORD.want}'))
            continue
        if not isinstance(value, Mapping):
            faults.append(LoadFault(value.place, f"{name.text} wants keys and values"))
            continue
        fields = Fields(value, of="a legal entity", known=ENTITY_KEYS, faults=faults)
        fields.require("name", "identifiers")
        group_ids = tuple(item.text for item in fields.scalars("group_ids", GROUP_ID))
        entities.append(
            (
                name,
                LegalEntity(
                    name.text,
                    fields.text("name"),
                    _identifiers(fields, faults),
                    group_ids,
                    fields.text("as2_name", NAME),
                ),
            ),
        )
    return entities


def _zone(fields: Fields) -> tuple[str, ZoneInfo]:
    found = fields.scalar("time_zone")
    name = "UTC" if found is None else found.text
    try:
        return name, ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        assert found is not None
        hint = did_you_mean(name, available_timezones())
        fields.fault(found.place, f'time_zone is "{shown(name)}"; want an IANA name, as America/Chicago{hint}')
        return "UTC", ZoneInfo("UTC")


def _window(outer: Fields) -> NumberWindow:
    found = outer.mapping("control_numbers")
    if found is None:
        return NumberWindow()
    usual = NumberWindow()
    fields = Fields(found, of="control_numbers", known=NUMBER_KEYS, faults=outer.faults)
    has_days = fields.has("window_days")
    days = fields.number("window_days", default=0, low=0, high=_HIGHEST_WINDOW) if has_days else usual.days
    window = NumberWindow(
        days,
        gs06=fields.choice("gs06", usual.gs06),
        st02=fields.choice("st02", usual.st02),
        received_gs06=fields.choice("received_gs06", usual.received_gs06),
        sent_gs06=fields.choice("sent_gs06", usual.sent_gs06),
    )
    for key, scope in (("gs06", window.gs06), ("st02", window.st02)):
        if scope == "window" and days == 0:
            fields.fault(fields.place_of(key), f"{key}: window asks for a window, and window_days is 0")
    return window


def _text(outer: Fields) -> TextTerms:
    found = outer.mapping("text")
    if found is None:
        return TextTerms()
    fields = Fields(found, of="text", known=TEXT_KEYS, faults=outer.faults)
    return TextTerms(fields.choice("charset", TextTerms().charset), fields.flag("unwrap", default=False))


def _identifiers(fields: Fields, faults: list[LoadFault]) -> tuple[Identifier, ...]:
    found: list[Identifier] = []
    for item in fields.mappings("identifiers"):
        parts = Fields(item, of="an identifier", known=("qualifier", "id"), faults=faults)
        parts.require("qualifier", "id")
        qualifier, name = parts.scalar("qualifier", _QUALIFIER), parts.scalar("id", _INTERCHANGE_ID)
        if qualifier is not None and name is not None:
            found.append(Identifier(qualifier.text, name.text, item.place))
    return tuple(found)


def _contact(item: Mapping, faults: list[LoadFault]) -> Contact:
    fields = Fields(item, of="a contact", known=("name", "role", "email", "phone"), faults=faults)
    fields.require("name")
    return Contact(fields.text("name"), fields.text("role"), fields.text("email", _EMAIL), fields.text("phone"))
