"""Posting a message over HTTP/1.1 (RFC 4130 5): streamed, to one address, no redirect followed, answers under caps."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Timer

from gateway.as2.addresses import Target
from gateway.as2.bodies import Part, in_memory
from gateway.as2.mime import Headers, Pairs

MOST_ANSWER_BYTES = 1024 * 1024
CONNECT_SECONDS = 30.0
IDLE_SECONDS = 120.0
LONGEST_SECONDS = 3600.0
USER_AGENT = "Tradelane"


@dataclass(frozen=True, slots=True)
class Answered:
    """What the other side said."""

    status: int
    headers: Headers
    body: Part


@dataclass(frozen=True, slots=True)
class NotReached:
    """Nothing of the request can have arrived: no connection, or no TLS with whom it should be."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The connection ended in between: it may have arrived."""

    reason: str


Posted = Answered | NotReached | Broken


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a post may take, in seconds: to connect, without a byte, and in all."""

    connect: float = CONNECT_SECONDS
    idle: float = IDLE_SECONDS
    longest: float = LONGEST_SECONDS


def post(
    target: Target,
    address: str,
    headers: Pairs,
    body: Part,
    *,
    tls: ssl.SSLContext | None = None,
    patience: Patience | None = None,
) -> Posted:
    """Post a body.

    Args:
        target: what the URL names.
        address: where its host is, as `addresses.allowed_address` found it.
        headers: beside Host, Content-Length and the like, which are made here.
        body: its bytes; sent as they are.
        tls: the trust for https; the system's authorities where left out.
        patience: how long it may take.
    """
    patience = patience or Patience()
    try:
        connection = _connected(target, address, tls, patience)
    except (OSError, ValueError) as error:
        return NotReached(_told(error))
    with _at_most(connection.sock, patience.longest) as is_late:
        try:
            connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", target.authority)
            connection.putheader("User-Agent", USER_AGENT)
            connection.putheader("Connection", "close")
            connection.putheader("Content-Length", str(body.size))
            for name, value in headers:
                connection.putheader(name, value.encode("utf-8", "surrogateescape"))
            connection.endheaders()
            for chunk in body.chunks():
                connection.send(chunk)
            found = _answer(connection.getresponse())
            return Broken("it took too long") if is_late() else found
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Broken(_told(error))
        finally:
            connection.close()


def _connected(
    target: Target, address: str, tls: ssl.SSLContext | None, patience: Patience
) -> http.client.HTTPConnection:
    """A connection to the address itself; for https with a certificate of the host's name."""
    connection = http.client.HTTPConnection(target.host, target.port, timeout=patience.idle)
    sock = socket.create_connection((address, target.port), timeout=patience.connect)
    try:
        if target.scheme == "https":
            sock = (tls or ssl.create_default_context()).wrap_socket(sock, server_hostname=target.host)
        sock.settimeout(patience.idle)
    except BaseException:
        sock.close()
        raise
    connection.sock = sock
    return connection


@contextmanager
def _at_most(sock: socket.socket, seconds: float) -> Iterator[Callable[[], bool]]:
    """End a connection that has lasted too long, however many bytes still drip; gives whether that was done."""
    ended = Event()

    def end() -> None:
        ended.set()
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield ended.is_set
    finally:
        timer.cancel()


def _answer(response: http.client.HTTPResponse) -> Answered:
    with response:  # it holds the connection until it is closed itself
        body = response.read(MOST_ANSWER_BYTES + 1)
    if len(body) > MOST_ANSWER_BYTES:
        raise http.client.HTTPException(f"an answer of more than {MOST_ANSWER_BYTES} bytes")
    pairs = tuple((name, " ".join(value.split())) for name, value in response.getheaders())
    return Answered(response.status, Headers(pairs), in_memory(body))


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:200]
