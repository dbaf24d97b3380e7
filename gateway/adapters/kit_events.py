"""The contract's tests for adapters that also tell: polling loses and repeats nothing, a forged webhook is refused.

`PollingContract` is for an adapter that is `Pollable`, `WebhookContract` for what `HearsWebhooks`; each beside
`gateway.adapters.kit.AdapterContract`, where the same adapter also takes documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from gateway.adapters.events import Event, HearsWebhooks, Page, Pollable, Told
from gateway.errors import WebhookRefused

MOST_PAGES = 100
"""A poll that is not at its end after so many pages never will be."""


class TellingPeer(Protocol):
    """A business system that has something to tell."""

    def pollable(self) -> Pollable:
        """The adapter as after a start of the process."""
        ...

    def happen(self, count: int) -> list[str]:
        """Let so many things happen there that are told of; the identities of their documents, the oldest first."""
        ...


class PollingContract:
    """The tests of polling. `telling_peer` is answered anew for each, and has nothing to tell yet."""

    def telling_peer(self) -> TellingPeer:
        """The business system of this test."""
        raise NotImplementedError

    def test_nothing_new_leaves_the_cursor_usable(self) -> None:
        """10: an empty poll is none that loses what comes after it."""
        peer = self.telling_peer()
        page = peer.pollable().poll(None, 10)
        assert (page.items, page.more) == ((), False)
        wanted = peer.happen(1)
        assert _identities(peer.pollable().poll(page.cursor, 10)) == wanted

    def test_every_event_comes_once_over_restarts(self) -> None:
        """10: each page by a fresh adapter from the committed cursor; nothing is lost, nothing comes twice."""
        peer = self.telling_peer()
        wanted = peer.happen(5)
        seen: list[str] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = peer.pollable().poll(cursor, 2)
            assert len(page.items) <= 2
            seen += _identities(page)
            cursor = page.cursor
            if not page.more and not page.items:
                break
            if len(seen) == 2:
                wanted += peer.happen(2)
        else:
            raise AssertionError(f"a poll of {len(wanted)} events has more than {MOST_PAGES} pages")
        assert seen == wanted

    def test_what_was_not_committed_is_told_again(self) -> None:
        """10: the same cursor tells the same again, under the same ids."""
        peer = self.telling_peer()
        wanted = peer.happen(3)
        first, again = (peer.pollable().poll(None, 2) for _ in range(2))
        assert _ids(first) == _ids(again)
        assert _identities(again) == wanted[: len(again.items)]
        assert again.items


@dataclass(frozen=True, slots=True)
class SignedWebhook:
    """One webhook as it stands on the wire."""

    headers: Sequence[tuple[str, str]]
    body: bytes


class WebhookPeer(Protocol):
    """A business system that sends webhooks."""

    def hears(self) -> HearsWebhooks:
        """What they come to."""
        ...

    def signed(self, *, at: datetime) -> SignedWebhook:
        """A genuine one, signed at that moment."""
        ...


class WebhookContract:
    """The tests of webhooks. `moment` is when they are heard, `window` how old one may be."""

    moment: datetime
    window: timedelta

    def webhook_peer(self) -> WebhookPeer:
        """The business system of this test."""
        raise NotImplementedError

    def test_a_genuine_webhook_is_read(self) -> None:
        """11: one that is genuine and fresh tells of something."""
        peer = self.webhook_peer()
        sent = peer.signed(at=self.moment)
        notice = peer.hears().verify_and_parse(sent.headers, sent.body, at=self.moment)
        assert notice.events
        assert notice.id

    def test_a_forged_webhook_is_refused(self) -> None:
        """11: another body, a header less or changed: each is refused."""
        peer = self.webhook_peer()
        sent = peer.signed(at=self.moment)
        peer.hears().verify_and_parse(sent.headers, sent.body, at=self.moment)
        for place in {0, len(sent.body) // 2, len(sent.body) - 1}:
            body = sent.body[:place] + bytes([sent.body[place] ^ 1]) + sent.body[place + 1 :]
            assert self._refuses(peer, sent.headers, body, at=self.moment), f"byte {place} changed"
        for place, (name, value) in enumerate(sent.headers):
            others = [*sent.headers[:place], *sent.headers[place + 1 :]]
            assert self._refuses(peer, others, sent.body, at=self.moment), f"{name} left out"
            for changed in ("", value[:-1] + ("A" if value[-1] != "A" else "B")):
                assert self._refuses(peer, [*others, (name, changed)], sent.body, at=self.moment), f"{name} changed"

    def test_a_stale_webhook_is_refused(self) -> None:
        """11: outside the window, before or after, even the genuine one."""
        peer = self.webhook_peer()
        sent = peer.signed(at=self.moment)
        late = self.window + timedelta(seconds=1)
        assert self._refuses(peer, sent.headers, sent.body, at=self.moment + late)
        assert self._refuses(peer, sent.headers, sent.body, at=self.moment - late)

    def _refuses(self, peer: WebhookPeer, headers: Sequence[tuple[str, str]], body: bytes, *, at: datetime) -> bool:
        try:
            peer.hears().verify_and_parse(headers, body, at=at)
        except WebhookRefused:
            return True
        return False


def _events(page: Page[Told]) -> list[Event]:
    """All that was told of is of documents."""
    events = [told for told in page.items if isinstance(told, Event)]
    assert len(events) == len(page.items), page.items
    return events


def _ids(page: Page[Told]) -> list[str]:
    return [event.id for event in _events(page)]


def _identities(page: Page[Told]) -> list[str]:
    return [event.document.identity[0] for event in _events(page)]
