"""The port by which what we made is brought to a partner who waits for it: over AS2, to its SFTP server, to a folder.

What a partner collects (SFTP /out, HTTPS) needs no Transport: it stands in a mailbox, and the collection is its
receipt. Whoever keeps this port keeps `tests/contracts/transport_contract.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from gateway.model import Environment
from translators.formats import Format


@dataclass(frozen=True, slots=True)
class Shipment:
    """One outbound transmission on its way. A later try of it is the same shipment: its id is what it is known by.

    Args:
        id: of the transmission; it never changes, so that a partner can know a repeat by it.
        account: whose way it takes.
        filename: its label; a transport that makes a path of it makes it safe first.
        size: in bytes.
        made_at: when it was made, UTC.
        attempt: which try this is, from 1.
        content: its bytes, from the first at each call.
        content_format: its wire format: x12, xml, json or csv.
    """

    id: UUID
    account: str
    partner: str
    filename: str
    environment: Environment
    size: int
    made_at: datetime
    attempt: int
    content: Callable[[], Iterator[bytes]] = field(repr=False)
    content_format: str = Format.X12.value


@dataclass(frozen=True, slots=True)
class Delivered:
    """The partner has it, by its own word (`receipt`, for people: a signed MDN, the size its server tells)."""

    receipt: str


@dataclass(frozen=True, slots=True)
class Awaiting:
    """It was taken, and the partner's receipt comes by itself; without one by `until`, `find_out` is asked."""

    until: datetime


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The partner certainly has not taken it: again after this long, or later as the backoff says."""

    after: timedelta
    reason: str


@dataclass(frozen=True, slots=True)
class Uncertain:
    """It may have been taken: `find_out` comes before any repeat."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The partner said no, for good: a person has to look. `code` is ours, as `as2.mdn_failed`."""

    code: str
    reason: str


SendOutcome = Delivered | Awaiting | RetryLater | Uncertain | Refused
"""What became of one try: a value, never an exception."""

Checkpoint = Callable[[], None]
"""Commits that the next byte may reach the partner. When it raises, nothing may be sent: another worker took over."""


class Transport(Protocol):
    """Brings shipments to partners over one channel. It holds no state of a shipment."""

    def send(self, shipment: Shipment, checkpoint: Checkpoint) -> SendOutcome:
        """Bring one shipment.

        Args:
            shipment: what, and for whom.
            checkpoint: called once, before the first thing that could make the partner take it.

        Raises:
            StoreUnavailable: our own side is broken.
            Exception: anything else uncaught counts as Uncertain after the checkpoint, else as RetryLater.
        """
        ...

    def find_out(self, shipment: Shipment) -> SendOutcome | None:
        """After a try that ended without an answer: what became of it; None where it may simply be sent again.

        None is right where the partner does not have it, and where it knows a repeat by its id and takes it once.
        """
        ...
