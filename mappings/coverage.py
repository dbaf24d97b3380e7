"""Coverage: what of a map's source no rule reads, and which rules could be gone or other without a sample noticing.

A rule is proved by mutation: the map is compiled once with a switch at every rule, operand and condition, and the
samples run with each switched in turn. A mutant that no sample notices survives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mappings.catalog import MAP_FILE, MapCatalog
from mappings.compiled import CompiledMap, RulePlace
from mappings.engine import run
from mappings.golden import Sample, SampleResult, differences, read_samples
from translators.x12.guide import GuideLibrary

DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Survivor:
    """A change of a rule that every sample passes in spite of."""

    rule: RulePlace
    change: str

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        place = {"field": self.rule.field, "file": self.rule.file, "line": self.rule.line, "rule": self.rule.text}
        return {**place, "change": self.change}


@dataclass(frozen=True, slots=True)
class MapCoverage:
    """What the samples of one map show.

    Args:
        map_name: the map.
        failed: samples that do not come out as expected; then nothing else is looked at.
        mutants: how many changes were tried.
        survivors: those that no sample noticed, of the rules that the map states itself: what it inherits is proved by
            the samples of the map that states it.
        unread: what samples send and no rule reads, with the number of samples.
    """

    map_name: str
    failed: tuple[SampleResult, ...]
    mutants: int
    survivors: tuple[Survivor, ...]
    unread: tuple[tuple[str, int], ...]

    @property
    def unproved(self) -> tuple[Survivor, ...]:
        """Rules that could be deleted."""
        return tuple(survivor for survivor in self.survivors if survivor.change == DELETED)

    @property
    def proved(self) -> bool:
        """There are samples, all pass, and every rule is proved."""
        return not self.failed and bool(self.mutants) and not self.unproved

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "map": self.map_name,
            "proved": self.proved,
            "failed": [{"sample": found.name, "differences": list(found.differences)} for found in self.failed],
            "mutants": self.mutants,
            "survivors": [survivor.as_json() for survivor in self.survivors],
            "unread": [{"element": name, "samples": count} for name, count in self.unread],
        }


def map_coverage(catalog: MapCatalog, name: str, *, guides: GuideLibrary | None = None) -> MapCoverage:
    """Prove the rules of a map by its samples.

    Raises:
        UnknownMap: there is no such map.
        LoadError: the map has faults.
        MappingError: a sample is not readable.
    """
    compiled = catalog.mutable(name)
    samples = read_samples(compiled, catalog.folder(name) / "samples", guides=guides or GuideLibrary.shipped())
    results = [SampleResult(sample.name, differences(compiled, sample)) for sample in samples]
    failed = tuple(result for result in results if not result.passed)
    if failed or not samples:
        return MapCoverage(name, failed, 0, (), ())
    told: Counter[str] = Counter()
    for sample in samples:
        told.update({element for source, _ in sample.sources for element in compiled.unread(source)})
    survivors = tuple(found for found in _survivors(compiled, samples) if found.rule.file == f"{name}/{MAP_FILE}")
    return MapCoverage(name, (), len(compiled.runner.mutants), survivors, tuple(sorted(told.items())))


def _survivors(compiled: CompiledMap, samples: Sequence[Sample]) -> tuple[Survivor, ...]:
    """The mutants that all samples pass with.

    Samples that refuse come last, as most rules are seen in documents; what noticed a mutant is tried first with the
    next, as rules that stand together are mostly seen together.
    """
    survivors = []
    ordered = sorted(samples, key=lambda sample: sample.refused is not None)
    before = [(sample, _outcome(compiled, sample)) for sample in ordered]
    try:
        for number, mutant in enumerate(compiled.runner.mutants, 1):
            compiled.runner.switch(number)
            for at, (sample, known) in enumerate(before):
                if _outcome(compiled, sample) != known:
                    before.insert(0, before.pop(at))
                    break
            else:
                survivors.append(Survivor(compiled.rules[mutant.rule], mutant.change))
    finally:
        compiled.runner.switch(0)
    return tuple(survivors)


def _outcome(compiled: CompiledMap, sample: Sample) -> list[Any]:
    """All that an expectation can speak of: what was made, and the facts of the issues."""
    found: list[Any] = []
    for source, context in sample.sources:
        mapped = run(compiled, source, context)
        found += mapped.documents
        found += [
            (issue.code, issue.value, issue.position, None if issue.rule is None else issue.rule.field)
            for issue in mapped.issues
        ]
    return found
