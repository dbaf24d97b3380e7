"""What a business system looks like from the gateway: an adapter's promises, its outcomes, and the port itself.

The runtime owns keys, retries, back-off, lanes and pauses. The adapter owns translation and classification: it says
what became of one document, as a value. Two keys come with every document, both stored before the first send:
`reference`, permanent, what the business system knows the document by; and `request_key`, for one try, new only after
a definite rejection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from translators.canonical.common import Document

DocumentKind = str
"""The kind of a canonical document, as `purchase_order`."""

EventKind = str
"""The kind of canonical document a business system tells us about, as `order_acknowledgment`."""

Idempotency = Literal["native", "unique_reference", "probe_only", "none"]
"""How far the business system itself keeps one document from having two effects.

`native`: it takes a request key; `unique_reference`: it refuses a reference it has; `probe_only`: it can be asked;
`none`: neither, so that only a checkpoint and its `resume` (see `Adapter.submit`) can tell.
"""


class Verified(StrEnum):
    """Against what an adapter was tried. Tests against a fake of our own prove our half only, and are none of these."""

    REAL = "verified against the real system"
    CONTRACT = "verified against the published contract"
    NOT = "not verified"


class Rate(BaseModel):
    """At most so many requests in so many seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests: int = Field(ge=1)
    seconds: int = Field(ge=1)


class Manifest(BaseModel):
    """What an adapter is, and what it promises."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    api: int = 1
    accepts: frozenset[DocumentKind]
    emits: frozenset[EventKind]
    idempotency: Idempotency
    max_in_flight: int = Field(ge=1)
    rate: Rate | None = None
    batch_max: int = Field(default=1, ge=1)


@dataclass(frozen=True, slots=True)
class ExternalRef:
    """What the business system, or the adapter on its behalf, calls a submission; kept with the delivery."""

    value: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """It has the document: created now, or complete already. `state` is the business system's own word."""

    ref: ExternalRef
    state: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """It had a document of this reference before; with other content, a person must look."""

    ref: ExternalRef
    same_content: bool


@dataclass(frozen=True, slots=True)
class Rejected:
    """A business error, never retried: what is wrong, at which path of the document, and where it is put right."""

    code: str
    message: str
    path: str
    fix: Literal["data", "mapping", "config"]


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now: again after this long; `target` says that no other document would fare better."""

    after: timedelta
    scope: Literal["document", "target"]
    reason: str


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Sent, and no answer: to be probed before any resend."""

    reason: str


Outcome = Accepted | Duplicate | Rejected | Retry | Uncertain
"""What became of one submission: a value, never an exception."""

Checkpoint = Callable[[ExternalRef | None], None]
"""Commits that the next thing done may have an effect, with the ref to resume from, if there is one.

When it returns, the delivery stands as `sending` and the ref is kept. When it raises, the adapter must stop at once,
having had no effect: another worker may have taken over.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check looked at."""

    name: str
    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Everything a check looked at."""

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return all(finding.ok for finding in self.findings)


class Adapter(Protocol):
    """One business system, configured. Instances hold no state of a submission and may be used by several threads."""

    Config: ClassVar[type[BaseModel]]
    """Its settings; secrets in it are `SecretStr`, and references (`env:`, `file:`) where they are written down."""

    @property
    def manifest(self) -> Manifest:
        """What it is and promises."""
        ...

    def check(self) -> CheckReport:
        """Look whether it could work: reachability, login, permissions; changes nothing."""
        ...

    def submit(
        self,
        document: Document,
        *,
        reference: str,
        request_key: str,
        resume: ExternalRef | None,
        checkpoint: Checkpoint,
    ) -> Outcome:
        """Bring one document, and say what became of it.

        Args:
            document: the canonical document.
            reference: permanent key of the document at this destination.
            request_key: key of this try.
            resume: the ref an earlier try gave to its checkpoint, however that try ended short of a definite answer
                (a crash, Retry, an exception); it is finished from there, and has one effect in all.
            checkpoint: called exactly once before the first thing that may have an effect, unless resuming; not called
                where the outcome is known without one.

        Raises:
            Exception: anything uncaught counts as Uncertain after a checkpoint without a ref, else as Retry.
        """
        ...

    def probe(self, reference: str) -> ExternalRef | None:
        """Ask whether the business system has a document of this reference; None where it has not, or cannot say."""
        ...


@dataclass(frozen=True, slots=True)
class Submission:
    """One document of several that are submitted together; as in `Adapter.submit`.

    Args:
        kind: of the document.
        number: what people call it: the first of its identity.
        content: its canonical JSON form.
        reference: permanent key of the document at this destination.
        request_key: key of this try.
    """

    kind: str
    number: str
    content: bytes
    reference: str
    request_key: str


BatchCheckpoint = Callable[[Mapping[str, ExternalRef]], None]
"""A Checkpoint for several: reference -> the ref to resume from. All are kept, or it raises and none is."""


@runtime_checkable
class SubmitsTogether(Protocol):
    """An adapter that can bring several documents in less than one after the other."""

    def submit_together(self, submissions: Sequence[Submission], checkpoint: BatchCheckpoint) -> Mapping[str, Accepted]:
        """Bring those documents that need nothing but to be brought.

        Args:
            submissions: first tries, each of another reference.
            checkpoint: called at most once, before the first thing that may have an effect, with all that may.

        Returns:
            reference -> what was taken, for certain. The others are submitted one by one, those that stood in the
            checkpoint with their ref to resume from.

        Raises:
            Exception: then so are all of them.
        """
        ...
