"""`/v1/outbound`: what waits for the partner, its bytes, and the word that it has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from gateway.api.access import Calling
from gateway.api.models import Outbound, transmission_of
from gateway.api.problems import not_found
from gateway.api.schema import problems
from gateway.api.services import Serving
from gateway.pipeline.outgoing import OUT_FOLDER
from gateway.store import partner_view

router = APIRouter(prefix="/v1/outbound", tags=["outbound"])

_BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, as it was made.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class WaitingQuery(BaseModel):
    """How many."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=200)


@router.get("", response_model=Outbound, responses=problems(401, 422, 429, 503), summary="What waits to be collected")
def list_outbound(caller: Calling, services: Serving, query: Annotated[WaitingQuery, Query()]) -> dict[str, Any]:
    """Acknowledgments and documents for any of your accounts, oldest first; each waits until you say you have it."""
    with services.channel.store.begin() as conn:
        rows = partner_view.waiting(conn, caller.accounts, folder=OUT_FOLDER, limit=query.limit)
    return {"items": [transmission_of(row) for row in rows]}


@router.get(
    "/{id}/content",
    response_class=Response,
    responses={**_BYTES, **problems(401, 404, 422, 429, 503)},
    summary="The bytes of one",
)
def read_content(id: UUID, caller: Calling, services: Serving) -> Response:
    """May be read again, also after it was collected. Its SHA-256 is in the ETag."""
    found = services.channel.content(caller, id)
    if found is None:
        raise not_found()
    row, chunks = found
    return StreamingResponse(
        _after_first(chunks),
        media_type="application/octet-stream",
        headers={
            "Content-Length": str(row["size"]),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row['filename'], safe='')}",
            "ETag": f'"{bytes(row["sha256"]).hex()}"',
        },
    )


@router.post(
    "/{id}/collected",
    status_code=204,
    response_class=Response,
    responses=problems(401, 404, 422, 429, 503),
    summary="Say that you have it",
)
def say_collected(id: UUID, caller: Calling, services: Serving) -> Response:
    """It is our receipt: the file waits no more. Saying so again changes nothing."""
    if not services.channel.collected(caller, id):
        raise not_found()
    return Response(status_code=204)


def _after_first(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, the first read already: what is broken at the beginning is told by the status, not by a cut body."""
    first = next(chunks, b"")

    def rest() -> Iterator[bytes]:
        yield first
        yield from chunks

    return rest()
