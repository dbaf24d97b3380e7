"""SSH public keys of partners: in a profile, or as files of a `keys` folder; weak and unreadable ones are faults.

A key file holds lines as OpenSSH's authorized_keys has them, with two options of ours: `not-before="2026-01-01"` and
`not-after="2026-12-31"`. Another option is refused, since a rule that is read past would be a rule not kept.
"""

from __future__ import annotations

import base64
import re
from zoneinfo import ZoneInfo

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from partners.days import read_span
from partners.logins import PublicKey
from translators.datafile import LoadFault, Place, Scalar, did_you_mean
from translators.errors import shown

ACCEPTED_ALGORITHMS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
)
"""Types of keys; `ssh-rsa` names the key, which signs with SHA-2 (RFC 8332)."""
MIN_RSA_BITS = 2048
MAX_RSA_BITS = 16384
MAX_KEY_FILE_BYTES = 64 * 1024
WANTED_KEYS = "ed25519, ecdsa, or rsa of 2048 bits or more"

_KEY_OPTIONS = ("not-before", "not-after")
_ALGORITHM = re.compile(r"(ssh|ecdsa|sk)-[A-Za-z0-9@.-]+")
_OPTION = re.compile(r'([A-Za-z-]+)(?:="([^"]*)")?')


def read_key(
    line: Scalar,
    *,
    not_before: Scalar | None,
    not_after: Scalar | None,
    zone: ZoneInfo,
    faults: list[LoadFault],
) -> PublicKey | None:
    """A public key from its one line (`ssh-ed25519 AAAA... comment`) and its days.

    Args:
        line: algorithm, base64 and perhaps a comment.
        not_before: first day (or moment) it is good.
        not_after: last day it is good, or the moment it ends.
        zone: where its days begin and end.
        faults: where mistakes are added.

    Returns:
        The key, or None where something is wrong with it.
    """
    count = len(faults)
    start, end = read_span(not_before, not_after, of="key", zone=zone, faults=faults)
    problem = _problem(line.text)
    if problem:
        faults.append(LoadFault(line.place, problem))
    if len(faults) > count:
        return None
    algorithm, encoded, comment = (*line.text.split(None, 2), "")[:3]
    return PublicKey(algorithm, base64.b64decode(encoded), comment.strip(), start, end, line.place)


def read_key_file(content: bytes, *, file: str, zone: ZoneInfo, faults: list[LoadFault]) -> list[PublicKey]:
    """The keys of one `.pub` file, one per line; blank lines and lines beginning with `#` say nothing."""
    start = Place(file, 1, 1)
    if len(content) > MAX_KEY_FILE_BYTES:
        faults.append(LoadFault(start, f"the file has {len(content)} bytes; at most {MAX_KEY_FILE_BYTES} are read"))
        return []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        faults.append(LoadFault(start, "not UTF-8 text; want public keys as ssh-keygen writes them to .pub files"))
        return []
    if "-----BEGIN" in text:
        problem = _problem(text[text.index("-----BEGIN") :])
        faults.append(LoadFault(Place(file, text[: text.index("-----BEGIN")].count("\n") + 1, 1), problem))
        return []
    keys: list[PublicKey] = []
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.rstrip("\r")
        if stripped.strip() and not stripped.lstrip().startswith("#"):
            key = _read_key_line(stripped, Place(file, number, 1), zone=zone, faults=faults)
            if key is not None:
                keys.append(key)
    return keys


def _read_key_line(line: str, start: Place, *, zone: ZoneInfo, faults: list[LoadFault]) -> PublicKey | None:
    at = len(line) - len(line.lstrip())
    options: dict[str, Scalar] = {}
    wrong: list[LoadFault] = []
    if not _ALGORITHM.match(line, at):
        at = _read_options(line, at, start=start, options=options, faults=wrong)
    at += len(line[at:]) - len(line[at:].lstrip())
    if at == len(line):
        faults.append(LoadFault(start, f"not a line with a public key; want {WANTED_KEYS}"))
        return None
    faults.extend(wrong)
    key = read_key(
        Scalar(line[at:], Place(start.file, start.line, at + 1)),
        not_before=options.get("not-before"),
        not_after=options.get("not-after"),
        zone=zone,
        faults=faults,
    )
    return None if wrong else key


def _read_options(line: str, at: int, *, start: Place, options: dict[str, Scalar], faults: list[LoadFault]) -> int:
    """Read the options that begin at `at`; returns where they end (the end of the line, where they do not read)."""
    while True:
        place = Place(start.file, start.line, at + 1)
        option = _OPTION.match(line, at)
        if option is None:
            return len(line)
        name, value = option[1], option[2]
        if name not in _KEY_OPTIONS:
            known = " and ".join(_KEY_OPTIONS)
            hint = did_you_mean(name, _KEY_OPTIONS)
            faults.append(LoadFault(place, f'option "{shown(name)}" is not kept here; want {known}{hint}'))
        elif value is None or name in options:
            faults.append(LoadFault(place, f'option "{name}" stands once, as {name}="2026-12-31"'))
        else:
            options[name] = Scalar(value, Place(start.file, start.line, option.start(2) + 1))
        at = option.end()
        if line[at : at + 1] != ",":
            return at
        at += 1


def _problem(text: str) -> str:
    if text.startswith("-----BEGIN") and "PRIVATE KEY" in text.split("\n", 1)[0]:
        return "this is a private key: remove it, treat it as known to others, and put the public key here"
    if text.startswith(("-----BEGIN", "---- BEGIN")):
        return "want the key on one line, as ssh-keygen writes it (convert with ssh-keygen -i)"
    words = text.split(None, 2)
    if len(words) < 2:
        return "the key is incomplete; want its algorithm and its base64 text on one line"
    if words[0] not in ACCEPTED_ALGORITHMS:
        return f'keys of type "{shown(words[0])}" are not accepted; want {WANTED_KEYS}'
    try:
        base64.b64decode(words[1], validate=True)
        key = load_ssh_public_key(f"{words[0]} {words[1]}".encode())
    except (UnsupportedAlgorithm, ValueError):
        return f"the key does not read (cut or changed in copying?); want {WANTED_KEYS}"
    if isinstance(key, rsa.RSAPublicKey) and not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        return f"the rsa key has {key.key_size} bits; want {MIN_RSA_BITS} to {MAX_RSA_BITS}"
    return ""
