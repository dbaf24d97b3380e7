"""Metrics: in base units, with few labels, the workers' added to our own; and the state of the whole gateway."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway import metrics
from gateway.api.operations import Operations
from gateway.api.server import HttpServer
from gateway.errors import StoreUnavailable
from gateway.intake import Intake
from gateway.metrics import Added, Totals, exposition
from gateway.ports import FakeClock
from gateway.state_metrics import StateMetrics
from gateway.store.engine import Store, open_store
from tests.contracts.inlet_contract import InletContract
from tests.gateway.alerts.alerting import Desk, ScriptedChannel
from tests.gateway.api.site import Site
from tests.gateway.api.site import serving as serving_api
from tests.gateway.inbound_line import file_of
from tests.gateway.work_rows import START, add_delivery, add_transmission


def values(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by its name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def received(text: bytes, channel: str) -> float:
    return values(text).get(("tradelane_received_transmissions_total", (("channel", channel),)), 0.0)


def test_what_workers_added_is_summed_with_our_own() -> None:
    totals, added = Totals(), Added()
    added.take()
    before = received(exposition(totals), "test")
    metrics.RECEIVED.labels("test").inc(2)
    metrics.WORK.labels("in", "worked").observe(0.03)
    told = orjson.loads(orjson.dumps(added.take()))  # as it comes over the channel
    assert ["tradelane_received_transmissions_total", {"channel": "test"}, 2.0] in told
    assert added.take() == []
    totals.add(told)
    totals.add([["tradelane_received_transmissions_total", {"channel": "of-a-worker"}, 5]])
    text = exposition(totals)
    assert received(text, "test") == before + 4
    assert received(text, "of-a-worker") == 5
    count = ("tradelane_work_seconds_count", (("kind", "in"), ("outcome", "worked")))
    assert values(text)[count] >= 2


def test_every_metric_has_our_prefix_a_base_unit_and_labels_that_are_words_of_ours(fresh_store: Store) -> None:
    clock = FakeClock()
    state = StateMetrics(fresh_store, clock, intake(fresh_store, clock), free=lambda: 0.5)
    text = exposition(Totals(), state)
    families = list(text_string_to_metric_families(text.decode()))
    assert len(families) >= 14
    for family in families:
        assert family.name.startswith("tradelane_"), family.name
        assert not family.name.endswith(("_ms", "_milliseconds", "_kb", "_mb", "_percent", "_minutes"))
        assert family.documentation.endswith(".") or family.documentation.startswith("Constant")
        labels = {label for sample in family.samples for label in sample.labels}
        assert labels <= {"channel", "kind", "outcome", "route", "method", "status", "table", "state", "version", "le"}


def test_the_state_is_that_of_the_rows(fresh_store: Store) -> None:
    clock = FakeClock()
    state = StateMetrics(fresh_store, clock, intake(fresh_store, clock), free=lambda: 0.25)
    for _ in range(3):
        add_transmission(fresh_store, "in:acme:flow")
    add_transmission(fresh_store, "in:acme:flow", state="processed")
    add_transmission(fresh_store, "send:as2:acme", direction="out", state="awaiting")
    add_delivery(fresh_store, "out:erp#0", state="sending")
    clock.advance(START - clock.now() + timedelta(seconds=90))
    found = values(exposition(state))
    rows = {
        key: value
        for (name, labels), value in found.items()
        if name == "tradelane_unfinished_rows" and value and (key := tuple(value for _, value in labels))
    }
    assert rows == {("received", "transmission"): 3, ("awaiting", "transmission"): 1, ("sending", "delivery"): 1}
    assert found["tradelane_oldest_unfinished_seconds", (("table", "transmission"),)] == 90
    assert found["tradelane_disk_free_ratio", ()] == 0.25
    assert found["tradelane_database_up", ()] == 1
    assert found["tradelane_intake_open", ()] == 1
    assert found["tradelane_open_exceptions", ()] == 0
    assert found["tradelane_expected_acknowledgments", (("state", "overdue"),)] == 0


def test_alerts_that_wait_and_channels_that_fail_are_counted(fresh_store: Store) -> None:
    desk = Desk(fresh_store)
    desk.channels("duty", "log")
    desk.open("group-a")
    desk.bring_out("duty", ScriptedChannel(["down"]))
    state = StateMetrics(fresh_store, desk.clock, intake(fresh_store, desk.clock), free=lambda: 0.5)
    found = values(exposition(state))
    assert found["tradelane_waiting_alerts", ()] == 2
    assert found["tradelane_failing_alert_channels", ()] == 1


def test_figures_are_read_again_after_five_seconds(fresh_store: Store) -> None:
    clock = FakeClock()
    state = StateMetrics(fresh_store, clock, intake(fresh_store, clock), free=lambda: 0.5)
    key = ("tradelane_unfinished_rows", (("state", "received"), ("table", "transmission")))
    assert values(exposition(state))[key] == 0
    add_transmission(fresh_store, "in:acme:flow")
    clock.advance(timedelta(seconds=4.9))
    assert values(exposition(state))[key] == 0
    clock.advance(timedelta(seconds=0.1))
    assert values(exposition(state))[key] == 1


def test_without_a_database_the_metrics_say_so(fresh_database_url: str) -> None:
    clock = FakeClock()
    contract = InletContract()
    contract.url = fresh_database_url
    store = open_store(fresh_database_url)
    state = StateMetrics(store, clock, intake(store, clock), free=lambda: 0.5)
    with contract.database_gone():
        found = values(exposition(state))
    store.close()
    assert found["tradelane_database_up", ()] == 0
    assert "tradelane_open_exceptions" not in {name for name, _ in found}


def test_a_closed_intake_is_seen(fresh_store: Store) -> None:
    clock = FakeClock()
    closed = Intake(fresh_store, clock, high_water=10, free=lambda: 0.01)
    state = StateMetrics(fresh_store, clock, closed, free=lambda: 0.01)
    assert values(exposition(state))["tradelane_intake_open", ()] == 0


def test_operations_answers_on_its_own_port(fresh_store: Store) -> None:
    broken = False

    def ready() -> None:
        if broken:
            raise StoreUnavailable("gone")

    server = HttpServer(Operations(lambda: exposition(Totals()), ready), host="127.0.0.1", port=0, connections=5)
    server.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.address[1]}", trust_env=False) as client:
            answer = client.get("/metrics")
            assert answer.status_code == 200
            assert "tradelane_received_transmissions" in answer.text
            assert client.get("/healthz").json() == {"status": "ok"}
            assert client.get("/readyz").status_code == 200
            broken = True
            assert client.get("/readyz").status_code == 503
            assert client.get("/healthz").status_code == 200
            assert client.post("/metrics").status_code == 405
            assert client.get("/other").status_code == 404
    finally:
        server.stop()


@pytest.fixture
def site(fresh_store: Store, tmp_path: Path) -> Iterator[Site]:
    with serving_api(fresh_store, tmp_path / "home") as found:
        yield found


def test_an_order_down_the_line_is_counted_at_each_stage_and_paths_are_those_of_the_table(site: Site) -> None:
    before = values(exposition(Totals()))
    id = site.send(file_of("PO-1"))
    site.line.run()
    with site.client() as client:
        client.get(f"/v1/transmissions/{id}")
        client.get(f"/nothing/{id}")
        client.request("BREW", "/v1/outbound")
    after = values(exposition(Totals()))

    def grew(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return after.get(key, 0.0) - before.get(key, 0.0)

    assert grew("tradelane_received_transmissions_total", channel="https") == 1
    assert grew("tradelane_received_bytes_total", channel="https") == len(file_of("PO-1"))
    assert grew("tradelane_work_seconds_count", kind="in", outcome="worked") == 1
    assert grew("tradelane_attempts_total", kind="delivery", outcome="accepted") == 1
    request = "tradelane_http_request_seconds_count"
    assert grew(request, route="/v1/transmissions", method="POST", status="2xx") == 1
    assert grew(request, route="/v1/transmissions/{id}", method="GET", status="2xx") == 1
    assert grew(request, route="none", method="GET", status="4xx") == 1
    assert str(id) not in str(after)
    assert "BREW" not in str(after)


def intake(store: Store, clock: FakeClock) -> Intake:
    return Intake(store, clock, high_water=1000, free=lambda: 0.5)
