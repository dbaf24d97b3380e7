"""The AS2 endpoint as an ASGI application: limits, a streamed body, and the answer that the receiver gives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.as2.mime import Headers, Pairs

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

TEXT: Pairs = (("Content-Type", "text/plain; charset=utf-8"),)
MOST_HEADER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sender is answered."""

    status: int
    headers: Pairs = ()
    body: bytes = b""

    @classmethod
    def text(cls, status: int, text: str, *more: tuple[str, str]) -> Answer:
        """A sentence for people."""
        return cls(status, (*TEXT, *more), f"{text}\n".encode())


class Arriving(Protocol):
    """A body on its way in."""

    def write(self, chunk: bytes) -> Answer | None:
        """Take the next bytes; an answer ends the request there."""
        ...

    def finish(self) -> Answer:
        """All of it is there: do what is to be done, and say what is answered."""
        ...


class Receiver(Protocol):
    """Who takes messages in."""

    def begin(self, headers: Headers) -> AbstractContextManager[Arriving | Answer]:
        """Look at the headers: an answer at once, or a place for the body, which is dropped at the end of the block."""
        ...

    @property
    def most_bytes(self) -> int:
        """Of a body as it comes over the wire."""
        ...


@dataclass(frozen=True, slots=True)
class AS2Endpoint:
    """ASGI application for one path; whatever is asked of it in another way than POST is answered 405 or, by GET, 200.

    Args:
        receiver: takes messages in; called in threads, never in the event loop.
    """

    receiver: Receiver

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        answer = await self._answered(scope, receive)
        headers = [(name.encode("latin-1"), value.encode("utf-8")) for name, value in answer.headers]
        headers.append((b"Content-Length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answered(self, scope: MutableMapping[str, Any], receive: Receive) -> Answer:
        if scope["method"] in ("GET", "HEAD"):
            return Answer.text(200, "This is an AS2 endpoint; messages come by POST.")
        if scope["method"] != "POST":
            return Answer.text(405, "Messages come by POST.", ("Allow", "POST, GET"))
        raw: list[tuple[bytes, bytes]] = scope["headers"]
        if sum(len(name) + len(value) for name, value in raw) > MOST_HEADER_BYTES:
            return Answer.text(431, "The headers are too long.")
        headers = Headers(tuple((name.decode("latin-1"), _decoded(value)) for name, value in raw))
        said = headers.all("Content-Length")
        if said and said[0].isdigit() and int(said[0]) > self.receiver.most_bytes:
            return Answer.text(413, "The message is too large.")
        context = self.receiver.begin(headers)
        arriving = await asyncio.to_thread(context.__enter__)
        try:
            if isinstance(arriving, Answer):
                return arriving
            return await self._received(arriving, receive)
        finally:
            await asyncio.to_thread(context.__exit__, None, None, None)

    async def _received(self, arriving: Arriving, receive: Receive) -> Answer:
        size = 0
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return Answer.text(400, "The message broke off.")
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > self.receiver.most_bytes:
                return Answer.text(413, "The message is too large.")
            early = await asyncio.to_thread(arriving.write, chunk) if chunk else None
            if early is not None:
                return early
            more = message.get("more_body", False)
        return await asyncio.to_thread(arriving.finish)


def _decoded(value: bytes) -> str:
    """A header's text: UTF-8 where it is that, else latin-1, which everything is."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
