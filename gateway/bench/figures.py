"""What every benchmark prints: rows of figures, and the machine they were taken on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Row = dict[str, Any]
Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Peer:
    """What was run beside it in the same run, and its figure in the same unit."""

    name: str
    value: float


def row(
    name: str,
    value: float,
    unit: str,
    *,
    reach: float | None = None,
    better: Better = "higher",
    peer: Peer | None = None,
) -> Row:
    """One figure.

    Args:
        name: what was measured, with its size.
        value: the figure.
        unit: of value, reach and the peer's value.
        reach: what was asked for, where something was.
        better: which way is up.
        peer: what was run beside it; the ratio is ours over theirs.
    """
    return {
        "name": name,
        "value": _rounded(value),
        "unit": unit,
        "better": better,
        "reach": reach,
        "peer": None if peer is None else peer.name,
        "peer_value": None if peer is None else _rounded(peer.value),
        "ratio": None if peer is None else round(value / peer.value, 2),
    }


def report(bench: str, rows: Sequence[Row]) -> dict[str, Any]:
    """The object of `tradelane bench NAME --json`."""
    machine = {"python": platform.python_version(), "system": platform.platform(), "cpus": os.cpu_count()}
    return {"bench": bench, "machine": machine, "rows": list(rows)}


def _rounded(value: float) -> float:
    return round(value, 3 if abs(value) < 10 else 1 if abs(value) < 1000 else 0)
