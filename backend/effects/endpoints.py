"""`GET /campaigns/{campaign_id}/effect`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from backend.access.guard import requires
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.effects import service
from backend.effects.schemas import EffectAnswer, EffectQuery
from backend.errors import NotFound
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(prefix="/campaigns", tags=["campaigns"], route_class=StrictRoute)


@router.get("/{campaign_id}/effect", summary="What a campaign or trigger did, beside its control group")
async def get_campaign_effect(
    resources: Annotated[Resources, Depends(resources_of)],
    _principal: Annotated[Principal, Depends(requires(Permission.ANALYTICS_READ))],
    campaign_id: UUID,
    query: Annotated[EffectQuery, Query()],
) -> EffectAnswer:
    """Buyers, orders and revenue, day by day. Look as often as you like: the bounds hold on all days together."""
    found = await resources.database.run_steps_long(service.measure(campaign_id, query.window_days))
    if found is None:
        raise NotFound("There is no campaign with this id.")
    return found
