"""Golden samples: the files beside a map that say what it must make of them, and what it must refuse.

`samples/plain.edi` with `plain.expected.json`, the canonical documents as a list; `samples/bad-date.edi` with
`bad-date.issues.json`, the issues as a list of objects that name what matters of each (`code`, `segment_id`, `segment`,
`element`, `text_line`, `text_column`, `path`, `field`, `value`). Samples are `*.edi` for X12, `*.xml`, `*.csv`, `*.txt`
and `NAME.sample.json` with `NAME.expected.json`. `samples/context.json` may give `{"agreement": {...}}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mappings.catalog import MapCatalog
from mappings.compiled import CompiledMap
from mappings.engine import MapContext, run
from mappings.errors import MappingError
from mappings.files import SAMPLE_PATTERNS, read_documents
from translators.errors import Issue
from translators.x12.guide import GuideLibrary
from translators.x12.model import TransactionSet
from translators.x12.reader import ReadOptions, read_x12

EXPECTED, ISSUES, CONTEXT = ".expected.json", ".issues.json", "context.json"


@dataclass(frozen=True, slots=True)
class SampleResult:
    """One sample: its file's name, and every difference from what its expectation says; none: it passed."""

    name: str
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Everything is as expected."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class SampleResults:
    """All samples of a map."""

    map_name: str
    results: tuple[SampleResult, ...]

    @property
    def passed(self) -> bool:
        """There are samples, and all passed."""
        return bool(self.results) and all(result.passed for result in self.results)


def run_samples(catalog: MapCatalog, name: str, *, guides: GuideLibrary | None = None) -> SampleResults:
    """Run every sample of a map.

    Raises:
        UnknownMap: there is no such map.
        LoadError: the map has faults.
        MappingError: an expectation is not readable.
    """
    compiled = catalog.find(name)
    library = guides or GuideLibrary.shipped()
    folder = catalog.folder(name) / "samples"
    agreement = {}
    if (folder / CONTEXT).is_file():
        agreement = _read(folder / CONTEXT).get("agreement", {})
    results = []
    patterns = SAMPLE_PATTERNS.get(compiled.reads.word, ("*.edi",))
    for path in sorted(found for pattern in patterns for found in folder.glob(pattern)):
        documents, issues = _run(compiled, path, library, agreement)
        results.append(SampleResult(path.name, tuple(_differences(path, documents, issues))))
    return SampleResults(name, tuple(results))


def issue_facts(issue: Issue) -> dict[str, Any]:
    """What an expectation may name of an issue."""
    found = issue.as_json()
    place = found.get("map") or {}
    position = found["position"]
    return {
        "code": issue.code,
        "severity": issue.severity.value,
        "level": issue.level,
        "value": issue.value,
        "field": place.get("field"),
        "file": place.get("file"),
        "line": place.get("line"),
        "text_line": position.get("line"),
        "text_column": position.get("column"),
        "path": position.get("path"),
        **{name: position[name] for name in ("set", "loop", "segment_id", "segment", "element", "offset")},
    }


def _run(
    compiled: CompiledMap, path: Path, guides: GuideLibrary, agreement: dict[str, str]
) -> tuple[list[Any], list[Issue]]:
    documents: list[Any] = []
    issues: list[Issue] = []
    if compiled.reads.word in SAMPLE_PATTERNS:
        for read in read_documents(compiled, [path.read_bytes()]):
            issues += read.issues
            if read.accepted:
                mapped = run(compiled, read.root, MapContext(file={"name": path.name}, agreement=agreement))
                issues += mapped.issues
                documents += [json.loads(document.to_json_bytes()) for document in mapped.documents]
        return documents, issues
    options = ReadOptions(keep_tree=True)
    for event in read_x12([path.read_bytes()], guides=guides, options=options):
        if not isinstance(event, TransactionSet):
            continue
        issues += event.issues
        if event.accepted and event.root is not None:
            mapped = run(compiled, event, MapContext.around(event, file_name=path.name, agreement=agreement))
            issues += mapped.issues
            documents += [json.loads(document.to_json_bytes()) for document in mapped.documents]
    return documents, issues


def _differences(path: Path, documents: list[Any], issues: list[Issue]) -> Iterator[str]:
    name = path.name.removesuffix(".json").removesuffix(".sample") if path.suffix == ".json" else path.stem
    expected, refused = path.with_name(name + EXPECTED), path.with_name(name + ISSUES)
    if not expected.is_file() and not refused.is_file():
        yield f"want {expected.name} or {refused.name} beside it"
        return
    wanted = _read(expected) if expected.is_file() else []
    for position in range(max(len(wanted), len(documents))):
        if position >= len(documents):
            yield f"document {position + 1} was not made"
        elif position >= len(wanted):
            yield f"document {position + 1} is not expected"
        else:
            yield from _unlike(wanted[position], documents[position], f"document {position + 1}")
    facts = [issue_facts(issue) for issue in issues]
    told = _read(refused) if refused.is_file() else []
    for position in range(max(len(told), len(facts))):
        if position >= len(facts):
            yield f"issue {position + 1} was not found: {told[position]}"
        elif position >= len(told):
            yield f"issue {position + 1} is not expected: {issues[position].message}"
        else:
            for name, value in told[position].items():
                if facts[position].get(name) != value:
                    yield f"issue {position + 1}: {name} is {facts[position].get(name)!r}; want {value!r}"


def _unlike(wanted: Any, found: Any, path: str) -> Iterator[str]:
    """Every difference between two JSON values, by path."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in dict.fromkeys([*wanted, *found]):
            yield from _unlike(wanted.get(name), found.get(name), f"{path}.{name}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for position, (left, right) in enumerate(zip(wanted, found, strict=True)):
            yield from _unlike(left, right, f"{path}[{position}]")
    elif wanted != found:
        yield f"{path} is {json.dumps(found)}; want {json.dumps(wanted)}"


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise MappingError(f"{path}: not readable as JSON: {error}") from error
