"""Who calls: an API key as bearer token, or a pinned client certificate. One answer to whoever is nobody.

An address that showed too many bad ones is answered 429 for a while, whatever it shows: nothing is looked up for it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import Depends, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from gateway.api.problems import Problem
from gateway.api.protocol import CLIENT_CERTIFICATE
from gateway.api.services import Serving
from gateway.channels.https import Caller
from sftp.lockout import of_address

log = structlog.get_logger(__name__)

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="apiKey",
    description="An API key of one HTTPS account (`tradelane apikey add ACCOUNT`). A client certificate pinned in the "
    "partner's profile may stand for it.",
)


async def calling(
    request: Request,
    services: Serving,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
) -> Caller:
    """The caller of a request.

    Raises:
        Problem: 401, whatever is wrong with what it showed; 429, its address failed too often of late.
        StoreUnavailable: nobody can tell now.
    """
    address = request.client.host if request.client else ""
    if services.lockout.is_locked(of_address(address)):
        raise _locked_out(services.lockout.seconds)
    shown = request.headers.get("authorization")
    key = credentials.credentials if credentials is not None else shown
    certificate = getattr(request.state, CLIENT_CERTIFICATE, None)
    found = await run_in_threadpool(services.channel.caller, key=key, certificate=certificate, address=address)
    if found is None:
        kind = _kind(key, certificate)
        log.warning("api.refused", address=address, showed=kind)
        if kind != "nothing":  # who shows nothing guesses nothing
            services.lockout.failed(of_address(address))
        text = "want an API key that is good (Authorization: Bearer ...), or a client certificate that is pinned"
        raise Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", text, headers={"WWW-Authenticate": "Bearer"})
    return found


def _locked_out(seconds: float) -> Problem:
    text = "too many calls from this address showed no good key or certificate; try again later"
    after = str(max(1, round(seconds)))
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, "too-many-failures", text, headers={"Retry-After": after})


def _kind(key: str | None, certificate: bytes | None) -> str:
    return "key" if key is not None else "certificate" if certificate is not None else "nothing"


Calling = Annotated[Caller, Depends(calling)]
