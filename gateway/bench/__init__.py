"""Benchmarks: `tradelane bench NAME`. Figures are ratios or CPU seconds of one run, where they can be: machines differ.

`BENCHES` is the table of them; each takes `quick` and returns the object that `--json` prints. What one needs is loaded
when it runs, so that a measuring process imports nothing but what it measures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def _x12(*, quick: bool = False) -> dict[str, Any]:
    from gateway.bench.x12 import bench_x12

    return bench_x12(quick=quick)


def _map(*, quick: bool = False) -> dict[str, Any]:
    from gateway.bench.map import bench_map

    return bench_map(quick=quick)


def _pipeline(*, quick: bool = False) -> dict[str, Any]:
    from gateway.bench.pipeline import bench_pipeline

    return bench_pipeline(quick=quick)


def _sftp(*, quick: bool = False) -> dict[str, Any]:
    from gateway.bench.sftp import bench_sftp

    return bench_sftp(quick=quick)


def _as2(*, quick: bool = False) -> dict[str, Any]:
    from gateway.bench.as2 import bench_as2

    return bench_as2(quick=quick)


BENCHES: dict[str, Callable[..., dict[str, Any]]] = {
    "x12": _x12,
    "map": _map,
    "pipeline": _pipeline,
    "sftp": _sftp,
    "as2": _as2,
}
