"""A webhook as a channel: a signed POST, taken when it is answered 2xx."""

from __future__ import annotations

from datetime import datetime

import httpx

from gateway.adapters.standard_webhooks import signature_headers, signing_key
from gateway.alert_settings import WebhookChannel
from gateway.alerts.channel import ANSWER_SECONDS, CONNECT_SECONDS, NotTold, as_json
from gateway.errors import SecretMissing
from gateway.store.alerts import Message
from translators.errors import shown

REFUSED = frozenset({400, 413, 415, 422})
"""Answers that say that this message is at fault, not the way to them or who we are."""
_TIMEOUT = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)


class WebhookAlerts:
    """Tells one URL. No redirect is followed, no proxy of the environment used, and the answer's body is not read."""

    def __init__(self, settings: WebhookChannel) -> None:
        self._settings = settings

    def tell(self, message: Message, *, at: datetime) -> None:
        """Sign and post it.

        Raises:
            NotTold: the secret is not there, it was not reached, or did not answer 2xx.
        """
        body = as_json(message)
        try:
            key = signing_key(self._settings.secret.read())
        except SecretMissing as error:
            raise NotTold(str(error)) from error
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Tradelane",
            **signature_headers(key, id=str(message.id), body=body, at=at),
        }
        try:
            with (
                httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client,
                client.stream("POST", self._settings.url, headers=headers, content=body) as answer,
            ):
                status = answer.status_code
        except httpx.HTTPError as error:
            raise NotTold(shown(f"{type(error).__name__}: {error}")) from error
        if not 200 <= status < 300:
            raise NotTold(f"it answered {status}; want 2xx", refused=status in REFUSED)
