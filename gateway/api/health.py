"""Whether the process runs, and whether it can serve."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool

from gateway.api.models import Health
from gateway.api.schema import problems
from gateway.api.services import Serving

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=Health, summary="The process runs")
async def healthz() -> Health:
    """Answers as long as the process can answer anything."""
    return Health()


@router.get("/readyz", response_model=Health, responses=problems(503), summary="Requests can be served")
async def readyz(services: Serving) -> Health:
    """The database answers, and intake is open."""
    await run_in_threadpool(services.ready)
    return Health()
