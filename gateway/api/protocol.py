"""The HTTP/1.1 connection: uvicorn's on h11, so many from one address, with a deadline for a request's head.

The client's certificate is kept for whoever asks who is calling.

h11 refuses most of what is ambiguous in a request's framing. What it lets through and a proxy before us may read in
another way (line ends that are not CRLF, folded headers) is refused here, the rest of it in `limits`.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Container
from typing import Any

import h11
import structlog
from h11._receivebuffer import ReceiveBuffer
from uvicorn.protocols.http.h11_impl import H11Protocol

from sftp.lockout import of_address

HEAD_SECONDS = 15.0
"""From the connection, or from the first byte after an answer, until the head of the request is whole."""

HEAD_BYTES = 32 * 1024
log = structlog.get_logger(__name__)

CLIENT_CERTIFICATE = "client_certificate"
"""Key of the connection's state in an ASGI scope: the client's certificate in DER, or None."""


_LAX = re.compile(rb"(?<!\r)\n|\r(?!\n)|\r\n[ \t]")
"""A line end that is none by the standard, or a folded header (RFC 9112 2.2 and 5.2)."""


class StrictBuffer(ReceiveBuffer):
    """Bytes received, of which heads and trailers are taken only in the one form that all readers read alike."""

    def maybe_extract_lines(self) -> list[bytearray] | None:
        """The lines up to the first blank one.

        Raises:
            h11.RemoteProtocolError: they are written in a lax form.
        """
        before = bytes(self._data)
        lines = super().maybe_extract_lines()
        if lines is not None and _LAX.search(before[: len(before) - len(self._data)]):
            raise h11.RemoteProtocolError("a line end that is not CRLF, or a folded header")
        return lines


class GuardedProtocol(H11Protocol):
    """One connection.

    Args:
        per_address: connections at one time from one address; one more is closed unheard. None for any number.
        proxies: addresses for which that does not hold, since everybody comes from there.
    """

    _deadline: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, per_address: int | None, proxies: Container[str], **more: Any) -> None:
        super().__init__(*args, **more)
        self._per_address = per_address
        self._proxies = proxies
        self.conn._receive_buffer = StrictBuffer()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the certificate, and wait for the first head."""
        super().connection_made(transport)
        if self._is_one_too_many():
            log.warning("http.connection_refused", address=self._address, reason="too many from this address")
            transport.abort()
            return
        tls: Any = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if isinstance(tls, ssl.SSLObject) else None
        self.app_state = {**self.app_state, CLIENT_CERTIFICATE: certificate}
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Take the next bytes; a head that is begun has to be ended in time."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._disarm()
        elif self._deadline is None:
            self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._disarm()
        super().connection_lost(exc)

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else ""

    def _is_one_too_many(self) -> bool:
        if self._per_address is None or self._address in self._proxies:
            return False
        others = (other for other in self.connections if isinstance(other, GuardedProtocol))
        here = of_address(self._address)
        return sum(of_address(other._address) == here for other in others) > self._per_address

    def _arm(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._late)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self.transport.close()
