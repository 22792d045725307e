"""`/keys`."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from backend.access.guard import requires, requires_proof
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.description import also_refuses
from backend.keys import service
from backend.keys.schemas import KeyAnswer, MadeKey, NewKey, Rotation
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(prefix="/keys", tags=["keys"], route_class=StrictRoute)

_Resources = Annotated[Resources, Depends(resources_of)]
_Origin = Annotated[Origin, Depends(origin_of)]
_Manages = Annotated[Principal, Depends(requires(Permission.KEYS_MANAGE))]
_MakesKeys = Annotated[Principal, Depends(requires_proof(Permission.KEYS_MANAGE))]
_KeyId = Annotated[int, Path(ge=1, le=2**62)]


@router.get("", summary="My keys")
async def list_keys(resources: _Resources, principal: _Manages) -> list[KeyAnswer]:
    """Those that I made, oldest first; an admin sees all. No secret is shown."""
    return await service.list_keys(resources, principal)


@router.post("", summary="Make a key", status_code=HTTPStatus.CREATED)
async def make_key(given: NewKey, resources: _Resources, principal: _MakesKeys, origin: _Origin) -> MadeKey:
    """The secret is in this answer alone."""
    return await service.make_key(resources, principal, given, origin)


@router.post(
    "/{key_id}/rotate",
    summary="Replace a key",
    status_code=HTTPStatus.CREATED,
    responses=also_refuses(HTTPStatus.CONFLICT),
)
async def rotate_key(
    key_id: _KeyId, rotation: Rotation, resources: _Resources, principal: _MakesKeys, origin: _Origin
) -> MadeKey:
    """The new key may do what the old one may. Both are valid for `overlap_hours`."""
    return await service.rotate_key(resources, principal, key_id, rotation, origin)


@router.delete("/{key_id}", summary="Revoke a key", status_code=HTTPStatus.NO_CONTENT)
async def revoke_key(key_id: _KeyId, resources: _Resources, principal: _Manages, origin: _Origin) -> None:
    """It is refused within seconds, by the services too."""
    await service.revoke_key(resources, principal, key_id, origin)
