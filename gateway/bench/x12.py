"""`tradelane bench x12`: X12 read and validated, with memory, maps and acknowledgments, and peers in the same run.

The files are written once and read by all, each work in a process of its own (`gateway.bench.x12_measures`). Rates
count CPU seconds, not those of the clock. "Peak memory" is that of the process above what it had after import, so
guides and maps are in it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.bench.figures import Peer, Row, report, row
from gateway.bench.x12_files import KINDS, Kind, of_size

MEBIBYTE = 1024 * 1024
MEGABYTE = 1_000_000
REACH = 400_000
"""Segments of 850 a CPU second."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is read."""

    segments: int
    small: int
    large: int


FULL = Sizes(segments=200_000, small=5 * MEBIBYTE, large=500 * MEBIBYTE)
QUICK = Sizes(segments=20_000, small=MEBIBYTE // 2, large=50 * MEBIBYTE)


@dataclass(frozen=True, slots=True)
class File:
    """A file of one kind of set, as the measuring processes read it."""

    kind: Kind
    path: Path
    segments: int

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.path.stat().st_size

    def measured(self, name: str) -> dict[str, float]:
        """What a process of its own says of one work on this file."""
        command = [sys.executable, "-m", "gateway.bench.x12_measures", name, self.kind.code, str(self.path)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 our own interpreter
        found: dict[str, float] = json.loads(done.stdout)
        return found

    def rate(self, name: str) -> float:
        """Segments a CPU second of one work."""
        return self.segments / self.measured(name)["seconds"]


def bench_x12(*, quick: bool = False) -> dict[str, Any]:
    """Measure.

    Args:
        quick: a tenth of the work.

    Returns:
        The object of `tradelane bench x12 --json`.
    """
    sizes = QUICK if quick else FULL
    with tempfile.TemporaryDirectory(prefix="tradelane-bench-") as folder:
        home = Path(folder)
        files = {code: with_segments(home, kind, sizes.segments) for code, kind in KINDS.items()}
        rows = [each for code in ("850", "856", "810") for each in _of_kind(files[code])]
        rows += _beyond_reading(files["850"])
        rows += _of_acknowledgments(files["997"])
        rows += _of_large_files(home, sizes)
    return report("x12", rows)


def with_segments(home: Path, kind: Kind, segments: int) -> File:
    """Write a file with as many sets as hold so many segments, envelope left out of the count."""
    sets = segments // kind.segments
    path = home / f"{kind.code}.edi"
    with path.open("wb") as file:
        file.writelines(kind.file(sets))
    return File(kind, path, sets * kind.segments + 4)


def with_size(home: Path, kind: Kind, size: int) -> File:
    """Write a file of so many bytes."""
    path = home / f"{kind.code}-{size}.edi"
    segments = 0
    with path.open("wb") as file:
        for piece in of_size(kind, size):
            segments += piece.count(b"~")
            file.write(piece)
    return File(kind, path, segments)


def _of_kind(file: File) -> list[Row]:
    code = file.kind.code
    ours, cut = file.measured("read"), file.measured("split")["seconds"]
    rate, theirs = file.segments / ours["seconds"], file.rate("pyx12")
    what = f"{code} read and validated, {file.segments // 1000} k segments"
    reach = {"850": (REACH, 30)}.get(code, (None, None))
    megabytes = file.size / MEGABYTE
    return [
        row(
            what,
            rate,
            "segments/s",
            reach=reach[0],
            peer=Peer("pyx12 by maps exported from our guides, same file", theirs),
        ),
        row(f"{what}: times pyx12", rate / theirs, "x", reach=reach[1]),
        row(
            f"{what}, bytes",
            megabytes / ours["seconds"],
            "MB/s",
            peer=Peer("bytes.split at both separators, nothing checked", megabytes / cut),
        ),
        row(f"{what}, peak memory", ours["megabytes"], "MB", reach=40, better="lower"),
    ]


def _beyond_reading(file: File) -> list[Row]:
    sets = file.segments // file.kind.segments
    lines = "850 of 8 lines"
    return [
        row(
            "850 read and validated with its tree",
            file.rate("tree"),
            "segments/s",
            reach=300_000,
            peer=Peer("pyx12 X12Reader, which only tokenises", file.rate("pyx12_tokens")),
        ),
        row(f"{lines} read, validated and mapped", sets / file.measured("orders")["seconds"], "orders/s", reach=6000),
        row(
            f"997 for {sets} sets, on top of reading", file.measured("on_top")["per_cent"], "%", reach=5, better="lower"
        ),
        row(
            f"{lines}, one, read and validated with its tree, process warm",
            file.measured("warm")["milliseconds"],
            "ms",
            reach=3,
            better="lower",
        ),
    ]


def _of_acknowledgments(file: File) -> list[Row]:
    what = f"997 read and validated, {file.segments // 1000} k segments"
    return [
        row(
            what,
            file.rate("read"),
            "segments/s",
            peer=Peer("pyx12 by its own map of the 997, same file", file.rate("pyx12_997")),
        )
    ]


def _of_large_files(home: Path, sizes: Sizes) -> list[Row]:
    rows = []
    for size in (sizes.small, sizes.large):
        file = with_size(home, KINDS["850"], size)
        found = file.measured("read")
        what = f"850 read and validated, file of {size / MEBIBYTE:g} MiB"
        rows.append(row(what, file.size / MEGABYTE / found["seconds"], "MB/s"))
        rows.append(row(f"{what}, peak memory", found["megabytes"], "MB", reach=40, better="lower"))
    return rows
