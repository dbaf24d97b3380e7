"""The contract's tests for adapters that work over HTTP, through a proxy that spoils their requests."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Protocol

from gateway.adapters.fault_proxy import AnswerInstead, BreakOff, Fault, FaultProxy, LoseAnswer
from gateway.adapters.kit import (
    MOST_STEPS,
    REFERENCE,
    AdapterContract,
    FakeDelivery,
    Peer,
    awkward_order,
    check_ended,
    deliver,
)
from gateway.adapters.protocol import Accepted, Adapter, Duplicate, Outcome, Rejected, Retry, Uncertain
from translators.canonical.common import Document

WAIT = timedelta(seconds=1234)
"""Longer than anything waits that was told nothing."""


class NetworkPeer(Peer, Protocol):
    """A business system behind HTTP."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of its server, which speaks HTTP without TLS."""
        ...

    def adapter_through(self, address: tuple[str, int]) -> Adapter:
        """The adapter as after a start of the process, its business system at this address."""
        ...

    def unacceptable(self) -> tuple[Document, str]:
        """A document that it refuses for what is in it, and the path it names for that."""
        ...


class NetworkContract(AdapterContract):
    """The tests, beside all others of the contract."""

    def peer(self) -> NetworkPeer:
        """The business system of this test."""
        raise NotImplementedError

    def test_an_answer_lost_after_the_commit_is_found_out(self) -> None:
        """6: whichever request's answer is lost, there is one record in the end; and it is never sent blindly."""
        said = self._spoiled(LoseAnswer())
        lost = [outcome for outcome, effects in said if effects]
        assert lost, "no request of a submission had an effect"
        assert all(isinstance(outcome, Uncertain | Accepted | Duplicate) for outcome in lost), lost
        assert any(isinstance(outcome, Uncertain) for outcome in lost), lost

    def test_a_connection_that_breaks_off_ends_in_one_record(self) -> None:
        """6: a request that never arrived is sent in the end."""
        for outcome, effects in self._spoiled(BreakOff()):
            assert isinstance(outcome, Uncertain | Retry | Accepted), outcome
            assert isinstance(outcome, Accepted) or not effects

    def test_too_many_and_unavailable_wait_as_long_as_they_say(self) -> None:
        """8: 429 and 503 are Retry, whichever request they answer, and Retry-After is the least wait."""
        for status in (429, 503):
            for outcome, effects in self._spoiled(AnswerInstead(status, {"Retry-After": "1234"}, b"<p>later</p>")):
                assert isinstance(outcome, Retry), f"{status}: {outcome}"
                assert outcome.after >= WAIT, outcome
                assert not effects

    def test_a_business_rejection_names_its_place_and_is_the_end(self) -> None:
        """9: code, message and path; no effect, and no further try."""
        peer, delivery = self.peer(), FakeDelivery()
        document, path = peer.unacceptable()
        outcome = deliver(delivery, peer.adapter(), document)
        assert isinstance(outcome, Rejected), outcome
        assert outcome.path == path
        assert outcome.code
        assert outcome.message
        assert peer.effects(REFERENCE) == []
        assert deliver(delivery, peer.adapter(), document) is None

    def _spoiled(self, fault: Fault) -> list[tuple[Outcome | None, int]]:
        """Spoil each request of a submission in turn; what was said, and the effects it had had by then.

        After each the delivery is brought to its end without faults, in one record.
        """
        said: list[tuple[Outcome | None, int]] = []
        for number in range(MOST_STEPS):
            peer, order, delivery = self.peer(), awkward_order(), FakeDelivery()
            with _proxy(peer) as proxy:
                adapter = peer.adapter_through(proxy.address)
                proxy.at(number, fault)
                outcome = deliver(delivery, adapter, order)
                if not proxy.done:
                    assert isinstance(outcome, Accepted), outcome
                    assert said, "no request went through the proxy"
                    return said
                peer.consume()
                said.append((outcome, len(peer.effects(REFERENCE))))
                proxy.clear()
                again = deliver(delivery, adapter, order)
                assert not isinstance(again, Duplicate) or again.same_content, f"request {number}: {again}"
                check_ended(peer, outcome if again is None else again, f"request {number}")
        raise AssertionError(f"a submission has more than {MOST_STEPS} requests")


def _proxy(peer: NetworkPeer) -> AbstractContextManager[FaultProxy]:
    return FaultProxy(peer.address)
