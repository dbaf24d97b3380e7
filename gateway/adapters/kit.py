"""The contract every adapter keeps, as tests to inherit: keys, crashes, overtaken workers, and values that survive.

A test class inherits `AdapterContract` and answers `peer()`: the real business system, or as near to it as can be had,
seen from its own side. What the delivery row does in the store, `FakeDelivery` does here, fencing included.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any, Protocol

from gateway.adapters.protocol import (
    Accepted,
    Adapter,
    Checkpoint,
    Duplicate,
    ExternalRef,
    Outcome,
    Rejected,
    Uncertain,
)
from gateway.errors import Overtaken
from translators.canonical.common import Document
from translators.canonical.parts import Party
from translators.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine

REFERENCE = "5f3c0a9be1d24c6f8a7b6c5d4e3f2a10"
REQUEST_KEY = "0192f0c1a5b87c3e9d4f6a7b8c9d0e1f"
CONCURRENT = 8
SURE = ("native", "unique_reference")
"""What a manifest says that claims that the same keys twice have one effect."""
DEFINITE = (Accepted, Duplicate, Rejected)
"""Outcomes after which nothing more is tried."""
SECRET_WORDS = ("secret", "password", "api_key")
MOST_STEPS = 200
"""A submission with more steps than this is taken for one that never ends."""


class Crash(BaseException):
    """The process ended here. Not an Exception, so that no adapter can catch it by accident."""


class Peer(Protocol):
    """The business system, seen from its own side."""

    def settings(self) -> Mapping[str, object]:
        """What a settings file says of it, without `kind`: texts, lists and mappings of them, paths absolute."""
        ...

    def secrets(self) -> Sequence[str]:
        """The secrets it works with, as they are sent; none where it has none."""
        ...

    def adapter(self) -> Adapter:
        """The adapter as after a start of the process."""
        ...

    def crashing_adapter(self, steps: int) -> Adapter:
        """The same, raising Crash in place of its step number `steps` (from 0) towards the outside world."""
        ...

    def consume(self) -> None:
        """Let the business system work on what it has been given so far."""
        ...

    def effects(self, reference: str) -> list[bytes]:
        """The canonical JSON of every effect this reference has had, in order; one entry per effect."""
        ...

    def everything(self) -> object:
        """All that is stored there, comparable, for finding any change."""
        ...


@dataclass(frozen=True, slots=True)
class FakeClaim:
    """One worker's hold on a delivery."""

    claim_no: int
    began: bool
    resume: ExternalRef | None
    done: bool


class FakeDelivery:
    """A delivery row in memory: each claim outdates the ones before, and only the newest may write."""

    def __init__(self) -> None:
        self.ref: ExternalRef | None = None
        self.outcome: Outcome | None = None
        self.checkpoints = 0
        self._claim_no = 0
        self._lock = threading.Lock()

    def claim(self) -> FakeClaim:
        """Take the delivery, from whoever has it."""
        with self._lock:
            self._claim_no += 1
            done = isinstance(self.outcome, DEFINITE)
            return FakeClaim(self._claim_no, self.checkpoints > 0, self.ref, done)

    def checkpoint_of(self, claim: FakeClaim) -> Checkpoint:
        """What the holder of a claim hands to submit."""

        def checkpoint(ref: ExternalRef | None) -> None:
            self._write(claim, ref=ref)
            self.checkpoints += 1

        return checkpoint

    def finish(self, claim: FakeClaim, outcome: Outcome) -> None:
        """Keep the outcome."""
        self._write(claim, outcome=outcome)

    def _write(self, claim: FakeClaim, *, ref: ExternalRef | None = None, outcome: Outcome | None = None) -> None:
        with self._lock:
            if claim.claim_no != self._claim_no:
                raise Overtaken(f"claim {claim.claim_no} was followed by {self._claim_no}")
            self.ref = ref or self.ref
            self.outcome = outcome or self.outcome


def deliver(
    delivery: FakeDelivery,
    adapter: Adapter,
    document: Document,
    *,
    checkpoint: Callable[[Checkpoint], Checkpoint] = lambda wrapped: wrapped,
) -> Outcome | None:
    """One try, as the runtime makes it; `checkpoint` may wrap the row's own. None where it was done already."""
    claim = delivery.claim()
    if claim.done:
        return None
    if claim.began and claim.resume is None:
        found = adapter.probe(REFERENCE)
        if found is not None:
            delivery.finish(claim, Accepted(found, "found"))
            return Accepted(found, "found")
        if adapter.manifest.idempotency not in SURE:
            return Uncertain("it does not have it yet, and may still take it; a person decides")
    outcome = adapter.submit(
        document,
        reference=REFERENCE,
        request_key=REQUEST_KEY,
        resume=claim.resume,
        checkpoint=checkpoint(delivery.checkpoint_of(claim)),
    )
    delivery.finish(claim, outcome)
    return outcome


def check_ended(peer: Peer, outcome: Outcome | None, where: str) -> None:
    """After the second try there is one record, or none and a person who was told, where the keys do not suffice."""
    peer.consume()
    count = len(peer.effects(REFERENCE))
    if isinstance(outcome, Uncertain) and peer.adapter().manifest.idempotency not in SURE:
        assert count == 0, f"{where}: {outcome}"
        return
    assert isinstance(outcome, Accepted | Duplicate), f"{where}: {outcome}"
    assert count == 1, f"{where}: {count} records"


def awkward_order(*, number: str = "4500/..\\12 ü", price: str = "0.10") -> PurchaseOrder:
    """An order whose values are easily spoilt: long decimals, leading zeros, a leap day, a number no file can have."""
    return PurchaseOrder(
        number=number,
        release="007",
        date=date(2028, 2, 29),
        currency="USD",
        requested_time=time(23, 59, 59),
        ship_to=Party(code="00042", name='Smith & "Söhne" <GmbH>'),
        total=Decimal("12345678901234567890.123456789"),
        lines=(
            PurchaseOrderLine(number="1", qty=Decimal("1E+3"), unit="EA", price=Decimal(price), sku="00123"),
            PurchaseOrderLine(number="2", qty=Decimal("0.0000001"), unit="KGM"),
        ),
        partner_data={"department": "=1+1"},
    )


class AdapterContract:
    """The tests. `peer` is answered anew for each, and holds nothing yet."""

    def peer(self) -> Peer:
        """The business system of this test."""
        raise NotImplementedError

    def order(self, *, price: str = "0.10") -> PurchaseOrder:
        """What is brought; another where the business system cannot have every awkward value."""
        return awkward_order(price=price)

    def test_the_manifest_says_what_it_takes(self) -> None:
        """1 of the contract: it takes something, and claims the version of the protocol it was written for."""
        manifest = self.peer().adapter().manifest
        assert PurchaseOrder.kind in manifest.accepts
        assert manifest.api == 1

    def test_its_settings_come_back_from_json(self) -> None:
        """1: what a file says is read, written as JSON and read again, and is the same."""
        peer = self.peer()
        config = type(peer.adapter()).Config
        read = config.model_validate(peer.settings())
        assert config.model_validate_json(read.model_dump_json()) == read

    def test_its_settings_hide_secrets(self) -> None:
        """1: no secret stands in them, whoever prints them; and what is called one is a secret by type."""
        peer = self.peer()
        config = type(peer.adapter()).Config
        read = config.model_validate(peer.settings())
        shown = f"{read!r} {read} {read.model_dump()} {read.model_dump_json()} {peer.adapter()!r}"
        assert not [secret for secret in peer.secrets() if secret in shown]
        for name, found in _properties(config.model_json_schema()):
            named_so = any(word in name for word in SECRET_WORDS) and found.get("type") != "object"
            assert not named_so or _is_secret(found), f"{name} must be a SecretReference"

    def test_a_check_changes_nothing(self) -> None:
        """2: a check only looks."""
        peer = self.peer()
        before = peer.everything()
        report = peer.adapter().check()
        assert report.ok, report
        assert peer.everything() == before

    def test_a_document_arrives_once_and_whole(self) -> None:
        """12: decimals, dates and texts survive; and there is one checkpoint, before the effect."""
        peer, order, delivery = self.peer(), self.order(), FakeDelivery()
        seen: list[int] = []

        def watched(inner: Checkpoint) -> Checkpoint:
            def checkpoint(ref: ExternalRef | None) -> None:
                peer.consume()
                seen.append(len(peer.effects(REFERENCE)))
                inner(ref)

            return checkpoint

        outcome = deliver(delivery, peer.adapter(), order, checkpoint=watched)
        assert isinstance(outcome, Accepted), outcome
        peer.consume()
        [content] = peer.effects(REFERENCE)
        assert PurchaseOrder.from_json_bytes(content) == order
        assert seen == [0]

    def test_the_same_key_twice_makes_one_record(self) -> None:
        """3: a second submission that knows nothing of the first is a duplicate, or answered as the first was."""
        peer, order = self.peer(), self.order()
        assert isinstance(deliver(FakeDelivery(), peer.adapter(), order), Accepted)
        again = deliver(FakeDelivery(), peer.adapter(), order)
        if not (isinstance(again, Accepted) and peer.adapter().manifest.idempotency == "native"):
            assert isinstance(again, Duplicate), again
            assert again.same_content
        peer.consume()
        assert len(peer.effects(REFERENCE)) == 1

    def test_the_same_key_with_other_content_is_told_apart(self) -> None:
        """5: the first content stays, and a person hears of the second."""
        peer = self.peer()
        first, second = self.order(price="0.10"), self.order(price="0.11")
        assert isinstance(deliver(FakeDelivery(), peer.adapter(), first), Accepted)
        again = deliver(FakeDelivery(), peer.adapter(), second)
        assert isinstance(again, Duplicate), again
        assert not again.same_content
        peer.consume()
        [content] = peer.effects(REFERENCE)
        assert PurchaseOrder.from_json_bytes(content) == first

    def test_eight_at_once_with_one_key_make_one_record(self) -> None:
        """4: alone where the manifest claims that the key suffices, else under the row's fencing; eagerly consumed."""
        peer, order, delivery = self.peer(), self.order(), FakeDelivery()
        alone = peer.adapter().manifest.idempotency in SURE
        gate = threading.Barrier(CONCURRENT)
        failed: list[BaseException] = []

        def work() -> None:
            gate.wait(timeout=30)
            try:
                deliver(FakeDelivery() if alone else delivery, peer.adapter(), order)
            except Overtaken:
                return
            except BaseException as error:  # noqa: BLE001 a thread has nobody above it; the test raises it below
                failed.append(error)

        threads = [threading.Thread(target=work) for _ in range(CONCURRENT)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            peer.consume()
        assert not failed, failed
        deliver(delivery, peer.adapter(), order)
        peer.consume()
        assert len(peer.effects(REFERENCE)) == 1

    def test_one_that_was_overtaken_has_no_effect(self) -> None:
        """4: a worker that wakes after another has finished stops at its checkpoint."""
        peer, order, delivery = self.peer(), self.order(), FakeDelivery()

        def overtaken(inner: Checkpoint) -> Checkpoint:
            def checkpoint(ref: ExternalRef | None) -> None:
                deliver(delivery, peer.adapter(), order)
                peer.consume()
                inner(ref)

            return checkpoint

        try:
            deliver(delivery, peer.adapter(), order, checkpoint=overtaken)
        except Overtaken:
            peer.consume()
        assert isinstance(delivery.outcome, Accepted)
        assert delivery.checkpoints == 1
        assert len(peer.effects(REFERENCE)) == 1

    def test_a_crash_at_any_step_is_finished_by_a_resume_with_one_record(self) -> None:
        """6 and 7: whatever step the process ends at, with a consumer before and after, there is one effect."""
        for step in range(MOST_STEPS):
            peer, order, delivery = self.peer(), self.order(), FakeDelivery()
            if not _crashes(delivery, peer.crashing_adapter(step), order):
                break
            peer.consume()
            check_ended(peer, deliver(delivery, peer.adapter(), order), f"step {step}")
        else:
            raise AssertionError(f"a submission has more than {MOST_STEPS} steps")
        assert step > 0, "crashing_adapter crashed at no step"

    def test_a_crash_beside_the_checkpoint_is_finished_with_one_record(self) -> None:
        """6 and 7: the process ends just before its checkpoint commits, or just after."""
        for commits in (False, True):
            peer, order, delivery = self.peer(), self.order(), FakeDelivery()

            def crashing(inner: Checkpoint, *, commits: bool = commits) -> Checkpoint:
                def checkpoint(ref: ExternalRef | None) -> None:
                    if commits:
                        inner(ref)
                    raise Crash

                return checkpoint

            assert _crashes(delivery, peer.adapter(), order, checkpoint=crashing)
            peer.consume()
            assert peer.effects(REFERENCE) == []
            check_ended(peer, deliver(delivery, peer.adapter(), order), f"committed: {commits}")


def _crashes(delivery: FakeDelivery, adapter: Adapter, document: Document, **wrapped: Any) -> bool:
    try:
        deliver(delivery, adapter, document, **wrapped)
    except Crash:
        return True
    return False


def _properties(schema: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every property of a model's schema and of the models in it."""
    models = [schema, *schema.get("$defs", {}).values()]
    return [entry for model in models for entry in model.get("properties", {}).items()]


def _is_secret(found: dict[str, Any]) -> bool:
    kinds = [found, *found.get("anyOf", [])]
    return any(kind.get("format") == "password" for kind in kinds)
