"""Golden samples: the files beside a map that say what it must make of them, and what it must refuse.

`samples/plain.edi` with `plain.expected.json`, the canonical documents as a list; `samples/bad-date.edi` with
`bad-date.issues.json`, the issues as a list of objects that name what matters of each (`code`, `segment_id`,
`segment`, `element`, `text_line`, `text_column`, `path`, `field`, `value`). Samples are `*.edi` for X12, `*.xml`,
`*.csv`, `*.txt`, `NAME.sample.json`, and `NAME.document.json` for a canonical document, with `NAME.origin.json` where
it answers one. What is not canonical is expected as text: `NAME.expected.edi` holds a segment a line. A list of
canonical documents makes several sets, in `NAME.expected.edi` with an empty line between them.
`samples/context.json` may give `{"agreement": {...}, "delimiters": {...}, "strictness": {...}}`; `NAME.context.json`
stands in its place for one sample.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from mappings.catalog import MapCatalog
from mappings.compiled import CompiledMap
from mappings.engine import MapContext, run
from mappings.errors import MappingError
from mappings.files import SAMPLE_PATTERNS, read_documents
from mappings.spec import CANONICAL_SIDE
from translators.canonical.common import Document
from translators.canonical.registry import model_named
from translators.datafile import LoadFault, Place, Scalar
from translators.datafile import Mapping as DataMapping
from translators.errors import Issue, TranslationError
from translators.x12.guide import GuideLibrary
from translators.x12.model import Delimiters, GroupHeader, InterchangeHeader, TransactionSet
from translators.x12.options import ReadOptions
from translators.x12.reader import read_x12
from translators.x12.strictness import Strictness, read_strictness
from translators.x12.terms import SetTerms

EXPECTED, ISSUES, CONTEXT = ".expected", ".issues.json", "context.json"
DOCUMENT, ORIGIN = ".document.json", ".origin.json"
_PATTERNS = {**SAMPLE_PATTERNS, CANONICAL_SIDE: (f"*{DOCUMENT}",)}


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


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample as it was read.

    Args:
        name: of its file.
        sources: what the map is run over, each with what is around it.
        issues: what reading it found.
        expected: the documents as JSON values, or texts; None where the sample has no such file.
        refused: facts of the issues it must make; None as well.
        wanted: the files that would say it.
    """

    name: str
    sources: tuple[tuple[Any, MapContext], ...]
    issues: tuple[Issue, ...]
    expected: list[Any] | None
    refused: list[dict[str, Any]] | None
    wanted: str


def run_samples(catalog: MapCatalog, name: str, *, guides: GuideLibrary | None = None) -> SampleResults:
    """Run every sample of a map.

    Raises:
        UnknownMap: there is no such map.
        LoadError: the map has faults.
        MappingError: an expectation is not readable.
    """
    compiled = catalog.find(name)
    samples = read_samples(compiled, catalog.folder(name) / "samples", guides=guides or GuideLibrary.shipped())
    return SampleResults(name, tuple(SampleResult(sample.name, differences(compiled, sample)) for sample in samples))


def read_samples(compiled: CompiledMap, folder: Path, *, guides: GuideLibrary) -> list[Sample]:
    """The samples of a map, read; they can be run over other maps of the same two sides.

    Raises:
        MappingError: a file is not readable.
    """
    shared = _read(folder / CONTEXT) if (folder / CONTEXT).is_file() else {}
    patterns = _PATTERNS.get(compiled.reads.word, ("*.edi",))
    paths = {found for pattern in patterns for found in folder.glob(pattern)}
    samples = []
    for path in sorted(path for path in paths if EXPECTED not in path.name):
        issues: list[Issue] = []
        name = path.name.removesuffix(path.suffix).removesuffix(".sample").removesuffix(".document")
        answered = path.with_name(path.name.removesuffix(DOCUMENT) + ORIGIN)
        own = path.with_name(f"{name}.{CONTEXT}")
        sources = tuple(
            read_source(
                compiled,
                path.read_bytes(),
                name=path.name,
                guides=guides,
                origin=answered.read_bytes() if answered.is_file() else None,
                surroundings=_read(own) if own.is_file() else shared,
                issues=issues,
            )
        )
        expected, refused = path.with_name(f"{name}{EXPECTED}.{compiled.suffix}"), path.with_name(name + ISSUES)
        samples.append(
            Sample(
                path.name,
                sources,
                tuple(issues),
                _expected(expected, several=len(sources) > 1) if expected.is_file() else None,
                _read(refused) if refused.is_file() else None,
                f"{expected.name} or {refused.name}",
            )
        )
    return samples


def differences(compiled: CompiledMap, sample: Sample) -> tuple[str, ...]:
    """What comes out otherwise than the sample says."""
    documents: list[Any] = []
    issues = list(sample.issues)
    for source, context in sample.sources:
        mapped = run(compiled, source, context)
        issues += mapped.issues
        documents += [compiled.shown(document) for document in mapped.documents]
    return tuple(_differences(sample, documents, issues))


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


def read_source(
    compiled: CompiledMap,
    content: bytes,
    *,
    name: str,
    guides: GuideLibrary,
    origin: bytes | None = None,
    surroundings: Mapping[str, Any] | None = None,
    issues: list[Issue] | None = None,
) -> Iterator[tuple[Any, MapContext]]:
    """The documents of a file that a map reads, each with what is around it.

    Args:
        compiled: the map.
        content: the bytes of the file.
        name: of the file.
        guides: for X12.
        origin: of a canonical document, the one it answers.
        surroundings: `agreement`, `delimiters` and `strictness`, as in `samples/context.json`.
        issues: where to put what is wrong with the file.

    Raises:
        MappingError: it should be a canonical document and is none.
    """
    around = surroundings or {}
    told = [] if issues is None else issues
    agreement = around.get("agreement", {})
    writing = {"delimiters": Delimiters(**around["delimiters"])} if "delimiters" in around else {}
    if compiled.reads.word == CANONICAL_SIDE:
        answered = None if origin is None else _documents(origin, name)[0]
        for document in _documents(content, name):
            yield document, MapContext(agreement=agreement, origin=answered, writing=writing)
    elif compiled.reads.word in SAMPLE_PATTERNS:
        for read in read_documents(compiled, [content]):
            told += read.issues
            if read.accepted:
                yield read.root, MapContext(file={"name": name}, agreement=agreement, writing=writing)
    else:
        agreed = _Agreed(SetTerms(strictness=_strictness(around.get("strictness", {}), name)))
        for event in read_x12([content], guides=guides, options=ReadOptions(keep_tree=True), agreed=agreed):
            if isinstance(event, TransactionSet):
                told += event.issues
                if event.accepted and event.root is not None:
                    yield event, MapContext.around(event, file_name=name, agreement=agreement)


@dataclass(frozen=True, slots=True)
class _Agreed:
    """The same terms for every set of a sample."""

    said: SetTerms

    def terms(self, interchange: InterchangeHeader, group: GroupHeader, set_code: str) -> SetTerms:
        """See AgreedTerms."""
        del interchange, group, set_code
        return self.said


def _strictness(found: Mapping[str, str], name: str) -> Strictness:
    """The switches of a context, as an agreement has them."""
    place = Place(Path(name).with_name(CONTEXT).name, 1, 1)
    faults: list[LoadFault] = []
    entries = tuple((Scalar(key, place), Scalar(word, place)) for key, word in found.items())
    read = read_strictness(DataMapping(entries, place), faults)
    if faults:
        raise MappingError("; ".join(str(fault) for fault in faults))
    return read


def _documents(content: bytes, name: str) -> list[Document]:
    """A canonical document, or a list of several."""
    try:
        found = json.loads(content)
        if not isinstance(found, list):
            return [model_named(found["schema"]).from_json_bytes(content)]
        if not found:
            raise ValueError("an empty list")
        return [model_named(each["schema"]).from_json_bytes(json.dumps(each).encode()) for each in found]
    except (ValueError, TranslationError, KeyError, TypeError) as error:
        raise MappingError(f"{name}: no canonical document: {error}") from error


def _expected(path: Path, *, several: bool) -> list[Any]:
    if path.suffix != ".json":
        text = path.read_text(encoding="utf-8")
        return [f"{part.rstrip()}\n" for part in text.split("\n\n")] if several else [text]
    found = _read(path)
    if not isinstance(found, list):
        raise MappingError(f"{path}: want a list of documents")
    return found


def _differences(sample: Sample, documents: list[Any], issues: list[Issue]) -> Iterator[str]:
    if sample.expected is None and sample.refused is None:
        yield f"want {sample.wanted} beside it"
        return
    wanted = sample.expected or []
    for position in range(max(len(wanted), len(documents))):
        if position >= len(documents):
            yield f"document {position + 1} was not made"
        elif position >= len(wanted):
            yield f"document {position + 1} is not expected"
        else:
            yield from unlike(wanted[position], documents[position], f"document {position + 1}")
    facts = [issue_facts(issue) for issue in issues]
    told = sample.refused or []
    for position in range(max(len(told), len(facts))):
        if position >= len(facts):
            yield f"issue {position + 1} was not found: {told[position]}"
        elif position >= len(told):
            yield f"issue {position + 1} is not expected: {issues[position].message}"
        else:
            for name, value in told[position].items():
                if facts[position].get(name) != value:
                    yield f"issue {position + 1}: {name} is {facts[position].get(name)!r}; want {value!r}"


def unlike(wanted: Any, found: Any, path: str) -> Iterator[str]:
    """Every difference between two JSON values, by path."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in dict.fromkeys([*wanted, *found]):
            yield from unlike(wanted.get(name), found.get(name), f"{path}.{name}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for position, (left, right) in enumerate(zip(wanted, found, strict=True)):
            yield from unlike(left, right, f"{path}[{position}]")
    elif isinstance(wanted, str) and isinstance(found, str) and "\n" in wanted + found:
        left_lines, right_lines = wanted.splitlines(), found.splitlines()
        for number, (left, right) in enumerate(zip_longest(left_lines, right_lines), 1):
            if left != right:
                yield f"{path} line {number} is {right!r}; want {left!r}"
    elif wanted != found:
        yield f"{path} is {json.dumps(found)}; want {json.dumps(wanted)}"


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise MappingError(f"{path}: not readable as JSON: {error}") from error
