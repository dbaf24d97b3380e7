"""OpenAPI: what FastAPI writes of the routes, and the problems it does not know of."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gateway.api.problems import MEDIA_TYPE, ProblemBody

_REFERENCE = "#/components/schemas/{model}"


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these problems."""
    content = {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model="ProblemBody")}}}
    found: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        found[status] = {"description": HTTPStatus(status).phrase, "content": content}
        if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
            found[status]["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return found


def openapi_of(app: FastAPI, *, description: str) -> Callable[[], dict[str, Any]]:
    """What an app's `openapi` is set to."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(title=app.title, version=app.version, description=description, routes=app.routes)
            models = ProblemBody.model_json_schema(ref_template=_REFERENCE)
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            schemas |= models.pop("$defs") | {"ProblemBody": models}
            app.openapi_schema = found
        return app.openapi_schema

    return describe
