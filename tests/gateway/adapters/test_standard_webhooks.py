"""Standard Webhooks signatures: the specification's own example, and everything that must not pass."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from gateway.adapters.standard_webhooks import WINDOW, signature_headers, signing_key, verify
from gateway.errors import SecretMissing, WebhookRefused

# The worked example of the Standard Webhooks reference libraries (test vectors, MIT).
SECRET = SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'
AT = datetime.fromtimestamp(1614265330, UTC)
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def headers(**changed: str) -> list[tuple[str, str]]:
    found = signature_headers(signing_key(SECRET), id=ID, body=BODY, at=AT)
    return list({**found, **{name.replace("_", "-"): value for name, value in changed.items()}}.items())


def test_the_published_example_has_its_signature() -> None:
    assert dict(headers())["webhook-signature"] == SIGNATURE
    assert verify([signing_key(SECRET)], headers(), BODY, at=AT).id == ID


def test_one_of_several_keys_and_signatures_is_enough() -> None:
    other = signing_key(SecretStr("whsec_" + "A" * 32))
    several = headers(webhook_signature=f"v1a,zzz v1,bm90IGl0 {SIGNATURE}")
    assert verify([other, signing_key(SECRET)], several, BODY, at=AT).at == AT


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook_signature": ""},
        {"webhook_signature": SIGNATURE.removeprefix("v1,")},
        {"webhook_signature": SIGNATURE.replace("v1,", "v2,")},
        {"webhook_id": "msg_other"},
        {"webhook_id": ""},
        {"webhook_timestamp": "1614265331"},
        {"webhook_timestamp": "-1"},
        {"webhook_timestamp": "9" * 13},
    ],
)
def test_what_is_not_signed_so_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(WebhookRefused):
        verify([signing_key(SECRET)], headers(**changed), BODY, at=AT)


def test_a_header_that_stands_twice_means_nothing() -> None:
    with pytest.raises(WebhookRefused, match="once"):
        verify([signing_key(SECRET)], [*headers(), ("Webhook-Id", ID)], BODY, at=AT)


@pytest.mark.parametrize("away", [WINDOW + timedelta(seconds=1), -WINDOW - timedelta(seconds=1)])
def test_a_window_of_time_bounds_it(away: timedelta) -> None:
    with pytest.raises(WebhookRefused, match="from our clock"):
        verify([signing_key(SECRET)], headers(), BODY, at=AT + away)
    assert verify([signing_key(SECRET)], headers(), BODY, at=AT + WINDOW).id == ID


def test_a_timestamp_beyond_all_dates_is_refused_and_not_a_fault() -> None:
    far = "999999999999"
    digest = hmac.digest(signing_key(SECRET), f"{ID}.{far}.".encode() + BODY, "sha256")
    mac = base64.b64encode(digest).decode()
    with pytest.raises(WebhookRefused, match="from our clock"):
        verify([signing_key(SECRET)], headers(webhook_timestamp=far, webhook_signature=f"v1,{mac}"), BODY, at=AT)


@pytest.mark.parametrize("text", ["whsec_", "whsec_c2hvcnQ=", "not base64!", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"])
def test_a_weak_or_broken_secret_is_none(text: str) -> None:
    with pytest.raises(SecretMissing, match="at least 24 bytes"):
        signing_key(SecretStr(text))
