"""What tradelane.yaml may say of a webhook destination; each mistake at its place, however deep."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.adapters.secrets import SecretReference
from gateway.adapters.webhook import WebhookAdapter
from gateway.adapters.webhook_config import DuplicateAnswer, OAuth2, WebhookConfig
from gateway.settings import SETTINGS_FILE, load_settings
from translators.datafile import LoadError

WHOLE = """\
destinations:
  shop:
    kind: webhook
    url: https://erp.example/api/orders/{number}
    method: PUT
    headers: {X-Company: "7"}
    auth:
      type: oauth2
      token_url: https://id.example/token
      client_id: tradelane
      client_secret: file:secrets/erp
    signature: {secret: env:ERP_HMAC}
    tls: {authorities: tls/erp.pem}
    answers:
      - {outcome: accepted, status: 2xx, id: /id}
      - {outcome: duplicate, status: [409], same_content: true}
    probe: {url: "https://erp.example/api/orders?ref={reference}", id: /items/0/id}
    idempotency: unique_reference
"""


def load(home: Path, text: str) -> WebhookConfig:
    (home / SETTINGS_FILE).write_text(text)
    destination = load_settings(home, environment={}).destinations["shop"]
    assert isinstance(destination.config, WebhookConfig)
    assert isinstance(destination.adapter(), WebhookAdapter)
    return destination.config


def faults(home: Path, text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(LoadError) as caught:
        load(home, text)
    return [(fault.place.line, fault.place.column, fault.message) for fault in caught.value.faults]


def test_everything_may_be_said(tmp_path: Path) -> None:
    config = load(tmp_path, WHOLE)
    assert config.method == "PUT"
    assert isinstance(config.auth, OAuth2)
    assert config.auth.client_secret == SecretReference(path=tmp_path / "secrets/erp")
    assert config.tls.authorities == tmp_path / "tls/erp.pem"
    assert [type(rule) for rule in config.answers][1] is DuplicateAnswer
    assert config.idempotency == "unique_reference"
    assert WebhookConfig.model_validate_json(config.model_dump_json()) == config


def test_what_can_be_asked_is_counted_on_and_nothing_more(tmp_path: Path) -> None:
    probe = 'probe: {url: "https://e.example/{reference}", id: /id}'
    assert load(
        tmp_path, f"destinations: {{shop: {{kind: webhook, url: 'https://e.example/', {probe}}}}}"
    ).idempotency == ("probe_only")
    assert load(tmp_path, "destinations: {shop: {kind: webhook, url: 'https://e.example/'}}").idempotency == "none"


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("client_id: tradelane", "client_idd: x", (10, 7), 'auth has no key "client_idd"'),
        ("file:secrets/erp", "hunter2", (11, 22), "want env:NAME or file:PATH"),
        ("outcome: accepted, ", "", (15, 9), ""),
        ("status: 2xx", "status: 9xx", (15, 37), "answers.0.status"),
        ("same_content: true", "id: /x", (16, 9), "want either same_content"),
        ("id: /items/0/id", "id: items", (17, 72), "probe.id"),
        ("https://erp.example/api/orders?", "https://evil.example/?", (3, 5), "probe asks the host that url names"),
        ("https://erp.example/api", "http://erp.example/api", (3, 5), "want https, or plain_http"),
        ("X-Company: ", "Authorization: ", (3, 5), "headers may not have authorization"),
        ("idempotency: unique_reference", "accepts: [orders]", (3, 5), "accepts names no kind of document: orders"),
        ("https://id.example/token", "https://id.example/{number}", (9, 18), "no field of a document"),
        ("authorities: tls/erp.pem", "certificate: x", (13, 10), "certificate and key go together"),
    ],
)
def test_a_mistake_names_its_place(tmp_path: Path, old: str, new: str, place: tuple[int, int], said: str) -> None:
    assert old in WHOLE
    found = faults(tmp_path, WHOLE.replace(old, new))
    assert any(said in message for _, _, message in found), found
    assert "hunter2" not in str(found)
    assert place in [(line, column) for line, column, _ in found], found


def test_a_host_of_another_machine_without_tls_must_be_said_to_be_wanted(tmp_path: Path) -> None:
    text = "destinations: {shop: {kind: webhook, url: 'http://erp.example/', plain_http: true}}"
    assert load(tmp_path, text).plain_http


def test_probe_only_needs_a_probe(tmp_path: Path) -> None:
    text = "destinations: {shop: {kind: webhook, url: 'https://e.example/', idempotency: probe_only}}"
    [(_, _, message)] = faults(tmp_path, text)
    assert "idempotency probe_only needs probe" in message
