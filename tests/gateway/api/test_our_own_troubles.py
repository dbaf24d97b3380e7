"""When our side is broken or full, the sender is told to come back, and nothing it sent is half kept."""

from __future__ import annotations

from pathlib import Path

import httpx

from gateway.api.app import create_app
from gateway.api.server import HttpServer
from gateway.api.services import Services
from gateway.channels.https import HttpsChannel
from gateway.intake import Intake
from gateway.pipeline.receive import Inlet
from gateway.store.engine import Store
from gateway.store.vault import Vault
from tests.gateway.api.site import Site


def test_a_closed_intake_says_when_to_come_back_and_what_waits_can_still_be_collected(site: Site) -> None:
    gateway = site.line.gateway
    intake = Intake(site.line.store, site.line.clock, high_water=10, free=lambda: 0.01)
    inlet = Inlet(site.line.store, gateway.vault, site.line.clock, print, 5_000_000, intake.admit)
    answers = _asked(site, HttpsChannel(site.line.store, gateway.vault, gateway.registry, site.line.clock, inlet))
    sent, ready, outbound = answers
    for answer in (sent, ready):
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:tradelane:problem:intake-closed"
        assert answer.headers["retry-after"] == "30"
    assert outbound.status_code == 200


def test_a_disk_that_refuses_an_upload_is_told_as_503(site: Site, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the vault wants its folder")
    gateway, line = site.line.gateway, site.line
    vault = Vault(line.store, blocked, line.clock)
    inlet = Inlet(line.store, vault, line.clock, print, 5_000_000)
    channel = HttpsChannel(line.store, vault, gateway.registry, line.clock, inlet)
    server = _server(channel)
    try:
        answer = _post(site, server, b"x" * 3_000_000)
    finally:
        server.stop()
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:tradelane:problem:unavailable"
    with site.client() as client:
        assert client.get("/v1/transmissions").json()["items"] == []


def test_what_fails_inside_is_a_problem_without_its_text(fresh_store: Store, site: Site) -> None:
    def broken(_lanes: list[str]) -> None:
        raise RuntimeError("canary: what only we may know")

    gateway, line = site.line.gateway, site.line
    inlet = Inlet(line.store, gateway.vault, line.clock, broken, 5_000_000)
    server = _server(HttpsChannel(line.store, gateway.vault, gateway.registry, line.clock, inlet))
    try:
        answer = _post(site, server, b"ISA")
    finally:
        server.stop()
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:tradelane:problem:internal"
    assert "canary" not in answer.text


def _asked(site: Site, channel: HttpsChannel) -> tuple[httpx.Response, httpx.Response, httpx.Response]:
    server = _server(channel)
    url = f"http://127.0.0.1:{server.address[1]}"
    headers = {"Authorization": f"Bearer {site.keys['acme-api']}"}
    try:
        with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
            return (
                client.post("/v1/transmissions", content=b"ISA"),
                client.get("/readyz"),
                client.get("/v1/outbound"),
            )
    finally:
        server.stop()


def _post(site: Site, server: HttpServer, content: bytes) -> httpx.Response:
    headers = {"Authorization": f"Bearer {site.keys['acme-api']}"}
    url = f"http://127.0.0.1:{server.address[1]}/v1/transmissions"
    return httpx.post(url, content=content, headers=headers, trust_env=False, timeout=20)


def _server(channel: HttpsChannel) -> HttpServer:
    server = HttpServer(create_app(Services(channel, channel.inlet.admit)), host="127.0.0.1", port=0, connections=10)
    server.start()
    return server
