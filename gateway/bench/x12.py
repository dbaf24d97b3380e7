"""`tradelane bench x12`: X12 read and validated, with memory and acknowledgments, and peers in the same run.

Every figure is taken in a process of its own (`python -m gateway.bench.x12 NAME SETS`) and counts CPU seconds.
"""

from __future__ import annotations

import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from gateway.bench.figures import Peer, report, row
from mappings.catalog import SHIPPED, MapCatalog
from mappings.compiled import CompiledMap
from mappings.engine import MapContext, run
from translators.x12._pyx12 import second_opinion, segments_read
from translators.x12.acknowledge import AcknowledgmentBuilder
from translators.x12.guide import GuideLibrary
from translators.x12.model import ReaderEvent, TransactionSet
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.writer import ControlNumbers, write_interchange

SETS = 5000
SEGMENTS_PER_SET = 38
PEER_SETS = 500
CHUNK = 65536
MEBIBYTE = 1024 * 1024
SMALL_FILE, LARGE_FILE = 5 * MEBIBYTE, 500 * MEBIBYTE
WARM_DOCUMENTS = 300

_HEAD = (
    b"ISA*00*          *00*          *ZZ*NORTHSIDE      *ZZ*TRADELANE      *260302*0915*U*00401*000000001*0*P*>~"
    b"GS*%s*NORTHSIDE*TRADELANE*20260302*0915*1*X*004010~"
)


def bench_x12(*, quick: bool = False) -> dict[str, Any]:
    """Measure.

    Args:
        quick: a tenth of the work.

    Returns:
        The object of `tradelane bench x12 --json`.
    """
    share = 10 if quick else 1
    sets, peer_sets = SETS // share, PEER_SETS // share
    size = f"{sets} sets / {sets * SEGMENTS_PER_SET // 1000} k segments"
    plain, tree = (_measure(name, sets) for name in ("read", "tree"))
    small, large = SMALL_FILE // share, LARGE_FILE // share
    tokenised = f"pyx12 X12Reader, which only tokenises, on {peer_sets} sets"
    rows = [
        row(
            f"850 read and validated, {size}",
            plain,
            "segments/s",
            reach=400_000,
            peer=Peer(tokenised, _measure("pyx12", peer_sets)),
        ),
        row(
            f"850 read and validated with its tree, {size}",
            tree,
            "segments/s",
            reach=300_000,
            peer=Peer("bytes.split at both separators, nothing checked", _measure("split", sets)),
        ),
        row(
            f"997 read and validated, {peer_sets} sets",
            _measure("read_997", peer_sets),
            "segments/s",
            peer=Peer("pyx12 with its own map of the 997", _measure("pyx12_997", peer_sets)),
        ),
        *(
            row(
                f"memory above import, {bytes_ // MEBIBYTE or 1} MB file",
                _measure("memory", bytes_),
                "MB",
                reach=40,
                better="lower",
            )
            for bytes_ in (small, large)
        ),
        row("850 of 8 lines read, validated and mapped", _measure("orders", sets), "orders/s", reach=6000),
        row(f"997 for {sets} sets on top of reading", _measure("answer", sets), "%", reach=5, better="lower"),
        row(
            "850 of 2 KB read and validated, process warm",
            _measure("warm", WARM_DOCUMENTS),
            "ms",
            reach=3,
            better="lower",
        ),
    ]
    return report("x12", rows)


def orders_file(sets: int) -> Iterator[bytes]:
    """An interchange of one group of 850s, SEGMENTS_PER_SET segments each, no two alike."""
    yield _HEAD % b"PO"
    for number in range(1, sets + 1):
        yield _order(number)
    yield b"GE*%d*1~IEA*1*000000001~" % sets


def acknowledgments_file(sets: int) -> Iterator[bytes]:
    """An interchange of one group of 997s, twelve segments each."""
    yield _HEAD % b"FA"
    for number in range(1, sets + 1):
        answers = b"".join(b"AK2*850*%09d~AK5*A~" % (number * 4 + each) for each in range(4))
        yield b"ST*997*%09d~AK1*PO*%d~%sAK9*A*4*4*4~SE*12*%09d~" % (number, number, answers, number)
    yield b"GE*%d*1~IEA*1*000000001~" % sets


def _order(number: int) -> bytes:
    lines = b"".join(
        b"PO1*%d*%d*EA*%d.%02d**UP*%012d*VN*SKU-%05d~PID*F****ARTICLE %d OF THE LINE~DTM*002*20260316~"
        % (line, number * line % 97 + 1, number % 90 + 1, line, number * 100 + line, number % 10_000, line)
        for line in range(1, 9)
    )
    return (
        b"ST*850*%09d~BEG*00*SA*PO%08d**20260302~CUR*BY*USD~REF*DP*%03d~PER*BD*JANE DOE*TE*5551234567~"
        b"ITD*01*3*2**30**31~DTM*010*20260316~TD5*O*2*UPSN*M~N1*BY*NORTHSIDE STORES*92*%05d~N3*12 FIELD ROAD~"
        b"N4*AMES*IA*50010*US~N1*ST*WAREHOUSE 7*92*W07~%sCTT*8~SE*38*%09d~"
    ) % (number, number, number % 900, number % 500, lines, number)


def _measure(name: str, amount: int) -> float:
    command = [sys.executable, "-m", "gateway.bench.x12", name, str(amount)]
    found = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 our own interpreter
    return float(json.loads(found.stdout))


def _read(chunks: Iterator[bytes] | list[bytes], *, keep_tree: bool = False) -> Iterator[ReaderEvent]:
    """The events of a file that has no fault: a benchmark that reads something else is worth nothing."""
    for event in read_x12(chunks, guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=keep_tree)):
        if event.issues:
            raise RuntimeError(str(event.issues[0]))
        yield event


def _rate(file: Callable[[int], Iterator[bytes]], sets: int, work: Callable[[bytes], object]) -> float:
    """Segments a CPU second; a small file first, so that guides are compiled."""
    work(b"".join(file(5)))
    data = b"".join(file(sets))
    segments = data.count(b"~")
    gc.collect()
    started = time.process_time()
    work(data)
    return segments / (time.process_time() - started)


def _whole(data: bytes, *, keep_tree: bool = False) -> int:
    return sum(1 for event in _read([data], keep_tree=keep_tree) if isinstance(event, TransactionSet))


def _mapped(data: bytes) -> int:
    compiled = _base_map()
    return sum(
        len(run(compiled, event, MapContext.around(event)).documents)
        for event in _read([data], keep_tree=True)
        if isinstance(event, TransactionSet)
    )


@cache
def _base_map() -> CompiledMap:
    return MapCatalog([SHIPPED], guides=GuideLibrary.shipped()).find("base/850.in")


def _answer(data: bytes) -> int:
    builder = AcknowledgmentBuilder()
    written = 0
    for event in _read([data]):
        for answer in builder.take(event):
            numbers = ControlNumbers(1, tuple(range(1, len(answer.interchange.groups) + 1)))
            written += len(write_interchange(answer.interchange, numbers=numbers, at=datetime(2026, 3, 2, tzinfo=UTC)))
    return written


def _on_top(sets: int) -> float:
    """Per cent that answering costs over reading; both in turns, the best of five each, since machines are noisy."""
    data = b"".join(orders_file(sets))
    best = {work: float("inf") for work in (_whole, _answer)}
    for _ in range(5):
        for work in best:
            gc.collect()
            started = time.process_time()
            work(data)
            best[work] = min(best[work], time.process_time() - started)
    return (best[_answer] / best[_whole] - 1) * 100


def _split(data: bytes) -> int:
    return sum(len(segment.split(b"*")) for segment in data.split(b"~"))


def _agree(data: bytes) -> None:
    codes = {"AK101": {"PO"}, "AK201": {"850"}}
    opinion = second_opinion(data, also_allowed=codes)
    if not opinion.accepted:
        raise RuntimeError(opinion.errors[0].message)


def _memory(size: int) -> float:
    """Peak of resident memory over that after import, in MB, while a file is made and read in chunks."""
    before = _peak()
    sets = size // len(_order(1)) + 1
    for _ in _read(orders_file(sets)):
        pass
    return (_peak() - before) / MEBIBYTE


def _peak() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _warm(times: int) -> float:
    """Milliseconds for one small document."""
    data = b"".join(orders_file(1))
    _whole(data, keep_tree=True)
    started = time.process_time()
    for _ in range(times):
        _whole(data, keep_tree=True)
    return (time.process_time() - started) / times * 1000


_MEASUREMENTS: dict[str, Callable[[int], float]] = {
    "read": lambda sets: _rate(orders_file, sets, _whole),
    "tree": lambda sets: _rate(orders_file, sets, lambda data: _whole(data, keep_tree=True)),
    "orders": lambda sets: _rate(orders_file, sets, _mapped) / SEGMENTS_PER_SET,
    "answer": _on_top,
    "split": lambda sets: _rate(orders_file, sets, _split),
    "pyx12": lambda sets: _rate(orders_file, sets, lambda data: segments_read(data.decode("latin-1"))),
    "read_997": lambda sets: _rate(acknowledgments_file, sets, _whole),
    "pyx12_997": lambda sets: _rate(acknowledgments_file, sets, _agree),
    "memory": _memory,
    "warm": _warm,
}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_MEASUREMENTS[sys.argv[1]](int(sys.argv[2]))))
