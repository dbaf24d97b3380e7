"""Limits on every request before any of it is believed: its framing, its headers, and how slowly its body may come.

A pure ASGI layer, so that it also stands before what is mounted beside the API.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import Any

from gateway import metrics
from gateway.api.problems import MEDIA_TYPE, Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

ROUTE = "tradelane.route"
"""Key of a scope: the path of what is mounted beside the API, for the metrics."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
DRAINED_BYTES = 1 << 20
DRAIN_SECONDS = 2.0
SINGLE = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"authorization", b"content-type", b"idempotency-key"}
)
"""Headers that mean nothing certain when they come twice."""


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What one request may be.

    Args:
        headers: how many.
        header_bytes: their names and values together.
        target_bytes: of path and query.
        idle_seconds: between two pieces of a body.
        grace_seconds: from then on a body must have come at `bytes_per_second` on average.
    """

    headers: int = 64
    header_bytes: int = 16_384
    target_bytes: int = 4096
    idle_seconds: float = 30.0
    grace_seconds: float = 30.0
    bytes_per_second: float = 1024.0


class LimitedRequests:
    """Refuses what is over the limits, then hands on.

    Args:
        app: what stands behind.
        limits: see there.
    """

    def __init__(self, app: App, limits: RequestLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        body = _Body(receive, self._limits, expects_continue=_says(scope, b"expect", b"100-continue"))
        answer = _Answer(send, body, has_body=_has_body(scope["headers"]))
        began = perf_counter()
        try:
            self._check(scope)
            await self._app(scope, body.receive, answer.send)
        except Problem as problem:
            if answer.status is not None:
                raise
            await answer.problem(problem)
        finally:
            status = "none" if answer.status is None else f"{answer.status // 100}xx"
            metrics.REQUESTS.labels(_route(scope), _method(scope), status).observe(perf_counter() - began)

    def _check(self, scope: Scope) -> None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        limits = self._limits
        if len(headers) > limits.headers:
            text = f"{len(headers)} headers; want at most {limits.headers}"
            raise Problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too-many-headers", text)
        size = sum(len(name) + len(value) for name, value in headers)
        if size > limits.header_bytes:
            text = f"headers of {size} bytes; want at most {limits.header_bytes}"
            raise Problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large", text)
        length = len(scope["raw_path"]) + len(scope["query_string"])
        if length > limits.target_bytes:
            text = f"path and query are {length} bytes; want at most {limits.target_bytes}"
            raise Problem(HTTPStatus.REQUEST_URI_TOO_LONG, "target-too-long", text)
        names = [name for name, _ in headers]
        twice = sorted({name.decode("latin-1") for name in SINGLE if names.count(name) > 1})
        if twice:
            raise Problem(HTTPStatus.BAD_REQUEST, "ambiguous-request", f"{', '.join(twice)} stands twice")
        if b"content-length" in names and b"transfer-encoding" in names:
            text = "both Content-Length and Transfer-Encoding; want one of them (RFC 9112 6.3)"
            raise Problem(HTTPStatus.BAD_REQUEST, "ambiguous-request", text)
        if b"transfer-encoding" in names and scope["http_version"] == "1.0":
            raise Problem(HTTPStatus.BAD_REQUEST, "ambiguous-request", "Transfer-Encoding in HTTP/1.0 (RFC 9112 6.1)")
        if b"content-encoding" in names and not _says(scope, b"content-encoding", b"identity"):
            text = "bodies are taken as they are; send it without Content-Encoding"
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content-encoding", text)


class _Body:
    """The pieces of a body, with a watch on how they come."""

    def __init__(self, receive: Receive, limits: RequestLimits, *, expects_continue: bool) -> None:
        self._receive = receive
        self._limits = limits
        self._expects_continue = expects_continue
        self._began: float | None = None
        self._size = 0
        self.ended = False

    async def receive(self) -> Message:
        """The next message, as ASGI has it.

        Raises:
            Problem: it does not come, or too slowly.
        """
        clock = asyncio.get_running_loop().time
        if self._began is None:
            self._began = clock()
        if self.ended:
            return await self._receive()
        try:
            async with asyncio.timeout(self._limits.idle_seconds):
                message = await self._receive()
        except TimeoutError:
            text = f"nothing came for {self._limits.idle_seconds:g} seconds"
            raise Problem(HTTPStatus.REQUEST_TIMEOUT, "body-too-slow", text) from None
        self._size += len(message.get("body", b""))
        self.ended = message["type"] != "http.request" or not message.get("more_body", False)
        taken = clock() - self._began
        if not self.ended and taken > self._limits.grace_seconds:
            rate = self._size / taken
            if rate < self._limits.bytes_per_second:
                text = f"the body comes at {rate:.0f} bytes a second; want {self._limits.bytes_per_second:.0f}"
                raise Problem(HTTPStatus.REQUEST_TIMEOUT, "body-too-slow", text)
        return message

    async def drain(self) -> bool:
        """Read what is left of a small body, so that the sender hears our answer; whether that was all of it.

        One that waits to be asked for its body (Expect: 100-continue) is not asked.
        """
        if self._expects_continue and self._began is None:
            return False
        left = DRAINED_BYTES
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self.ended and left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    self.ended = message["type"] != "http.request" or not message.get("more_body", False)
        except TimeoutError:
            return False
        return self.ended


class _Answer:
    """What goes back: an answer that leaves a body unread also ends the connection."""

    def __init__(self, send: Send, body: _Body, *, has_body: bool) -> None:
        self._send = send
        self._body = body
        self._has_body = has_body
        self._close = False
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        """The next message, as ASGI has it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [(name, value) for name, value in message.get("headers", ()) if name != b"connection"]
            unread = self._has_body and not self._body.ended
            if self._close or (unread and not await self._body.drain()):
                headers.append((b"connection", b"close"))
            message = {**message, "headers": [*headers, *_SAFE]}
        await self._send(message)

    async def problem(self, problem: Problem) -> None:
        """A whole answer."""
        body = problem.body()
        headers = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
        headers += [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        self._close = problem.status is HTTPStatus.BAD_REQUEST  # where such a request ends is not certain
        await self.send({"type": "http.response.start", "status": int(problem.status), "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


_SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
]


def _route(scope: Scope) -> str:
    """The path as the route table has it, so that there are never more of them than routes."""
    found = scope.get(ROUTE) or getattr(scope.get("route"), "path", None)
    return "none" if found is None else str(found)


def _method(scope: Scope) -> str:
    return str(scope["method"]) if scope["method"] in _METHODS else "other"


def _has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b" 0") != b"")
        for name, value in headers
    )


def _says(scope: Scope, name: bytes, value: bytes) -> bool:
    return any(found == name and text.strip().lower() == value for found, text in scope["headers"])
