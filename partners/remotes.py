"""A partner's own SFTP server, as its profile says it: where, who we are there, what is fetched, where we send."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from partners.carries import read_carries
from partners.fields import WORD, Fields, Reference, form
from partners.held_names import HELD_NAMES
from partners.keys import read_key
from partners.logins import PublicKey
from partners.schedule import Schedule, Window, read_window
from translators.datafile import LoadFault, Mapping, Place
from translators.errors import shown

CHANNEL = "sftp-client"
MOST_HOST_KEYS = 2

_NAME = form(r"[a-z0-9][a-z0-9._-]{0,31}", "up to 32 lower-case letters, digits, dots, - and _")
_HOST = form(r"[0-9A-Za-z.:_-]{1,253}", "a host name or address")
_USER = form(r"[!-~]{1,128}", "a user name without spaces")
_FOLDER = form(r"/|(?:/[^/\x00-\x1f]{1,255}){1,20}", "an absolute path, as /outbox")
_PATTERN = form(r"[^/\x00-\x1f]{1,100}", "a pattern of file names, as *.edi")
_TIME = form(r"([01][0-9]|2[0-3]):[0-5][0-9]", "a time of day, as 06:30")

REMOTE_KEYS = (
    "name", "host", "port", "user", "key", "password", "host_keys", "carries", "fetch", "send",
    "every", "at", "windows", "stable_polls", "breaker",
)  # fmt: skip
"""What a server of a partner's may say."""
FETCH_KEYS = ("folder", "names", "held_names", "after", "move_to", "file_bytes", "environment")
"""What a folder we fetch from may say."""
SEND_KEYS = ("folder",)
"""What the folder we send to may say."""
BREAKER_KEYS = ("failures", "pause")
"""What its `breaker` may say."""


class After(StrEnum):
    """What becomes of a file there once it is ours."""

    DELETE = "delete"
    MOVE = "move"
    KEEP = "keep"


class Kind(StrEnum):
    """Whether what lies in a folder is in earnest."""

    LIVE = "live"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class FetchFrom:
    """One folder we fetch from.

    Args:
        folder: its path there.
        names: patterns of what is ours to fetch.
        held_names: patterns of what is still being written.
        after: what becomes of a file once it is ours.
        move_to: for After.MOVE, the folder it goes to.
        file_bytes: the largest file taken.
        environment: live, or test: then nothing of it is delivered.
    """

    folder: str
    names: tuple[str, ...] = ("*",)
    held_names: tuple[str, ...] = HELD_NAMES
    after: After = After.DELETE
    move_to: str = ""
    file_bytes: int = 1024**3
    environment: Kind = Kind.LIVE


@dataclass(frozen=True, slots=True)
class Breaker:
    """After so many failures in a row the server is left alone for a while, and a person is told."""

    failures: int = 5
    pause: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class RemoteAccount:
    """Our account at a partner's server. It keeps `partners.model.Account`.

    Args:
        user: what we call it; unique over all accounts.
        login: who we are there.
        key: name of the secret that is our private key; "" for none.
        password: name of the secret that is our password; "" for none.
        host_keys: the server must show one of them.
        send_to: the folder our files go to; "" where we send nothing there.
        schedule: when it is polled.
        stable_polls: polls a file must look the same at before it is fetched.
    """

    user: str
    partner: str
    host: str
    port: int = 22
    login: str = ""
    key: str = ""
    password: str = ""
    host_keys: tuple[PublicKey, ...] = ()
    carries: frozenset[str] = frozenset()
    fetch: tuple[FetchFrom, ...] = ()
    send_to: str = ""
    schedule: Schedule = field(default_factory=Schedule)
    stable_polls: int = 2
    breaker: Breaker = Breaker()
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def channel(self) -> str:
        """See Account."""
        return CHANNEL

    @property
    def pushed(self) -> bool:
        """What goes out is brought there, where there is a folder for it."""
        return bool(self.send_to)

    @property
    def brings_files(self) -> bool:
        """See Account."""
        return bool(self.fetch)

    @property
    def takes_files(self) -> bool:
        """See Account."""
        return bool(self.send_to)

    @property
    def pins(self) -> str:
        """The pinned host keys, as one text that changes with them."""
        return " ".join(sorted(key.fingerprint for key in self.host_keys))


def read_remote(
    item: Mapping, *, partner: str, zone: ZoneInfo, references: list[Reference], faults: list[LoadFault]
) -> RemoteAccount | None:
    """Read one server of a partner's; None where anything in it is at fault.

    Args:
        item: the server.
        partner: key of the partner it belongs to.
        zone: the partner's, for schedules.
        references: where the partners it names are added.
        faults: where mistakes are added.
    """
    count = len(faults)
    fields = Fields(item, of="an sftp_client", known=REMOTE_KEYS, faults=faults)
    fields.require("name", "host", "user", "host_keys")
    name = fields.scalar("name", _NAME)
    carries = read_carries(fields, partner=partner, references=references)
    send = fields.mapping("send")
    read = RemoteAccount(
        user="" if name is None else name.text,
        partner=partner,
        host=fields.text("host", _HOST),
        port=fields.number("port", default=22, low=1, high=65_535),
        login=fields.text("user", _USER),
        key=fields.text("key", WORD),
        password=fields.text("password", WORD),
        host_keys=_host_keys(fields, zone=zone),
        carries=carries,
        fetch=tuple(_fetch(entry, faults) for entry in fields.mappings("fetch")),
        send_to="" if send is None else _send_to(send, faults),
        schedule=Schedule(zone.key, fields.span("every", default=Schedule().every), _times(fields), _windows(fields)),
        stable_polls=fields.number("stable_polls", default=2, low=1, high=100),
        breaker=_breaker(fields),
        place=None if name is None else name.place,
    )
    _check(fields, read)
    return read if len(faults) == count else None


def _check(fields: Fields, read: RemoteAccount) -> None:
    if not read.key and not read.password:
        fields.fault(fields.place, "there is neither key nor password; name a secret to log in with")
    if not fields.has("fetch") and not fields.has("send"):
        fields.fault(fields.place, "there is nothing to do there; say fetch, send or both")
    if fields.has("every") and fields.has("at"):
        fields.fault(fields.place_of("at"), "at and every exclude each other; keep one")
    folders = [each.folder for each in read.fetch]
    if len(set(folders)) < len(folders):
        fields.fault(fields.place_of("fetch"), "a folder stands twice in fetch")
    if read.send_to and read.send_to in folders:
        fields.fault(fields.place_of("send"), f"what is sent to {shown(read.send_to)} would be fetched again")


def _host_keys(fields: Fields, *, zone: ZoneInfo) -> tuple[PublicKey, ...]:
    lines = fields.scalars("host_keys")
    read = [read_key(line, not_before=None, not_after=None, zone=zone, faults=fields.faults) for line in lines]
    if fields.has("host_keys") and not 1 <= len(fields.items("host_keys")) <= MOST_HOST_KEYS:
        text = "want one host key, or two while one replaces the other"
        fields.fault(fields.place_of("host_keys"), text)
    return tuple(key for key in read if key is not None)


def _fetch(entry: Mapping, faults: list[LoadFault]) -> FetchFrom:
    fields = Fields(entry, of="a folder of fetch", known=FETCH_KEYS, faults=faults)
    fields.require("folder")
    usual = FetchFrom("")
    read = FetchFrom(
        folder=fields.text("folder", _FOLDER),
        names=tuple(each.text for each in fields.scalars("names", _PATTERN)) or usual.names,
        held_names=tuple(each.text for each in fields.scalars("held_names", _PATTERN)) or usual.held_names,
        after=fields.choice("after", After.DELETE),
        move_to=fields.text("move_to", _FOLDER),
        file_bytes=fields.size("file_bytes", default=usual.file_bytes),
        environment=fields.choice("environment", Kind.LIVE),
    )
    if (read.after is After.MOVE) != bool(read.move_to):
        fields.fault(entry.place, "after: move and move_to belong together")
    if read.move_to and read.move_to == read.folder:
        fields.fault(fields.place_of("move_to"), "move_to is the folder itself; its files would be fetched for ever")
    return read


def _send_to(entry: Mapping, faults: list[LoadFault]) -> str:
    fields = Fields(entry, of="send", known=SEND_KEYS, faults=faults)
    fields.require("folder")
    return fields.text("folder", _FOLDER)


def _times(fields: Fields) -> tuple[time, ...]:
    return tuple(time.fromisoformat(each.text) for each in fields.scalars("at", _TIME))


def _windows(fields: Fields) -> tuple[Window, ...]:
    found = []
    for each in fields.scalars("windows"):
        window = read_window(each.text)
        if window is None:
            wanted = "want days and times, as Mon-Fri 06:00-22:00, or times alone"
            fields.fault(each.place, f'windows has "{shown(each.text)}"; {wanted}')
        else:
            found.append(window)
    return tuple(found)


def _breaker(outer: Fields) -> Breaker:
    found = outer.mapping("breaker")
    usual = Breaker()
    if found is None:
        return usual
    fields = Fields(found, of="breaker", known=BREAKER_KEYS, faults=outer.faults)
    failures = fields.number("failures", default=usual.failures, low=1, high=1000)
    return Breaker(failures, fields.span("pause", default=usual.pause))
