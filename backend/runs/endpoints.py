"""`/runs`: seen, started, cancelled."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from backend.access.guard import requires
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.description import also_refuses
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from backend.runs import service
from backend.runs.schemas import NewRun, Run, Runs

router = APIRouter(prefix="/runs", tags=["runs"], route_class=StrictRoute)

_Resources = Annotated[Resources, Depends(resources_of)]
_MayRead = Annotated[Principal, Depends(requires(Permission.ANALYTICS_READ))]
_MayManage = Annotated[Principal, Depends(requires(Permission.RUNS_MANAGE))]


@router.get("", summary="The newest runs of the pipeline")
async def get_runs(
    resources: _Resources, _principal: _MayRead, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> Runs:
    """As Dagster knows them now, also those of schedules and of the command line. 503 while Dagster does not answer."""
    return await service.runs(resources, limit)


@router.post("", summary="Start a run", status_code=HTTPStatus.ACCEPTED, responses=also_refuses(HTTPStatus.CONFLICT))
async def post_run(
    given: NewRun,
    resources: _Resources,
    principal: _MayManage,
    origin: Annotated[Origin, Depends(origin_of)],
) -> Run:
    """It waits while another one runs. 409: Dagster refused it, and `detail` says why."""
    return await service.start(resources, principal, origin, given)


@router.get("/{run_id}", summary="How a run is")
async def get_run(resources: _Resources, _principal: _MayRead, run_id: UUID) -> Run:
    """As Dagster knows it now."""
    return await service.run(resources, str(run_id))


@router.post(
    "/{run_id}/cancel",
    summary="Ask a run to end",
    status_code=HTTPStatus.ACCEPTED,
    responses=also_refuses(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
async def post_run_cancel(
    resources: _Resources,
    principal: _MayManage,
    origin: Annotated[Origin, Depends(origin_of)],
    run_id: UUID,
) -> Run:
    """It is `canceled` within some seconds. 409: it has ended."""
    return await service.cancel(resources, principal, origin, str(run_id))
