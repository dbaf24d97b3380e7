"""The HTTP application: the API's routes, what is mounted beside them, and the limits before all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from gateway.api import health, outbound, transmissions
from gateway.api.limits import ROUTE, App, LimitedRequests, Receive, RequestLimits, Scope, Send
from gateway.api.problems import handle_problems
from gateway.api.schema import openapi_of
from gateway.api.services import Services

NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}
"""FastAPI's own tells queries, messages and stack traces, in which partners' values stand."""
DESCRIPTION = (
    "Send documents, see what became of them, collect acknowledgments and documents. Every answer that is no success "
    "is a problem (RFC 9457). An upload is answered after its bytes are kept for good."
)


def create_api(services: Services) -> FastAPI:
    """The API alone, without its limits."""
    app = FastAPI(
        title="Tradelane",
        version=version("tradelane"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_url="/openapi.json",
        telemetry=NO_TELEMETRY,
    )
    app.state.services = services
    app.include_router(transmissions.router)
    app.include_router(outbound.router)
    app.include_router(health.router)
    handle_problems(app)
    app.openapi = openapi_of(app, description=DESCRIPTION)  # type: ignore[method-assign]
    return app


def create_app(
    services: Services, *, mounts: Mapping[str, App] | None = None, limits: RequestLimits | None = None
) -> App:
    """The whole application.

    Args:
        services: what the routes work with.
        mounts: the exact path of another ASGI application, as `/as2`. It reads its own bodies and answers its own
            errors.
        limits: of every request, also of those to a mount.
    """
    beside = dict(mounts or {})
    return LimitedRequests(Beside(create_api(services), beside), limits or RequestLimits())


@dataclass(frozen=True, slots=True)
class Beside:
    """The API, and other applications each under one path of its own."""

    api: App
    mounts: Mapping[str, App]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request: to the application whose path it is, else to the API."""
        mounted = self.mounts.get(scope["path"])
        if mounted is not None:
            scope[ROUTE] = scope["path"]
        await (mounted or self.api)(scope, receive, send)
