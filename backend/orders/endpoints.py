"""`GET /users/{user_id}/orders`."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import TypeAdapter

from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.audit.recording import looks
from backend.orders import store
from backend.orders.schemas import OrderPage
from backend.paging import cursor_of, place_of
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from backend.users.fields import UserId
from backend.users.schemas import PageQuery
from backend.users.store import ids_of_person

router = APIRouter(tags=["users"], route_class=StrictRoute)

_PLACE = TypeAdapter(tuple[datetime, str])


@router.get("/users/{user_id}/orders", summary="A page of a user's orders, newest first")
async def get_user_orders(
    resources: Annotated[Resources, Depends(resources_of)],
    _principal: Annotated[Principal, Depends(looks(Permission.ORDERS_READ, "orders:read"))],
    user_id: UserId,
    query: Annotated[PageQuery, Query()],
) -> OrderPage:
    """Under any id of the person, also those of a second ago. Somebody without orders gets an empty page."""
    before = None if query.cursor is None else place_of(query.cursor, _PLACE)
    ids = await resources.database.run(ids_of_person(user_id))
    found = await resources.database.run(store.orders_page(ids, before, query.limit + 1))
    shown = found[: query.limit]
    is_last = len(found) <= query.limit
    return OrderPage(
        orders=[order for _, order in shown], next_cursor=None if is_last else cursor_of(list(shown[-1][0]))
    )
