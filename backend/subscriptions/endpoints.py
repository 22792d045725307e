"""`/users/{user_id}/subscription` and `/users/{user_id}/do-not-contact`."""

from typing import Annotated

from fastapi import APIRouter, Depends

from backend.access.guard import requires
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.audit.recording import looks
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from backend.subscriptions import service
from backend.subscriptions.schemas import Prohibition, SubscriptionAnswer, SubscriptionChange
from backend.users.fields import UserId

router = APIRouter(prefix="/users/{user_id}", tags=["subscriptions"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
From = Annotated[Origin, Depends(origin_of)]
MayForbid = Annotated[Principal, Depends(requires(Permission.SUBSCRIPTIONS_FORBID))]


@router.get("/subscription", summary="Whether, about what and when a user may be written to")
async def get_subscription(
    resources: Held,
    _principal: Annotated[Principal, Depends(looks(Permission.SUBSCRIPTIONS_READ, "subscription:read"))],
    user_id: UserId,
) -> SubscriptionAnswer:
    """Under any id of the person. A user without a chat has the state `none`."""
    return await service.subscription(resources, user_id)


@router.patch("/subscription", summary="What a user says about messages")
async def change_subscription(
    resources: Held,
    principal: Annotated[Principal, Depends(requires(Permission.SUBSCRIPTIONS_WRITE))],
    origin: From,
    user_id: UserId,
    change: SubscriptionChange,
) -> SubscriptionAnswer:
    """The bot registers the chat with this, and passes on what the user chooses. Each change is an event."""
    return await service.change(resources, principal, origin, user_id, change)


@router.put("/do-not-contact", summary="Forbid all messages to a user")
async def forbid_contact(
    resources: Held, principal: MayForbid, origin: From, user_id: UserId, prohibition: Prohibition
) -> SubscriptionAnswer:
    """It goes for all ids of the person, whatever the subscription says, and for transactional messages too."""
    return await service.forbid(resources, principal, origin, user_id, prohibition.reason)


@router.delete("/do-not-contact", summary="Allow messages to a user again")
async def allow_contact(resources: Held, principal: MayForbid, origin: From, user_id: UserId) -> SubscriptionAnswer:
    """What the user has chosen holds again."""
    return await service.allow(resources, principal, origin, user_id)
