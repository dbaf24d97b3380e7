"""`/v1/transmissions`: sending a file, and what became of it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from gateway.api.access import Calling
from gateway.api.models import (
    Acknowledgment,
    Acknowledgments,
    Transmission,
    TransmissionDetail,
    TransmissionPage,
    transmission_of,
)
from gateway.api.problems import not_found
from gateway.api.schema import problems
from gateway.api.services import Services, Serving
from gateway.api.uploads import LONGEST_NAME, PART, UNNAMED, check_name, read_upload
from gateway.channels.https import Caller, Upload
from gateway.model import Direction, Environment, TransmissionState
from gateway.pipeline.receive import Taken
from gateway.store import partner_view

router = APIRouter(prefix="/v1/transmissions", tags=["transmissions"])

RequestKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern="^[!-~]+$",
        description="Of your choice, new for each file. The same request under it again is answered with what it "
        "became at first, and has no second effect.",
    ),
]
_REPLAYED = "Idempotency-Replayed"
_REPLAY: dict[int | str, dict[str, Any]] = {
    200: {
        "model": Transmission,
        "description": "The same request came before under this Idempotency-Key; this is what it became.",
        "headers": {_REPLAYED: {"schema": {"type": "string", "const": "true"}}},
    }
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file's bytes as they are, or a form with one file.",
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [PART],
                    "additionalProperties": False,
                    "properties": {PART: {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}


class UploadQuery(BaseModel):
    """What may stand beside an upload."""

    model_config = ConfigDict(extra="forbid")

    filename: str = Field(
        default=UNNAMED,
        min_length=1,
        max_length=LONGEST_NAME,
        description="A label; of a form the part's own filename counts.",
    )
    environment: Environment = Field(
        default=Environment.LIVE, description="`test`: translated, acknowledged and shown, never delivered."
    )


class ListQuery(BaseModel):
    """Which transmissions."""

    model_config = ConfigDict(extra="forbid")

    direction: Direction | None = None
    state: TransmissionState | None = None
    before: UUID | None = Field(default=None, description="Only those older than this one.")
    limit: int = Field(default=50, ge=1, le=200)


@router.post(
    "",
    status_code=201,
    response_model=Transmission,
    responses={**_REPLAY, **problems(400, 401, 408, 413, 415, 422, 429, 503)},
    openapi_extra=_BODY,
    summary="Send a file",
)
async def send_file(
    request: Request,
    response: Response,
    caller: Calling,
    services: Serving,
    query: Annotated[UploadQuery, Query()],
    key: RequestKey = None,
) -> dict[str, Any]:
    """The answer comes after the file is kept for good. Without it, send the same again under the same key."""
    spool = await run_in_threadpool(services.channel.inlet.spool)
    with spool:
        named = await read_upload(request, spool, limit=caller.file_bytes)
        upload = Upload(check_name(named or query.filename), query.environment, key)
        taken, row = await run_in_threadpool(lambda: _take(services, caller, spool, upload))
    response.headers["Location"] = f"/v1/transmissions/{taken.id}"
    if taken.repeated:
        response.status_code = 200
        response.headers[_REPLAYED] = "true"
    return transmission_of(row)


@router.get(
    "", response_model=TransmissionPage, responses=problems(401, 422, 429, 503), summary="The newest, both directions"
)
def list_transmissions(caller: Calling, services: Serving, query: Annotated[ListQuery, Query()]) -> dict[str, Any]:
    """What passed through your accounts over every channel, newest first."""
    with services.channel.store.begin() as conn:
        rows = partner_view.transmissions(
            conn,
            caller.accounts,
            direction=query.direction,
            state=query.state,
            before=query.before,
            limit=query.limit + 1,
        )
    page = rows[: query.limit]
    more = len(rows) > len(page)
    return {"items": [transmission_of(row) for row in page], "next_before": page[-1]["id"] if more else None}


@router.get(
    "/{id}",
    response_model=TransmissionDetail,
    responses=problems(401, 404, 422, 429, 503),
    summary="What became of one",
)
def show_transmission(id: UUID, caller: Calling, services: Serving) -> dict[str, Any]:
    """Its state, what is in it set by set, and every issue with its position."""
    with services.channel.store.snapshot() as conn:
        row = partner_view.one(conn, caller.accounts, id)
        if row is None:
            raise not_found()
        inside, issues = partner_view.contents(conn, id), partner_view.issues(conn, id)
    return {**transmission_of(row), "interchanges": inside, "issues": issues}


@router.get(
    "/{id}/acknowledgments",
    response_model=Acknowledgments,
    responses=problems(401, 404, 422, 429, 503),
    summary="Its acknowledgments",
)
def list_acknowledgments(id: UUID, caller: Calling, services: Serving) -> Acknowledgments:
    """TA1, 997, 999 and 824: ours to what you sent, yours to what we sent."""
    with services.channel.store.snapshot() as conn:
        if partner_view.one(conn, caller.accounts, id) is None:
            raise not_found()
        rows = partner_view.acknowledgments(conn, caller.accounts, id)
    return Acknowledgments(items=[Acknowledgment.model_validate(row) for row in rows])


def _take(services: Services, caller: Caller, spool: Any, upload: Upload) -> tuple[Taken, partner_view.Row]:
    """Keep it, then read the row that is answered with."""
    taken = services.channel.take(caller, spool, upload)
    with services.channel.store.begin() as conn:
        row = partner_view.one(conn, caller.accounts, taken.id)
    assert row is not None, "what was just committed is there"
    return taken, row
