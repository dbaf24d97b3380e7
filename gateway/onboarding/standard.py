"""The scenario that certifies a standard partner: what passes with partners of its role, each way, by base maps."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError
from gateway.onboarding.roles import ROLES, Example, with_currency
from mappings.catalog import SHIPPED, MapCatalog
from mappings.engine import MapContext, run
from translators.canonical.registry import model_named
from translators.x12.guide import GuideLibrary
from translators.x12.model import Delimiters
from translators.x12.writer import ControlNumbers, OutboundGroup, OutboundInterchange, OutboundSet, write_interchange

SCENARIO_FILE = "scenario.yaml"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def write_scenario(
    folder: Path,
    *,
    role: str,
    documents: Collection[str],
    sender: str,
    receiver: str,
    version: str,
    currency: str,
) -> Path:
    """Write the scenario and its files for the documents that were agreed; the scenario's own file.

    Args:
        folder: where to; files of the same names are written anew.
        role: a key of ROLES.
        documents: of the role.
        sender: the partner's identity, as `ZZ/ACME`.
        receiver: ours.
        version: GS08.
        currency: ISO 4217.
    """
    folder.mkdir(parents=True, exist_ok=True)
    played = ROLES[role]
    steps = []
    for number, (code, example) in enumerate(played.examples.items(), 1):
        if code not in documents:
            continue
        steps += _steps(example)
        canonical = with_currency(example.canonical, currency)
        if example.incoming:
            content = _theirs(code, canonical, sender=sender, receiver=receiver, version=version, number=number)
            (folder / f"{example.file}.edi").write_bytes(content)
        else:
            (folder / f"{example.file}.json").write_text(json.dumps(canonical, indent=2) + "\n")
    path = folder / SCENARIO_FILE
    path.write_text("\n".join([f"name: {played.scenario}", "steps:", *steps]) + "\n")
    return path


def _steps(example: Example) -> list[str]:
    """The lines of what is done with one document, and what is expected of it."""
    if example.incoming:
        assert not isinstance(example.expected, tuple)
        values = ", ".join(f"{json.dumps(path)}: {json.dumps(value)}" for path, value in example.expected.items())
        return [
            f"  - receive: {example.file}.edi",
            "    expect:",
            f"      documents: [{{{values}}}]",
            '      segments: ["AK9*A*1*1*1"]',
        ]
    segments = ", ".join(json.dumps(segment) for segment in example.expected)
    return [f"  - send: {example.file}.json", f"    expect: {{segments: [{segments}]}}", "  - acknowledge: last"]


def _theirs(code: str, canonical: dict[str, Any], *, sender: str, receiver: str, version: str, number: int) -> bytes:
    """The partner's file of a document, by the base map that mirrors ours."""
    compiled = MapCatalog([SHIPPED]).find(f"base/{code}.out")
    guide = GuideLibrary.shipped().find(code, compiled.makes.version)
    assert guide is not None  # or the map would not have loaded
    document = model_named(canonical["schema"]).from_json_bytes(json.dumps(canonical).encode())
    repetition = "^" if version >= "00402" else None
    delimiters = Delimiters(repetition=repetition)
    mapped = run(compiled, document, MapContext(writing={"delimiters": delimiters, "guide": guide}))
    if mapped.issues:
        raise GatewayError(f"the example of {code} cannot be written: {mapped.issues[0].message}")
    [content] = mapped.documents
    return _file(content, guide.functional_group, delimiters, sender, receiver, version, number)


def _file(
    content: OutboundSet,
    functional_id: str,
    delimiters: Delimiters,
    sender: str,
    receiver: str,
    version: str,
    number: int,
) -> bytes:
    (their_qualifier, _, their_id), (our_qualifier, _, our_id) = sender.partition("/"), receiver.partition("/")
    interchange = OutboundInterchange(
        sender=(their_qualifier, their_id),
        receiver=(our_qualifier, our_id),
        version=version[:5],
        delimiters=delimiters,
        groups=[OutboundGroup(functional_id, their_id, our_id, version, [content])],
    )
    return write_interchange(interchange, numbers=ControlNumbers(number, (number,)), at=AT)
