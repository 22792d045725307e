"""`/experiments/global-control`."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends

from backend.access.guard import requires
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.description import also_refuses
from backend.experiments import service
from backend.experiments.schemas import GlobalControlAnswer, NewGlobalControl
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(prefix="/experiments", tags=["experiments"], route_class=StrictRoute)

_Resources = Annotated[Resources, Depends(resources_of)]


@router.get("/global-control", summary="The users whom no campaign reaches: how many, since when")
async def get_global_control(
    resources: _Resources, _principal: Annotated[Principal, Depends(requires(Permission.ANALYTICS_READ))]
) -> GlobalControlAnswer:
    """And which campaigns use the group now."""
    return await service.group(resources)


@router.put(
    "/global-control",
    summary="Change the share of users whom no campaign reaches",
    responses=also_refuses(HTTPStatus.CONFLICT),
)
async def put_global_control(
    given: NewGlobalControl,
    resources: _Resources,
    principal: Annotated[Principal, Depends(requires(Permission.EXPERIMENTS_MANAGE))],
    origin: Annotated[Origin, Depends(origin_of)],
) -> GlobalControlAnswer:
    """Refused while a campaign uses the group: its members must stay the same until the effect is measured."""
    return await service.change_group(resources, principal, given, origin)
