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
INBOUND = (
    "204",
    "210",
    "214",
    "810",
    "820",
    "824",
    "846",
    "850",
    "855",
    "856",
    "860",
    "864",
    "940",
    "943",
    "944",
    "945",
    "947",
    "990",
)
OUTBOUND = (
    "204",
    "210",
    "214",
    "810",
    "812",
    "824",
    "846",
    "850",
    "855",
    "856",
    "860",
    "861",
    "864",
    "940",
    "943",
    "944",
    "945",
    "947",
    "990",
)
ENOUGH = {"850": (4, 1)}
"""How many documents and issues the public files of a set make at least."""
CORPUS = Path(os.environ.get("TRADELANE_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))


def test_every_shipped_map_loads_without_a_fault() -> None:
    assert MapCatalog([SHIPPED]).load_all() == []
    folders = {str(path.parent.relative_to(SHIPPED)) for path in SHIPPED.glob("*/*/map.yaml")}
    assert set(CATALOG.names()) == folders
    assert folders >= {"acme/850.in", "globex/850.in", *(f"base/{code}.in" for code in INBOUND)}
    assert folders >= {f"base/{code}.out" for code in OUTBOUND}


@pytest.mark.parametrize("name", CATALOG.names())
def test_every_sample_of_a_shipped_map_comes_out_as_expected(name: str) -> None:
    results = run_samples(CATALOG, name)
    assert {result.name: result.differences for result in results.results if not result.passed} == {}
    assert results.passed
    kinds = {path.name.split(".")[1] for path in (CATALOG.folder(name) / "samples").iterdir()}
    assert {"expected", "issues"} <= kinds, "a map needs samples that pass and samples that fail"


def corpus_files(code: str) -> list[Path]:
    return sorted((CORPUS / "x12" / code).glob("*")) if CORPUS.is_dir() else []


@pytest.mark.skipif(not corpus_files("850"), reason="the public corpus is not beside the repository")
@pytest.mark.parametrize("code", INBOUND)
def test_every_public_file_maps_to_a_document_or_to_issues_with_places(code: str) -> None:
    made = told = 0
    for path in corpus_files(code):
        content = path.read_bytes()
        for event in read_x12([content], guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=True)):
            if not isinstance(event, TransactionSet) or event.code != code or event.root is None or not event.accepted:
                continue
            context = MapContext.around(event, file_name=path.name, agreement={"currency": "USD"})
            mapped = run(CATALOG.find(f"base/{code}.in"), event, context)
            assert bool(mapped.documents) != bool(mapped.issues)
            assert all(issue.position.offset is not None and issue.rule is not None for issue in mapped.issues)
            for held in mapped.lineage.values():
                assert all(source.end is None or source.end <= len(content) for source in held.sources)
            made += len(mapped.documents)
            told += len(mapped.issues)
    assert (made, told) >= ENOUGH.get(code, (0, 0))
