"""The webhook adapter beside the contract: proofs, tokens, TLS, where it does not go, and what it never shows."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from gateway.adapters.kit import REFERENCE, REQUEST_KEY, awkward_order
from gateway.adapters.protocol import Accepted, ExternalRef, Outcome, Rejected, Retry, Uncertain
from gateway.adapters.webhook import MOST_ANSWER_BYTES, WebhookAdapter
from gateway.adapters.webhook_config import WebhookConfig
from gateway.adapters.webhook_fake import Demands, FakeRestSystem
from gateway.errors import NoTelling, Overtaken
from gateway.ports import FakeClock
from tests.self_signed import Certificate
from translators.canonical.common import Document

CANARY = "canary-4711"
KEY = base64.b64encode(CANARY.encode() * 3).decode()


def answering(
    status: int, *, json: object = None, text: str = "", chunks: Iterator[bytes] | None = None, **headers: Any
) -> httpx.Response:
    """An answer that comes in pieces, as from the network."""
    body = text.encode() if json is None else orjson.dumps(json)
    return httpx.Response(status, content=chunks or iter([body]), **headers)


class Shop:
    """A system, and adapters for it."""

    def __init__(self, folder: Path, closing: ExitStack) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.checkpoints: list[ExternalRef | None] = []
        self._closing = closing

    def secret(self, text: str = CANARY, name: str = "secret") -> str:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return f"file:{path}"

    def system(self, demands: Demands | None = None, **options: Any) -> FakeRestSystem:
        return self._closing.enter_context(FakeRestSystem(demands, **options))

    def adapter(
        self, url: str, *, handler: Callable[[httpx.Request], httpx.Response] | None = None, **more: Any
    ) -> WebhookAdapter:
        config = WebhookConfig.model_validate({"url": url, **more})
        transport = None if handler is None else httpx.MockTransport(handler)
        adapter = WebhookAdapter(config, transport=transport, clock=self.clock)
        self._closing.callback(adapter.close)
        return adapter

    def submit(self, adapter: WebhookAdapter, document: Document | None = None) -> Outcome:
        return adapter.submit(
            document or awkward_order(),
            reference=REFERENCE,
            request_key=REQUEST_KEY,
            resume=None,
            checkpoint=self.checkpoints.append,
        )


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with ExitStack() as closing:
        yield Shop(tmp_path, closing)


def test_a_request_names_its_keys_and_carries_canonical_json(shop: Shop) -> None:
    system = shop.system()
    outcome = shop.submit(shop.adapter(f"{system.url}/orders", headers={"X-Company": "7"}))
    assert isinstance(outcome, Accepted)
    [asked] = system.asked
    wanted = {
        "idempotency-key": REQUEST_KEY,
        "tradelane-reference": REFERENCE,
        "content-type": "application/json",
        "accept-encoding": "identity",
        "x-company": "7",
    }
    assert {name: asked.headers.get(name) for name in wanted} == wanted
    assert system.effects(REFERENCE) == [awkward_order().to_json_bytes()]
    assert shop.checkpoints == [None]


@pytest.mark.parametrize("kind", ["bearer", "basic"])
def test_a_fixed_proof_goes_with_every_request_and_is_read_anew(shop: Shop, kind: str) -> None:
    auth = {
        "bearer": {"type": "bearer", "token": shop.secret()},
        "basic": {"type": "basic", "user": "us", "password": shop.secret()},
    }[kind]
    value = {"bearer": f"Bearer {CANARY}", "basic": "Basic " + base64.b64encode(f"us:{CANARY}".encode()).decode()}[kind]
    system = shop.system(Demands(authorization=value))
    adapter = shop.adapter(f"{system.url}/orders", auth=auth)
    assert isinstance(shop.submit(adapter), Accepted)
    shop.secret("another")
    outcome = shop.submit(adapter)
    assert isinstance(outcome, Retry)
    assert (outcome.scope, outcome.reason) == ("target", "answered 401 Unauthorized")


def test_a_key_may_have_a_header_of_the_apis_own(shop: Shop) -> None:
    system = shop.system()
    auth = {"type": "header", "name": "X-Api-Key", "value": shop.secret()}
    assert isinstance(shop.submit(shop.adapter(f"{system.url}/orders", auth=auth)), Accepted)
    assert (system.asked[0].headers["x-api-key"], "authorization" in system.asked[0].headers) == (CANARY, False)


def oauth(shop: Shop, system: FakeRestSystem, **more: str) -> dict[str, Any]:
    return {
        "type": "oauth2",
        "token_url": f"{system.url}/token",
        "client_id": "us:1",
        "client_secret": shop.secret(),
        **more,
    }


@pytest.mark.parametrize("client_in", ["header", "body"])
def test_a_token_is_asked_for_once_and_kept_until_shortly_before_its_end(shop: Shop, client_in: str) -> None:
    system = shop.system(Demands(client=("us:1", CANARY), token_seconds=100))
    adapter = shop.adapter(f"{system.url}/orders", auth=oauth(shop, system, client_in=client_in))
    for _ in range(2):
        shop.submit(adapter)
    assert system.tokens == ["token-1"]
    shop.clock.advance(timedelta(seconds=70))
    shop.submit(adapter)
    assert system.tokens == ["token-1", "token-2"]


def test_a_token_that_is_refused_is_replaced_once(shop: Shop) -> None:
    system = shop.system(Demands(client=("us:1", CANARY)))
    adapter = shop.adapter(f"{system.url}/orders", auth=oauth(shop, system))
    assert isinstance(shop.submit(adapter), Accepted)
    system.tokens.append("revoked by the system")
    system.kept.clear()
    assert isinstance(shop.submit(adapter), Accepted)
    assert [one.target for one in system.asked] == ["/token", "/orders", "/orders", "/token", "/orders"]
    assert shop.checkpoints == [None, None]


def test_without_a_token_nothing_is_sent(shop: Shop) -> None:
    system = shop.system(Demands(client=("us:1", "another secret")))
    outcome = shop.submit(shop.adapter(f"{system.url}/orders", auth=oauth(shop, system)))
    assert isinstance(outcome, Retry)
    assert outcome.reason == "the token endpoint answered 401 without a bearer token"
    assert (shop.checkpoints, [one.target for one in system.asked]) == ([], ["/token"])


def test_scope_and_audience_are_asked_for(shop: Shop) -> None:
    forms: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            forms.append(request.content)
            return answering(200, json={"access_token": "t"})
        return answering(200)

    auth = {
        "type": "oauth2",
        "token_url": "https://id.example/token",
        "client_id": "us",
        "client_secret": shop.secret(),
        "scope": "orders",
        "audience": "erp",
    }
    assert isinstance(shop.submit(shop.adapter("https://erp.example/o", handler=handler, auth=auth)), Accepted)
    assert forms == [b"grant_type=client_credentials&scope=orders&audience=erp"]


@pytest.mark.parametrize(
    ("signature", "demands"),
    [
        ({"form": "standard"}, Demands(signing_key=CANARY.encode() * 3)),
        ({"form": "hex"}, Demands(mac_key=KEY.encode())),
    ],
)
def test_what_is_sent_is_signed(shop: Shop, signature: dict[str, str], demands: Demands) -> None:
    system = shop.system(demands)
    right = shop.adapter(f"{system.url}/orders", signature={**signature, "secret": shop.secret(KEY)})
    assert isinstance(shop.submit(right), Accepted)
    wrong = shop.adapter(f"{system.url}/orders", signature={**signature, "secret": shop.secret(KEY[::-1], "wrong")})
    assert isinstance(shop.submit(wrong), Retry)


def test_the_standard_signature_is_known_by_the_reference_over_all_tries(shop: Shop) -> None:
    system = shop.system()
    adapter = shop.adapter(f"{system.url}/orders", signature={"secret": shop.secret(KEY)})
    shop.submit(adapter)
    assert system.asked[0].headers["webhook-id"] == REFERENCE


def test_both_sides_prove_themselves_by_certificate(shop: Shop, tmp_path: Path) -> None:
    server, us = Certificate(tmp_path, "localhost"), Certificate(tmp_path, "us")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.file, server.key_file)
    context.load_verify_locations(us.file)
    context.verify_mode = ssl.CERT_REQUIRED
    system = shop.system(tls=context)
    url = f"https://localhost:{system.address[1]}/orders"
    tls = {"authorities": str(server.file), "certificate": str(us.file), "key": str(us.key_file)}
    assert isinstance(shop.submit(shop.adapter(url, tls=tls)), Accepted)
    nobody = shop.submit(shop.adapter(url, tls={"authorities": str(server.file)}))
    assert isinstance(nobody, Retry | Uncertain)
    stranger = shop.submit(shop.adapter(url))
    assert isinstance(stranger, Retry)
    assert "CERTIFICATE_VERIFY_FAILED" in stranger.reason
    assert len(system.asked) == 1
    us.key_file.chmod(0o640)
    exposed = shop.submit(shop.adapter(url, tls=tls))
    assert isinstance(exposed, Retry)
    assert "chmod 600" in exposed.reason


def test_a_redirect_is_not_followed(shop: Shop) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return answering(302, headers={"Location": "https://evil.example/"})

    outcome = shop.submit(shop.adapter("https://erp.example/orders", handler=handler))
    assert isinstance(outcome, Retry)
    assert "redirects are not followed" in outcome.reason
    assert asked == ["https://erp.example/orders"]


def test_proxies_of_the_environment_are_not_used(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    system = shop.system()
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert isinstance(shop.submit(shop.adapter(f"{system.url}/orders")), Accepted)


def test_a_document_without_the_urls_field_is_rejected_before_anything_is_sent(shop: Shop) -> None:
    outcome = shop.submit(shop.adapter("https://erp.example/{ship_from.code}", handler=lambda _: answering(500)))
    assert isinstance(outcome, Rejected)
    assert (outcome.path, outcome.fix, shop.checkpoints) == ("ship_from.code", "data", [])


def test_the_url_may_be_the_documents_own(shop: Shop) -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answering(200)

    adapter = shop.adapter("https://erp.example/{kind}/{number}", handler=handler, method="PUT")
    assert isinstance(shop.submit(adapter), Accepted)
    assert [(one.method, one.url.raw_path) for one in asked] == [
        ("PUT", b"/purchase_order/4500%2F..%5C12%20%C3%BC"),
    ]


def test_a_kind_it_does_not_take_is_rejected(shop: Shop) -> None:
    adapter = shop.adapter("https://erp.example/", accepts=["invoice"], handler=lambda _: answering(200))
    assert adapter.manifest.accepts == {"invoice"}
    outcome = shop.submit(adapter)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.fix, shop.checkpoints) == ("document.not_accepted", "config", [])


def test_nobody_there_is_retried_and_nothing_was_taken(shop: Shop) -> None:
    system = FakeRestSystem()
    with system:
        url = system.url
    outcome = shop.submit(shop.adapter(f"{url}/orders"))
    assert isinstance(outcome, Retry)
    assert outcome.scope == "target"


@pytest.mark.parametrize("error", [httpx.ReadError, httpx.ReadTimeout, httpx.WriteError, httpx.RemoteProtocolError])
def test_a_fault_after_the_first_byte_is_uncertain(shop: Shop, error: type[httpx.TransportError]) -> None:
    def handler(_request: httpx.Request) -> httpx.Response:
        raise error("broken")

    assert isinstance(shop.submit(shop.adapter("https://erp.example/", handler=handler)), Uncertain)


def test_an_answer_without_end_is_given_up(shop: Shop) -> None:
    chunks = (b"x" * 65_536 for _ in range(2 * MOST_ANSWER_BYTES // 65_536))
    adapter = shop.adapter("https://erp.example/", handler=lambda _: answering(200, chunks=chunks))
    outcome = shop.submit(adapter)
    assert isinstance(outcome, Uncertain)
    assert "more than" in outcome.reason
    assert next(chunks, None) is not None


def test_a_secret_that_is_missing_or_cannot_be_sent_stops_everything_and_is_not_shown(shop: Shop) -> None:
    for text in ("", f"{CANARY}\r\nX-Evil: 1", f"{CANARY} ü"):
        auth = {"type": "bearer", "token": shop.secret(text)}
        adapter = shop.adapter("https://erp.example/", auth=auth, handler=lambda _: answering(200))
        outcome = shop.submit(adapter)
        assert isinstance(outcome, Retry)
        assert CANARY not in outcome.reason
    assert shop.checkpoints == []


def test_an_overtaken_worker_sends_nothing(shop: Shop) -> None:
    system = shop.system()

    def overtaken(_ref: ExternalRef | None) -> None:
        raise Overtaken("another has it")

    with pytest.raises(Overtaken):
        shop.adapter(f"{system.url}/orders").submit(
            awkward_order(), reference=REFERENCE, request_key=REQUEST_KEY, resume=None, checkpoint=overtaken
        )
    assert system.asked == []


def probing(shop: Shop, handler: Callable[[httpx.Request], httpx.Response]) -> WebhookAdapter:
    probe = {"url": "https://erp.example/orders?reference={reference}", "id": "/id"}
    return shop.adapter("https://erp.example/orders", handler=handler, probe=probe)


def test_a_probe_finds_or_does_not_or_cannot_tell(shop: Shop) -> None:
    def system(status: int, body: object = None) -> WebhookAdapter:
        return probing(shop, lambda _: answering(status, json=body))

    assert system(200, {"id": 7}).probe(REFERENCE) == ExternalRef("7")
    assert system(200, {"id": None}).probe(REFERENCE) is None
    assert system(404).probe(REFERENCE) is None
    for status in (301, 401, 500):
        with pytest.raises(NoTelling):
            system(status).probe(REFERENCE)
    with pytest.raises(NoTelling):
        probing(shop, lambda _: answering(200, text="<p>maintenance</p>")).probe(REFERENCE)


def test_a_probe_that_is_put_off_says_for_how_long(shop: Shop) -> None:
    for said, wait in (("90", timedelta(seconds=90)), ("soon", None)):
        with pytest.raises(NoTelling) as caught:
            probing(shop, lambda _, said=said: answering(503, headers={"Retry-After": said})).probe(REFERENCE)
        assert caught.value.after == wait


def test_a_probe_replaces_a_refused_token(shop: Shop) -> None:
    system = shop.system(Demands(client=("us:1", CANARY)))
    probe = {"url": f"{system.url}/orders?reference={{reference}}", "id": "/items/0/id"}
    adapter = shop.adapter(f"{system.url}/orders", auth=oauth(shop, system), probe=probe)
    assert adapter.probe(REFERENCE) is None
    system.tokens.append("revoked")
    assert adapter.probe(REFERENCE) is None


def test_without_a_probe_nobody_is_asked(shop: Shop) -> None:
    assert shop.adapter("https://erp.example/").probe(REFERENCE) is None


def test_a_check_tells_of_secrets_and_of_who_does_not_answer(shop: Shop) -> None:
    system = shop.system(Demands(authorization=f"Bearer {CANARY}"))
    probe = {"url": f"{system.url}/orders?reference={{reference}}", "id": "/items/0/id"}

    def told(**more: Any) -> list[tuple[str, bool]]:
        adapter = shop.adapter(f"{system.url}/orders", **more)
        return [(one.name, one.ok) for one in adapter.check().findings]

    right = {"type": "bearer", "token": shop.secret()}
    wrong = {"type": "bearer", "token": shop.secret("wrong", "wrong")}
    missing = {"type": "bearer", "token": "file:/nonexistent"}
    assert told(auth=right, probe=probe) == [("credentials", True), ("answers", True)]
    assert told(auth=wrong, probe=probe) == [("credentials", True), ("answers", False)]
    assert told(auth=missing, probe=probe) == [("credentials", False)]
    assert told(auth=right) == [("credentials", True), ("answers", True)]
    assert [one.method for one in system.asked] == ["GET", "GET", "OPTIONS"]
    gone = shop.adapter("http://127.0.0.1:1/orders").check()
    assert [one.ok for one in gone.findings] == [True, False]
