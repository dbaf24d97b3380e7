"""A proxy on loopback that does to HTTP requests what networks do: loses answers, breaks off, waits, answers itself.

For tests of adapters: the business system stands behind it, and what it did is looked at on its own side.
"""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler
from typing import Any

from gateway.adapters.loopback import LoopbackServer

PATIENCE_SECONDS = 60.0
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length"})


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """The request arrives and is worked; its answer does not come back."""


@dataclass(frozen=True, slots=True)
class BreakOff:
    """The connection is reset before the request gets through."""


@dataclass(frozen=True, slots=True)
class AnswerInstead:
    """The request does not get through; this is answered."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Hold:
    """The answer waits for an event, a minute at most."""

    until: threading.Event


Fault = LoseAnswer | BreakOff | AnswerInstead | Hold


class FaultProxy(LoopbackServer):
    """A proxy before one HTTP server; a context manager that listens while it is entered.

    Args:
        upstream: host and port of the server.
    """

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.upstream = upstream
        self.requests = 0
        """How many came since the last `at`."""
        self.done = 0
        """How many faults were done."""
        self._faults: dict[int, Fault] = {}
        self._lock = threading.Lock()
        server = _Server(("127.0.0.1", 0), _Handler)
        server.proxy = self
        super().__init__(server)

    def at(self, number: int, fault: Fault) -> None:
        """Do this to the request of that number (from 0, counted anew from now), and nothing to others."""
        with self._lock:
            self._faults = {number: fault}
            self.requests = self.done = 0

    def clear(self) -> None:
        """Do nothing any more."""
        with self._lock:
            self._faults = {}

    def take(self) -> Fault | None:
        """Count a request; what is done to it."""
        with self._lock:
            fault = self._faults.get(self.requests)
            self.requests += 1
            self.done += fault is not None
            return fault


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True
    proxy: FaultProxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is what this is for."""


class _Handler(BaseHTTPRequestHandler):
    """One request of one connection."""

    timeout = PATIENCE_SECONDS

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._forward
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the name of the one it replaces
        """Nothing is told."""

    def _forward(self) -> None:
        assert isinstance(self.server, _Server)
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        fault = proxy.take()
        match fault:
            case BreakOff():
                self._reset()
                return
            case AnswerInstead(status, headers, answer):
                self._answer(status, list(headers.items()), answer)
                return
            case _:
                status, found, answer = self._upstream(proxy.upstream, body)
        if isinstance(fault, LoseAnswer):
            self._reset()
            return
        if isinstance(fault, Hold):
            fault.until.wait(PATIENCE_SECONDS)
        self._answer(status, found, answer)

    def _upstream(self, upstream: tuple[str, int], body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = HTTPConnection(*upstream, timeout=PATIENCE_SECONDS)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        try:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except (OSError, HTTPException):
            return 502, [], b""
        finally:
            connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        """End the connection with RST, as one that was cut."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.wfile = _Nowhere()  # type: ignore[assignment]  # what the base class still flushes goes nowhere
        self.connection.close()


class _Nowhere:
    closed = True

    def flush(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""
