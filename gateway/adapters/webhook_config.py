"""The settings of the `webhook` kind: where and how to send, how to prove who we are, and what its answers mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    model_validator,
)
from pydantic import ValidationInfo as Info

from gateway.adapters.json_pointer import Pointer
from gateway.adapters.protocol import Idempotency
from gateway.adapters.secrets import SecretReference
from gateway.adapters.url_template import UrlTemplate
from translators.canonical.registry import CANONICAL

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[!-~]([ -~]{0,998}[!-~])?$")]
Status = Annotated[str, StringConstraints(pattern=r"^([1-5]xx|[1-5][0-9]{2})$")]
"""A status of HTTP, or a hundred of them: `409`, `2xx`."""

OURS = frozenset({"authorization", "host", "content-length", "content-type", "accept-encoding", "transfer-encoding"})
"""Headers that settings may not give, as they are made here."""


def _template(value: Any) -> UrlTemplate:
    if isinstance(value, UrlTemplate):
        return value
    if not isinstance(value, str):
        raise ValueError("want a URL")
    return UrlTemplate.parse(value)


def _plain_url(value: UrlTemplate) -> UrlTemplate:
    if any(value.fields):
        raise ValueError("no field of a document can stand in this URL")
    return value


def _from_home(path: Path, info: Info) -> Path:
    home = (info.context or {}).get("home")
    if not path.is_absolute() and home is None:
        raise ValueError("want an absolute path")
    return path if home is None else Path(home) / path


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_text(value: UrlTemplate) -> str:
    return value.text


Url = Annotated[UrlTemplate, BeforeValidator(_template), PlainSerializer(_as_text)]
FixedUrl = Annotated[
    UrlTemplate, BeforeValidator(lambda value: _plain_url(_template(value))), PlainSerializer(_as_text)
]
HomePath = Annotated[Path, AfterValidator(_from_home)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
Statuses = Annotated[tuple[Status, ...], BeforeValidator(_listed), Field(min_length=1)]


class Settings(BaseModel):
    """What every part of the settings has in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Bearer(Settings):
    """A token that does not change by itself (RFC 6750)."""

    type: Literal["bearer"]
    token: SecretReference


class Basic(Settings):
    """User and password (RFC 7617)."""

    type: Literal["basic"]
    user: Annotated[str, StringConstraints(pattern=r"^[^:\x00-\x1f]+$")]
    password: SecretReference


class HeaderKey(Settings):
    """A key in a header of the API's own."""

    type: Literal["header"]
    name: HeaderName
    value: SecretReference


class OAuth2(Settings):
    """OAuth 2 client credentials (RFC 6749 4.4); the client proves itself in a header or in the body (2.3.1)."""

    type: Literal["oauth2"]
    token_url: FixedUrl
    client_id: str
    client_secret: SecretReference
    scope: str = ""
    audience: str = ""
    client_in: Literal["header", "body"] = "header"


Auth = Bearer | Basic | HeaderKey | OAuth2
"""How a request may prove who sends it."""


class Signature(Settings):
    """An HMAC-SHA256 of what is sent: as Standard Webhooks has it, or of the body alone, in a header of its own."""

    form: Literal["standard", "hex", "base64"] = "standard"
    secret: SecretReference
    header: HeaderName = "X-Signature"
    prefix: str = ""


class Tls(Settings):
    """Files in PEM form: who is trusted beside nobody else, and the certificate that proves us (mTLS)."""

    authorities: HomePath | None = None
    certificate: HomePath | None = None
    key: HomePath | None = None

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        return self


class Answer(Settings):
    """When a rule is meant: its statuses, and what must stand in the answer's body and headers."""

    status: Statuses
    where: dict[Pointer, Texts] = Field(default_factory=dict)
    headers: dict[HeaderName, Texts] = Field(default_factory=dict)


class AcceptedAnswer(Answer):
    """It has the document; `id` and `state` are where its own number and word for it stand."""

    outcome: Literal["accepted"]
    id: Pointer | None = None
    state: Pointer | None = None


class DuplicateAnswer(Answer):
    """It had one of this reference. Whether it is the same: always so or never, or by the SHA-256 (hex) it names."""

    outcome: Literal["duplicate"]
    id: Pointer | None = None
    same_content: bool | None = None
    content_sha256: Pointer | None = None

    @model_validator(mode="after")
    def _said(self) -> Self:
        if (self.same_content is None) == (self.content_sha256 is None):
            raise ValueError("want either same_content, true or false, or content_sha256, a pointer")
        return self


class RejectedAnswer(Answer):
    """A business error: where its code, message and the path in the document stand, and where it is put right."""

    outcome: Literal["rejected"]
    code: Pointer | None = None
    message: Pointer | None = None
    path: Pointer | None = None
    fix: Literal["data", "mapping", "config"] = "data"


class RetryAnswer(Answer):
    """Not now; nothing was taken. Where there is no Retry-After, after so many seconds."""

    outcome: Literal["retry"]
    seconds: int = Field(default=30, ge=1, le=86_400)
    scope: Literal["document", "target"] = "target"


class UncertainAnswer(Answer):
    """It may have been taken, or not."""

    outcome: Literal["uncertain"]


Rule = Annotated[
    AcceptedAnswer | DuplicateAnswer | RejectedAnswer | RetryAnswer | UncertainAnswer, Field(discriminator="outcome")
]


class Probe(Settings):
    """How to ask by GET whether it has a document: `id` stands where it has, a status of `missing` says no."""

    url: Url
    id: Pointer
    missing: Statuses = ("404",)


class WebhookConfig(Settings):
    """A REST API that takes one document a request, as JSON.

    `answers` are looked at in order; what none of them knows is judged by its status. `idempotency` is what the API
    promises; where it is left out, only what `probe` can find out is counted on. `plain_http` lets documents and
    credentials go unencrypted.
    """

    url: Url
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    key_header: HeaderName = "Idempotency-Key"
    reference_header: HeaderName = "Tradelane-Reference"
    auth: Annotated[Auth, Field(discriminator="type")] | None = None
    signature: Signature | None = None
    tls: Tls = Tls()
    plain_http: bool = False
    answers: tuple[Rule, ...] = ()
    probe: Probe | None = None
    idempotency: Idempotency = "none"
    accepts: tuple[str, ...] = ()
    max_in_flight: int = Field(default=4, ge=1, le=100)
    seconds: int = Field(default=30, ge=1, le=600)

    @model_validator(mode="before")
    @classmethod
    def _usual_promise(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("probe") is not None and "idempotency" not in values:
            return {**values, "idempotency": "probe_only"}
        return values

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.idempotency == "probe_only" and self.probe is None:
            raise ValueError("idempotency probe_only needs probe")
        if self.probe is not None and self.probe.url.origin != self.url.origin:
            raise ValueError("probe asks the host that url names, no other")
        token = self.auth.token_url if isinstance(self.auth, OAuth2) else self.url
        if not self.plain_http and (self.url.is_plain or token.is_plain):
            raise ValueError("http to another machine shows documents and credentials; want https, or plain_http: true")
        if taken := sorted({name.lower() for name in self.headers} & OURS):
            raise ValueError(f"headers may not have {', '.join(taken)}")
        if unknown := sorted(set(self.accepts) - {model.kind for model in CANONICAL.values()}):
            raise ValueError(f"accepts names no kind of document: {', '.join(unknown)}")
        return self
