"""`tradelane bench map`: order lines mapped a second with lineage on, and how long maps take to load."""

from __future__ import annotations

import gc
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
AGREEMENT = {"currency": "USD"}


def bench_map() -> dict[str, Any]:
    """Measure; CPU seconds of this process, the best of three for rates.

    Returns:
        The object of `tradelane bench map --json`.
    """
    guides = GuideLibrary.shipped()
    guides.find("850", "004010")
    started = time.process_time()
    compiled = MapCatalog([SHIPPED], guides=guides).find("base/850.in")
    loading = (time.process_time() - started) * 1000
    many = [orders_of(number, 1, LINES) for number in range(ORDERS)]
    short = b"".join([_head(), *many, _foot(ORDERS)])
    long = b"".join([_head(), orders_of(0, 1, LONG_ORDER_LINES), _foot(1)])
    short_sets, long_sets = list(_sets(short, guides)), list(_sets(long, guides))
    rows = [
        _row(
            f"order lines mapped, {ORDERS} orders of {LINES} lines, lineage on",
            _best(compiled, short_sets) * LINES,
            "lines/s",
            reach=150_000,
        ),
        _row(
            f"order lines mapped, one order of {LONG_ORDER_LINES} lines, lineage on",
            _best(compiled, long_sets) * LONG_ORDER_LINES,
            "lines/s",
            reach=150_000,
        ),
        _row(
            f"orders of {LINES} lines read, validated and mapped",
            _through(short, compiled, guides),
            "orders/s",
            reach=6000,
        ),
        _row("base/850.in loaded", loading, "ms", better="lower", reach=50),
        _row(f"{PARTNERS} partner maps loaded", _start(guides), "s", better="lower", reach=10),
    ]
    machine = {"python": platform.python_version(), "system": platform.platform(), "cpus": os.cpu_count()}
    return {"bench": "map", "machine": machine, "rows": rows}


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


def _best(compiled: CompiledMap, sets: list[TransactionSet]) -> float:
    """Orders a second, mapping alone; the sets were read before."""
    best = 0.0
    for _ in range(3):
        gc.collect()
        started = time.process_time()
        for source in sets:
            mapped = run(compiled, source, MapContext.around(source, agreement=AGREEMENT))
            if mapped.issues:
                raise RuntimeError(str(mapped.issues[0]))
        best = max(best, len(sets) / (time.process_time() - started))
    return best


def _through(content: bytes, compiled: CompiledMap, guides: GuideLibrary) -> float:
    gc.collect()
    started = time.process_time()
    count = 0
    for source in _sets(content, guides):
        count += len(run(compiled, source, MapContext.around(source, agreement=AGREEMENT)).documents)
    return count / (time.process_time() - started)


def _start(guides: GuideLibrary) -> float:
    with tempfile.TemporaryDirectory() as folder:
        for number in range(PARTNERS):
            path = Path(folder) / f"partner{number:04d}" / "850.in"
            path.mkdir(parents=True)
            text = f"extends: base/850.in\npartner: partner{number:04d}\nlines:\n  sku: pair('IN')\n"
            (path / MAP_FILE).write_text(text)
        started = time.process_time()
        faults = MapCatalog([Path(folder), SHIPPED], guides=guides).load_all()
        if faults:
            raise RuntimeError(str(faults[0]))
        return time.process_time() - started


def _row(name: str, value: float, unit: str, *, reach: float, better: str = "higher") -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 3 if value < 1000 else 0),
        "unit": unit,
        "better": better,
        "reach": reach,
        "peer": None,
        "peer_value": None,
        "ratio": None,
    }


if __name__ == "__main__":
    for row in bench_map()["rows"]:
        sys.stdout.write(f"{row['name']}: {row['value']} {row['unit']} (reach {row['reach']})\n")
