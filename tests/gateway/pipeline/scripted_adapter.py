"""A business system that does as a test has written down, one step for each time it is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from pydantic import BaseModel

from gateway.adapters.protocol import (
    Accepted,
    Checkpoint,
    CheckReport,
    ExternalRef,
    Idempotency,
    Manifest,
    Outcome,
    Retry,
)
from translators.canonical.common import Document

Step = Outcome | BaseException


class NoSettings(BaseModel):
    """There is nothing to set."""


class Killed(BaseException):
    """The worker process ended here."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One thing asked of the business system."""

    reference: str
    request_key: str
    resume: ExternalRef | None


@dataclass(slots=True)
class ScriptedAdapter:
    """Answers submissions by `steps`, one after the other, then accepts; a probe finds `probed`.

    Args:
        checkpoints: what is handed to the checkpoint before each step: a ref, None, or "" for no checkpoint at all.
    """

    Config: ClassVar[type[BaseModel]] = NoSettings

    idempotency: Idempotency = "native"
    steps: list[Step] = field(default_factory=list)
    checkpoints: Sequence[str | None] = ()
    probed: ExternalRef | BaseException | None = None
    submitted: list[Sent] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    probes: list[str] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    @property
    def manifest(self) -> Manifest:
        """As the test wants it."""
        return Manifest(
            name="scripted",
            version="1",
            accepts=frozenset({"purchase_order"}),
            emits=frozenset(),
            idempotency=self.idempotency,
            max_in_flight=1,
        )

    def check(self) -> CheckReport:
        """Nothing is ever missing."""
        return CheckReport(())

    def submit(
        self,
        document: Document,
        *,
        reference: str,
        request_key: str,
        resume: ExternalRef | None,
        checkpoint: Checkpoint,
    ) -> Outcome:
        """The next step."""
        place = len(self.submitted)
        self.submitted.append(Sent(reference, request_key, resume))
        self.numbers.append(document.identity[0])
        ref = self.checkpoints[place] if place < len(self.checkpoints) else ""
        if resume is None and ref != "":
            checkpoint(None if ref is None else ExternalRef(ref))
        self.meanwhile()
        step = self.steps[place] if place < len(self.steps) else Accepted(ExternalRef(f"SO-{place}"), "created")
        if isinstance(step, BaseException):
            raise step
        return step

    def probe(self, reference: str) -> ExternalRef | None:
        """What the test says it finds."""
        self.probes.append(reference)
        if isinstance(self.probed, BaseException):
            raise self.probed
        return self.probed


def soon(seconds: int = 0) -> Retry:
    """Not now."""
    return Retry(timedelta(seconds=seconds), "document", "locked")
