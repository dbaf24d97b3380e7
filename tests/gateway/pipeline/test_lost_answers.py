"""The answer to a delivery is lost after its effect: whatever the adapter promises, there is one effect on the line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select

from gateway.adapters.fault_proxy import FaultProxy, LoseAnswer
from gateway.adapters.files import LocalFiles
from gateway.adapters.folder import FolderAdapter, FolderConfig
from gateway.adapters.protocol import Adapter
from gateway.adapters.webhook import WebhookAdapter, WebhookConfig
from gateway.adapters.webhook_fake import Demands, FakeRestSystem
from gateway.lane_work import LaneWork
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.deliver import OutboundLine
from gateway.pipeline.deliver_together import deliver_together
from gateway.store.tables import delivery
from tests.gateway.inbound_line import Line, file_of

BACKOFF = Backoff(random=lambda: 0.0)
ORDERS = [f"PO-{number}" for number in range(8)]


class LosesAnswers(LocalFiles):
    """The first move, or move of several, is done; then nobody hears of it."""

    def __init__(self, fault: BaseException) -> None:
        self._fault: BaseException | None = fault

    def move(self, source: Path, target: Path) -> None:
        super().move(source, target)
        self._lose()

    def move_all(self, source: Path, target: Path, names: Mapping[str, str]) -> None:
        super().move_all(source, target, names)
        self._lose()

    def _lose(self) -> None:
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault


class Receiver:
    """A program that deletes each file it sees, and remembers it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.took: Counter[str] = Counter()

    def look(self) -> None:
        for path in self._folder.glob("*.json"):
            self.took[path.name.split(".")[1]] += 1
            path.unlink()


def states(line: Line) -> Counter[str]:
    with line.store.begin() as conn:
        return Counter(conn.execute(select(delivery.c.state)).scalars())


def work_out(
    line: Line, adapter: Adapter, *, together: bool = True, between: Callable[[], None] = lambda: None
) -> None:
    """Route the orders, then let an hour of tries pass; a worker that dies is followed by another."""
    line.drop(file_of(*ORDERS))
    line.lane_work().run("in:acme:flow")
    outbound = OutboundLine(line.store, {"erp": adapter}, line.clock, "test/w1", BACKOFF)
    for _ in range(12):
        for lane in line.due():
            runner = LaneWork(
                line.store,
                outbound.work,
                worker="test/w1",
                clock=line.clock,
                backoff=BACKOFF,
                stop=Event(),
                together=(lambda claims: deliver_together(outbound, claims)) if together else None,
            )
            runner.run(lane)
            between()
        line.clock.advance(timedelta(minutes=5))


@pytest.mark.parametrize("together", [True, False], ids=["several at once", "one by one"])
@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), RuntimeError("a fault of ours")], ids=str)
def test_a_published_file_whose_answer_is_lost_is_published_once(
    line: Line, error: Exception, *, together: bool
) -> None:
    (line.home / "erp").mkdir()
    receiver = Receiver(line.home / "erp")
    adapter = FolderAdapter(FolderConfig(path=line.home / "erp"), files=LosesAnswers(error))
    work_out(line, adapter, together=together, between=receiver.look)
    assert receiver.took == Counter(ORDERS)
    assert states(line) == Counter(delivered=len(ORDERS))


ANSWERS = [
    {"outcome": "accepted", "status": ["2xx"], "id": "/id"},
    {"outcome": "duplicate", "status": ["409"], "id": "/error/id", "content_sha256": "/error/content"},
]


@pytest.mark.parametrize(
    ("promise", "states_then"),
    [
        ("native", {"delivered": 8}),
        ("unique_reference", {"delivered": 8}),
        ("probe_only", {"delivered": 8}),
        ("none", {"delivered": 7, "uncertain": 1}),
    ],
)
@pytest.mark.parametrize("lost", [0, 5])
def test_a_rest_system_that_took_it_and_whose_answer_is_lost_has_it_once(
    line: Line, promise: str, states_then: Mapping[str, int], lost: int
) -> None:
    with FakeRestSystem(Demands(native=promise == "native")) as system, FaultProxy(system.address) as proxy:
        host, port = proxy.address
        asked = {"url": f"http://{host}:{port}/orders?reference={{reference}}", "id": "/items/0/id"}
        config = WebhookConfig.model_validate(
            {
                "url": f"http://{host}:{port}/orders",
                "answers": ANSWERS,
                "idempotency": promise,
                **({} if promise == "none" else {"probe": asked}),
            }
        )
        proxy.at(lost, LoseAnswer())
        work_out(line, WebhookAdapter(config))
        assert proxy.done == 1
        references = Counter(one.reference for one in system.kept)
    assert states(line) == Counter(states_then)
    assert len(references) == len(ORDERS)
    assert set(references.values()) == {1}
