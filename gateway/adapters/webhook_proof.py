"""How a request proves who sends it: a header with a token or password, and signatures over what is sent.

Secrets are read for each request, so that a rotated one is in force at once; only an OAuth 2 token is kept, in memory.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import quote, urlencode

from pydantic import SecretStr

from gateway.adapters.json_pointer import read_json, text_at
from gateway.adapters.standard_webhooks import signature_headers, signing_key
from gateway.adapters.webhook_answers import said_wait
from gateway.adapters.webhook_config import Auth, Basic, Bearer, HeaderKey, OAuth2, Signature
from gateway.errors import NoTelling, SecretMissing
from gateway.ports import Clock

EARLY = timedelta(seconds=30)
"""So long before its end a token is not used any more."""
SHORTEST_SECONDS, LONGEST_SECONDS = 1, 86_400
USUAL_SECONDS = 300
"""How long a token is kept whose end is not said."""

_SENDABLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What a token endpoint said."""

    status: int
    headers: Mapping[str, str]
    body: bytes


AskToken = Callable[[str, bytes, Mapping[str, str]], TokenAnswer]
"""Posts a form to the token endpoint: URL, body, headers. Raises NoTelling where there is no answer."""


class Credentials:
    """What proves us in a header.

    Args:
        auth: as it is set; None for nothing.
        ask: how a token is asked for.
        clock: for the end of tokens.
    """

    def __init__(self, auth: Auth | None, *, ask: AskToken, clock: Clock) -> None:
        self._auth = auth
        self._ask = ask
        self._clock = clock
        self._lock = Lock()
        self._token: SecretStr | None = None
        self._until: datetime | None = None

    @property
    def header_name(self) -> str:
        """The header it goes into."""
        return self._auth.name if isinstance(self._auth, HeaderKey) else "Authorization"

    @property
    def renewable(self) -> bool:
        """Whether a token that is refused may be replaced by a new one."""
        return isinstance(self._auth, OAuth2)

    def header(self) -> SecretStr | None:
        """The header's value now.

        Raises:
            SecretMissing: a secret is not there or cannot be sent.
            NoTelling: no token is to be had now.
        """
        match self._auth:
            case None:
                return None
            case Bearer(token=token):
                return _bearer(token.read())
            case Basic(user=user, password=password):
                return _basic(user, password.read())
            case HeaderKey(value=value):
                return _sendable(value.read())
            case OAuth2() as oauth:
                with self._lock:  # one asks, the others wait for what it gets
                    if self._token is None or self._until is None or self._clock.now() >= self._until:
                        self._fetch(oauth)
                    assert self._token is not None
                    return _bearer(self._token)

    def forget(self, refused: SecretStr | None) -> None:
        """A token was refused: ask for another next time, unless that was done meanwhile."""
        with self._lock:
            if refused is not None and self._token is not None and _bearer(self._token) == refused:
                self._token = None

    def _fetch(self, oauth: OAuth2) -> None:
        form = {"grant_type": "client_credentials"}
        form |= {name: value for name, value in (("scope", oauth.scope), ("audience", oauth.audience)) if value}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        secret = oauth.client_secret.read()
        if oauth.client_in == "body":
            form |= {"client_id": oauth.client_id, "client_secret": secret.get_secret_value()}
        else:
            proved = _basic(quote(oauth.client_id, safe=""), SecretStr(quote(secret.get_secret_value(), safe="")))
            headers["Authorization"] = proved.get_secret_value()
        answer = self._ask(oauth.token_url.text, urlencode(form).encode(), headers)
        found = read_json(answer.body)
        token, kind = text_at(found, "/access_token"), text_at(found, "/token_type")
        if answer.status != 200 or not token or (kind or "bearer").lower() != "bearer":
            wait = said_wait(answer.headers, self._clock.now())
            raise NoTelling(f"the token endpoint answered {answer.status} without a bearer token", after=wait)
        lasts = timedelta(seconds=_seconds(text_at(found, "/expires_in")))
        self._token = SecretStr(token)
        self._until = self._clock.now() + max(lasts - EARLY, lasts / 2)


def signed(signature: Signature | None, *, id: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers that sign a request; none where none is agreed.

    Raises:
        SecretMissing: the secret is not there, or no key.
    """
    if signature is None:
        return {}
    secret = signature.secret.read()
    if signature.form == "standard":
        return signature_headers(signing_key(secret), id=id, body=body, at=at)
    mac = hmac.digest(secret.get_secret_value().encode(), body, "sha256")
    text = mac.hex() if signature.form == "hex" else base64.b64encode(mac).decode()
    return {signature.header: signature.prefix + text}


def _bearer(token: SecretStr) -> SecretStr:
    return SecretStr(f"Bearer {_sendable(token).get_secret_value()}")


def _sendable(secret: SecretStr) -> SecretStr:
    if not _SENDABLE.fullmatch(secret.get_secret_value()):
        raise SecretMissing("the secret has characters that no header can hold")
    return secret


def _basic(user: str, password: SecretStr) -> SecretStr:
    pair = f"{user}:{password.get_secret_value()}".encode()
    return SecretStr(f"Basic {base64.b64encode(pair).decode()}")


def _seconds(text: str | None) -> int:
    if text is None or not re.fullmatch(r"[0-9]{1,9}", text):
        return USUAL_SECONDS
    return min(max(int(text), SHORTEST_SECONDS), LONGEST_SECONDS)
