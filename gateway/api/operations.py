"""What operators and their machines ask, on a port of its own: metrics, and whether we run and are ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from gateway.api.limits import Receive, Scope, Send
from gateway.errors import GatewayError

METRICS_TYPE = "text/plain; version=1.0.0; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Operations:
    """An ASGI application: GET of /metrics, /healthz and /readyz. It tells nothing of partners.

    Args:
        metrics: Prometheus' text.
        ready: raises GatewayError while requests could not be served.
    """

    metrics: Callable[[], bytes]
    ready: Callable[[], None]

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        status, kind, body = await self._answer(scope["method"], scope["path"])
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": int(status), "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, method: str, path: str) -> tuple[HTTPStatus, str, bytes]:
        if method not in ("GET", "HEAD"):
            return HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", b"GET only\n"
        match path:
            case "/metrics":
                return HTTPStatus.OK, METRICS_TYPE, await asyncio.to_thread(self.metrics)
            case "/healthz":
                return HTTPStatus.OK, "application/json", b'{"status":"ok"}'
            case "/readyz":
                try:
                    await asyncio.to_thread(self.ready)
                except GatewayError:
                    return HTTPStatus.SERVICE_UNAVAILABLE, "application/json", b'{"status":"unavailable"}'
                return HTTPStatus.OK, "application/json", b'{"status":"ok"}'
            case _:
                return HTTPStatus.NOT_FOUND, "text/plain", b"/metrics, /healthz or /readyz\n"
