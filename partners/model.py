"""Who a trading partner is and what was agreed with it: frozen values, made from profiles by the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from partners.as2_accounts import AS2Account
from partners.file_terms import FileTerms
from partners.folder_accounts import FolderAccount
from partners.https_accounts import HttpsAccount
from partners.logins import SftpAccount
from partners.work_days import WorkDays
from translators.datafile import Place
from translators.x12.acknowledge import AcknowledgmentPolicy
from translators.x12.acknowledge_form import AcknowledgmentForm
from translators.x12.characters import Charset
from translators.x12.model import Delimiters
from translators.x12.strictness import Strictness

if TYPE_CHECKING:
    from partners.remotes import RemoteAccount

RELEASE_LENGTH = 6
"""Characters of GS08 that name the release (X12 data element 480: version, release and subrelease)."""


class Status(StrEnum):
    """Whether anything may pass between us and the partner."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class Direction(StrEnum):
    """Which way a document goes, seen from us."""

    IN = "in"
    OUT = "out"


class Syntax(StrEnum):
    """The wire format of an agreement."""

    X12 = "x12"
    XML = "xml"
    JSON = "json"
    CSV = "csv"
    """Delimited or fixed-width text."""


class Usage(StrEnum):
    """ISA15: production or test."""

    PRODUCTION = "P"
    TEST = "T"


@dataclass(frozen=True, slots=True)
class Identifier:
    """An interchange identity: ISA05/06 (or ISA07/08), the id without its padding."""

    qualifier: str
    id: str
    place: Place = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.qualifier}/{self.id}"


@dataclass(frozen=True, slots=True)
class Contact:
    """A person or desk at the partner."""

    name: str
    role: str = ""
    email: str = ""
    phone: str = ""


class AdvicePolicy(StrEnum):
    """When an 824 is made."""

    NEVER = "never"
    ON_ERROR = "on_error"


@dataclass(frozen=True, slots=True)
class Acknowledgments:
    """What is answered with, and when; of what we send, what the partner owes us.

    Args:
        functional: when a 997 or 999 is made; one is waited for only where it is `always`.
        interchange: when a TA1 is made.
        form: which of 997 and 999.
        within: how long we wait for it before it is overdue.
        advice: whether an 824 tells of what a 997 or 999 has no code for, or a person is told.
    """

    functional: AcknowledgmentPolicy = AcknowledgmentPolicy.ALWAYS
    interchange: AcknowledgmentPolicy = AcknowledgmentPolicy.ON_ERROR
    form: AcknowledgmentForm = AcknowledgmentForm.FUNCTIONAL
    within: timedelta = timedelta(hours=24)
    advice: AdvicePolicy = AdvicePolicy.NEVER


class Grouping(StrEnum):
    """Whether functional groups of several kinds share an interchange of ours."""

    TOGETHER = "together"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Batch:
    """How documents go together.

    Args:
        sets: at most so many stand in an interchange, or documents in a delimited file.
        groups: whether each group has an interchange of its own.
        every: they leave when a multiple of this span (counted from midnight UTC, 1970) has come; zero for at once.
    """

    sets: int = 1_000
    groups: Grouping = Grouping.TOGETHER
    every: timedelta = timedelta()

    def leaves_at(self, at: datetime) -> datetime | None:
        """When what is ready at an (aware) moment may leave; None for at once."""
        if not self.every:
            return None
        past = (at - datetime.fromtimestamp(0, tz=UTC)) % self.every
        return at + (self.every - past) if past else None


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an interchange of ours looks like.

    Args:
        delimiters: its separators; without `repetition`, a version that has one is written with `^`.
        ta1: ask for a TA1 (ISA14), and wait for it.
    """

    delimiters: Delimiters = field(default_factory=Delimiters)
    ta1: bool = False


class GroupNumbers(StrEnum):
    """Within what a GS06 may be used once."""

    INTERCHANGE = "interchange"
    WINDOW = "window"


class SetNumbers(StrEnum):
    """Within what an ST02 may be used once."""

    GROUP = "group"
    INTERCHANGE = "interchange"
    WINDOW = "window"


class GroupCount(StrEnum):
    """What has a count of GS06 of its own: a partner, or each GS01 of it (ours then in interchanges of its own)."""

    PARTNER = "partner"
    KIND = "kind"


@dataclass(frozen=True, slots=True)
class NumberWindow:
    """How long control numbers of the partner count as used, and how we count ours to it.

    Args:
        days: so long an ISA13 does; 0 for no check at all, None for ever.
        gs06: where a GS06 received is used once: within the interchange, or (for its GS01, 02 and 03) the window.
        st02: likewise an ST02: within the group, the interchange, or (for its ST01) the window.
        received_gs06: how the partner counts its GS06, which says what a gap in them is.
        sent_gs06: how we count ours.
    """

    days: int | None = None
    gs06: GroupNumbers = GroupNumbers.INTERCHANGE
    st02: SetNumbers = SetNumbers.GROUP
    received_gs06: GroupCount = GroupCount.PARTNER
    sent_gs06: GroupCount = GroupCount.PARTNER

    @property
    def span(self) -> timedelta | None:
        """The window; None for ever."""
        return None if self.days is None else timedelta(days=self.days)

    def count_of(self, functional_id: str) -> str:
        """What GS06 of ours is counted under, for a GS01."""
        return "GS06" if self.sent_gs06 is GroupCount.PARTNER else f"GS06 {functional_id}"


@dataclass(frozen=True, slots=True)
class TextTerms:
    """How the text of the partner's X12 files is read.

    Args:
        charset: what it may hold; UTF-8 is decoded.
        unwrap: its lines are cut at a width, whatever stands there: line ends are no data.
    """

    charset: Charset = Charset.EXTENDED
    unwrap: bool = False


class Account(Protocol):
    """A way between a partner and us, over whichever channel: what the rest of the gateway needs to know of it."""

    @property
    def user(self) -> str:
        """Its name, unique over all partners and channels."""
        ...

    @property
    def partner(self) -> str:
        """Key of the partner it belongs to."""
        ...

    @property
    def carries(self) -> frozenset[str]:
        """Keys of the partners whose interchanges it may bring."""
        ...

    @property
    def channel(self) -> str:
        """The channel's word in a transmission: `sftp`, `https`, `as2` ..."""
        ...

    @property
    def pushed(self) -> bool:
        """Whether we bring there what goes out; else it waits in the account's mailbox to be collected."""
        ...

    @property
    def brings_files(self) -> bool:
        """Whether anything of the partner's can reach us this way."""
        ...

    @property
    def takes_files(self) -> bool:
        """Whether anything of ours can reach the partner this way."""
        ...

    @property
    def place(self) -> Place | None:
        """Where its name stands in a profile."""
        ...


@dataclass(frozen=True, slots=True)
class Criteria:
    """For which groups and sets an agreement holds, beside document and direction; None is any.

    `release` and `suffix` are the two parts of GS08 (`004010` and `VICS`); `ourselves` is the key of a legal entity.
    """

    functional_id: str | None = None
    release: str | None = None
    suffix: str | None = None
    usage: Usage | None = None
    ourselves: str | None = None
    gs_sender: str | None = None
    gs_receiver: str | None = None

    def as_tuple(self) -> tuple[str | None, ...]:
        """The seven criteria in a fixed order."""
        return (
            self.functional_id,
            self.release,
            self.suffix,
            self.usage,
            self.ourselves,
            self.gs_sender,
            self.gs_receiver,
        )


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed for one document in one direction with one partner.

    Args:
        document: what is exchanged; for X12 the transaction set (`850`).
        guide: name of the partner's guide (`850.in`), merged into the standard's; "" where the standard's own holds.
        strictness: what faults do where it is not what their table says; None where it is.
        map: name of the map (`acme/850.in`); "" where the document passes through unmapped.
        deliver_to: names of destinations, for `in`.
        ordered: documents with the same business key keep their order.
        acknowledge: for `in` what we answer with, for `out` what we wait for.
        pass_through: no map is run: what comes is checked, answered and kept, and nothing of it is delivered; what goes
            is sent as it was handed over.
        batch: for `out`, how many documents go together.
        envelope: for `out`, what an interchange looks like.
        currency: ISO 4217, what maps use where the document names none; "" for none.
        values: free words of the profile, for maps.
        account: for `out`, the account it goes by; "" for the partner's first that takes files.
        file: of XML, JSON and CSV, how its files are told or called, and answered.
    """

    partner: str
    document: str
    direction: Direction
    syntax: Syntax = Syntax.X12
    criteria: Criteria = Criteria()
    guide: str = ""
    strictness: Strictness | None = None
    map: str = ""
    deliver_to: tuple[str, ...] = ()
    ordered: bool = True
    pass_through: bool = False
    currency: str = ""
    acknowledge: Acknowledgments = Acknowledgments()
    batch: Batch = Batch()
    envelope: Envelope = Envelope()
    values: Mapping[str, str] = field(default_factory=dict)
    account: str = ""
    file: FileTerms = field(default_factory=FileTerms)
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def version(self) -> str:
        """The version it was made for: `004010VICS`, `004010`, or "" for any."""
        return (self.criteria.release or "") + (self.criteria.suffix or "")

    def for_maps(self) -> dict[str, str]:
        """What a map reads as `agreement.NAME`: `currency` (where agreed) and every word of `values`."""
        return {**({"currency": self.currency} if self.currency else {}), **self.values}


@dataclass(frozen=True, slots=True)
class GuideOverlay:
    """A file of a partner's `guides` folder: `name` is `850.in` for `850.in.yaml`; `label` is short, for messages."""

    name: str
    content: bytes
    label: str = field(default="", compare=False)
    file: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """A file of a partner's `schemas` folder, by its path in it with `/`."""

    name: str
    content: bytes = field(repr=False)
    file: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class LegalEntity:
    """One of our own identities."""

    key: str
    name: str
    identifiers: tuple[Identifier, ...]
    group_ids: tuple[str, ...] = ()
    as2_name: str = ""


@dataclass(frozen=True, slots=True)
class TradingPartner:
    """A partner and all that was agreed with it.

    Args:
        key: its folder's name, how everything else refers to it.
        name: as people call it.
        group_ids: GS02/03 codes it uses beside its interchange ids; where there are none, any code is taken.
        time_zone: IANA name, for its days and schedules.
        work_days: on which it answers, in that zone.
        duplicate_window_days: how long the same bytes again are a duplicate; 0 for never. X12 goes by control numbers.
        control_numbers: how long its control numbers count as used, and how ours are counted.
        text: how its X12 files are read.
        schemas: XSD files that its XML is held to.
        revision: SHA-256 (hex) of all of the above and below as resolved, keys from every root included.
    """

    key: str
    name: str
    status: Status = Status.ACTIVE
    identifiers: tuple[Identifier, ...] = ()
    group_ids: tuple[str, ...] = ()
    accounts: tuple[SftpAccount, ...] = ()
    as2: tuple[AS2Account, ...] = ()
    https: tuple[HttpsAccount, ...] = ()
    remotes: tuple[RemoteAccount, ...] = ()
    folders: tuple[FolderAccount, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    guides: tuple[GuideOverlay, ...] = ()
    schemas: tuple[SchemaFile, ...] = ()
    acknowledge: Acknowledgments = Acknowledgments()
    contacts: tuple[Contact, ...] = ()
    time_zone: str = "UTC"
    work_days: WorkDays = field(default_factory=WorkDays)
    duplicate_window_days: int = 0
    control_numbers: NumberWindow = NumberWindow()
    text: TextTerms = TextTerms()
    revision: str = ""

    @property
    def ways(self) -> tuple[Account, ...]:
        """Its accounts over every channel."""
        return (*self.accounts, *self.https, *self.as2, *self.remotes, *self.folders)

    @property
    def active(self) -> bool:
        """Whether anything may pass."""
        return self.status is Status.ACTIVE
