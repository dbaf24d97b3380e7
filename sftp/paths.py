"""Paths of the virtual tree: bytes from a partner to a checked location; there is no path on a disk behind it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime

from sftp.errors import BadNameError, NotThereError
from sftp.ports import Account, Area, Place
from translators.errors import shown

LONGEST_NAME = 255
"""Bytes of UTF-8 in one name."""
LONGEST_PATH = 4096
"""Bytes of UTF-8 in a whole path."""


@dataclass(frozen=True, slots=True)
class Root:
    """The folder `/`, which holds the account's areas."""


@dataclass(frozen=True, slots=True)
class ArchiveRoot:
    """The folder `/archive`, which holds days."""


@dataclass(frozen=True, slots=True)
class FilePath:
    """A file, there or not: a folder that holds files, and a name."""

    place: Place
    name: str


Location = Root | ArchiveRoot | Place | FilePath
"""Everything a path can mean."""


def normalise(raw: bytes) -> str:
    """A path as a partner sent it, made absolute: `.`, `..` and doubled slashes resolved, never above `/`.

    Args:
        raw: UTF-8; a relative path counts from `/`.

    Returns:
        The path, each name in Unicode form NFC, so that one name has one spelling.

    Raises:
        BadNameError: not UTF-8, too long, or a name with characters no file may have here.
    """
    if len(raw) > LONGEST_PATH:
        raise BadNameError(f"the path has {len(raw)} bytes; want {LONGEST_PATH} at most")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadNameError("the path is not UTF-8; send names in UTF-8") from error
    names: list[str] = []
    for part in text.split("/"):
        if part == "..":
            del names[-1:]
        elif part not in ("", "."):
            names.append(checked_name(part))
    return "/" + "/".join(names)


def checked_name(name: str) -> str:
    """One name in NFC, if a file may have it.

    Raises:
        BadNameError: too long; control, formatting, private or unassigned characters (among them NUL, line breaks, and
            those that turn the writing direction); a slash or backslash, or a character that stands for one.
    """
    normal = unicodedata.normalize("NFC", name)
    if len(normal.encode("utf-8")) > LONGEST_NAME:
        raise BadNameError(f"name {shown(normal)} is over {LONGEST_NAME} bytes; send a shorter one")
    for ch in normal:
        if unicodedata.category(ch) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            raise BadNameError(f"name {shown(normal)} has the character U+{ord(ch):04X}; send one without it")
    folded = unicodedata.normalize("NFKC", normal)
    if "/" in folded or "\\" in folded or folded.strip(" ") in (".", "..", ""):
        raise BadNameError(f"name {shown(normal)} reads as a path; send a plain file name")
    return normal


def locate(account: Account, path: str) -> Location:
    """What a normalised path means for an account.

    Raises:
        NotThereError: no such folder, or a path below a file.
    """
    names = path.strip("/").split("/") if path != "/" else []
    if not names:
        return Root()
    area = next((area for area in account.areas if area.value == names[0]), None)
    if area is None:
        raise NotThereError(f"no folder {shown('/' + names[0])}; this mailbox has {_listed(account)}")
    rest = names[1:]
    place = Place(area)
    if area is Area.ARCHIVE:
        if not rest:
            return ArchiveRoot()
        place = Place(area, day_of(rest.pop(0)))
    if not rest:
        return place
    if len(rest) > 1:
        raise NotThereError(f"no folder {shown(f'{place}/{rest[0]}')}; folders cannot be made here")
    return FilePath(place, rest[0])


def day_of(name: str) -> date:
    """The day an archive folder stands for.

    Raises:
        NotThereError: the name is no day in the form CCYYMMDD.
    """
    try:
        day = datetime.strptime(name, "%Y%m%d").date() if len(name) == 8 and name.isascii() and name.isdigit() else None  # noqa: DTZ007 - a bare date
    except ValueError:
        day = None
    if day is None:
        raise NotThereError(f"no folder /archive/{shown(name)}; want a day as CCYYMMDD")
    return day


def _listed(account: Account) -> str:
    return " ".join(f"/{area}" for area in account.areas)
