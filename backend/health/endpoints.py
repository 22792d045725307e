"""`/livez`, `/readyz` and `/metrics`."""

import asyncio
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from backend.access.guard import requires
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.errors import Unavailable
from backend.health.schemas import Health, State
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from serving.client import AsyncPredictionClient
from warehouse.database import value

router = APIRouter(tags=["health"], route_class=StrictRoute)


@router.get("/livez", summary="Whether the process lives")
async def livez() -> dict[str, str]:
    """200 as long as the process answers at all."""
    return {"status": "up"}


@router.get("/readyz", summary="Whether the API can work, and which of what it needs is away")
async def readyz(response: Response, resources: Annotated[Resources, Depends(resources_of)]) -> Health:
    """200 if the warehouse answers, else 503. A service that is away does not make the API unready."""
    warehouse, *services = await asyncio.gather(_warehouse(resources), *map(_service, resources.models.values()))
    if warehouse == "down":
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return Health(status=warehouse, warehouse=warehouse, services=dict(zip(resources.models, services, strict=True)))


@router.get("/metrics", summary="Figures in Prometheus' text format", response_class=Response)
async def metrics(
    resources: Annotated[Resources, Depends(resources_of)],
    _principal: Annotated[Principal, Depends(requires(Permission.METRICS_READ))],
) -> Response:
    """What this API has counted."""
    content = await asyncio.to_thread(resources.metrics.exposition)
    return Response(content, media_type="text/plain; version=0.0.4")


async def _warehouse(resources: Resources) -> State:
    try:
        await resources.database.run(value(int, "select 1"))
    except Unavailable:
        return "down"
    return "up"


async def _service(client: AsyncPredictionClient) -> State:
    return "up" if await client.is_ready() else "down"
