"""`/users/{user_id}/what-if/{model}`."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.audit.recording import looks
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from backend.users.fields import UserId
from backend.what_if import service
from backend.what_if.schemas import Changes, Levers, WhatIf

router = APIRouter(tags=["users"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
MayRead = Annotated[Principal, Depends(looks(Permission.USERS_READ, "user:what-if"))]


class Foreteller(StrEnum):
    """A model that says a probability."""

    PURCHASE = "purchase"
    CHURN = "churn"


Model = Annotated[Foreteller, Path(description="a model that says a probability")]


@router.get("/users/{user_id}/what-if/{model}", summary="What can be tried on a user's features")
async def get_levers(resources: Held, _principal: MayRead, user_id: UserId, model: Model) -> Levers:
    """Features that the model reads and someone can act on, each within what has been seen of any user."""
    return await service.levers(resources, user_id, model)


@router.post("/users/{user_id}/what-if/{model}", summary="What the model would say with other values")
async def ask_what_if(resources: Held, _principal: MayRead, user_id: UserId, model: Model, given: Changes) -> WhatIf:
    """The model's response, and not the effect of doing something: that is what campaigns measure."""
    return await service.what_if(resources, user_id, model, given.changes)
