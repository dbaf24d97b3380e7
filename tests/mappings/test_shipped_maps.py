"""The shipped maps: they load, and their samples come out as they were written by hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mappings.catalog import SHIPPED, MapCatalog
from mappings.engine import MapContext, run
from mappings.golden import run_samples
from translators.x12.guide import GuideLibrary
from translators.x12.model import TransactionSet
from translators.x12.reader import ReadOptions, read_x12

CATALOG = MapCatalog([SHIPPED])
CORPUS = Path(os.environ.get("TRADELANE_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))


def test_every_shipped_map_loads_without_a_fault() -> None:
    assert MapCatalog([SHIPPED]).load_all() == []
    assert CATALOG.names() == ["acme/850.in", "base/850.in", "globex/850.in"]


@pytest.mark.parametrize("name", CATALOG.names())
def test_every_sample_of_a_shipped_map_comes_out_as_expected(name: str) -> None:
    results = run_samples(CATALOG, name)
    assert {result.name: result.differences for result in results.results if not result.passed} == {}
    assert results.passed
    kinds = {path.name.split(".")[1] for path in (CATALOG.folder(name) / "samples").glob("*.json")}
    assert {"expected", "issues"} <= kinds, "a map needs samples that pass and samples that fail"


def corpus_orders() -> list[Path]:
    return sorted((CORPUS / "x12" / "850").glob("*")) if CORPUS.is_dir() else []


@pytest.mark.skipif(not corpus_orders(), reason="the public corpus is not beside the repository")
def test_every_public_850_maps_to_an_order_or_to_issues_with_places() -> None:
    made = told = 0
    for path in corpus_orders():
        content = path.read_bytes()
        for event in read_x12([content], guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=True)):
            if not isinstance(event, TransactionSet) or event.code != "850" or event.root is None or not event.accepted:
                continue
            context = MapContext.around(event, file_name=path.name, agreement={"currency": "USD"})
            mapped = run(CATALOG.find("base/850.in"), event, context)
            assert bool(mapped.documents) != bool(mapped.issues)
            assert all(issue.position.offset is not None and issue.rule is not None for issue in mapped.issues)
            for held in mapped.lineage.values():
                assert all(source.end is None or source.end <= len(content) for source in held.sources)
            made += len(mapped.documents)
            told += len(mapped.issues)
    assert made >= 4
    assert told >= 1
