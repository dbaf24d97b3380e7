"""`/hooks/NAME`: webhooks of our own systems, as ASGI applications of their own beside the API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import orjson
import structlog

from gateway.api.limits import Receive, Scope, Send
from gateway.api.problems import Problem, problem_of
from gateway.channels.webhooks import WebhookChannel
from gateway.errors import GatewayError, RequestKeyReused, WebhookRefused, WebhookReplayed

HOOKS_PATH = "/hooks/"
MOST_BYTES = 8 * 1024 * 1024

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """One sender's path.

    Args:
        channel: takes them in; called in threads, never in the event loop.
        admit: raises IntakeClosed while nothing is taken in.
    """

    channel: WebhookChannel
    admit: Callable[[], None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: 200 once it is kept."""
        if scope["method"] != "POST":
            text = "webhooks come by POST"
            raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", text, headers={"Allow": "POST"})
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        content = await asyncio.to_thread(self._take, headers, await _body(receive))
        said = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": int(HTTPStatus.OK), "headers": said})
        await send({"type": "http.response.body", "body": content})

    def _take(self, headers: list[tuple[str, str]], body: bytes) -> bytes:
        try:
            self.admit()
            taken = self.channel.take(headers, body)
        except WebhookRefused as error:
            log.warning("webhook.refused", sender=self.channel.name, proved=error.proved)
            if not error.proved:
                raise Problem(HTTPStatus.UNAUTHORIZED, "webhook-not-proved", error.reason) from error
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "webhook-unreadable", error.reason) from error
        except (WebhookReplayed, RequestKeyReused) as error:
            log.warning("webhook.replayed", sender=self.channel.name)
            raise Problem(HTTPStatus.CONFLICT, "webhook-replayed", str(error)) from error
        except GatewayError as error:
            log.warning("webhook.not_taken", sender=self.channel.name, error=type(error).__name__)
            raise problem_of(error) from error
        return orjson.dumps({"transmission": str(taken.transmission_id), "repeated": taken.repeated})


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(HTTPStatus.BAD_REQUEST, "broken-off", "the webhook broke off")
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            text = f"a webhook has at most {MOST_BYTES} bytes"
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", text)
        more = message.get("more_body", False)
    return bytes(body)
