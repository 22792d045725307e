"""`GET /users`, and what is below one user."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.audit.recording import looks
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from backend.users import service
from backend.users.fields import UserId
from backend.users.schemas import HistoryPage, HistoryQuery, PageQuery, Timeline, User, UserPage, UserQuery
from serving.schemas import Freshness

router = APIRouter(tags=["users"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
MayRead = Annotated[Principal, Depends(looks(Permission.USERS_READ, "user:read"))]


@router.get("/users", summary="A page of users: found, filtered, in an order")
async def get_users(resources: Held, principal: MayRead, query: Annotated[UserQuery, Query()]) -> UserPage:
    """Users as the last run saw them. The page at the millionth user costs what the first one costs."""
    page = await service.users(resources.reports, query)
    if query.facets:
        page.facets = await service.facets(resources, principal)
    return page


@router.get("/users/{user_id}", summary="One user: who, features in words, predictions with reasons")
async def get_user(
    resources: Held,
    _principal: MayRead,
    user_id: UserId,
    freshness: Annotated[
        Freshness, Query(description="`snapshot`: features of the last run; `live`: of everything until now")
    ] = "snapshot",
) -> User:
    """Predictions are asked from the services now, from features as fresh as was asked for."""
    return await service.user(resources, user_id, freshness)


@router.get("/users/{user_id}/events", summary="A page of a user's events, newest first")
async def get_user_events(
    resources: Held, _principal: MayRead, user_id: UserId, query: Annotated[PageQuery, Query()]
) -> Timeline:
    """Events as they were stored, also those that came a second ago."""
    return await service.timeline(resources.database, user_id, query)


@router.get("/users/{user_id}/predictions", summary="A page of what models said of a user, newest first")
async def get_user_predictions(
    resources: Held, _principal: MayRead, user_id: UserId, query: Annotated[HistoryQuery, Query()]
) -> HistoryPage:
    """Batch scores and served predictions from the ledger, with the outcome once the horizon is over."""
    return await service.history(resources.database, user_id, query)
