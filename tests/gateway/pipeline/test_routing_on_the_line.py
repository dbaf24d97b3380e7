"""A document goes where its rule says: a delivery for each destination, with lane, key and state of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.protocol import Accepted, ExternalRef
from gateway.app import load_gateway
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.deliver import OutboundLine
from gateway.pipeline.deliver_together import deliver_together
from gateway.routing import Routes
from gateway.settings import load_settings
from gateway.store import work
from gateway.store.engine import Store
from tests.gateway.inbound_line import Line, file_of, group, interchange, order, orders
from tests.gateway.pipeline.scripted_adapter import ScriptedAdapter
from translators.datafile import LoadError

SETTINGS = """\
destinations:
  erp: {kind: folder, path: erp, create: true}
  wms: {kind: folder, path: wms, create: true}
  sandbox: {kind: folder, path: sandbox, create: true, environment: test}
"""
RULES = """\
rules:
  - {name: trials, when: {environment: test}, deliver_to: [erp, sandbox]}
  - {name: west, when: {partner: [acme], entity: [us], warehouse: ["00042"]}, deliver_to: [wms, erp]}
"""


@pytest.fixture
def routed(fresh_store: Store, tmp_path: Path) -> Callable[[str], Line]:
    """Makes the line of a workspace with these rules."""

    def make(rules: str) -> Line:
        (tmp_path / "tradelane.yaml").write_text(SETTINGS)
        (tmp_path / "routing.yaml").write_text(rules)
        return Line(fresh_store, tmp_path)

    return make


def shipped_to(warehouse: str, *, usage: str = "P") -> bytes:
    """An order for one warehouse."""
    st, beg, *rest, _ = order("PO-1")
    count = len(rest) + 4
    return interchange([group([[st, beg, f"N1*ST*West*92*{warehouse}", *rest, f"SE*{count}*0001"]])], usage=usage)


def deliveries(life: dict[str, Any]) -> dict[str, str]:
    [document] = life["documents"]
    return {row["destination"]: row["state"] for row in document["deliveries"]}


def test_a_rule_makes_a_delivery_for_each_destination(routed: Callable[[str], Line]) -> None:
    line = routed(RULES)
    life = line.sent(shipped_to("00042"))
    assert deliveries(life) == {"wms": "delivered", "erp": "delivered"}
    rows = life["documents"][0]["deliveries"]
    assert len({row["reference"] for row in rows}) == 2
    assert [len(list((line.home / name).glob("*.json"))) for name in ("wms", "erp")] == [1, 1]


def test_what_no_rule_knows_goes_as_agreed(routed: Callable[[str], Line]) -> None:
    assert deliveries(routed(RULES).sent(shipped_to("00043"))) == {"erp": "delivered"}


def test_a_test_document_reaches_the_destination_for_tests_alone(routed: Callable[[str], Line]) -> None:
    line = routed(RULES)
    assert deliveries(line.sent(shipped_to("00042", usage="T"))) == {"sandbox": "delivered", "erp": "test"}
    assert [(line.home / name).exists() for name in ("erp", "wms", "sandbox")] == [False, False, True]


def test_a_live_document_never_reaches_a_destination_for_tests(routed: Callable[[str], Line]) -> None:
    line = routed("rules: [{name: all, deliver_to: [sandbox, wms]}]")
    assert deliveries(line.sent(shipped_to("00042"))) == {"wms": "delivered"}


def test_a_destination_that_became_one_for_tests_meanwhile_gets_nothing(
    routed: Callable[[str], Line],
) -> None:
    line = routed(RULES)
    line.drop(file_of("PO-1", "PO-2", "PO-3"))
    for lane in line.due():
        if lane.startswith("in:"):
            line.lane_work().run(lane)
    adapter = ScriptedAdapter(steps=[Accepted(ExternalRef("never"), "")])
    routes = Routes(for_tests=frozenset({"erp"}))
    outbound = OutboundLine(line.store, {"erp": adapter}, line.clock, "test/w1", Backoff(), routes=routes)
    for lane in line.due():
        with line.store.begin() as conn:
            claims = work.claim(conn, lane, worker="test/w1", now=line.clock.now(), limit=20)
        left = deliver_together(outbound, claims)
        assert left == claims
        for claim in left:
            outbound.work(claim)
    assert adapter.submitted == []
    with line.store.begin() as conn:
        rows = conn.exec_driver_sql("SELECT state, reason FROM delivery").all()
    assert {tuple(row) for row in rows} == {
        ("rejected", "destination.environment: erp is not for live documents any more")
    }


def test_rules_with_mistakes_keep_a_gateway_from_starting(routed: Callable[[str], Line]) -> None:
    with pytest.raises(LoadError, match=r"routing\.yaml:1:32: there is no destination"):
        routed("rules: [{name: a, deliver_to: [epr]}]")


def test_an_agreement_of_live_documents_needs_a_live_destination(fresh_store: Store, tmp_path: Path) -> None:
    (tmp_path / "tradelane.yaml").write_text(SETTINGS.replace("path: erp,", "environment: test, path: erp,"))
    with pytest.raises(LoadError, match="all destinations of the agreement are for test documents"):
        load_gateway(load_settings(tmp_path, environment={}), fresh_store)


def test_a_rule_holds_for_every_document_of_a_file(routed: Callable[[str], Line]) -> None:
    line = routed("rules: [{name: all, when: {document: [purchase_order]}, deliver_to: [wms]}]")
    life = line.sent(interchange([group(orders(["A-1", "A-2", "A-3"]))]))
    found = [row["destination"] for one in life["documents"] for row in one["deliveries"]]
    assert found == ["wms"] * 3
