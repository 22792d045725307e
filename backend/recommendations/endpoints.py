"""`GET /users/{user_id}/recommendations`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.audit.recording import looks
from backend.reading import StrictRoute
from backend.recommendations import service
from backend.recommendations.schemas import MOST_RECOMMENDED, Recommendations
from backend.resources import Resources, resources_of
from backend.users.fields import UserId

router = APIRouter(tags=["users"], route_class=StrictRoute)


@router.get("/users/{user_id}/recommendations", summary="What may be offered to a user")
async def get_user_recommendations(
    resources: Annotated[Resources, Depends(resources_of)],
    _principal: Annotated[Principal, Depends(looks(Permission.RECOMMENDATIONS_READ, "recommendations:read"))],
    user_id: UserId,
    limit: Annotated[int, Query(ge=1, le=MOST_RECOMMENDED, description="items at most")] = 5,
) -> Recommendations:
    """Nothing that the user has given back, also a second ago. A new user gets what is popular.

    What the user has bought before is offered again only by a learned recommender, where people do buy it again.
    `recommender` says whether there is one, and if not, why.
    """
    return await service.for_user(resources, user_id, limit)
