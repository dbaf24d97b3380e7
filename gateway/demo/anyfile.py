"""A profile for a file nobody has agreed on yet: made as data from its envelope, so that any X12 file runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway.cli.output import chunks_of
from gateway.errors import GatewayError
from gateway.workspace import map_roots, profile_roots
from partners.model import Identifier
from partners.registry import PartnerRegistry
from translators.x12.guide import GuideLibrary
from translators.x12.model import InterchangeStart, TransactionSet
from translators.x12.reader import read_x12

KEY = "yours"
NOBODY = ("ZZ", "NOBODY")
_SET_CODE = re.compile("[0-9A-Z]{3}")


class NoEnvelope(GatewayError):
    """The file has no interchange whose sender and receiver could be read."""


@dataclass(frozen=True, slots=True)
class Bringer:
    """Who brings the file: a login, and whether the sample partners are part of the workspace."""

    user: str
    samples: bool


def profile_for(file: Path, profiles: Path) -> Bringer:
    """Write `profiles`/yours/profile.yaml and ourselves.yaml for the senders and receivers of a file.

    Sets with a base map are mapped and delivered; the others pass through. A file that a sample partner sends to one of
    the sample identities needs neither. Who sends to himself cannot be us as well, and is told so by a TA1.

    Raises:
        NoEnvelope: there is no readable ISA.
        OSError: the file cannot be read.
    """
    senders: dict[tuple[str, str], None] = {}
    receivers: dict[tuple[str, str], None] = {}
    sets: dict[str, None] = {}
    for event in read_x12(chunks_of(file), guides=GuideLibrary.shipped()):
        if isinstance(event, InterchangeStart):
            senders[event.header.sender] = None
            receivers[event.header.receiver] = None
        elif isinstance(event, TransactionSet) and _SET_CODE.fullmatch(event.code):
            sets[event.code] = None
    if not senders:
        raise NoEnvelope(f"{file} has no ISA that can be read; see tradelane check {file}")
    shipped = PartnerRegistry.load(profile_roots(Path(), samples=True)[:1])
    ours = {pair for entity in shipped.ourselves.values() for pair in _pairs(entity.identifiers)}
    for partner in shipped.partners.values():
        if senders.keys() <= _pairs(partner.identifiers) and receivers.keys() <= ours:
            return Bringer(partner.accounts[0].user, samples=True)
    profiles.mkdir(parents=True, exist_ok=True)
    us = {pair: None for pair in receivers if pair not in senders} or {NOBODY: None}
    entity = f"{KEY}-receiver:\n  name: The receiver of your file\n  identifiers:\n"
    (profiles / "ourselves.yaml").write_text(entity + _identifiers(us, indent="    "))
    folder = profiles / KEY
    folder.mkdir(parents=True, exist_ok=True)
    agreements = "".join(_agreement(code) for code in sets)
    (folder / "profile.yaml").write_text(
        f"name: The sender of your file\nidentifiers:\n{_identifiers(senders)}sftp:\n  - user: {KEY}\n"
        + (f"agreements:\n{agreements}" if agreements else "")
    )
    return Bringer(KEY, samples=False)


def _agreement(code: str) -> str:
    mapped = any((root / "base" / f"{code}.in" / "map.yaml").is_file() for root in map_roots(Path()))
    how = f"map: base/{code}.in" if mapped else "pass_through: true"
    return f"  - {{document: {_quoted(code)}, direction: in, {how}, deliver_to: [erp], currency: USD}}\n"


def _pairs(identifiers: Iterable[Identifier]) -> set[tuple[str, str]]:
    return {(identifier.qualifier, identifier.id) for identifier in identifiers}


def _identifiers(pairs: dict[tuple[str, str], None], *, indent: str = "  ") -> str:
    return "".join(f"{indent}- {{qualifier: {_quoted(qualifier)}, id: {_quoted(id)}}}\n" for qualifier, id in pairs)


def _quoted(text: str) -> str:
    """A YAML scalar whatever the text holds: JSON's strings are YAML's, too."""
    return json.dumps(text)
