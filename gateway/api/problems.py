"""Problems: every answer of ours that is not a success, in one form (RFC 9457, application/problem+json)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from gateway.errors import GatewayError, IntakeClosed, RequestKeyReused, StoreError, StoreUnavailable

MEDIA_TYPE = "application/problem+json"
STORE_RETRY_SECONDS = 5

log = structlog.get_logger(__name__)


class FieldFault(BaseModel):
    """One thing of a request that is wrong."""

    field: str = Field(description="Where: `query.limit`, `header.Idempotency-Key`, `path.id`.")
    message: str


class ProblemBody(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="Which problem: `urn:tradelane:problem:` and a word that never changes.")
    title: str
    status: int
    detail: str = Field(description="What was found, what was wanted, what to do.")
    faults: list[FieldFault] = Field(default_factory=list, description="Of an invalid request: every fault.")


class Problem(Exception):
    """Raised by whatever answers a request; becomes the answer.

    Args:
        status: of HTTP.
        word: names the problem for programs.
        detail: for people; says nothing of what the caller may not know.
        headers: to be sent beside it.
        faults: of the request's fields.
    """

    def __init__(
        self,
        status: HTTPStatus,
        word: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        faults: list[FieldFault] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.word = word
        self.detail = detail
        self.headers = dict(headers or {})
        self.faults = faults or []

    def body(self) -> bytes:
        """The answer's body."""
        found = ProblemBody(
            type=f"urn:tradelane:problem:{self.word}",
            title=self.status.phrase,
            status=int(self.status),
            detail=self.detail,
            faults=self.faults,
        )
        return orjson.dumps(found.model_dump())

    def response(self) -> Response:
        """The answer."""
        return Response(self.body(), int(self.status), self.headers, MEDIA_TYPE)


def not_found() -> Problem:
    """The one answer for what is not there and for what is another's."""
    return Problem(HTTPStatus.NOT_FOUND, "not-found", "there is nothing here for you under this path")


def problem_of(error: GatewayError) -> Problem:
    """What a caller is told when our own side is broken, or it misused a key."""
    match error:
        case IntakeClosed(reason=reason, retry_after=after):
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "intake-closed", reason, headers={"Retry-After": str(after)})
        case RequestKeyReused():
            text = "this Idempotency-Key was used before, for other content; use a new key"
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency-key-reused", text)
        case StoreUnavailable():
            text = "nothing can be stored or read now; nothing was taken: try again, with the same Idempotency-Key"
            after = STORE_RETRY_SECONDS
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", text, headers={"Retry-After": str(after)})
        case _:
            return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "something is broken on our side")


def handle_problems(app: FastAPI) -> None:
    """Have every error of an app answered as a problem."""
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(GatewayError, _answer_broken)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(Exception, _answer_fault)


async def _answer_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _answer_broken(request: Request, error: Exception) -> Response:
    assert isinstance(error, GatewayError)
    if isinstance(error, StoreError) and not isinstance(error, StoreUnavailable):
        log.error("api.store_fault", path=_route(request), error=type(error).__name__)
    elif isinstance(error, StoreUnavailable | IntakeClosed):
        log.warning("api.unavailable", path=_route(request), reason=str(error)[:200])
    return problem_of(error).response()


async def _answer_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [FieldFault(field=".".join(map(str, one["loc"])), message=str(one["msg"])) for one in error.errors()]
    text = "the request is not as agreed; see faults"
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", text, faults=faults).response()


async def _answer_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.NOT_FOUND:
        return not_found().response()
    word = status.phrase.lower().replace(" ", "-")
    return Problem(status, word, status.description or status.phrase, headers=error.headers).response()


async def _answer_fault(request: Request, error: Exception) -> Response:
    log.error("api.fault", path=_route(request), error=type(error).__name__, exc_info=error)
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "something is broken on our side").response()


def _route(request: Request) -> str:
    """The route's own path, so that no value of a caller gets into a log."""
    route: Any = request.scope.get("route")
    return str(getattr(route, "path", "?"))
