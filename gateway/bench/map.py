"""`tradelane bench map`: order lines mapped a second with lineage on, and how long maps take to load."""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from gateway.bench.figures import report, row
from gateway.garbage import rare_collection
from mappings.catalog import MAP_FILE, SHIPPED, MapCatalog
from mappings.compiled import CompiledMap
from mappings.engine import MapContext, run
from translators.x12.guide import GuideLibrary
from translators.x12.model import TransactionSet
from translators.x12.reader import ReadOptions, read_x12

ORDERS = 2000
LINES = 8
LONG_ORDER_LINES = 20_000
PARTNERS = 1000
TOGETHER = 50
"""Sets that are mapped between two looks at the clock: one look is a system call, and one for each set of 8 lines takes
a sixth of what is then measured."""
AGREEMENT = {"currency": "USD"}


def bench_map(*, quick: bool = False) -> dict[str, Any]:
    """Measure; CPU seconds of this process, the best of three for rates; garbage is collected as in a worker.

    Args:
        quick: a tenth of the work.

    Returns:
        The object of `tradelane bench map --json`.
    """
    share = 10 if quick else 1
    orders, long_lines, partners = ORDERS // share, LONG_ORDER_LINES // share, PARTNERS // share
    guides = GuideLibrary.shipped()
    guides.find("850", "004010")
    started = time.process_time()
    compiled = MapCatalog([SHIPPED], guides=guides).find("base/850.in")
    loading = (time.process_time() - started) * 1000
    many = [orders_of(number, 1, LINES) for number in range(orders)]
    short = b"".join([_head(), *many, _foot(orders)])
    long = b"".join([_head(), orders_of(0, 1, long_lines), _foot(1)])
    with rare_collection():
        rates = [
            _rate(short, compiled, guides) * LINES,
            _rate(long, compiled, guides) * long_lines,
            _through(short, compiled, guides),
        ]
    start, first = _start(guides, partners)
    rows = [
        row(
            f"order lines mapped, {orders} orders of {LINES} lines, lineage on",
            rates[0],
            "lines/s",
            reach=150_000,
        ),
        row(
            f"order lines mapped, one order of {long_lines} lines, lineage on",
            rates[1],
            "lines/s",
            reach=150_000,
        ),
        row(
            f"orders of {LINES} lines read, validated and mapped",
            rates[2],
            "orders/s",
            reach=6000,
        ),
        row("base/850.in loaded", loading, "ms", better="lower", reach=50),
        row(f"{partners} partner maps loaded", start, "s", better="lower", reach=10),
        row("a partner's map made ready to run, when its first order comes", first, "ms", better="lower"),
    ]
    return report("map", rows)


def orders_of(first: int, count: int, lines: int) -> bytes:
    """Transaction sets 850, each with so many lines; numbers and items differ from line to line."""
    sets = []
    for number in range(first, first + count):
        body = [
            f"ST*850*{number + 1:09d}",
            f"BEG*00*SA*PO{number:08d}**20260302",
            "REF*DP*038",
            "DTM*002*20260316",
            "N1*ST*Northside Store*92*0042",
            "N3*12 Field Road",
            "N4*Ames*IA*50010*US",
        ]
        for line in range(lines):
            item = number * lines + line
            body.append(
                f"PO1*{line + 1}*{item % 997 + 1}*EA*{item % 9973 / 100:.2f}*"
                f"*UP*{item:012d}*VN*V{item:07d}*IN*B{item:07d}"
            )
            body.append(f"PID*F****Article {item}")
        body += [f"CTT*{lines}", f"SE*{len(body) + 2}*{number + 1:09d}"]
        sets.append("~".join(body) + "~")
    return "".join(sets).encode()


def _head() -> bytes:
    return (
        b"ISA*00*          *00*          *ZZ*NORTHSIDE      *ZZ*TRADELANE      *260302*0915*U*00401*000000001*0*P*>~"
        b"GS*PO*NORTHSIDE*TRADELANE*20260302*0915*1*X*004010~"
    )


def _foot(sets: int) -> bytes:
    return f"GE*{sets}*1~IEA*1*000000001~".encode()


def _sets(content: bytes, guides: GuideLibrary) -> Iterator[TransactionSet]:
    chunks = (content[at : at + 65536] for at in range(0, len(content), 65536))
    for event in read_x12(chunks, guides=guides, options=ReadOptions(keep_tree=True)):
        if isinstance(event, TransactionSet):
            yield event


def _rate(content: bytes, compiled: CompiledMap, guides: GuideLibrary) -> float:
    """Orders a second, mapping alone: some sets are read, their mapping timed, all let go; the best of three."""
    best = 0.0
    for _ in range(3):
        gc.collect()
        count, spent = 0, 0
        reading = _sets(content, guides)
        while sources := list(islice(reading, TOGETHER)):
            started = time.process_time_ns()
            for source in sources:
                mapped = run(compiled, source, MapContext.around(source, agreement=AGREEMENT))
                if mapped.issues:
                    raise RuntimeError(str(mapped.issues[0]))
            spent += time.process_time_ns() - started
            count += len(sources)
        best = max(best, count / spent * 1e9)
    return best


def _through(content: bytes, compiled: CompiledMap, guides: GuideLibrary) -> float:
    gc.collect()
    started = time.process_time()
    count = 0
    for source in _sets(content, guides):
        count += len(run(compiled, source, MapContext.around(source, agreement=AGREEMENT)).documents)
    return count / (time.process_time() - started)


def _start(guides: GuideLibrary, partners: int) -> tuple[float, float]:
    """Seconds to load so many partners' maps, and milliseconds until one of them can run."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(partners):
            path = Path(folder) / f"partner{number:04d}" / "850.in"
            path.mkdir(parents=True)
            text = f"extends: base/850.in\npartner: partner{number:04d}\nlines:\n  sku: pair('IN')\n"
            (path / MAP_FILE).write_text(text)
        catalog = MapCatalog([Path(folder), SHIPPED], guides=guides)
        started = time.process_time()
        faults = catalog.load_all()
        if faults:
            raise RuntimeError(str(faults[0]))
        spent = time.process_time() - started
        one = catalog.find("partner0000/850.in")
        started = time.process_time()
        assert one.runner.function is not None
        return spent, (time.process_time() - started) * 1000


if __name__ == "__main__":
    for found in bench_map()["rows"]:
        sys.stdout.write(f"{found['name']}: {found['value']} {found['unit']} (reach {found['reach']})\n")
