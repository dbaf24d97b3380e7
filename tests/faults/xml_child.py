"""A process that has itself killed if it opens, looks for or connects to anything, and then reads hostile XML.

Called with `attacks`, or with the name of something forbidden, which it does to show that it dies of it. Linux only: a
seccomp filter (`prctl(2)`, `seccomp(2)`) on the system calls of x86_64 and aarch64.
"""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import struct
import sys
from collections.abc import Callable

from translators.tree import Node
from translators.xmldoc.reader import read_xml
from translators.xmldoc.schema import XMLSchema

XSD = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a">
  <xs:complexType mixed="true"><xs:sequence><xs:any minOccurs="0" maxOccurs="9" processContents="lax"/></xs:sequence>
  <xs:anyAttribute processContents="lax"/></xs:complexType></xs:element></xs:schema>"""
PLACES = ("file:///etc/hostname", "/etc/hostname", "http://127.0.0.1:9/x", "ftp://127.0.0.1:9/x", "https://x.invalid/x")
NAMED = (
    '<!DOCTYPE a SYSTEM "{place}"><a/>',
    '<!DOCTYPE a PUBLIC "-//X//EN" "{place}"><a>&x;</a>',
    '<!DOCTYPE a [<!ENTITY x SYSTEM "{place}">]><a>&x;</a>',
    '<!DOCTYPE a [<!ENTITY % p SYSTEM "{place}"> %p;]><a/>',
    '<!DOCTYPE a SYSTEM "{place}" [<!ENTITY x "y">]><a>&x;</a>',
    '<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:noNamespaceSchemaLocation="{place}"/>',
    '<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="urn:x {place}"/>',
    '<a xmlns:x="http://www.w3.org/2001/XInclude"><x:include href="{place}" parse="text"/></a>',
    '<?xml-stylesheet href="{place}" type="text/xsl"?><a/>',
    '<?xml version="1.0" encoding="x-no-such"?><a/>',
    '<a xml:base="{place}"/>',
)

_CALLS = {
    "x86_64": (
        0xC000003E,
        # open, openat, openat2, creat, stat, lstat, access, newfstatat, statx, readlink, socket, connect, sendto,
        # execve, io_uring_setup
        (2, 257, 437, 85, 4, 6, 21, 262, 332, 89, 41, 42, 44, 59, 425),
    ),
    "aarch64": (0xC00000B7, (56, 437, 79, 291, 48, 78, 198, 203, 206, 221, 425)),
}
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_KILL, _ALLOW = 0x80000000, 0x7FFF0000
_SET_SECCOMP, _FILTER, _NO_NEW_PRIVILEGES = 22, 2, 38


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def forbid() -> None:
    """From here on every one of these calls is the end of this process.

    Raises:
        OSError: the system does not let us.
    """
    machine, calls = _CALLS[platform.machine()]
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, machine), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    for left, call in zip(range(len(calls), 0, -1), calls, strict=True):
        steps.append((_EQUAL, left, 0, call))
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _KILL)]
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    program = _Program(len(steps), code)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "no seccomp filter")


def read_all(schema: XMLSchema) -> int:
    """Read every attack, and check against the schema what is a document; how many there were."""
    written = sorted({text.format(place=place).encode() for text in NAMED for place in PLACES})
    for content in written:
        found = read_xml([content])
        if isinstance(found.root, Node):
            schema.check(content, found.root)
    return len(written)


FORBIDDEN: dict[str, Callable[[], object]] = {
    "open": lambda: os.open("/etc/hostname", os.O_RDONLY),
    "stat": lambda: os.path.exists("/etc/hostname"),
    "connect": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
    "exec": lambda: os.execv("/bin/true", ["true"]),
}


def main(what: str) -> None:
    """Do one thing once nothing may be opened any more."""
    schema = XMLSchema({"a.xsd": XSD}, main="a.xsd")
    warm = b"<?xml version='1.0' encoding='windows-1252'?><a/>"
    root = read_xml([warm]).root
    assert isinstance(root, Node)
    schema.check(warm, root)  # what is imported or looked up once is so by now
    forbid()
    done = read_all(schema) if what == "attacks" else FORBIDDEN[what]()
    os.write(1, str(done).encode())
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
