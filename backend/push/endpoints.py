"""`/push`: the devices of whoever asks."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from backend.access.guard import requires
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.description import also_refuses
from backend.push import service
from backend.push.schemas import NewDevice, Push
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(prefix="/push", tags=["push"], route_class=StrictRoute)

_Resources = Annotated[Resources, Depends(resources_of)]
_Origin = Annotated[Origin, Depends(origin_of)]
_Myself = Annotated[Principal, Depends(requires(Permission.PROFILE_MANAGE))]


@router.get("", summary="My devices, and what they can be told")
async def get_push(resources: _Resources, principal: _Myself) -> Push:
    """With the key that a browser needs to subscribe."""
    return await service.state(resources, principal)


@router.put("/devices", summary="Tell a device of notices", responses=also_refuses(HTTPStatus.NOT_FOUND))
async def put_push_device(given: NewDevice, resources: _Resources, principal: _Myself, origin: _Origin) -> Push:
    """Adds a device, or changes what it is told. It ends with the session that asks."""
    await service.subscribe(resources, principal, given, origin)
    return await service.state(resources, principal)


@router.delete("/devices/{subscription_id}", summary="Tell a device nothing more", status_code=HTTPStatus.NO_CONTENT)
async def delete_push_device(subscription_id: UUID, resources: _Resources, principal: _Myself) -> None:
    """One of mine."""
    await service.unsubscribe(resources, principal, subscription_id)
