"""The files that `bench x12` reads are good X12 and its works do them, or its figures would mean nothing."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from gateway.bench.x12 import File, with_segments, with_size
from gateway.bench.x12_files import KINDS
from gateway.bench.x12_measures import WORKS, measure
from translators.x12.guide import GuideLibrary
from translators.x12.model import TransactionSet
from translators.x12.reader import read_x12


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_set_is_good_and_as_long_as_said(kind) -> None:
    events = list(read_x12(kind.file(20), guides=GuideLibrary.shipped()))
    assert [issue for event in events for issue in event.issues] == []
    assert [event.segments for event in events if isinstance(event, TransactionSet)] == [kind.segments] * 20


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_file_is_as_long_as_asked_and_counts_its_segments(kind, tmp_path: Path) -> None:
    by_count, by_size = with_segments(tmp_path, kind, 1000), with_size(tmp_path, kind, 50_000)
    for file in (by_count, by_size):
        assert file.path.read_bytes().count(b"~") == file.segments
    assert 1000 - kind.segments < by_count.segments - 4 <= 1000
    assert 50_000 <= by_size.size <= 50_000 + 3000


@pytest.fixture
def orders(tmp_path: Path) -> File:
    return with_segments(tmp_path, KINDS["850"], 200)


@pytest.mark.parametrize("name", ["read", "tree", "orders", "answer", "split", "pyx12_tokens", "pyx12"])
def test_a_work_says_how_long_it_took_and_what_memory(name: str, orders: File) -> None:
    found = measure(name, orders.kind, orders.path)
    assert sorted(found) == ["megabytes", "seconds"]
    assert all(math.isfinite(value) and value >= 0 for value in found.values())


def test_997s_are_validated_by_the_map_that_pyx12_ships(tmp_path: Path) -> None:
    file = with_segments(tmp_path, KINDS["997"], 120)
    assert measure("pyx12_997", file.kind, file.path)["seconds"] > 0


@pytest.mark.parametrize(("name", "unit"), [("on_top", "per_cent"), ("warm", "milliseconds")])
def test_what_is_no_rate_has_a_unit_of_its_own(name: str, unit: str, orders: File) -> None:
    assert list(measure(name, orders.kind, orders.path)) == [unit]


def test_every_order_of_the_file_becomes_a_document(orders: File) -> None:
    sets = orders.segments // orders.kind.segments
    assert WORKS["orders"](lambda: iter([orders.path.read_bytes()])) == sets


@pytest.mark.parametrize("name", ["read", "tree", "orders", "answer", "pyx12"])
def test_a_file_with_a_fault_gives_no_figure(name: str, orders: File) -> None:
    orders.path.write_bytes(orders.path.read_bytes().replace(b"BEG*00*", b"BEG*QQ*", 1))
    with pytest.raises(RuntimeError, match="BEG"):
        measure(name, orders.kind, orders.path)


def test_a_process_of_its_own_does_the_same(orders: File) -> None:
    assert orders.rate("split") > 0
