"""`/views`: one's own saved views. Whoever is to see the same is sent the address of the page."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from backend.access.guard import requires
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.description import also_refuses
from backend.errors import Conflict, NotFound
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from backend.views import store
from backend.views.schemas import NewView, View
from core.problems import FieldError

router = APIRouter(prefix="/views", tags=["users"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
Myself = Annotated[Principal, Depends(requires(Permission.PROFILE_MANAGE))]


@router.get("", summary="My saved views of the list of users")
async def get_views(resources: Held, principal: Myself) -> list[View]:
    """By name."""
    return await resources.database.run(store.views_of(_account(principal)))


@router.post("", summary="Save a view", status_code=HTTPStatus.CREATED, responses=also_refuses(HTTPStatus.CONFLICT))
async def save_view(resources: Held, principal: Myself, given: NewView) -> View:
    """In place of my view of the same name, if there is one."""
    saved = await resources.database.run(store.save_view(_account(principal), given.name, given.query))
    if saved is None:
        raise Conflict(f"There are {store.MOST_VIEWS} views already; delete one first.")
    return saved


@router.delete("/{view_id}", summary="Delete a view of mine", status_code=HTTPStatus.NO_CONTENT)
async def delete_view(resources: Held, principal: Myself, view_id: UUID) -> None:
    """Views of others are not found."""
    if await resources.database.run(store.drop_view(_account(principal), view_id)) == 0:
        raise NotFound("There is no such view.", [FieldError("view_id", "is not the id of a view of yours")])


def _account(principal: Principal) -> UUID:
    assert principal.account_id is not None  # noqa: S101 - no key has the permission
    return principal.account_id
