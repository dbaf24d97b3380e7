"""A run of seeded faults: so many single faults in valid files, each read, and whether it was told where it is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from tests.translators.x12.seeded_faults import KINDS, Seeded, Seeder
from translators.errors import Issue
from translators.x12.guide import GuideLibrary
from translators.x12.model import GroupStart, InterchangeStart
from translators.x12.reader import read_x12
from translators.x12.synthesis import sample_interchange
from translators.x12.writer import ControlNumbers, write_interchange

SETS = (
    "204", "214", "810", "820", "824", "830", "832", "846", "850", "852",
    "855", "856", "860", "862", "865", "870", "940", "943", "944", "945",
)  # fmt: skip
VERSIONS = ("004010", "005010")
DENSITIES = (0.1, 0.25, 0.4)
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class Outcome:
    """What came of a run."""

    tried: Counter[str] = field(default_factory=Counter)
    missed: defaultdict[str, list[tuple[Seeded, list[Issue]]]] = field(default_factory=lambda: defaultdict(list))
    alone: Counter[str] = field(default_factory=Counter)

    @property
    def found(self) -> float:
        """Share of all faults told at their place."""
        return 1 - sum(map(len, self.missed.values())) / self.tried.total()


def originals() -> list[bytes]:
    """Valid files, two sets each: of 20 sets in two versions, thin and full."""
    library = GuideLibrary.shipped()
    found = []
    for number, (version, code) in enumerate((version, code) for version in VERSIONS for code in SETS):
        guide = library.find(code, version)
        assert guide is not None
        for seed, density in enumerate(DENSITIES, number * 10):
            sample = sample_interchange(guide, sets=2, seed=seed, density=density)
            found.append(write_interchange(sample, numbers=ControlNumbers(1, (1,)), at=AT))
    return found


def seeded(count: int, *, seed: int) -> Iterator[Seeded]:
    """So many faults, the kinds in turn, the files in random order."""
    random = Random(seed)
    files = originals()
    kinds = list(KINDS)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        found = None
        while found is None:
            found = Seeder(random.choice(files), random).seed(kind)
        yield found


def issues_of(text: bytes) -> list[Issue]:
    """Everything told of a file, once."""
    events = read_x12([text], guides=GuideLibrary.shipped())
    return [issue for event in events if not isinstance(event, InterchangeStart | GroupStart) for issue in event.issues]


def told(fault: Seeded, issues: list[Issue]) -> bool:
    """One of the issues is this fault, at its segment and element."""
    return any(
        issue.code in fault.codes
        and issue.position.segment_id == fault.segment_id
        and (fault.set is None or (issue.position.set, issue.position.segment) == (fault.set, fault.segment))
        and (not fault.elements or issue.position.element in fault.elements)
        for issue in issues
    )


def run(count: int, *, seed: int) -> Outcome:
    """Put in so many faults and read each file."""
    outcome = Outcome()
    for fault in seeded(count, seed=seed):
        issues = issues_of(fault.text)
        outcome.tried[fault.kind] += 1
        outcome.alone[fault.kind] += len(issues) == 1
        if not told(fault, issues):
            outcome.missed[fault.kind].append((fault, issues))
    return outcome
