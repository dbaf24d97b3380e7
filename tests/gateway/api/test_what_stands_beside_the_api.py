"""Other applications stand beside the API under one path each, behind the same limits."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway.api.app import create_app
from gateway.api.limits import Message, Receive, RequestLimits, Scope, Send
from gateway.api.server import HttpServer
from gateway.api.services import Services


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the size of the body it was sent."""
    size, message = 0, await receive()
    while True:
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
        message = await receive()
    body = f"{scope['path']} {size}".encode()
    start: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
    await send(start)
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    services: Any = Services(None, lambda: None)  # type: ignore[arg-type]
    app = create_app(services, mounts={"/as2": echo}, limits=RequestLimits(idle_seconds=0.3))
    server = HttpServer(app, host="127.0.0.1", port=0, connections=10)
    server.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.address[1]}", trust_env=False, timeout=20) as found:
        yield found
    server.stop()


def test_its_path_goes_to_it_and_every_other_to_the_api(client: httpx.Client) -> None:
    assert client.post("/as2", content=b"x" * 200_000).text == "/as2 200000"
    assert client.get("/healthz").json() == {"status": "ok"}
    for path in ("/as2/", "/as2/more", "/AS2", "/as22"):
        assert client.post(path, content=b"x").status_code == 404


def test_the_limits_stand_before_it(client: httpx.Client) -> None:
    assert client.post("/as2", headers={f"x-{number}": "1" for number in range(70)}).status_code == 431
    twice = [("Content-Type", "a/b"), ("Content-Type", "c/d")]
    assert client.post("/as2", content=b"x", headers=httpx.Headers(twice)).status_code == 400


def test_a_body_that_stops_coming_is_given_up_there_too(client: httpx.Client) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=20) as sock:
        sock.sendall(b"POST /as2 HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\nx")
        assert sock.recv(65536).startswith(b"HTTP/1.1 408")
