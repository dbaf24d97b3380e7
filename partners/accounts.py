"""One SFTP account of a profile: user, keys, networks, whom it carries, limits."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from partners.carries import read_carries
from partners.fields import Fields, Reference, form
from partners.held_names import HELD_NAMES, PATTERN
from partners.keys import read_key
from partners.logins import (
    FLAG_ENDINGS,
    QUIET_TIME,
    Limits,
    Login,
    Outbox,
    PasswordHash,
    Pickup,
    PublicKey,
    Removal,
    SftpAccount,
)
from partners.networks import read_networks
from partners.passwords import read_hash
from translators.datafile import LoadFault, Mapping

_ENDING = form(r"\.[A-Za-z0-9_-]{1,16}", "the ending of a flag file, as .done")
_USER = form(r"[a-z0-9][a-z0-9._-]{0,31}", "up to 32 lower-case letters, digits, dots, - and _")
ACCOUNT_KEYS = (
    "user",
    "login",
    "keys",
    "passwords",
    "pickup",
    "held_names",
    "flag_endings",
    "quiet_time",
    "out",
    "allowed_from",
    "carries",
    "limits",
)
"""What an account may say."""
OUT_KEYS = ("remove", "days")
"""What becomes of files in /out."""
LIMIT_KEYS = (
    "sessions",
    "sessions_per_address",
    "open_files",
    "file_bytes",
    "files",
    "total_bytes",
    "idle",
)
"""What its limits may say."""


def read_account(
    item: Mapping, *, partner: str, zone: ZoneInfo, references: list[Reference], faults: list[LoadFault]
) -> SftpAccount | None:
    """Read one account; None where it has no usable user.

    Args:
        item: the account.
        partner: key of the partner it belongs to.
        zone: the partner's, for the days of its keys.
        references: where the partners it names are added.
        faults: where mistakes are added.
    """
    fields = Fields(item, of="an sftp account", known=ACCOUNT_KEYS, faults=faults)
    fields.require("user")
    user = fields.scalar("user", _USER)
    carries = read_carries(fields, partner=partner, references=references)
    keys: list[PublicKey] = []
    for entry in fields.mappings("keys"):
        key = _key(entry, zone=zone, faults=faults)
        if key is not None and any(key.blob == before.blob for before in keys):
            fields.fault(entry.place, "this key stands twice in the account")
        elif key is not None:
            keys.append(key)
    pickup = _pickup(fields)
    read = SftpAccount(
        user="" if user is None else user.text,
        partner=partner,
        login=fields.choice("login", Login.KEY),
        keys=tuple(keys),
        passwords=_passwords(fields, zone=zone),
        pickup=pickup,
        held_names=tuple(name.text for name in fields.scalars("held_names", PATTERN)) or HELD_NAMES,
        flag_endings=tuple(end.text for end in fields.scalars("flag_endings", _ENDING)) or FLAG_ENDINGS,
        quiet_time=fields.span("quiet_time", default=QUIET_TIME),
        out=_out(fields),
        allowed_from=read_networks(fields),
        carries=carries,
        limits=_limits(fields, faults),
        place=None if user is None else user.place,
    )
    return None if user is None else read


def _key(entry: Mapping, *, zone: ZoneInfo, faults: list[LoadFault]) -> PublicKey | None:
    fields = Fields(entry, of="a key", known=("key", "not_before", "not_after"), faults=faults)
    fields.require("key")
    line = fields.scalar("key")
    not_before, not_after = fields.scalar("not_before"), fields.scalar("not_after")
    if line is None:
        return None
    return read_key(line, not_before=not_before, not_after=not_after, zone=zone, faults=faults)


def _pickup(fields: Fields) -> Pickup:
    """When a file counts; a key that belongs to another way of it is a fault."""
    pickup = fields.choice("pickup", Pickup.CLOSE)
    ways = {
        "held_names": (Pickup.RENAME, Pickup.FLAG, Pickup.QUIET),
        "flag_endings": (Pickup.FLAG,),
        "quiet_time": (Pickup.QUIET,),
    }
    for key, wanted in ways.items():
        if fields.has(key) and pickup not in wanted:
            names = " or ".join(way.value for way in wanted)
            fields.fault(fields.place_of(key), f"{key} is for pickup: {names}; here it is {pickup.value}")
    return pickup


def _out(outer: Fields) -> Outbox:
    found = outer.mapping("out")
    if found is None:
        return Outbox()
    fields = Fields(found, of="out", known=OUT_KEYS, faults=outer.faults)
    days = fields.number("days", default=0, low=1, high=3660)
    return Outbox(fields.choice("remove", Removal.ON_DELETE), days or None)


def _passwords(outer: Fields, *, zone: ZoneInfo) -> tuple[PasswordHash, ...]:
    if outer.has("passwords") and outer.text("login", default=Login.KEY) == Login.KEY:
        outer.fault(outer.place_of("passwords"), "passwords are not asked for; say login: password, either or both")
    found: list[PasswordHash] = []
    for entry in outer.mappings("passwords"):
        fields = Fields(entry, of="a password", known=("hash", "not_before", "not_after"), faults=outer.faults)
        fields.require("hash")
        line, not_before, not_after = fields.scalar("hash"), fields.scalar("not_before"), fields.scalar("not_after")
        if line is not None:
            read = read_hash(line, not_before=not_before, not_after=not_after, zone=zone, faults=outer.faults)
            found += [] if read is None else [read]
    return tuple(found)


def _limits(outer: Fields, faults: list[LoadFault]) -> Limits:
    found = outer.mapping("limits")
    usual = Limits()
    if found is None:
        return usual
    fields = Fields(found, of="limits", known=LIMIT_KEYS, faults=faults)
    here = fields.number("sessions_per_address", default=0, low=1, high=1000)
    return Limits(
        sessions=fields.number("sessions", default=usual.sessions, low=1, high=1000),
        sessions_per_address=here or None,
        open_files=fields.number("open_files", default=usual.open_files, low=1, high=1000),
        file_bytes=fields.size("file_bytes", default=usual.file_bytes),
        files=fields.number("files", default=usual.files, low=1, high=10_000_000),
        total_bytes=fields.size("total_bytes", default=usual.total_bytes),
        idle=fields.span("idle", default=usual.idle),
    )
