"""Round trips: generated documents go out through the base maps, are read again, and come back unchanged.

`TRADELANE_ROUND_TRIPS` says how many documents of each kind; 1,000 is what was asked for, and the default.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mappings.catalog import SHIPPED, MapCatalog
from mappings.compiled import CompiledMap
from mappings.engine import MapContext, run
from tests.mappings.movement_documents import MOVEMENTS
from tests.mappings.round_trip_documents import KINDS as TRADE
from tests.mappings.round_trip_documents import absent, generated
from translators.canonical.registry import CANONICAL
from translators.x12.guide import GuideLibrary
from translators.x12.model import TransactionSet
from translators.x12.options import ReadOptions
from translators.x12.reader import read_x12
from translators.x12.writer import ControlNumbers, OutboundGroup, OutboundInterchange, OutboundSet, write_interchange

KINDS = TRADE | MOVEMENTS
COUNT = int(os.environ.get("TRADELANE_ROUND_TRIPS", "1000"))
FEWER = max(COUNT // 10, 1)
CATALOG = MapCatalog([SHIPPED])
GUIDES = GuideLibrary.shipped()
CONTEXT = {"currency": "USD"}


def sent_and_read(set_code: str, made: OutboundSet, *, version: str) -> TransactionSet:
    """The set in an interchange of ours, as its receiver reads it."""
    group = OutboundGroup(functional_id=KINDS[set_code][1], sender="US", receiver="THEM", version=version, sets=[made])
    interchange = OutboundInterchange(sender=("ZZ", "US"), receiver=("ZZ", "THEM"), version=version[:5], groups=[group])
    content = write_interchange(interchange, numbers=ControlNumbers(1, (1,)), at=datetime(2026, 3, 3, tzinfo=UTC))
    events = read_x12([content], guides=GUIDES, options=ReadOptions(keep_tree=True))
    (found,) = [event for event in events if isinstance(event, TransactionSet)]
    return found


def comes_back(set_code: str, seed: int, *, outward: CompiledMap, inward: CompiledMap, version: str) -> None:
    """One document there and back; every issue on the way, and every difference, fails."""
    document = generated(KINDS[set_code], seed)
    sent = run(outward, document, MapContext(agreement=CONTEXT))
    assert [issue.message for issue in sent.issues] == [], f"seed {seed}"
    (made,) = sent.documents
    assert isinstance(made, OutboundSet)
    read = sent_and_read(set_code, made, version=version)
    assert [issue.message for issue in read.issues] == [], f"seed {seed}"
    back = run(inward, read, MapContext.around(read, agreement=CONTEXT))
    assert [issue.message for issue in back.issues] == [], f"seed {seed}"
    assert [one.to_json_bytes() for one in back.documents] == [document.to_json_bytes()], f"seed {seed}"


@pytest.mark.parametrize("set_code", sorted(KINDS))
def test_documents_come_back_from_the_wire_as_they_were(set_code: str) -> None:
    outward, inward = CATALOG.find(f"base/{set_code}.out"), CATALOG.find(f"base/{set_code}.in")
    for seed in range(COUNT):
        comes_back(set_code, seed, outward=outward, inward=inward, version="004010")


@pytest.mark.parametrize("set_code", ["850", "855"])
def test_they_come_back_in_005010_too(set_code: str) -> None:
    outward, inward = CATALOG.find(f"base/{set_code}-005010.out"), CATALOG.find(f"base/{set_code}-005010.in")
    for seed in range(FEWER):
        comes_back(set_code, seed, outward=outward, inward=inward, version="005010")


@pytest.mark.parametrize("set_code", ["810", "856"])
def test_they_come_back_in_005010_where_a_map_only_names_that_version(set_code: str, tmp_path: Path) -> None:
    for way in ("in", "out"):
        base = f"base/{set_code}.{way}"
        (head,) = [line for line in (SHIPPED / base / "map.yaml").read_text().splitlines() if line.startswith("map: ")]
        path = tmp_path / "newer" / f"{set_code}.{way}" / "map.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(f"extends: {base}\npartner: newer\n{head.replace('004010', '005010')}\n")
    catalog = MapCatalog([tmp_path, SHIPPED])
    outward, inward = catalog.find(f"newer/{set_code}.out"), catalog.find(f"newer/{set_code}.in")
    for seed in range(FEWER):
        comes_back(set_code, seed, outward=outward, inward=inward, version="005010")


@pytest.mark.parametrize("set_code", sorted(KINDS))
def test_the_generated_documents_are_of_many_kinds(set_code: str) -> None:
    """A round trip of poor documents proves little: over a few dozen every field the makers know stands somewhere."""
    stood: set[str] = set()
    for seed in range(60):
        stood |= paths_of(generated(KINDS[set_code], seed).model_dump(exclude_defaults=True), "")
    model = CANONICAL[KINDS[set_code][0]]
    wanted = {name for name, made in KINDS[set_code][2].items() if made is not absent}
    assert {name for name in wanted - stood if name.split(".")[0] in model.model_fields} == set()


def paths_of(held: Any, path: str) -> set[str]:
    """Every field that stands, by its path without the numbers of parts."""
    if isinstance(held, dict):
        inner = [paths_of(value, f"{path}.{name}" if path else name) for name, value in held.items()]
        return {path}.union(*inner)
    if isinstance(held, list | tuple):
        return {path}.union(*[paths_of(value, path) for value in held])
    return {path}
