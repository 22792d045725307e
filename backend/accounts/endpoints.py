"""`/accounts`: for admins."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from backend.access.guard import requires_proof
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.accounts import service
from backend.accounts.schemas import AccountAnswer, AccountChange, NewAccount
from backend.audit.recording import looks
from backend.description import also_refuses
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(prefix="/accounts", tags=["accounts"], route_class=StrictRoute)

_Resources = Annotated[Resources, Depends(resources_of)]
_Origin = Annotated[Origin, Depends(origin_of)]
_Looks = Annotated[Principal, Depends(looks(Permission.ACCOUNTS_MANAGE, "account:read"))]
_Manages = Annotated[Principal, Depends(requires_proof(Permission.ACCOUNTS_MANAGE))]


@router.get("", summary="All accounts")
async def list_accounts(resources: _Resources, _principal: _Looks) -> list[AccountAnswer]:
    """Oldest first, disabled ones too."""
    return await service.list_accounts(resources)


@router.post("", summary="Make an account", status_code=HTTPStatus.CREATED, responses=also_refuses(HTTPStatus.CONFLICT))
async def make_account(given: NewAccount, resources: _Resources, principal: _Manages, origin: _Origin) -> AccountAnswer:
    """Its owner should change the password."""
    return await service.make_account(resources, principal, given, origin)


@router.get("/{account_id}", summary="One account")
async def get_account(account_id: UUID, resources: _Resources, _principal: _Looks) -> AccountAnswer:
    """Without its password."""
    return await service.get_account(resources, account_id)


@router.patch("/{account_id}", summary="Change an account", responses=also_refuses(HTTPStatus.CONFLICT))
async def change_account(
    account_id: UUID, change: AccountChange, resources: _Resources, principal: _Manages, origin: _Origin
) -> AccountAnswer:
    """Keys that the account made lose what its role may not do. The last admin stays one."""
    return await service.change_account(resources, principal, account_id, change, origin)


@router.delete(
    "/{account_id}",
    summary="Delete an account",
    status_code=HTTPStatus.NO_CONTENT,
    responses=also_refuses(HTTPStatus.CONFLICT),
)
async def delete_account(account_id: UUID, resources: _Resources, principal: _Manages, origin: _Origin) -> None:
    """Its sessions end and its keys are revoked. The audit log keeps its name."""
    await service.delete_account(resources, principal, account_id, origin)
