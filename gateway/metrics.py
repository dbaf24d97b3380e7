"""Metrics: what is counted and timed, in this process and in its workers, in the units Prometheus wants.

Labels are words of ours, never of partners, so that there are always few of them. A worker tells its parent twice a
second what was added; the last moments of one that is killed are not counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest

COUNTED = CollectorRegistry()
"""What this process counts."""

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

RECEIVED = Counter(
    "tradelane_received_transmissions", "Transmissions that arrived whole.", ["channel"], registry=COUNTED
)
RECEIVED_BYTES = Counter("tradelane_received_bytes", "Bytes of these.", ["channel"], registry=COUNTED)
WORK = Histogram(
    "tradelane_work_seconds",
    "Working one claimed row: a received transmission, a delivery, a transmission to be sent.",
    ["kind", "outcome"],
    buckets=SECONDS,
    registry=COUNTED,
)
ATTEMPTS = Counter(
    "tradelane_attempts", "Tries to deliver or to send, by how they ended.", ["kind", "outcome"], registry=COUNTED
)
STATEMENTS = Counter("tradelane_statements", "Statements sent to the database.", registry=COUNTED)
REQUESTS = Histogram(
    "tradelane_http_request_seconds",
    "Answering one HTTP request, its body included.",
    ["route", "method", "status"],
    buckets=SECONDS,
    registry=COUNTED,
)

Sample = tuple[str, dict[str, str], float]
"""The name of a sample, its labels, and how much was added."""


def kind_of(lane: str) -> str:
    """What is worked on a lane, for a label: `in`, `out` or `send`."""
    return lane.partition(":")[0]


class Added:
    """What was added since the last time it was asked. For one thread."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

    def take(self) -> list[Sample]:
        """Every sample that grew."""
        grown: list[Sample] = []
        for metric in COUNTED.collect():
            for sample in metric.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                more = sample.value - self._before.get(key, 0.0)
                if more and not sample.name.endswith("_created"):
                    self._before[key] = sample.value
                    grown.append((sample.name, dict(sample.labels), more))
        return grown


class Totals:
    """What this process and its workers counted, together: a collector. May be shared by threads."""

    def __init__(self) -> None:
        self._told: defaultdict[str, dict[tuple[tuple[str, str], ...], float]] = defaultdict(dict)
        self._lock = Lock()

    def add(self, samples: Iterable[Sequence[object]]) -> None:
        """Add what a worker told: each a `Sample`, as JSON has it."""
        with self._lock:
            for name, labels, more in samples:
                assert isinstance(labels, dict)
                assert isinstance(more, int | float)
                key = tuple(sorted(labels.items()))
                of = self._told[str(name)]
                of[key] = of.get(key, 0.0) + more

    def collect(self) -> Iterator[Metric]:
        """Every metric with the sums."""
        with self._lock:
            told = {name: dict(values) for name, values in self._told.items()}
        for counted in COUNTED.collect():
            metric = Metric(counted.name, counted.documentation, counted.type)
            names = set()
            for sample in counted.samples:
                if sample.name.endswith("_created"):
                    continue
                names.add(sample.name)
                more = told.get(sample.name, {}).pop(tuple(sorted(sample.labels.items())), 0.0)
                metric.add_sample(sample.name, sample.labels, sample.value + more)
            for name in [name for name in told if _is_of(name, counted.name)]:
                for key, value in sorted(told[name].items()):
                    metric.add_sample(name, dict(key), value)
            yield metric


def exposition(*collectors: object) -> bytes:
    """Everything these collect, in Prometheus' text format."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)  # type: ignore[arg-type]
    return generate_latest(registry)


def _is_of(sample: str, metric: str) -> bool:
    return sample.removeprefix(metric) in ("_total", "_bucket", "_sum", "_count")
