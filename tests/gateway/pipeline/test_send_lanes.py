"""Send lanes: an outbound transmission reaches its partner once in effect, in order, whatever happens to a try."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest

from gateway.errors import Overtaken, StoreUnavailable
from gateway.lane_work import LaneWork
from gateway.model import Environment, TransmissionState
from gateway.pipeline.backoff import Backoff
from gateway.pipeline.outgoing import Way, put_out
from gateway.pipeline.send import SendLine
from gateway.pipeline.transport import Awaiting, Delivered, Refused, RetryLater, Shipment, Transport, Uncertain
from gateway.ports import FakeClock, new_id
from gateway.store import timeline, transmissions, work
from gateway.store.crashes import give_back
from gateway.store.engine import Store
from gateway.store.rows import NewRows
from gateway.store.vault import Vault
from tests.contracts.memory_partner import MemoryPartner, MemoryTransport

WAY = Way("as2", "buyer", pushed=True)
LANE = "send:as2:buyer"
MINUTE = timedelta(minutes=1)


class Sending:
    """A send lane to one partner in memory."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.clock = FakeClock()
        self.vault = Vault(store, folder, self.clock)
        self.partner = MemoryPartner()

    def put(self, content: bytes = b"ISA*855", way: Way = WAY) -> UUID:
        id, rows = new_id(), NewRows()
        with self.store.begin() as conn:
            put_out(
                conn,
                way,
                id=id,
                at=self.clock.now(),
                partner="buyer",
                filename=f"{id}.edi",
                environment=Environment.LIVE,
                payload=self.vault.put(rows, content),
                later=rows,
            )
            rows.write(conn)
        return id

    def run(self, transport: Transport | None = None) -> None:
        """Work the lane until nothing is due now."""
        while self.worker(transport).run(LANE):
            pass

    def worker(self, transport: Transport | None = None) -> LaneWork:
        backoff = Backoff(first=timedelta(seconds=1), random=lambda: 0.0)
        transports = {"as2": transport or MemoryTransport(self.partner)}
        line = SendLine(self.store, self.vault, transports, self.clock, "n/w1", backoff)
        return LaneWork(
            self.store,
            lambda claim: line.work(claim),
            worker="n/w1",
            clock=self.clock,
            backoff=backoff,
            stop=Event(),
        )

    def life(self, id: UUID) -> dict[str, Any]:
        with self.store.begin() as conn:
            return timeline.life(conn, id)

    def state(self, id: UUID) -> str:
        with self.store.begin() as conn:
            return transmissions.load(conn, id).state.value

    def due(self) -> list[str]:
        with self.store.begin() as conn:
            return work.due_lanes(conn, self.clock.now())

    def contents(self) -> list[bytes]:
        return [content for _, content in self.partner.files.values()]


@pytest.fixture
def sending(fresh_store: Store, tmp_path: Path) -> Sending:
    return Sending(fresh_store, tmp_path / "vault")


def outcomes(life: dict[str, Any]) -> list[str]:
    return [attempt["outcome"] for attempt in life["transmission"]["tries"]]


def test_what_is_queued_is_brought_once_and_the_lane_is_empty_afterwards(sending: Sending) -> None:
    id = sending.put()
    assert sending.due() == [LANE]
    sending.run()
    assert sending.contents() == [b"ISA*855"]
    assert sending.state(id) == "sent"
    assert sending.due() == []
    life = sending.life(id)
    assert outcomes(life) == ["accepted"]
    assert [row["action"] for row in life["audit"]] == ["transmission.made", "transmission.sent"]


def test_what_is_collected_is_on_no_lane(sending: Sending) -> None:
    id = sending.put(way=Way("sftp", "buyer"))
    assert sending.due() == []
    assert sending.state(id) == "ready"
    assert [file["folder"] for file in sending.life(id)["files"]] == ["out"]


def test_a_partner_that_is_away_holds_the_order_and_gets_all_of_it_later(sending: Sending) -> None:
    first, second = sending.put(b"one"), sending.put(b"two")
    sending.partner.reachable = False
    sending.run()
    assert [sending.state(first), sending.state(second)] == ["retrying", "queued"]
    sending.partner.reachable = True
    sending.run()
    assert sending.contents() == []  # not before its time: RetryLater said five seconds
    sending.clock.advance(timedelta(seconds=5))
    sending.run()
    assert sending.contents() == [b"one", b"two"]
    assert outcomes(sending.life(first)) == ["retry", "accepted"]


def test_a_refusal_is_for_a_person_and_does_not_hold_what_follows(sending: Sending) -> None:
    first, second = sending.put(b"one"), sending.put(b"two")
    sending.partner.answers = [Refused("as2.mdn_failed", "authentication-failed")]
    sending.run()
    assert [sending.state(first), sending.state(second)] == ["refused", "sent"]
    [matter] = sending.life(first)["exceptions"]
    assert (matter["code"], matter["reason"]) == ("as2.mdn_failed", "as2.mdn_failed: authentication-failed")


def test_an_answer_that_is_lost_is_found_out_and_not_sent_again(sending: Sending) -> None:
    id = sending.put()
    sending.run(MemoryTransport(sending.partner, lost=ConnectionResetError()))
    assert sending.state(id) == "sending"
    sending.clock.advance(MINUTE)
    sending.partner.files[id] = ("as it was", b"first copy")
    sending.run()
    assert sending.contents() == [b"first copy"]
    assert sending.state(id) == "sent"
    assert outcomes(sending.life(id)) == ["uncertain", "accepted"]


def test_what_was_lost_on_the_way_is_sent_again(sending: Sending) -> None:
    id = sending.put()
    sending.partner.answers = [Uncertain("no answer")]
    sending.run()
    sending.clock.advance(MINUTE)
    sending.run()
    assert sending.contents() == [b"ISA*855"]
    assert outcomes(sending.life(id)) == ["uncertain", "accepted"]


def test_a_question_that_cannot_be_asked_now_is_asked_again_before_anything_is_sent(sending: Sending) -> None:
    id = sending.put()
    sending.partner.answers = [Uncertain("no answer")]
    sending.run()
    sending.clock.advance(MINUTE)
    sending.partner.found_out = [RetryLater(timedelta(seconds=9), "cannot be asked")]
    sending.run()
    assert sending.state(id) == "sending"
    sending.clock.advance(MINUTE)
    sending.partner.found_out = [Delivered("it says so")]
    sending.run()
    assert sending.state(id) == "sent"
    assert sending.contents() == []


def test_what_nobody_can_find_out_waits_for_a_person(sending: Sending) -> None:
    id = sending.put()
    sending.partner.answers = [Uncertain("no answer")]
    sending.run()
    sending.clock.advance(MINUTE)
    sending.partner.found_out = [Uncertain("it cannot be asked")]
    sending.run()
    assert sending.state(id) == "uncertain"
    assert [matter["code"] for matter in sending.life(id)["exceptions"]] == ["send.uncertain"]
    sending.clock.advance(timedelta(days=1))
    assert sending.due() == []


def test_a_receipt_that_comes_by_itself_ends_the_waiting(sending: Sending) -> None:
    id = sending.put()
    sending.partner.answers = [Awaiting(sending.clock.now() + MINUTE)]
    sending.run()
    assert sending.state(id) == "awaiting"
    assert settle(sending, id, TransmissionState.SENT)
    assert sending.state(id) == "sent"
    sending.clock.advance(timedelta(hours=1))
    assert sending.due() == []
    assert not settle(sending, id, TransmissionState.REFUSED)
    assert sending.state(id) == "sent"


def test_a_receipt_that_does_not_come_is_asked_about_when_it_is_due(sending: Sending) -> None:
    first = sending.put(b"one")
    sending.partner.answers = [Awaiting(sending.clock.now() + MINUTE)]
    sending.run()
    second = sending.put(b"two")
    sending.run()
    assert sending.state(second) == "sent"  # what is awaited holds nobody
    sending.clock.advance(MINUTE)
    sending.partner.found_out = [None]
    sending.run()
    assert sending.state(first) == "sent"
    assert sending.partner.files[first][1] == b"one"


def test_a_receipt_that_comes_while_we_send_overtakes_us(sending: Sending) -> None:
    id = sending.put()

    class QuickReceipt(MemoryTransport):
        def send(self, shipment: Shipment, checkpoint: Any) -> Any:
            checkpoint()
            assert settle(sending, shipment.id, TransmissionState.SENT)
            return Awaiting(sending.clock.now() + MINUTE)

    sending.run(QuickReceipt(sending.partner))
    assert sending.state(id) == "sent"
    sending.clock.advance(MINUTE)
    assert sending.due() == []


def test_a_worker_that_dies_while_sending_leaves_it_to_be_found_out(sending: Sending) -> None:
    id = sending.put()

    class Killed(MemoryTransport):
        def send(self, shipment: Shipment, checkpoint: Any) -> Any:
            checkpoint()
            with sending.store.begin() as conn:
                give_back(conn, "n/w1", now=sending.clock.now())
            raise StoreUnavailable("we are dead, and write nothing more")

    sending.run(Killed(sending.partner))
    assert sending.state(id) == "sending"
    sending.clock.advance(MINUTE)
    sending.partner.found_out = [Delivered("it has it")]
    sending.run()
    assert sending.state(id) == "sent"
    assert sending.contents() == []


def test_a_worker_that_dies_before_it_sends_leaves_it_queued(sending: Sending) -> None:
    id = sending.put()
    with sending.store.begin() as conn:
        [first] = work.claim(conn, LANE, worker="n/w1", now=sending.clock.now())
        give_back(conn, "n/w1", now=sending.clock.now(), blame=False)
    assert sending.state(id) == "queued"
    with sending.store.begin() as conn, pytest.raises(Overtaken):
        work.confirm(conn, first)


def test_a_channel_without_a_transport_is_told_to_a_person(sending: Sending) -> None:
    id = sending.put(way=Way("carrier-pigeon", "buyer", pushed=True))
    sending.worker().run("send:carrier-pigeon:buyer")
    assert sending.state(id) == "refused"
    assert [matter["code"] for matter in sending.life(id)["exceptions"]] == ["send.no_transport"]


def test_what_was_sent_can_be_queued_again_and_goes_out_byte_for_byte(sending: Sending) -> None:
    id = sending.put()
    sending.run()
    sending.partner.files.clear()
    with sending.store.begin() as conn:
        assert transmissions.queue_again(conn, id, at=sending.clock.now())
        assert not transmissions.queue_again(conn, id, at=sending.clock.now())
    sending.run()
    assert sending.contents() == [b"ISA*855"]


def settle(sending: Sending, id: UUID, state: TransmissionState) -> bool:
    with sending.store.begin() as conn:
        return transmissions.settle_receipt(conn, id, state, at=sending.clock.now(), actor="as2:buyer", reason=None)
