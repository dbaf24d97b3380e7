"""Webhooks of our own systems: each is proved, taken in once, and handed in for its partner, all in one transaction.

A webhook that is sent again (the same id, signed anew, because our answer was lost) is answered as the first and has
no effect. A copy of one (the same id and the same moment of signing) is a replay, and refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from gateway.adapters.events import HearsWebhooks, Notice
from gateway.errors import RequestKeyReused, StoreConflict, WebhookReplayed
from gateway.pipeline.handing_in import HandIn
from gateway.ports import Clock
from gateway.store import Connection, idempotency
from gateway.store.engine import Store

CHANNEL = "webhook:"
ENDING = ".json"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TakenWebhook:
    """What became of a webhook: the transmission its document is kept in, and whether it was there before."""

    transmission_id: UUID
    repeated: bool


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """Takes webhooks of one sender. May be called from several threads.

    Args:
        name: of the sender.
        hears: proves and reads them.
        hand_in: where their documents go, its channel `webhook:NAME`.
        wake: told the lanes that have due rows, after the commit.
    """

    name: str
    hears: HearsWebhooks
    hand_in: HandIn
    store: Store
    clock: Clock
    wake: Callable[[list[str]], None]

    def take(self, headers: Sequence[tuple[str, str]], body: bytes) -> TakenWebhook:
        """Take one in; when this returns it is committed.

        Raises:
            WebhookRefused: it is forged, stale or unreadable.
            WebhookReplayed: this very copy was here before.
            RequestKeyReused: its id came before with another body.
            StoreUnavailable: nothing was taken; to be sent again.
        """
        notice = self.hears.verify_and_parse(headers, body, at=self.clock.now())
        try:
            taken, lanes = self._keep(notice, body)
        except StoreConflict:  # the same id at the same moment: the other's commit came first
            taken, lanes = self._keep(notice, body)
        self.wake(lanes)
        log.info("webhook.taken", sender=self.name, transmission=str(taken.transmission_id), repeated=taken.repeated)
        return taken

    def _keep(self, notice: Notice, body: bytes) -> tuple[TakenWebhook, list[str]]:
        at, digest = self.clock.now(), hashlib.sha256(body).digest()
        account, copy = f"{CHANNEL}{self.name}", f"{notice.id} {notice.sent_at.timestamp():.0f}"
        with self.store.begin() as conn:
            if idempotency.find(conn, account=account, key=copy) is not None:
                raise WebhookReplayed("this webhook was here before; sign it anew to send it again")
            known = idempotency.find(conn, account=account, key=notice.id)
            if known is not None and known.request_sha256 != digest:
                raise RequestKeyReused("this id came before with another body")
            lanes: list[str] = []
            if known is None:
                id, lanes = self._hand_in(conn, notice)
            else:
                id = known.transmission_id
            for key in (copy,) if known is not None else (notice.id, copy):
                idempotency.remember(conn, account=account, key=key, request_sha256=digest, transmission_id=id, at=at)
        return TakenWebhook(id, repeated=known is not None), lanes

    def _hand_in(self, conn: Connection, notice: Notice) -> tuple[UUID, list[str]]:
        handed = [
            self.hand_in.take(
                conn,
                event.document.to_json_bytes(),
                filename=f"{event.id}{ENDING}",
                partner=event.partner or "",
                environment=event.environment,
                at=self.clock.now(),
            )
            for event in notice.events
        ]
        return handed[0].transmission_id, [one.lane for one in handed if one.lane is not None]
