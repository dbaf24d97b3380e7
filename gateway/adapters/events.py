"""What business systems tell us: events that are polled for, and webhooks they send; each holds a canonical document.

An adapter that can be asked is `Pollable`, one that is told is `HearsWebhooks`. Neither keeps where it stands: the
runtime commits a poll's cursor with what it brought, and remembers the ids of webhooks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar, runtime_checkable

from gateway.model import Environment
from translators.canonical.common import Document

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Event:
    """A document that a business system has for a partner.

    Args:
        id: the business system's own, the same whenever it tells of it again.
        document: as it is handed in.
        partner: for whom, by its key; None where `about` tells.
        about: the reference of the delivery it answers, as `Adapter.submit` was given it; None where there is none.
        environment: test documents go out marked as test.
        record: what it is told of, where that could have been `Unread` before.
    """

    id: str
    document: Document
    partner: str | None = None
    about: str | None = None
    environment: Environment = Environment.LIVE
    record: str | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """Something a business system has to tell of which no document could be made: a person looks.

    Args:
        record: what it is, the same whenever it is told of, as `invoice:17`.
        name: what people there call it.
        reason: why no document could be made of it.
    """

    record: str
    name: str
    reason: str


Told = Event | Unread
"""What a business system tells of."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some of what there is.

    Args:
        items: the oldest first.
        cursor: where the next poll begins, of the adapter's own form; as before where there was nothing new.
        more: whether it is worth asking again at once.
    """

    items: tuple[Item, ...]
    cursor: str
    more: bool = False


@runtime_checkable
class Pollable(Protocol):
    """An adapter whose business system is asked for what is new."""

    def poll(self, cursor: str | None, limit: int) -> Page[Told]:
        """What came after a cursor.

        The same cursor gives the same again (and what came since), so that what was not committed is not lost; a page's
        cursor gives none of that page again. What was `Unread` and was changed since is told of again.

        Args:
            cursor: of an earlier page; None for all there is.
            limit: at most so many, at least 1.

        Raises:
            Exception: it cannot be asked now; it is asked again later from the same cursor.
        """
        ...


@runtime_checkable
class TellsAgain(Protocol):
    """A `Pollable` that tells of what is `Unread`, and can be asked for that once more."""

    def tell_again(self, records: Sequence[str]) -> Sequence[Told]:
        """What there is to tell of these records now; one that is gone, or no partner's matter any more, is left out.

        Args:
            records: of what was `Unread`.

        Raises:
            Exception: it cannot be asked now; it is asked again later.
        """
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """A webhook that is what it claims to be.

    Args:
        id: the sender's own; the same when it sends it again because our answer was lost.
        sent_at: when this copy was signed.
        events: what it tells of.
    """

    id: str
    sent_at: datetime
    events: tuple[Event, ...]


@runtime_checkable
class HearsWebhooks(Protocol):
    """Something that a business system sends webhooks to."""

    def verify_and_parse(self, headers: Sequence[tuple[str, str]], body: bytes, *, at: datetime) -> Notice:
        """Prove that a webhook is genuine and fresh, and read it. Nothing of it is believed before.

        Args:
            headers: names and values as they came.
            body: as it came.
            at: the moment, aware.

        Raises:
            WebhookRefused: it is forged, stale or not readable.
        """
        ...
