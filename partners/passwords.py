"""Passwords of logins, kept only as argon2id hashes; a wrong password and an unknown user cost the same."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

import argon2
from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from partners.days import read_span
from partners.logins import PasswordHash
from translators.datafile import LoadFault, Scalar

MEMORY_KIB = 19 * 1024
ROUNDS = 2
"""What a hash of ours costs: about 25 ms and 19 MiB (OWASP's least for argon2id)."""
MOST_MEMORY_KIB = 128 * 1024
MOST_ROUNDS = 10
SHORTEST_PASSWORD = 12

_HASH = re.compile(r"\$argon2id\$v=19\$m=[0-9]{1,7},t=[0-9]{1,3},p=[1-8]\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}")
_HASHER = argon2.PasswordHasher(time_cost=ROUNDS, memory_cost=MEMORY_KIB, parallelism=1)
_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$dHJhZGVsYW5lLW5vYm9keQ$5Tz4kVnLTGfZ4iOAxkYdKnrZs0V0kYwqkGaL1uiLvQo"


def new_hash(password: str) -> str:
    """The hash of a password, to be put into a profile.

    Raises:
        ValueError: the password is shorter than SHORTEST_PASSWORD characters.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError(f"the password has {len(password)} characters; want {SHORTEST_PASSWORD} or more")
    return _HASHER.hash(password)


def fits(known: PasswordHash | None, password: str) -> bool:
    """Whether the password is the one that was hashed; for None it is not, after the same work."""
    try:
        _HASHER.verify(_NOBODYS if known is None else known.text, password)
    except (VerificationError, InvalidHashError):
        return False
    return known is not None


def read_hash(
    line: Scalar, *, not_before: Scalar | None, not_after: Scalar | None, zone: ZoneInfo, faults: list[LoadFault]
) -> PasswordHash | None:
    """A hash from a profile, with its days; None where something is wrong with it.

    Args:
        line: what `tradelane partner password` prints.
        not_before: first day (or moment) it is good.
        not_after: last day it is good, or the moment it ends.
        zone: where its days begin and end.
        faults: where mistakes are added; the hash is in none of them.
    """
    count = len(faults)
    start, end = read_span(not_before, not_after, of="password", zone=zone, faults=faults)
    problem = _problem(line.text)
    if problem:
        faults.append(LoadFault(line.place, problem))
    return PasswordHash(line.text, start, end, line.place) if len(faults) == count else None


def _problem(text: str) -> str:
    wanted = "want what `tradelane partner password` prints"
    if not text.startswith("$argon2id$"):
        return f"this is no argon2id hash (a password must never stand here); {wanted}"
    if not _HASH.fullmatch(text):
        return f"the hash does not read (cut or changed in copying?); {wanted}"
    found = extract_parameters(text)
    if found.memory_cost < MEMORY_KIB or found.time_cost < ROUNDS:
        return f"the hash is too cheap: m={found.memory_cost}, t={found.time_cost}; {wanted}"
    if found.memory_cost > MOST_MEMORY_KIB or found.time_cost > MOST_ROUNDS:
        return f"the hash is too dear: m={found.memory_cost}, t={found.time_cost}; {wanted}"
    try:
        _HASHER.verify(text, "")
    except VerifyMismatchError:
        return ""
    except VerificationError:
        return f"the hash does not read (cut or changed in copying?); {wanted}"
    return f"this is the hash of no password at all; {wanted}"
