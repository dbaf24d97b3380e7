"""One watched folder of a partner: where its files are dropped, and where what is for it is put.

For deployments that have OpenSSH, another SFTP server or a VAN's client in front. The folders are data; nothing in them
ever runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from partners.carries import read_carries
from partners.fields import Fields, Reference, form
from partners.held_names import HELD_NAMES, PATTERN
from translators.datafile import LoadFault, Mapping, Place

_USER = form(r"[a-z0-9][a-z0-9._-]{0,31}", "up to 32 lower-case letters, digits, dots, - and _")
FOLDER_KEYS = ("user", "in", "out", "stable", "held_names", "keep", "test", "carries")
"""What a folder account may say."""
STABLE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class FolderAccount:
    """A watched folder. See `partners.model.Account`.

    Args:
        user: its name, unique over all partners and channels.
        inbox: where files are dropped; relative to the home folder, or absolute. None where none come.
        outbox: where what is for the partner is put; None where nothing can be.
        stable: a file counts once its size and time have not changed for so long.
        held_names: patterns of names that do not count.
        keep: whether a file that was taken in stays in the folder's `.done`; else it is removed.
        test: whether everything that comes is a test.
        carries: keys of the partners whose documents it may bring.
    """

    user: str
    partner: str
    inbox: Path | None = None
    outbox: Path | None = None
    stable: timedelta = STABLE
    held_names: tuple[str, ...] = HELD_NAMES
    keep: bool = True
    test: bool = False
    carries: frozenset[str] = frozenset()
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def channel(self) -> str:
        """See Account."""
        return "folder"

    @property
    def pushed(self) -> bool:
        """Whether what is for it is put into a folder."""
        return self.outbox is not None

    @property
    def brings_files(self) -> bool:
        """See Account."""
        return self.inbox is not None

    @property
    def takes_files(self) -> bool:
        """Whether there is a folder for what goes out; a mailbox that nobody collects from is no way."""
        return self.outbox is not None


def read_folder_account(
    item: Mapping, *, partner: str, references: list[Reference], faults: list[LoadFault]
) -> FolderAccount | None:
    """Read one account; None where it has no usable user.

    Args:
        item: the account.
        partner: key of the partner it belongs to.
        references: where the partners it names are added.
        faults: where mistakes are added.
    """
    fields = Fields(item, of="a folder account", known=FOLDER_KEYS, faults=faults)
    fields.require("user")
    user = fields.scalar("user", _USER)
    carries = read_carries(fields, partner=partner, references=references)
    inbox, outbox = fields.text("in"), fields.text("out")
    if not fields.has("in") and not fields.has("out"):
        fields.fault(fields.place, "a folder account needs in, out, or both")
    if inbox and inbox == outbox:
        fields.fault(fields.place_of("out"), "in and out are one folder: what we put there would come back")
    held = tuple(name.text for name in fields.scalars("held_names", PATTERN))
    read = FolderAccount(
        user="" if user is None else user.text,
        partner=partner,
        inbox=Path(inbox) if inbox else None,
        outbox=Path(outbox) if outbox else None,
        stable=fields.span("stable", default=STABLE),
        held_names=held if fields.has("held_names") else HELD_NAMES,
        keep=fields.flag("keep", default=True),
        test=fields.flag("test", default=False),
        carries=carries,
        place=None if user is None else user.place,
    )
    return None if user is None else read
