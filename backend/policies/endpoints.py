"""`/policies`."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from backend.access.guard import requires
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.description import also_refuses
from backend.policies import service
from backend.policies.schemas import PolicyList, PolicyReport
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(prefix="/policies", tags=["experiments"], route_class=StrictRoute)

_Resources = Annotated[Resources, Depends(resources_of)]
_MayRead = Annotated[Principal, Depends(requires(Permission.ANALYTICS_READ))]


@router.get("", summary="Whom to treat: the policies that were learned, and the one in use")
async def get_policies(resources: _Resources, _principal: _MayRead) -> PolicyList:
    """The newest fifty. The newest one is in use if it is better than every constant choice."""
    return await service.listed(resources)


@router.get("/{policy_id:int}", summary="A policy, and how it was judged")
async def get_policy(
    resources: _Resources, _principal: _MayRead, policy_id: Annotated[int, Path(ge=1, le=2**62)]
) -> PolicyReport:
    """On decisions that it had not seen."""
    return await service.report(resources, policy_id)


@router.post("/end", summary="Take the policy in use out of use", responses=also_refuses(HTTPStatus.CONFLICT))
async def end_policy(
    resources: _Resources,
    principal: Annotated[Principal, Depends(requires(Permission.EXPERIMENTS_MANAGE))],
    origin: Annotated[Origin, Depends(origin_of)],
) -> PolicyList:
    """Campaigns draw users by chance again."""
    return await service.end(resources, principal, origin)
