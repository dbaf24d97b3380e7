"""One document to one destination: one effect, whatever the business system answers and wherever the worker dies."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from gateway.adapters.protocol import Accepted, Duplicate, ExternalRef, Rejected, Uncertain
from gateway.errors import NoTelling
from gateway.lane_work import LaneWork
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.deliver import OutboundLine
from gateway.store import exception_groups, timeline
from gateway.store.crashes import give_back
from gateway.store.engine import Store
from gateway.store.tables import delivery
from tests.gateway.inbound_line import Line, file_of, group, interchange, order
from tests.gateway.pipeline.scripted_adapter import Killed, ScriptedAdapter, soon

WORKER = "test/w1"
REF = ExternalRef("SO-7")
BACKOFF = Backoff(first=timedelta(seconds=10), longest=timedelta(minutes=10), random=lambda: 0.0)


class Outbound:
    """Routed orders, a scripted business system, and a clock."""

    def __init__(self, store: Store, home: Path) -> None:
        self.line = Line(store, home)
        self.store = store
        self.clock = self.line.clock
        self.adapter = ScriptedAdapter()

    def route(self, *numbers: str, content: bytes | None = None, name: str = "po.edi") -> UUID:
        """Bring orders as far as their deliveries; the id of their transmission."""
        id = self.line.drop(file_of(*numbers) if content is None else content, name=name)
        for lane in self.line.due():
            if lane.startswith("in:"):
                self.line.lane_work().run(lane)
        return id

    def run(self) -> None:
        """One worker works every due lane once."""
        work = OutboundLine(self.store, {"erp": self.adapter}, self.clock, WORKER, BACKOFF).work
        runner = LaneWork(self.store, work, worker=WORKER, clock=self.clock, backoff=BACKOFF, stop=Event())
        for lane in self.line.due():
            runner.run(lane)

    def die(self) -> None:
        """A worker is killed at work; its parent gives back what it held."""
        with pytest.raises(Killed):
            self.run()
        with self.store.begin() as conn:
            give_back(conn, WORKER, now=self.clock.now())

    def later(self, seconds: float) -> None:
        """Turn the clock and work."""
        self.clock.advance(timedelta(seconds=seconds))
        self.run()

    def row(self) -> Any:
        """The only delivery."""
        with self.store.begin() as conn:
            return conn.execute(select(delivery)).one()

    def life(self, id: UUID) -> dict[str, Any]:
        with self.store.begin() as conn:
            return timeline.life(conn, id)


@pytest.fixture
def outbound(fresh_store: Store, tmp_path: Path) -> Outbound:
    return Outbound(fresh_store, tmp_path)


def outcomes(life: dict[str, Any]) -> list[str]:
    return [
        one["outcome"] for document in life["documents"] for made in document["deliveries"] for one in made["tries"]
    ]


@pytest.mark.parametrize(
    ("outcome", "attempt"), [(Accepted(REF, "created"), "accepted"), (Duplicate(REF, same_content=True), "duplicate")]
)
def test_what_the_business_system_has_is_delivered(outbound: Outbound, outcome: Any, attempt: str) -> None:
    id = outbound.route("PO-1")
    outbound.adapter.steps = [outcome]
    outbound.run()
    row = outbound.row()
    assert (row.state, row.external_ref, row.reason) == ("delivered", "SO-7", None)
    assert row.finished_at == outbound.clock.now()
    life = outbound.life(id)
    assert outcomes(life) == [attempt]
    assert life["exceptions"] == []
    assert life["audit"][-1]["action"] == "delivery.delivered"


@pytest.mark.parametrize(
    ("outcome", "code", "attempt", "fix"),
    [
        (Rejected("unknown_item", "no item TL", path="lines[0].sku", fix="data"), "unknown_item", "rejected", "data"),
        (Duplicate(REF, same_content=False), "delivery.duplicate", "duplicate", None),
    ],
)
def test_a_business_error_is_never_retried_and_opens_an_exception(
    outbound: Outbound, outcome: Any, code: str, attempt: str, fix: str | None
) -> None:
    id = outbound.route("PO-1")
    outbound.adapter.steps = [outcome]
    outbound.run()
    outbound.later(3600)
    assert len(outbound.adapter.submitted) == 1
    assert outbound.row().state == "rejected"
    life = outbound.life(id)
    [exception] = life["exceptions"]
    assert (exception["code"], exception["state"], exception["fix"]) == (code, "open", fix)
    with outbound.store.begin() as conn:
        assert [group.fix for group in exception_groups.listed(conn, now=outbound.clock.now())] == [fix]
    assert exception["delivery_id"] == life["documents"][0]["deliveries"][0]["id"]
    assert outcomes(life) == [attempt]
    assert [row["action"] for row in life["audit"]][-2:] == ["delivery.rejected", "exception.opened"]


def test_refusals_of_one_field_are_one_matter_in_whatever_line_and_of_another_field_another(outbound: Outbound) -> None:
    outbound.route("PO-1", "PO-2", "PO-3")
    outbound.adapter.steps = [
        Rejected("unknown", "no such thing", path=path, fix="data")
        for path in ("/lines/0/sku", "/lines/12/sku", "/lines/0/unit")
    ]
    outbound.run()
    with outbound.store.begin() as conn:
        assert sorted(group.open for group in exception_groups.listed(conn, now=outbound.clock.now())) == [1, 2]


def test_a_retry_backs_off_and_keeps_both_keys(outbound: Outbound) -> None:
    id = outbound.route("PO-1")
    outbound.adapter.steps = [soon(), soon(), soon(600)]
    start = outbound.clock.now()
    waits = []
    for _ in range(3):
        outbound.run()
        row = outbound.row()
        assert (row.state, row.reason) == ("retrying", "locked")
        waits.append((row.next_at - outbound.clock.now()).total_seconds())
        assert outbound.line.due() == []
        outbound.clock.advance(row.next_at - outbound.clock.now())
    outbound.run()
    assert waits == [10, 20, 600]
    assert outbound.clock.now() - start == timedelta(seconds=630)
    assert outbound.row().state == "delivered"
    assert len({(sent.reference, sent.request_key) for sent in outbound.adapter.submitted}) == 1
    assert outcomes(outbound.life(id)) == ["retry", "retry", "retry", "accepted"]


def test_a_retry_after_the_first_byte_is_a_first_try_again_where_nothing_can_be_asked(outbound: Outbound) -> None:
    outbound.route("PO-1")
    outbound.adapter = ScriptedAdapter(idempotency="none", steps=[soon()], checkpoints=[None])
    outbound.run()
    assert outbound.row().state == "retrying"
    outbound.later(10)
    assert outbound.row().state == "delivered"


def test_a_retry_with_a_ref_is_resumed_from_it(outbound: Outbound) -> None:
    outbound.route("PO-1")
    outbound.adapter = ScriptedAdapter(idempotency="none", steps=[soon()], checkpoints=["draft-1"])
    outbound.run()
    assert (outbound.row().state, outbound.row().external_ref) == ("sending", "draft-1")
    outbound.later(10)
    assert [sent.resume for sent in outbound.adapter.submitted] == [None, ExternalRef("draft-1")]
    assert outbound.row().state == "delivered"


def test_an_adapter_that_fails_before_its_checkpoint_is_tried_again(outbound: Outbound) -> None:
    id = outbound.route("PO-1")
    outbound.adapter = ScriptedAdapter(idempotency="none", steps=[RuntimeError("secret detail")])
    outbound.run()
    assert outbound.row().state == "retrying"
    assert outbound.row().reason == "the adapter failed: RuntimeError"
    outbound.later(10)
    assert outbound.row().state == "delivered"
    assert outcomes(outbound.life(id)) == ["retry", "accepted"]


def test_an_adapter_that_fails_after_its_checkpoint_is_resumed_where_it_gave_a_ref(outbound: Outbound) -> None:
    outbound.route("PO-1")
    outbound.adapter = ScriptedAdapter(idempotency="none", steps=[RuntimeError()], checkpoints=["draft-1"])
    outbound.run()
    assert outbound.row().state == "sending"
    outbound.later(10)
    assert outbound.adapter.submitted[1].resume == ExternalRef("draft-1")
    assert outbound.row().state == "delivered"


@pytest.mark.parametrize("step", [Uncertain("no answer"), RuntimeError()])
def test_what_is_uncertain_and_cannot_be_asked_waits_for_a_person(outbound: Outbound, step: Any) -> None:
    id = outbound.route("PO-1")
    outbound.adapter = ScriptedAdapter(idempotency="none", steps=[step], checkpoints=[None])
    outbound.run()
    outbound.later(3600)
    assert len(outbound.adapter.submitted) == 1
    assert outbound.row().state == "uncertain"
    assert [exception["code"] for exception in outbound.life(id)["exceptions"]] == ["delivery.uncertain"]


@pytest.mark.parametrize("idempotency", ["native", "unique_reference", "probe_only"])
def test_what_is_uncertain_is_asked_for_before_anything_is_sent_again(outbound: Outbound, idempotency: Any) -> None:
    id = outbound.route("PO-1")
    outbound.adapter = ScriptedAdapter(idempotency=idempotency, steps=[Uncertain("no answer")], checkpoints=[None])
    outbound.adapter.probed = REF
    outbound.run()
    assert outbound.row().state == "sending"
    outbound.later(10)
    assert (len(outbound.adapter.submitted), len(outbound.adapter.probes)) == (1, 1)
    assert (outbound.row().state, outbound.row().external_ref) == ("delivered", "SO-7")
    assert outcomes(outbound.life(id)) == ["uncertain", "accepted"]


def test_what_is_not_found_is_sent_again_under_the_same_keys_where_a_repeat_is_refused(outbound: Outbound) -> None:
    outbound.route("PO-1")
    outbound.adapter = ScriptedAdapter(steps=[Uncertain("no answer")], checkpoints=[None])
    outbound.run()
    outbound.later(10)
    assert outbound.row().state == "retrying"
    outbound.later(60)
    first, second = outbound.adapter.submitted
    assert first == second
    assert outbound.row().state == "delivered"


def test_what_is_not_found_waits_for_a_person_where_a_repeat_would_count(outbound: Outbound) -> None:
    outbound.route("PO-1")
    outbound.adapter = ScriptedAdapter(idempotency="probe_only", steps=[Uncertain("no answer")], checkpoints=[None])
    outbound.run()
    outbound.later(10)
    outbound.later(3600)
    assert len(outbound.adapter.submitted) == 1
    assert outbound.row().state == "uncertain"


def test_a_question_that_fails_is_asked_again_and_nothing_is_sent(outbound: Outbound) -> None:
    outbound.route("PO-1")
    outbound.adapter = ScriptedAdapter(steps=[Uncertain("no answer")], checkpoints=[None])
    outbound.adapter.probed = RuntimeError()
    outbound.run()
    for _ in range(4):
        outbound.later(600)
    assert outbound.row().state == "sending"
    assert outbound.row().crashes == 0
    assert (len(outbound.adapter.submitted), len(outbound.adapter.probes)) == (1, 4)
    outbound.adapter.probed = REF
    outbound.later(600)
    assert outbound.row().state == "delivered"


def test_a_question_is_put_off_as_long_as_it_was_asked_to_be(outbound: Outbound) -> None:
    outbound.route("PO-1")
    outbound.adapter = ScriptedAdapter(steps=[Uncertain("no answer")], checkpoints=[None])
    outbound.adapter.probed = NoTelling("busy", after=timedelta(hours=5))
    outbound.run()
    outbound.later(600)
    outbound.later(4 * 3600)
    assert len(outbound.adapter.probes) == 1
    outbound.later(3600)
    assert len(outbound.adapter.probes) == 2


def test_a_worker_killed_before_the_checkpoint_has_sent_nothing(outbound: Outbound) -> None:
    id = outbound.route("PO-1")
    outbound.adapter = ScriptedAdapter(idempotency="none", steps=[Killed()])
    outbound.die()
    assert outbound.row().state == "retrying"
    outbound.later(1)
    assert outbound.row().state == "delivered"
    assert outcomes(outbound.life(id)) == ["crashed", "accepted"]


def test_a_worker_killed_with_a_ref_is_followed_by_one_that_resumes(outbound: Outbound) -> None:
    outbound.route("PO-1")
    outbound.adapter = ScriptedAdapter(idempotency="none", steps=[Killed()], checkpoints=["draft-1"])
    outbound.die()
    outbound.later(1)
    assert outbound.adapter.submitted[1].resume == ExternalRef("draft-1")
    assert outbound.row().state == "delivered"


@pytest.mark.parametrize(("idempotency", "state"), [("none", "uncertain"), ("native", "delivered")])
def test_a_worker_killed_without_a_ref_is_followed_by_a_question(
    outbound: Outbound, idempotency: Any, state: str
) -> None:
    outbound.route("PO-1")
    outbound.adapter = ScriptedAdapter(idempotency=idempotency, steps=[Killed()], checkpoints=[None], probed=REF)
    outbound.die()
    outbound.later(1)
    assert len(outbound.adapter.submitted) == 1
    assert outbound.row().state == state


def test_a_worker_that_was_overtaken_writes_nothing(outbound: Outbound) -> None:
    id = outbound.route("PO-1")

    def overtake() -> None:
        with outbound.store.begin() as conn:
            give_back(conn, WORKER, now=outbound.clock.now(), blame=False)

    outbound.adapter = ScriptedAdapter(checkpoints=["draft-1"], meanwhile=overtake)
    outbound.run()
    assert outbound.row().state == "sending"
    assert outcomes(outbound.life(id)) == []


def test_what_follows_an_order_waits_until_it_is_done_and_others_do_not(outbound: Outbound) -> None:
    sets = [order("PO-1"), order("PO-1", purpose="05", qty="25", st02="0002"), order("PO-2", st02="0003")]
    outbound.route(content=interchange([group(sets)]))
    outbound.adapter.steps = [soon()]
    outbound.run()
    assert outbound.adapter.numbers == ["PO-1", "PO-2"]
    outbound.later(10)
    outbound.run()
    assert outbound.adapter.numbers == ["PO-1", "PO-2", "PO-1", "PO-1"]
    assert len({sent.reference for sent in outbound.adapter.submitted}) == 3


def test_what_follows_a_rejected_order_is_held_behind_it(outbound: Outbound) -> None:
    sets = [order("PO-1"), order("PO-1", purpose="05", qty="25", st02="0002")]
    id = outbound.route(content=interchange([group(sets)]))
    outbound.adapter.steps = [Rejected("no", "not today", path="", fix="data")]
    outbound.run()
    outbound.later(3600)
    assert len(outbound.adapter.submitted) == 1
    states = [made["state"] for document in outbound.life(id)["documents"] for made in document["deliveries"]]
    assert states == ["rejected", "ready"]
    first, second = (made for document in outbound.life(id)["documents"] for made in document["deliveries"])
    assert first["behind"] is None
    assert second["behind"] == {"id": first["id"], "state": "rejected", "kind": "purchase_order", "identity": "PO-1|"}


def test_a_destination_that_is_gone_from_the_settings_is_told(outbound: Outbound) -> None:
    id = outbound.route("PO-1")
    work = OutboundLine(outbound.store, {}, outbound.clock, WORKER, BACKOFF).work
    [lane] = outbound.line.due()
    LaneWork(outbound.store, work, worker=WORKER, clock=outbound.clock, backoff=BACKOFF, stop=Event()).run(lane)
    [exception] = outbound.life(id)["exceptions"]
    assert exception["code"] == "destination.unknown"
    assert "tradelane.yaml" in exception["reason"]


def test_waits_double_up_to_the_longest_and_jitter_only_shortens_them() -> None:
    backoff = Backoff(first=timedelta(seconds=1), longest=timedelta(seconds=60), random=lambda: 0.0)
    assert [backoff.after(tries).total_seconds() for tries in (0, 1, 2, 3, 7, 1000)] == [1, 1, 2, 4, 60, 60]
    shortened = Backoff(first=timedelta(seconds=10), random=lambda: 1.0)
    assert shortened.after(1) == timedelta(seconds=8)
