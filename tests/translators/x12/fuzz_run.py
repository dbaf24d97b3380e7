"""Random damage to valid files, samples and the public corpus, put through reader, report and acknowledgments."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from translators.x12.acknowledge import AcknowledgmentBuilder, AcknowledgmentPolicy, AcknowledgmentTerms
from translators.x12.acknowledge_form import AcknowledgmentForm
from translators.x12.guide import GuideLibrary
from translators.x12.hierarchy import hierarchy
from translators.x12.model import (
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeNote,
    InterchangeStart,
    ReaderEvent,
    Stray,
    TransactionSet,
)
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.report import report
from translators.x12.synthesis import sample_interchange
from translators.x12.writer import ControlNumbers, write_interchange

ROOT = Path(__file__).parents[3]
CORPUS = Path(os.environ.get("TRADELANE_CORPUS", ROOT.parent / "shared" / "corpus"))
GUIDES = GuideLibrary.shipped()
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
LARGEST_BASE = 60_000
FLOOD_BYTES = 150_000
FLOOD_SHARE = 0.03
MEGABYTE = 1_000_000
SOON = 0.25
"""CPU seconds any file may take, however small: guides are compiled, the machine is shared."""

TOKENS = [
    b"~", b"*", b">", b"^", b":", b"|", b"\n", b"\r\n", b"\x00", b"\xff", b"\x1c", b" ",
    b"ISA*", b"IEA*1*000000001~", b"GS*", b"GE*1*1~", b"ST*850*0001~", b"ST*997*0001~", b"SE*2*0001~", b"SE*", b"TA1*",
    b"HL*1*1*S~", b"LX*1~", b"LS*1~", b"LE*1~", b"BIN*5*", b"BIN*999999999*", b"CTT*1~",
    b"-0", b"1E400", b"NaN", b"99999999999999999999", b"20260231", b"2400",
]  # fmt: skip


@dataclass
class Figures:
    """What a run did: mutants, their bytes, and the most CPU seconds a megabyte that one of the larger took."""

    mutants: int = 0
    bytes: int = 0
    slowest: float = 0.0


class Slow(AssertionError):
    """A file took far longer than its size allows."""


def bases() -> list[bytes]:
    """Valid samples of every set, the repository's vectors, and the corpus where it is at hand."""
    found = []
    for version in GUIDES.versions:
        release = GUIDES.release(version)
        assert release is not None
        for seed, code in enumerate(release.codes):
            guide = release.find(code)
            assert guide is not None
            sample = sample_interchange(guide, sets=2, seed=seed, density=0.15)
            found.append(write_interchange(sample, numbers=ControlNumbers(1, (1,)), at=AT))
    vectors = sorted((ROOT / "tests" / "vectors" / "x12").rglob("*.edi"))
    corpus = sorted(path for path in (CORPUS / "x12").rglob("*") if path.suffix.lower() in (".edi", ".txt"))
    found += [path.read_bytes() for path in [*vectors, *corpus] if path.stat().st_size <= LARGEST_BASE]
    return found


def mutant(random: Random, files: list[bytes]) -> bytes:
    """A file with some damage."""
    data = bytearray(random.choice(files))
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        random.choice(_DAMAGE)(data, random, files)
    if random.random() < FLOOD_SHARE:
        _flood(data, random)
    return bytes(data)


def _at(data: bytearray, random: Random) -> int:
    """A place; the envelope more often than the rest."""
    return random.randint(0, min(len(data), 200)) if random.random() < 0.25 else random.randint(0, len(data))


def _change(data: bytearray, random: Random, files: list[bytes]) -> None:
    if data:
        data[random.randrange(len(data))] = random.randrange(256)


def _insert(data: bytearray, random: Random, files: list[bytes]) -> None:
    at = _at(data, random)
    data[at:at] = random.choice(TOKENS) if random.random() < 0.8 else random.randbytes(random.randint(1, 20))


def _remove(data: bytearray, random: Random, files: list[bytes]) -> None:
    at = _at(data, random)
    del data[at : at + random.randint(1, random.choice((3, 30, 300)))]


def _repeat(data: bytearray, random: Random, files: list[bytes]) -> None:
    at = _at(data, random)
    data[at:at] = data[at : at + random.randint(1, 300)] * random.choice((1, 1, 5, 40))


def _swap(data: bytearray, random: Random, files: list[bytes]) -> None:
    segments = bytes(data).split(b"~")
    one, other = random.randrange(len(segments)), random.randrange(len(segments))
    segments[one], segments[other] = segments[other], segments[one]
    data[:] = b"~".join(segments)


def _cut(data: bytearray, random: Random, files: list[bytes]) -> None:
    del data[_at(data, random) :]


def _translate(data: bytearray, random: Random, files: list[bytes]) -> None:
    """One byte value becomes another, throughout."""
    data[:] = data.replace(random.choice((b"*", b"~", b">", b"0", b"A")), random.randbytes(1))


def _splice(data: bytearray, random: Random, files: list[bytes]) -> None:
    other = random.choice(files)
    at, cut = _at(data, random), random.randint(0, len(other))
    data[at:at] = other[cut : cut + random.randint(1, 2_000)]


def _flood(data: bytearray, random: Random) -> None:
    """A few bytes said very often."""
    piece = b"".join(random.choice(TOKENS) for _ in range(random.randint(1, 3)))
    at = random.randint(0, len(data))
    data[at:at] = piece * (FLOOD_BYTES // len(piece))


_DAMAGE: list[Callable[[bytearray, Random, list[bytes]], None]] = [
    _change, _insert, _insert, _remove, _repeat, _swap, _cut, _translate, _splice,
]  # fmt: skip


def chunks(data: bytes, size: int = 65_536) -> Iterator[bytes]:
    """The bytes in pieces."""
    for at in range(0, len(data), size):
        yield data[at : at + size]


def check_nesting(events: list[ReaderEvent], size: int) -> None:
    """Every start has its end, in order, and every place is inside the file."""
    open_interchange = open_group = None
    for event in events:
        match event:
            case InterchangeStart():
                assert open_interchange is None
                open_interchange = event.header
            case GroupStart():
                assert open_interchange is event.interchange
                assert open_group is None
                open_group = event.header
            case TransactionSet():
                assert open_group is event.group
                assert 0 <= event.offset < event.end <= size
            case GroupEnd():
                assert open_group is event.header
                open_group = None
            case InterchangeEnd():
                assert open_interchange is event.header
                assert open_group is None
                open_interchange = None
            case InterchangeNote():
                assert open_interchange is event.interchange
            case Stray():
                assert open_interchange is None
        for issue in event.issues:
            assert issue.position.offset is not None
            assert 0 <= issue.position.offset <= size
    assert open_interchange is None
    assert open_group is None


def go_through(data: bytes, form: AcknowledgmentForm) -> float:
    """Read, report and answer one file; any exception is a failure.

    Returns:
        CPU seconds of the slowest of the three.
    """
    taken = []
    started = time.process_time()
    events = list(read_x12(chunks(data), guides=GUIDES, options=ReadOptions(keep_tree=True)))
    taken.append(time.process_time() - started)
    check_nesting(events, len(data))
    for event in events:
        if isinstance(event, TransactionSet) and event.root is not None:
            hierarchy(event.root)
    started = time.process_time()
    report(events, file="mutant")
    taken.append(time.process_time() - started)
    started = time.process_time()
    terms = AcknowledgmentTerms(AcknowledgmentPolicy.ALWAYS, AcknowledgmentPolicy.ALWAYS, form)
    builder = AcknowledgmentBuilder(terms)
    for event in events:
        for answer in builder.take(event):
            numbers = ControlNumbers(1, tuple(range(1, len(answer.interchange.groups) + 1)))
            write_interchange(answer.interchange, numbers=numbers, at=AT)
    taken.append(time.process_time() - started)
    return max(taken)


def fuzz(*, seed: int, most: int, seconds: float, keep: Path, pace: float) -> Figures:
    """Make and try mutants until so many were tried or so much CPU time is spent.

    Args:
        seed: of the first mutant; the next has the next.
        most: mutants.
        seconds: of CPU.
        keep: folder; the mutant at hand when something fails is written here.
        pace: CPU seconds a megabyte may take.

    Raises:
        Slow: one took longer, three times.
        AssertionError: events that do not nest; whatever else is raised is a failure too.
    """
    figures = Figures()
    files = bases()
    forms = list(AcknowledgmentForm)
    until = time.process_time() + seconds
    for number in range(seed, seed + most):
        data = mutant(Random(number), files)
        form = forms[number % len(forms)]
        try:
            allowed = SOON + pace * len(data) / MEGABYTE
            taken = go_through(data, form)
            if taken > allowed:  # measured again: the machine may have been busy
                taken = min(go_through(data, form) for _ in range(2))
            if taken > allowed:
                raise Slow(f"{len(data)} bytes took {taken:.2f} s of CPU; want {allowed:.2f}")
        except BaseException:
            (keep / f"mutant-{number}.edi").write_bytes(data)
            raise
        figures.mutants += 1
        figures.bytes += len(data)
        if len(data) > FLOOD_BYTES:
            figures.slowest = max(figures.slowest, taken / len(data) * MEGABYTE)
        if time.process_time() > until:
            break
    return figures
