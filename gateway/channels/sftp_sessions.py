"""The SFTP server's connections, posted in the store for all to see; who is to be kicked is read there."""

from __future__ import annotations

import socket
from datetime import timedelta
from threading import Event
from uuid import uuid4

import structlog

from gateway.errors import GatewayError
from gateway.ports import Clock
from gateway.store.engine import Store
from gateway.store.sessions import SessionRow, post
from sftp.server import LiveConnection, SFTPServer

POST_SECONDS = 1.0

log = structlog.get_logger(__name__)


class SessionBoard:
    """Posts one server's connections.

    Args:
        server: whose.
        store: where.
        clock: the time they are seen at.
    """

    def __init__(self, server: SFTPServer, store: Store, clock: Clock) -> None:
        self._server = server
        self._store = store
        self._clock = clock
        self._has_posted = True
        self.node = f"{socket.gethostname()}.{uuid4().hex[:12]}"

    def run(self, stop: Event) -> None:
        """Post every second until `stop` is set, and once more then; while the database is away nothing is posted."""
        while True:
            ending = stop.wait(POST_SECONDS)
            try:
                self.post()
            except GatewayError as error:
                log.warning("sessions.not_posted", reason=str(error)[:200])
            if ending:
                return

    def post(self) -> None:
        """Post the connections of this moment, and cut those that are to be.

        Raises:
            StoreUnavailable: the database is gone.
        """
        rows = [self._row(live) for live in self._server.live()]
        if not rows and not self._has_posted:
            return
        with self._store.begin() as conn:
            unwanted = post(conn, self.node, rows, at=self._clock.now())
        self._has_posted = bool(rows)
        for id in unwanted:
            self._server.kick(id)

    def _row(self, live: LiveConnection) -> SessionRow:
        return SessionRow(
            id=live.id,
            account=live.account,
            address=live.address,
            client=live.client,
            proofs=live.proofs,
            sessions=live.sessions,
            busy=live.busy,
            began_at=live.began_at,
            active_at=self._clock.now() - timedelta(seconds=live.idle_seconds),
        )
