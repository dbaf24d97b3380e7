"""The `webhook` kind: a REST API that takes one document a request, as JSON, and answers what became of it.

Requests go to the hosts of the settings and nowhere else: no redirect is followed, no proxy of the environment used.
The checkpoint is committed before the request; what may have arrived without an answer is asked for (`probe`), or sent
again only where the API promises that the same keys have one effect.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from time import monotonic
from typing import ClassVar

import httpx
import orjson
from pydantic import BaseModel, SecretStr

from gateway.adapters.json_pointer import read_json, text_at
from gateway.adapters.protocol import (
    Checkpoint,
    CheckReport,
    ExternalRef,
    Finding,
    Manifest,
    Outcome,
    Rejected,
    Retry,
    Uncertain,
)
from gateway.adapters.url_template import NoValue
from gateway.adapters.webhook_answers import Answered, Sent, judge, said_wait, status_in
from gateway.adapters.webhook_config import Tls, WebhookConfig
from gateway.adapters.webhook_proof import Credentials, TokenAnswer, signed
from gateway.errors import NoTelling, SecretMissing
from gateway.ports import Clock, SystemClock
from translators.canonical.common import Document
from translators.canonical.registry import CANONICAL
from translators.errors import shown

MOST_ANSWER_BYTES = 1 << 20
USER_AGENT = "Tradelane"
NOBODY = "0" * 32
"""A reference that no document has."""

_RETRY_AFTER = timedelta(seconds=30)
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""Faults before the first byte of a request."""


class WebhookAdapter:
    """A REST API.

    Args:
        config: where, and how.
        transport: brings requests there; the network where left out. A test's may fail.
        clock: for signatures, tokens and waits.
    """

    Config: ClassVar[type[BaseModel]] = WebhookConfig

    def __init__(
        self, config: WebhookConfig, *, transport: httpx.BaseTransport | None = None, clock: Clock | None = None
    ) -> None:
        self._config = config
        self._transport = transport
        self._clock = clock or SystemClock()
        self._credentials = Credentials(config.auth, ask=self._ask_token, clock=self._clock)
        self._lock = Lock()
        self._opened: httpx.Client | None = None
        every = frozenset(model.kind for model in CANONICAL.values())
        self._accepts = frozenset(config.accepts) or every

    @property
    def manifest(self) -> Manifest:
        """What the settings say of the API."""
        return Manifest(
            name="webhook",
            version="1",
            accepts=self._accepts,
            emits=frozenset(),
            idempotency=self._config.idempotency,
            max_in_flight=self._config.max_in_flight,
        )

    def check(self) -> CheckReport:
        """Whether its secrets are there, and it answers: the question for a document that nobody has, or its host."""
        try:
            header = self._credentials.header()
            signed(self._config.signature, id=NOBODY, body=b"", at=self._clock.now())
        except (SecretMissing, NoTelling) as error:
            return CheckReport((Finding("credentials", False, str(error)),))
        findings = [Finding("credentials", True, "none" if header is None else "there")]
        probe = self._config.probe
        if probe is None or set(probe.url.fields) - {"reference"}:
            findings.append(self._reaches())
            return CheckReport(tuple(findings))
        try:
            self.probe(NOBODY)
            findings.append(Finding("answers", True, "yes, and does not know a document that nobody has"))
        except NoTelling as error:
            findings.append(Finding("answers", False, str(error)))
        return CheckReport(tuple(findings))

    def submit(
        self,
        document: Document,
        *,
        reference: str,
        request_key: str,
        resume: ExternalRef | None,  # noqa: ARG002 a request has nothing to resume from; the same keys make it safe
        checkpoint: Checkpoint,
    ) -> Outcome:
        """Checkpoint, send, and judge the answer. A token that is refused is replaced once."""
        if document.kind not in self._accepts:
            return Rejected("document.not_accepted", f"it does not take {document.kind}", "", "config")
        body = document.to_json_bytes()
        now = self._clock.now()
        sent = Sent(reference, hashlib.sha256(body).hexdigest(), now)
        try:
            url = self._config.url.fill(orjson.loads(body), reference=reference, kind=document.kind)
            header = self._credentials.header()
            headers = {
                **self._config.headers,
                "Content-Type": "application/json",
                self._config.key_header: request_key,
                self._config.reference_header: reference,
                **signed(self._config.signature, id=reference, body=body, at=now),
            }
        except NoValue as error:
            return Rejected("webhook.url_field", str(error), error.name, "data")
        except (SecretMissing, NoTelling) as error:
            return Retry(_wait(error), "target", str(error))
        checkpoint(None)
        try:
            answer = self._request(self._config.method, url, headers, header, body)
            if answer.status == httpx.codes.UNAUTHORIZED and self._credentials.renewable:
                self._credentials.forget(header)
                answer = self._request(self._config.method, url, headers, self._credentials.header(), body)
        except _UNSENT as error:
            return Retry(_RETRY_AFTER, "target", f"not reached: {_told(error)}")
        except (SecretMissing, NoTelling) as error:
            return Retry(_wait(error), "target", str(error))
        except httpx.HTTPError as error:
            return Uncertain(f"no answer: {_told(error)}")
        return judge(answer, self._config.answers, sent)

    def probe(self, reference: str) -> ExternalRef | None:
        """Ask for a document by its reference; None where it is not there, or nothing can be asked.

        Raises:
            NoTelling: it does not answer, or not so that one could tell, or we cannot prove who we are.
        """
        probe = self._config.probe
        if probe is None or set(probe.url.fields) - {"reference"}:
            return None
        url = probe.url.fill({}, reference=reference, kind="")
        try:
            header = self._credentials.header()
            answer = self._request("GET", url, self._config.headers, header)
            if answer.status == httpx.codes.UNAUTHORIZED and self._credentials.renewable:
                self._credentials.forget(header)
                answer = self._request("GET", url, self._config.headers, self._credentials.header())
        except SecretMissing as error:
            raise NoTelling(str(error)) from error
        except httpx.HTTPError as error:
            raise NoTelling(f"asked for {reference}, no answer: {_told(error)}") from error
        if status_in(answer.status, probe.missing):
            return None
        if not 200 <= answer.status < 300 or answer.body is None:
            wait = said_wait(answer.headers, self._clock.now())
            raise NoTelling(f"asked for {reference}, and answered {answer.status}", after=wait)
        found = text_at(answer.body, probe.id)
        return ExternalRef(found) if found else None

    def close(self) -> None:
        """Close its connections; the next request opens new ones."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _request(
        self, method: str, url: str, headers: Mapping[str, str], proof: SecretStr | None, body: bytes | None = None
    ) -> Answered:
        proved = {} if proof is None else {self._credentials.header_name: proof.get_secret_value()}
        status, found, content = self._exchange(method, url, {**headers, **proved}, body)
        return Answered(status, found, read_json(content))

    def _ask_token(self, url: str, body: bytes, headers: Mapping[str, str]) -> TokenAnswer:
        try:
            status, found, content = self._exchange("POST", url, headers, body)
        except httpx.HTTPError as error:
            raise NoTelling(f"no token: {_told(error)}") from error
        return TokenAnswer(status, found, content)

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request and its whole answer, under caps of size and time."""
        until = monotonic() + self._config.seconds
        content = bytearray()
        with self._client().stream(method, url, headers=dict(headers), content=body) as response:
            for chunk in response.iter_raw():
                content += chunk
                if len(content) > MOST_ANSWER_BYTES:
                    raise httpx.ReadError(f"the answer has more than {MOST_ANSWER_BYTES} bytes")
                if monotonic() > until:
                    raise httpx.ReadTimeout("the answer comes too slowly")
            return response.status_code, {k.lower(): v for k, v in response.headers.items()}, bytes(content)

    def _client(self) -> httpx.Client:
        with self._lock:
            if self._opened is None:
                self._opened = httpx.Client(
                    transport=self._transport,
                    verify=_trust(self._config.tls),
                    follow_redirects=False,
                    trust_env=False,
                    timeout=self._config.seconds,
                    headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"},
                )
            return self._opened

    def _reaches(self) -> Finding:
        """A request without effect: what OPTIONS is answered does not matter."""
        scheme, host, port = self._config.url.origin
        name = f"[{host}]" if ":" in host else host
        try:
            status, _, _ = self._exchange("OPTIONS", f"{scheme}://{name}:{port}/", {}, None)
        except (httpx.HTTPError, SecretMissing) as error:
            return Finding("answers", False, f"{host} is not reached: {_told(error)}")
        return Finding("answers", True, f"{host} is there ({status}); whether it lets us in only a document can tell")


def _trust(tls: Tls) -> ssl.SSLContext:
    """Who is believed to be the server, and what proves us.

    Raises:
        SecretMissing: a file is not there or not usable, or others may read the key.
    """
    try:
        if tls.key is not None and tls.key.stat().st_mode & 0o077:
            raise SecretMissing(f"the key {tls.key} can be read by others; chmod 600 {tls.key}")
        context = ssl.create_default_context(cafile=tls.authorities)
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key)
    except OSError as error:
        raise SecretMissing(f"the files of tls cannot be used: {error.strerror or error}") from error
    return context


def _wait(error: SecretMissing | NoTelling) -> timedelta:
    """As long as a token endpoint said, or as usual."""
    said = error.after if isinstance(error, NoTelling) else None
    return _RETRY_AFTER if said is None else said


def _told(error: Exception) -> str:
    return shown(f"{type(error).__name__}: {error}")
