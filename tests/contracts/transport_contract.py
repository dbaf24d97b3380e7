"""What every Transport must do: subclass `TransportContract`, say what the partner sees, let pytest run it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.model import Environment
from gateway.pipeline.transport import Awaiting, Delivered, Refused, RetryLater, Shipment, Transport, Uncertain
from gateway.ports import new_id

CONTENT = b"ISA*" + bytes(range(256)) * 40


class CutOff(Exception):
    """Our process ended here, or was overtaken."""


class TransportContract:
    """Inherit as `class TestOurTransport(TransportContract)` and implement what raises."""

    account = "buyer"
    partner = "buyer"

    def transport(self) -> Transport:
        """The transport to the partner; the same partner at each call."""
        raise NotImplementedError

    def arrived(self) -> list[bytes]:
        """What the partner has, whole files only, oldest first; a repeat that it knew for one counts once."""
        raise NotImplementedError

    def go_away(self) -> None:
        """From now on the partner cannot be reached: nothing it is sent arrives."""
        raise NotImplementedError

    def come_back(self) -> None:
        """The partner can be reached again."""
        raise NotImplementedError

    def crashing_transport(self) -> Transport | None:
        """A transport that raises CutOff after its last effect and before it has the answer; None where it cannot."""
        raise NotImplementedError

    def test_what_is_sent_arrives_once_byte_for_byte(self) -> None:
        calls: list[str] = []
        outcome = self.transport().send(self.shipment(), lambda: calls.append("checkpoint"))
        assert isinstance(outcome, Delivered | Awaiting)
        assert self.arrived() == [CONTENT]
        assert calls == ["checkpoint"]

    def test_a_large_one_arrives_whole(self) -> None:
        content = CONTENT * 300
        outcome = self.transport().send(self.shipment(content), lambda: None)
        assert isinstance(outcome, Delivered | Awaiting)
        assert self.arrived() == [content]

    def test_two_of_the_same_name_both_arrive(self) -> None:
        for content in (b"ISA*one", b"ISA*two"):
            assert isinstance(self.transport().send(self.shipment(content), lambda: None), Delivered | Awaiting)
        assert self.arrived() == [b"ISA*one", b"ISA*two"]

    def test_nothing_is_sent_when_the_checkpoint_fails(self) -> None:
        def overtaken() -> None:
            raise CutOff

        with pytest.raises(CutOff):
            self.transport().send(self.shipment(), overtaken)
        assert self.arrived() == []

    def test_a_partner_that_cannot_be_reached_gets_it_later(self) -> None:
        shipment = self.shipment()
        self.go_away()
        outcome = self.transport().send(shipment, lambda: None)
        assert isinstance(outcome, RetryLater | Uncertain)
        assert outcome.reason
        self.come_back()
        if isinstance(outcome, Uncertain):
            assert self.transport().find_out(replace(shipment, attempt=2)) is None
        again = self.transport().send(replace(shipment, attempt=2), lambda: None)
        assert isinstance(again, Delivered | Awaiting)
        assert self.arrived() == [CONTENT]

    def test_a_crash_before_the_first_byte_loses_nothing(self) -> None:
        def killed() -> Iterator[bytes]:
            raise CutOff
            yield b""

        shipment = self.shipment()
        began: list[bool] = []
        with pytest.raises(CutOff):
            self.transport().send(replace(shipment, content=killed), lambda: began.append(True))
        self.finish(replace(shipment, attempt=2), began=bool(began))
        assert self.arrived() == [CONTENT]

    def test_a_crash_in_the_middle_of_the_bytes_leaves_no_half_file(self) -> None:
        def killed() -> Iterator[bytes]:
            yield CONTENT[: len(CONTENT) // 2]
            raise CutOff

        shipment = self.shipment()
        began: list[bool] = []
        with pytest.raises(CutOff):
            self.transport().send(replace(shipment, content=killed), lambda: began.append(True))
        assert self.arrived() == []
        self.finish(replace(shipment, attempt=2), began=bool(began))
        assert self.arrived() == [CONTENT]

    def test_an_answer_that_was_lost_makes_no_second_file(self) -> None:
        crashing = self.crashing_transport()
        if crashing is None:
            pytest.skip("this transport has its answer in the same step as its effect")
        shipment = self.shipment()
        with pytest.raises(CutOff):
            crashing.send(shipment, lambda: None)
        assert self.arrived() == [CONTENT]
        self.finish(replace(shipment, attempt=2))
        assert self.arrived() == [CONTENT]

    def test_a_hostile_name_harms_nobody(self) -> None:
        for name in ("../../up.edi", "/abs.edi", "a\r\nX-Evil: 1", "nul\0.edi", ".hidden", "x" * 300, "ünï\u202e.edi"):
            outcome = self.transport().send(replace(self.shipment(name.encode()), filename=name), lambda: None)
            assert isinstance(outcome, Delivered | Awaiting | Refused)

    def shipment(self, content: bytes = CONTENT) -> Shipment:
        """A first try of a new transmission."""
        return Shipment(
            id=new_id(),
            account=self.account,
            partner=self.partner,
            filename="855_000000001.edi",
            environment=Environment.LIVE,
            size=len(content),
            made_at=datetime(2026, 1, 5, 9, 0, tzinfo=UTC),
            attempt=1,
            content=lambda: iter((content[: len(content) // 2], content[len(content) // 2 :])),
        )

    def finish(self, shipment: Shipment, *, began: bool = True) -> None:
        """What the send line does after a try that ended without an answer; `began`: past its checkpoint."""
        transport = self.transport()
        outcome = transport.find_out(shipment) if began else None
        if outcome is None:
            outcome = transport.send(shipment, lambda: None)
        assert isinstance(outcome, Delivered | Awaiting)
