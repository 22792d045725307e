"""`/experiments`."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.access.guard import requires
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.description import also_refuses
from backend.experiments import service
from backend.experiments.schemas import (
    GlobalControlAnswer,
    HoldoutAnswer,
    NewGlobalControl,
    PlanAnswer,
    PlanQuery,
    StoppedVariants,
)
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(prefix="/experiments", tags=["experiments"], route_class=StrictRoute)

_Resources = Annotated[Resources, Depends(resources_of)]
_MayRead = Annotated[Principal, Depends(requires(Permission.ANALYTICS_READ))]


@router.get("/global-control", summary="The users whom no campaign reaches: how many, since when")
async def get_global_control(resources: _Resources, _principal: _MayRead) -> GlobalControlAnswer:
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


@router.get("/holdout", summary="What all campaigns together did, beside the global control group")
async def get_holdout(resources: _Resources, _principal: _MayRead) -> HoldoutAnswer:
    """Per user since the group began, as of the last run. Look as often as you like."""
    return await service.holdout(resources)


@router.get("/plan", summary="How many users and weeks an effect takes, or what so many users can show")
async def get_plan(_principal: _MayRead, query: Annotated[PlanQuery, Query()]) -> PlanAnswer:
    """An effect is found with a probability of 80 %, by intervals that hold however often you look."""
    return service.plan(query)


@router.get("/stopped-variants", summary="Variants that were stopped because they do harm")
async def get_stopped_variants(resources: _Resources, _principal: _MayRead) -> StoppedVariants:
    """The newest fifty, with the messages that were not sent."""
    return await service.stopped(resources)
