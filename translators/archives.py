"""Archives (zip, gzip) to the files in them, within caps; the names in them are labels and never paths.

A member may not be an archive itself, a link, or encrypted. Everything is counted while it is unpacked: what an archive
says of its own sizes is not believed.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from translators.errors import Issue, Position, shown
from translators.reading import FormatFault, fault_table

FAULTS = fault_table(
    FormatFault("archive.unreadable", 1, "the archive is damaged, or packed in a way that is not read"),
    FormatFault("archive.empty", 1, "the archive holds no file"),
    FormatFault("archive.too_large", 1, "the archive, or what is in it, is larger than its cap"),
    FormatFault("archive.ratio", 1, "the archive unpacks to far more than it is"),
    FormatFault("archive.too_many_members", 1, "the archive holds more files than the cap"),
    FormatFault("archive.encrypted", 1, "a file in the archive is encrypted"),
    FormatFault("archive.nested", 1, "a file in the archive is an archive itself"),
    FormatFault("archive.special_member", 1, "a link, or another thing that is no file, is in the archive"),
)
"""Fault code -> its row."""

_PIECE = 64 * 1024
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_ENCRYPTED = 0x1
_RATIO_FROM = 1024 * 1024
"""Bytes below which a ratio does not matter."""


class ArchiveKind(StrEnum):
    """The kinds that are unpacked."""

    ZIP = "zip"
    GZIP = "gzip"


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Caps on one archive.

    Args:
        packed: bytes of the archive.
        bytes: of all files in it.
        ratio: unpacked bytes for each packed one.
        members: files in it.
    """

    packed: int = 64 * 1024 * 1024
    bytes: int = 100 * 1024 * 1024
    ratio: int = 100
    members: int = 1_000


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive; `name` is what the archive calls it, a label."""

    name: str
    content: bytes


class ArchiveRefused(Exception):
    """The archive is given up; `issue` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.issue = Issue(code, message, Position(offset=0), level=FAULTS[code].level)


def archive_kind(head: bytes) -> ArchiveKind | None:
    """The kind of archive a file's first bytes begin; None for none."""
    if head.startswith(_ZIP):
        return ArchiveKind.ZIP
    return ArchiveKind.GZIP if head.startswith(_GZIP) else None


def members(content: bytes, kind: ArchiveKind, *, limits: ArchiveLimits | None = None) -> Iterator[Member]:
    """The files of an archive, one at a time.

    Args:
        content: its bytes.
        kind: what it is agreed to be.
        limits: caps; None for the usual ones.

    Raises:
        ArchiveRefused: a cap was passed, or it cannot be unpacked; files given before are part of what is refused.
    """
    limits = limits or ArchiveLimits()
    if len(content) > limits.packed:
        raise ArchiveRefused("archive.too_large", f"the archive has more than {limits.packed} bytes")
    counted = _Counted(len(content), limits)
    found = _zip(content, counted, limits) if kind is ArchiveKind.ZIP else _gzip(content, counted)
    empty = True
    for member in found:
        empty = False
        if archive_kind(member.content[:4]) is not None:
            raise ArchiveRefused("archive.nested", f"{shown(member.name)} is an archive itself; send its files alone")
        yield member
    if empty:
        raise ArchiveRefused("archive.empty", "the archive holds no file")


class _Counted:
    """The bytes that were unpacked so far."""

    def __init__(self, packed: int, limits: ArchiveLimits) -> None:
        self._packed = packed
        self._limits = limits
        self._unpacked = 0

    def add(self, count: int) -> None:
        self._unpacked += count
        if self._unpacked > self._limits.bytes:
            raise ArchiveRefused("archive.too_large", f"the archive unpacks to more than {self._limits.bytes} bytes")
        if self._unpacked > max(_RATIO_FROM, self._packed * self._limits.ratio):
            told = f"the archive of {self._packed} bytes unpacks to more than {self._limits.ratio} times as many"
            raise ArchiveRefused("archive.ratio", told)


def _zip(content: bytes, counted: _Counted, limits: ArchiveLimits) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            listed = [info for info in archive.infolist() if not info.is_dir()]
            if len(listed) > limits.members:
                raise ArchiveRefused("archive.too_many_members", f"the archive holds more than {limits.members} files")
            for info in listed:
                name = shown(info.filename)
                if info.flag_bits & _ENCRYPTED:
                    raise ArchiveRefused(
                        "archive.encrypted", f"{name} is encrypted; send it unencrypted in the archive"
                    )
                mode = info.external_attr >> 16
                if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                    raise ArchiveRefused("archive.special_member", f"{name} is a link or device, and no file")
                pieces = []
                with archive.open(info) as member:
                    while piece := member.read(_PIECE):
                        counted.add(len(piece))
                        pieces.append(piece)
                yield Member(info.filename, b"".join(pieces))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, OverflowError) as error:
        raise ArchiveRefused("archive.unreadable", f"the zip archive does not read: {shown(str(error))}") from error


def _gzip(content: bytes, counted: _Counted) -> Iterator[Member]:
    """All members of a gzip file are one file. Source: RFC 1952 2.2."""
    pieces: list[bytes] = []
    rest = content
    if not rest:
        return
    try:
        while rest:
            unpacking = zlib.decompressobj(wbits=31)
            while not unpacking.eof:
                piece = unpacking.decompress(rest, _PIECE)
                rest = unpacking.unconsumed_tail
                counted.add(len(piece))
                pieces.append(piece)
                if not piece and not rest and not unpacking.eof:
                    raise ArchiveRefused("archive.unreadable", "the gzip file ends too early")
            rest = unpacking.unused_data.lstrip(b"\x00")
    except zlib.error as error:
        raise ArchiveRefused("archive.unreadable", f"the gzip file does not read: {shown(str(error))}") from error
    yield Member("", b"".join(pieces))
