"""An answer of Tryton is lost after it did what it was asked: on the line, too, the order is one sale, and complete."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from threading import Event

import httpx
import pytest
from sqlalchemy import select

from gateway.adapters.tryton import TrytonAdapter
from gateway.lane_work import LaneWork
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.deliver import OutboundLine
from gateway.store.engine import Store
from gateway.store.tables import attempt, delivery
from tests.gateway.inbound_line import Line, group, interchange
from tests.interop.test_tryton_contract import CuttingTransport, TrytonPeer
from tests.interop.tryton_peer import Tryton

pytestmark = [pytest.mark.interop, pytest.mark.timeout(600)]

BACKOFF = Backoff(random=lambda: 0.0)
WRITES = ("made", "quoted", "confirmed")


def order(number: str) -> list[str]:
    return [
        "ST*850*0001",
        f"BEG*00*SA*{number}**20261120",
        "N1*ST*Store 42*92*00042",
        "PO1*1*2*EA*12.5**IN*A-20415*VN*00123",
        "CTT*1",
        "SE*6*0001",
    ]


def work_out(line: Line, adapter: TrytonAdapter) -> None:
    """Try what is due, once."""
    outbound = OutboundLine(line.store, {"erp": adapter}, line.clock, "test/w1", BACKOFF)
    for lane in line.due():
        runner = LaneWork(line.store, outbound.work, worker="test/w1", clock=line.clock, backoff=BACKOFF, stop=Event())
        runner.run(lane)


def states(store: Store) -> list[str]:
    with store.begin() as conn:
        return list(conn.execute(select(delivery.c.state).order_by(delivery.c.seq)).scalars())


def test_an_answer_lost_at_any_write_leaves_one_complete_sale(erp: Tryton, fresh_store: Store, tmp_path: Path) -> None:
    peer, line = TrytonPeer(erp, tmp_path), Line(fresh_store, tmp_path)
    for place, write in enumerate(WRITES):
        content = interchange([group([order(f"PO-{write}")])], control=f"{place + 1:09}")
        line.drop(content, name=f"{write}.edi")
        line.lane_work().run("in:acme:flow")
        work_out(line, peer.adapter(CuttingTransport(2 * place + 1, httpx.ReadError("reset"))))
        assert len(erp.sales(peer.shop)) == place + 1
        for _ in range(4):
            line.clock.advance(timedelta(minutes=10))
            work_out(line, peer.adapter())
        assert states(fresh_store) == ["delivered"] * (place + 1)
    sales = erp.sales(peer.shop)
    assert [sale["reference"] for sale in sales] == [f"PO-{write}" for write in WRITES]
    assert {sale["state"] for sale in sales} == {"processing"}
    with fresh_store.begin() as conn:
        outcomes = conn.execute(select(attempt.c.outcome).order_by(attempt.c.started_at, attempt.c.id)).scalars().all()
    assert outcomes[0] == "uncertain"
    assert outcomes.count("accepted") == len(WRITES)
