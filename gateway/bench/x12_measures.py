"""The measuring process of `bench x12`: `python -m gateway.bench.x12_measures NAME SET PATH` prints one object.

A process measures one thing, so that nothing that ran before it is in its memory or its caches. Files are read as the
gateway reads them, a chunk at a time. Whatever is found wrong ends it: a benchmark that reads something else than it
should is worth nothing.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from gateway.bench.x12_files import KINDS, Kind
from gateway.garbage import rare_collection
from mappings.catalog import SHIPPED, MapCatalog
from mappings.compiled import CompiledMap
from mappings.engine import MapContext, run
from translators.x12._pyx12 import second_opinion, segments_read
from translators.x12._pyx12_maps import write_maps
from translators.x12.acknowledge import AcknowledgmentBuilder
from translators.x12.guide import GuideLibrary
from translators.x12.model import ReaderEvent, TransactionSet
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.writer import ControlNumbers, write_interchange

MEBIBYTE = 1024 * 1024
WARM_SETS = 5
"""Sets read before the clock starts, so that guides and maps are compiled."""
WARM_DOCUMENTS = 300
_CHUNK = 64 * 1024
_TURNS = 5
_RELEASE = "004010"

Chunks = Callable[[], Iterator[bytes]]
"""A file, from its beginning whenever it is called."""


def read_whole(chunks: Chunks) -> int:
    """Read and validate; how many sets there are."""
    return sum(1 for event in _read(chunks()) if isinstance(event, TransactionSet))


def read_trees(chunks: Chunks) -> int:
    """The same, the tree of every set made."""
    return sum(1 for event in _read(chunks(), keep_tree=True) if isinstance(event, TransactionSet))


def map_orders(chunks: Chunks) -> int:
    """Read, validate and map 850s; how many documents there are."""
    compiled = _base_map()
    return sum(
        len(run(compiled, event, MapContext.around(event)).documents)
        for event in _read(chunks(), keep_tree=True)
        if isinstance(event, TransactionSet)
    )


def answer(chunks: Chunks) -> int:
    """Read, validate and write the 997; how many bytes it has."""
    builder = AcknowledgmentBuilder()
    written = 0
    for event in _read(chunks()):
        for found in builder.take(event):
            numbers = ControlNumbers(1, tuple(range(1, len(found.interchange.groups) + 1)))
            written += len(write_interchange(found.interchange, numbers=numbers, at=datetime(2026, 3, 2, tzinfo=UTC)))
    return written


def split(chunks: Chunks) -> int:
    """Cut the whole file at both separators with `bytes.split`, and check nothing."""
    return sum(len(segment.split(b"*")) for segment in b"".join(chunks()).split(b"~"))


def tokenise_with_pyx12(chunks: Chunks) -> int:
    """Cut the file with pyx12's reader, which checks the envelope and no map."""
    return segments_read(b"".join(chunks()).decode("latin-1"))


def validate_997_with_pyx12(chunks: Chunks) -> int:
    """Validate 997s with the map pyx12 ships; it has to accept them."""
    return _accepted(b"".join(chunks()), {"AK101": {"PO"}, "AK201": {"850"}}, None)


def validate_with_pyx12(chunks: Chunks, maps: Path) -> int:
    """Validate with pyx12 and the maps in a folder; it has to accept the file."""
    return _accepted(b"".join(chunks()), {}, maps)


def _accepted(data: bytes, also_allowed: dict[str, set[str]], maps: Path | None) -> int:
    opinion = second_opinion(data, also_allowed=also_allowed, maps=maps)
    if not opinion.accepted:
        raise RuntimeError(opinion.errors[0].message)
    return len(data)


def _read(chunks: Iterator[bytes], *, keep_tree: bool = False) -> Iterator[ReaderEvent]:
    for event in read_x12(chunks, guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=keep_tree)):
        if event.issues:
            raise RuntimeError(str(event.issues[0]))
        yield event


@cache
def _base_map() -> CompiledMap:
    return MapCatalog([SHIPPED], guides=GuideLibrary.shipped()).find("base/850.in")


WORKS: dict[str, Callable[[Chunks], int]] = {
    "read": read_whole,
    "tree": read_trees,
    "orders": map_orders,
    "answer": answer,
    "split": split,
    "pyx12_tokens": tokenise_with_pyx12,
    "pyx12_997": validate_997_with_pyx12,
}
"""Name -> what is done to a file; `pyx12`, `on_top` and `warm` are measured in ways of their own."""


def measure(name: str, kind: Kind, path: Path) -> dict[str, float]:
    """Do one thing to one file.

    Args:
        name: what; see WORKS.
        kind: what sets the file holds.
        path: the file.

    Returns:
        `seconds` of CPU, and `megabytes` of peak memory above that after import; `per_cent` and `milliseconds` where
        that is the figure.
    """
    match name:
        case "on_top":
            return {"per_cent": _on_top(kind, path)}
        case "warm":
            return {"milliseconds": _warm(kind)}
        case "pyx12":
            with tempfile.TemporaryDirectory() as folder:
                release = GuideLibrary.shipped().release(_RELEASE)
                assert release is not None
                write_maps(release, [kind.code], Path(folder))
                return _timed(lambda chunks: validate_with_pyx12(chunks, Path(folder)), kind, path)
        case _:
            return _timed(WORKS[name], kind, path)


def _timed(work: Callable[[Chunks], int], kind: Kind, path: Path) -> dict[str, float]:
    before = _resident()
    work(lambda: kind.file(WARM_SETS))
    with rare_collection():
        started = time.process_time()
        work(lambda: _chunks(path))
        seconds = time.process_time() - started
    return {"seconds": seconds, "megabytes": (_peak() - before) / MEBIBYTE}


def _on_top(kind: Kind, path: Path) -> float:
    """Per cent that answering costs over reading; both in turns, the best of each, since machines are noisy."""
    best = {work: float("inf") for work in (read_whole, answer)}
    for work in best:
        work(lambda: kind.file(WARM_SETS))
    for _ in range(_TURNS):
        for work in best:
            gc.collect()
            started = time.process_time()
            work(lambda: _chunks(path))
            best[work] = min(best[work], time.process_time() - started)
    return (best[answer] / best[read_whole] - 1) * 100


def _warm(kind: Kind) -> float:
    """Milliseconds for a file of one set, with its tree, process warm."""
    data = [b"".join(kind.file(1))]
    read_trees(lambda: iter(data))
    started = time.process_time()
    for _ in range(WARM_DOCUMENTS):
        read_trees(lambda: iter(data))
    return (time.process_time() - started) / WARM_DOCUMENTS * 1000


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _resident() -> int:
    """Bytes of memory in use now; where that cannot be told, the peak so far."""
    return _status("VmRSS") or _peak()


def _peak() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return _status("VmHWM") or peak


def _status(key: str) -> int | None:
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = (line for line in status.read_text().splitlines() if line.startswith(f"{key}:"))
    return next((int(line.split()[1]) * 1024 for line in lines), None)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1], KINDS[sys.argv[2]], Path(sys.argv[3]))))
