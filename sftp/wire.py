"""SFTP version 3 on the wire (draft-ietf-secsh-filexfer-02): packets read and answers built."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from enum import IntEnum

from sftp.errors import BadMessageError, Status
from sftp.transfers import Facts

VERSION = 3
LONGEST_PACKET = 256 * 1024 + 1024
"""Bytes of the longest request taken: a block of data and its header."""
LONGEST_DATA = 255 * 1024
"""Bytes of the longest block written or read by one request."""

POSIX_RENAME = b"posix-rename@openssh.com"
LIMITS = b"limits@openssh.com"
EXTENSIONS = ((POSIX_RENAME, b"1"), (LIMITS, b"1"))
"""The extensions we offer (OpenSSH PROTOCOL, section 4); `fsync` is not among them: close is what makes a file safe."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HAS_SIZE, _HAS_OWNER, _HAS_MODE, _HAS_TIMES, _HAS_EXTENDED = 0x1, 0x2, 0x4, 0x8, 0x80000000
_FOLDER_MODE, _FILE_MODE, _READ_ONLY_MODE = 0o40755, 0o100644, 0o100444


class Kind(IntEnum):
    """Packet types (section 3)."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    FSTAT = 8
    SETSTAT = 9
    FSETSTAT = 10
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    RMDIR = 15
    REALPATH = 16
    STAT = 17
    RENAME = 18
    READLINK = 19
    SYMLINK = 20
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200
    EXTENDED_REPLY = 201


def asked(kind: int) -> str:
    """What a packet of this type asks for, in a word for the log."""
    try:
        return Kind(kind).name.lower()
    except ValueError:
        return f"type {kind}"


class Request:
    """One packet's fields, read one after another.

    Raises:
        BadMessageError: from every reading method, where the packet ends too early.
    """

    def __init__(self, body: memoryview) -> None:
        self._body = body
        self._at = 0

    def number(self) -> int:
        """An unsigned 32-bit number."""
        return int(struct.unpack(">I", self._take(4))[0])

    def long(self) -> int:
        """An unsigned 64-bit number."""
        return int(struct.unpack(">Q", self._take(8))[0])

    def text(self) -> bytes:
        """A counted string, copied."""
        return bytes(self.block())

    def block(self) -> memoryview:
        """A counted string, valid only while its packet is."""
        return self._take(self.number())

    def new_size(self) -> int | None:
        """Attributes, of which only the size matters to us (section 5)."""
        flags = self.number()
        size = self.long() if flags & _HAS_SIZE else None
        self._take(8 if flags & _HAS_OWNER else 0)
        self._take(4 if flags & _HAS_MODE else 0)
        self._take(8 if flags & _HAS_TIMES else 0)
        if flags & _HAS_EXTENDED:
            for _ in range(min(self.number(), LONGEST_PACKET)):
                self.block()
                self.block()
        return size

    def _take(self, count: int) -> memoryview:
        end = self._at + count
        if end > len(self._body):
            raise BadMessageError(f"the packet ends {end - len(self._body)} bytes too early")
        taken = self._body[self._at : end]
        self._at = end
        return taken


def version() -> bytes:
    """Our greeting: the version and the extensions."""
    return packet(Kind.VERSION, struct.pack(">I", VERSION), *(counted(part) for pair in EXTENSIONS for part in pair))


def status(number: int, code: Status, text: str) -> bytes:
    """How a request went; `text` is for the person at the other end."""
    return packet(Kind.STATUS, struct.pack(">II", number, code), counted(text.encode()), counted(b""))


def handle(number: int, name: bytes) -> bytes:
    """An opened file or folder."""
    return packet(Kind.HANDLE, struct.pack(">I", number), counted(name))


def data(number: int, block: bytes) -> bytes:
    """A block of a file."""
    return packet(Kind.DATA, struct.pack(">I", number), counted(block))


def attributes(number: int, facts: Facts) -> bytes:
    """What a file is."""
    return packet(Kind.ATTRS, struct.pack(">I", number), _attributes(facts))


def names(number: int, listed: list[Facts]) -> bytes:
    """A page of a folder."""
    parts = [struct.pack(">II", number, len(listed))]
    for facts in listed:
        parts += [counted(facts.name.encode()), counted(long_name(facts).encode()), _attributes(facts)]
    return packet(Kind.NAME, *parts)


def path(number: int, resolved: str) -> bytes:
    """The answer to REALPATH: one name without attributes (section 6.11)."""
    name = counted(resolved.encode())
    return packet(Kind.NAME, struct.pack(">II", number, 1), name, name, struct.pack(">I", 0))


def limits(number: int, *, open_files: int) -> bytes:
    """What one request may ask for: longest packet, longest read, longest write, most handles."""
    return packet(
        Kind.EXTENDED_REPLY, struct.pack(">IQQQQ", number, LONGEST_PACKET, LONGEST_DATA, LONGEST_DATA, open_files)
    )


def packet(kind: Kind, *parts: bytes) -> bytes:
    """A whole packet: length, type, fields."""
    body = b"".join(parts)
    return struct.pack(">IB", len(body) + 1, kind) + body


def counted(value: bytes) -> bytes:
    """A string as SSH writes it (RFC 4251, section 5)."""
    return struct.pack(">I", len(value)) + value


def long_name(facts: Facts) -> str:
    """The line a client prints for `ls -l`, times in UTC."""
    rights = "drwxr-xr-x" if facts.is_folder else "-rw-r--r--" if facts.may_write else "-r--r--r--"
    at = facts.modified_at.astimezone(UTC)
    when = f"{_MONTHS[at.month - 1]} {at.day:>2} {at:%H:%M}"
    if abs((datetime.now(UTC) - at).days) > 180:
        when = f"{_MONTHS[at.month - 1]} {at.day:>2}  {at.year}"
    return f"{rights}    1 partner  partner  {facts.size:>10} {when} {facts.name}"


def _attributes(facts: Facts) -> bytes:
    mode = _FOLDER_MODE if facts.is_folder else _FILE_MODE if facts.may_write else _READ_ONLY_MODE
    seconds = max(0, min(int(facts.modified_at.timestamp()), 0xFFFFFFFF))
    return struct.pack(">IQIII", _HAS_SIZE | _HAS_MODE | _HAS_TIMES, facts.size, mode, seconds, seconds)
