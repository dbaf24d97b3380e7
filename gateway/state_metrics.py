"""The state of the whole gateway as gauges: read from the database when asked for, not more often than needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from importlib.metadata import version
from threading import Lock
from typing import Any

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric

from gateway.errors import IntakeClosed, StoreError
from gateway.intake import Intake
from gateway.ports import Clock
from gateway.store import figures
from gateway.store.engine import Store
from gateway.store.figures import Figures

KEPT = timedelta(seconds=5)

log = structlog.get_logger(__name__)


class StateMetrics:
    """A collector. Scrapes closer together than five seconds see the same figures. May be shared by threads.

    Args:
        store: whose rows are counted.
        clock: what ages are told by.
        intake: whether it is open.
        free: the share of the disk that is free.
    """

    def __init__(self, store: Store, clock: Clock, intake: Intake, *, free: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._intake = intake
        self._free = free
        self._reading = Lock()
        self._read_at: datetime | None = None
        self._figures: Figures | None = None

    def collect(self) -> Iterator[Metric]:
        """The gauges; without a database only those that need none."""
        yield _gauge(
            "tradelane_build_info", "Constant 1; the version is a label.", {(version("tradelane"),): 1}, "version"
        )
        yield _gauge("tradelane_disk_free_ratio", "Share of the home's disk that is free.", {(): self._free()})
        found = self._look()
        yield _gauge("tradelane_database_up", "Whether the database answers.", {(): float(found is not None)})
        if found is None:
            return
        yield _gauge("tradelane_intake_open", "Whether anything more is taken in.", {(): float(self._is_open())})
        rows = {(table, state): float(count) for (table, state), count in found.unfinished.items()}
        yield _gauge("tradelane_unfinished_rows", "Rows that a worker has or waits for.", rows, "table", "state")
        ages = {(table,): seconds for table, seconds in found.oldest_seconds.items()}
        yield _gauge("tradelane_oldest_unfinished_seconds", "Age of the oldest of these.", ages, "table")
        yield _gauge("tradelane_open_exceptions", "Matters that wait for a person.", {(): found.exceptions})
        owed = {("waiting",): float(found.awaited), ("overdue",): float(found.overdue)}
        yield _gauge("tradelane_expected_acknowledgments", "Acknowledgments that partners owe.", owed, "state")
        yield _gauge("tradelane_waiting_alerts", "Alerts that wait to be told, on each channel.", {(): found.alerts})
        yield _gauge(
            "tradelane_failing_alert_channels",
            "Channels that did not take the last alert.",
            {(): found.channels_failing},
        )
        yield _gauge("tradelane_nodes", "Nodes that say they are alive.", {(): found.nodes})

    def _is_open(self) -> bool:
        try:
            self._intake.admit()
        except (IntakeClosed, StoreError):
            return False
        return True

    def _look(self) -> Figures | None:
        with self._reading:
            now = self._clock.now()
            if self._figures is None or self._read_at is None or abs(now - self._read_at) >= KEPT:
                try:
                    with self._store.begin() as conn:
                        self._figures = figures.read(conn, at=now)
                except StoreError as error:
                    log.warning("metrics.no_figures", reason=str(error)[:200])
                    self._figures = None
                self._read_at = now
            return self._figures


def _gauge(name: str, text: str, values: Mapping[Any, float], *labels: str) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
