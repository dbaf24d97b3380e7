"""Webhooks over HTTP: proved, kept once, answered after the commit; forged, stale and replayed ones change nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from gateway.adapters.standard_webhooks import PREFIX, signature_headers
from gateway.api.server import HttpServer
from gateway.api.webhooks import MOST_BYTES
from gateway.model import Environment
from gateway.settings import load_settings
from gateway.store import timeline
from gateway.store.engine import Store
from tests.gateway.inbound_line import Line
from tests.gateway.outbound_line import answer, buyer_profile
from translators.datafile import LoadError

KEY, NEXT_KEY = b"thirty-two bytes of a shared key", b"and the key that is to replace it"
SETTINGS = """\
webhooks:
  shop: {secrets: ["file:secrets/shop", "file:secrets/next"], partners: [buyer]}
"""


class Shop:
    """A business system that signs, and the gateway it posts to."""

    def __init__(self, line: Line, url: str) -> None:
        self.line = line
        self.url = f"{url}/hooks/shop"

    def post(
        self,
        document: object,
        *,
        id: str = "msg_1",
        key: bytes = KEY,
        at: datetime | None = None,
        signed: object = None,
        **data: Any,
    ) -> httpx.Response:
        """Sign what is `signed` (the body itself where left out), and post the body."""
        body = orjson.dumps({"type": "document", "data": {"partner": "buyer", "document": document, **data}})
        over = body if signed is None else orjson.dumps(signed)
        headers = signature_headers(key, id=id, body=over, at=at or self.line.clock.now())
        return self.send(body, headers)

    def send(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        with httpx.Client(trust_env=False, timeout=30) as client:
            return client.post(self.url, content=body, headers=headers)

    def kept(self) -> list[tuple[str, str]]:
        with self.line.store.begin() as conn:
            return [(row["channel"], row["state"]) for row in timeline.newest(conn, direction="in")]


@pytest.fixture
def shop(fresh_store: Store, tmp_path: Path) -> Iterator[Shop]:
    profile = tmp_path / "partners" / "profiles" / "buyer" / "profile.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text(buyer_profile(more="ourselves: us"))
    (tmp_path / "secrets").mkdir()
    for name, key in (("shop", KEY), ("next", NEXT_KEY)):
        path = tmp_path / "secrets" / name
        path.touch(mode=0o600)
        path.write_text(PREFIX + base64.b64encode(key).decode())
    (tmp_path / "tradelane.yaml").write_text(SETTINGS)
    line = Line(fresh_store, tmp_path)
    server = HttpServer(line.gateway.http_app(line.woken.extend), host="127.0.0.1", port=0, connections=10)
    server.start()
    try:
        host, port = server.address
        yield Shop(line, f"http://{host}:{port}")
    finally:
        server.stop()


def test_a_document_is_kept_sent_to_its_partner_and_told_by_its_transmission(shop: Shop) -> None:
    said = shop.post(answer("PO-1"))
    assert said.status_code == 200, said.text
    assert said.json()["repeated"] is False
    assert shop.kept() == [("webhook:shop", "processed")]
    assert shop.line.woken == ["dispatch:buyer:live"]
    shop.line.run()
    assert len(shop.line.out("buyer")) == 1
    shop.post(answer("PO-2"), id="msg_2", environment=Environment.TEST.value)
    assert shop.line.woken[-1] == "dispatch:buyer:test"


def test_one_that_is_sent_again_under_its_id_has_no_effect_and_no_other_body(shop: Shop) -> None:
    first = shop.post(answer("PO-1"))
    shop.line.clock.advance(timedelta(seconds=30))
    again = shop.post(answer("PO-1"))
    assert (again.status_code, again.json()) == (200, {**first.json(), "repeated": True})
    shop.line.clock.advance(timedelta(seconds=30))
    other = shop.post(answer("PO-2"))
    assert (other.status_code, other.json()["type"]) == (409, "urn:tradelane:problem:webhook-replayed")
    assert len(shop.kept()) == 1


def test_a_copy_is_refused_whenever_it_comes(shop: Shop) -> None:
    at = shop.line.clock.now()
    assert shop.post(answer("PO-1"), at=at).status_code == 200
    assert shop.post(answer("PO-1"), at=at).status_code == 409
    shop.line.clock.advance(timedelta(minutes=5))
    assert shop.post(answer("PO-1"), at=at).status_code == 409
    shop.line.clock.advance(timedelta(seconds=1))
    assert shop.post(answer("PO-1"), at=at).status_code == 401
    assert len(shop.kept()) == 1


def test_what_is_forged_leaves_nothing(shop: Shop) -> None:
    for forged in (
        shop.post(answer("PO-1"), key=b"some other key of thirty-two byte"),
        shop.post(answer("PO-1"), signed={"other": "body"}),
        shop.send(b"{}", {}),
    ):
        assert (forged.status_code, forged.json()["type"]) == (401, "urn:tradelane:problem:webhook-not-proved")
    assert shop.kept() == []


def test_the_next_secret_is_good_before_the_old_one_goes(shop: Shop) -> None:
    assert shop.post(answer("PO-1"), key=NEXT_KEY).status_code == 200
    (shop.line.home / "secrets" / "next").unlink()
    assert shop.post(answer("PO-2"), id="msg_2").status_code == 500


def test_what_is_proved_but_cannot_be_read_is_told_to_its_sender(shop: Shop) -> None:
    right = {"partner": "buyer", "document": answer("PO-1")}
    for wrong, said in (
        ({**right, "partner": "acme"}, "does not speak"),
        ({**right, "partner": None}, "does not speak"),
        ({**right, "environment": "tset"}, "neither live nor test"),
        ({**right, "more": 1}, "data has more"),
        ({**right, "document": "x"}, "want data.document"),
        ({**right, "document": {"schema": "order/v9"}}, "no canonical document"),
        ({**right, "document": {"schema": "invoice/v1", "total": 1.5}}, "numbers with a fraction are strings"),
        ([], "want a JSON object"),
    ):
        body = orjson.dumps({"data": wrong})
        refused = shop.send(body, signature_headers(KEY, id="msg_1", body=body, at=shop.line.clock.now()))
        assert refused.status_code == 422, refused.text
        assert said in refused.json()["detail"]
    for nonsense in (b"", b"[]", b"{"):
        headers = signature_headers(KEY, id="msg_1", body=nonsense, at=shop.line.clock.now())
        assert shop.send(nonsense, headers).status_code == 422
    assert shop.kept() == []


def test_other_paths_methods_and_sizes_are_refused(shop: Shop) -> None:
    with httpx.Client(trust_env=False, timeout=30) as client:
        assert client.get(shop.url).status_code == 405
        assert client.post(f"{shop.url}x", content=b"{}").status_code == 404
        assert client.post(shop.url, content=b"x" * (MOST_BYTES + 1)).status_code == 413
    assert shop.kept() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("webhooks: {shop: {secrets: [hunter2], partners: [buyer]}}", "want env:NAME or file:PATH"),
        ("webhooks: {shop: {partners: [buyer]}}", 'needs the key "secrets"'),
        ("webhooks: {shop: {secrets: ['env:A']}}", 'needs the key "partners"'),
        ("webhooks: {shop: {secrets: [], partners: [buyer]}}", "secrets names none"),
        ("webhooks: {S/P: {secrets: ['env:A'], partners: [buyer]}}", "want a word"),
        ("webhooks: {shop: {secret: 'env:A', secrets: ['env:A'], partners: [b]}}", 'no key "secret"'),
        ("webhooks: [shop]", "wants keys and values"),
    ],
)
def test_a_mistake_in_the_settings_is_told_without_the_secret(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "tradelane.yaml").write_text(text)
    with pytest.raises(LoadError) as caught:
        load_settings(tmp_path, environment={})
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)
