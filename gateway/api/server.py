"""The HTTP server: listens in a thread of its own, over TLS where that is set up, and drains when it is stopped."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any

import structlog
import uvicorn

from gateway.api.protocol import HEAD_BYTES, GuardedProtocol
from gateway.errors import GatewayError
from gateway.http_settings import TlsFiles

BACKLOG = 512
DRAIN_SECONDS = 20
KEEP_ALIVE_SECONDS = 15
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: keys that are made anew for each connection, and text that cannot be altered (RFC 9325 4.2)."""

log = structlog.get_logger(__name__)


class HttpServer:
    """Serves one ASGI application.

    Args:
        app: the application.
        host: where to listen.
        port: likewise; 0 for any free one.
        connections: at one time; one more is answered 503.
        per_address: of these, from one address that is no trusted proxy; one more is closed. None for any number.
        tls: None for plain HTTP.
        trusted_proxies: addresses whose X-Forwarded-For is believed.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        *,
        host: str,
        port: int,
        connections: int,
        per_address: int | None = None,
        tls: TlsFiles | None = None,
        trusted_proxies: tuple[str, ...] = (),
    ) -> None:
        context = None if tls is None else server_context(tls)
        self._socket = _listen(host, port)
        protocol = partial(GuardedProtocol, per_address=per_address, proxies=frozenset(trusted_proxies))
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=protocol,  # type: ignore[arg-type] # it is called to make one, which a partial does, too
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                limit_concurrency=connections,
                h11_max_incomplete_event_size=HEAD_BYTES,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=DRAIN_SECONDS,
                proxy_headers=bool(trusted_proxies),
                forwarded_allow_ips=list(trusted_proxies),
                ssl_context_factory=None if context is None else lambda _config, _default: context,
            )
        )
        self._thread = Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, name="http")
        self.secure = tls is not None

    @property
    def address(self) -> tuple[str, int]:
        """Host and real port."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()
        host, port = self.address
        log.info("http.listening", host=host, port=port, tls=self.secure)

    def turn_away(self) -> None:
        """Take nothing new; what runs comes to its end. Returns at once."""
        self._server.should_exit = True

    def stop(self) -> None:
        """Take nothing new, let what runs come to its end, and return."""
        self.turn_away()
        self._thread.join()
        self._socket.close()
        log.info("http.stopped")


def server_context(tls: TlsFiles) -> ssl.SSLContext:
    """TLS 1.2 and newer with the ciphers of today, client certificates where there are authorities for them.

    Raises:
        GatewayError: a file cannot be read, or is not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    try:
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.client_authorities is not None:
            context.verify_mode = ssl.CERT_OPTIONAL
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            context.load_verify_locations(tls.client_authorities)
    except (OSError, ssl.SSLError) as error:
        raise GatewayError(f"the files of http.tls cannot be used: {error}") from error
    return context


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        GatewayError: the address is taken, or not ours.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        raise GatewayError(f"cannot listen for HTTP on {host}:{port}: {error.strerror or error}") from error
    return listener
