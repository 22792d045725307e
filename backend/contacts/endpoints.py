"""`GET /users/{user_id}/contacts`."""

from typing import Annotated

from fastapi import APIRouter, Depends

from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.audit.recording import looks
from backend.contacts import service
from backend.contacts.schemas import Contacts
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from backend.users.fields import UserId

router = APIRouter(tags=["users"], route_class=StrictRoute)


@router.get("/users/{user_id}/contacts", summary="Messages to a user, experiments, lists and feedback")
async def get_user_contacts(
    resources: Annotated[Resources, Depends(resources_of)],
    principal: Annotated[Principal, Depends(looks(Permission.CAMPAIGNS_READ, "user:contacts"))],
    user_id: UserId,
) -> Contacts:
    """Also those who were held out or could not be written to. Feedback is for who may read the inbox."""
    return await service.contacts(resources, principal, user_id)
