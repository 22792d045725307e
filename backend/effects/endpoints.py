"""`GET /campaigns/{campaign_id}/effect` and `GET /analytics/campaigns`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from backend.access.guard import requires
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.effects import service
from backend.effects.schemas import CampaignScorecard, EffectAnswer, EffectQuery
from backend.errors import NotFound
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(tags=["campaigns"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
MayRead = Annotated[Principal, Depends(requires(Permission.ANALYTICS_READ))]


@router.get("/campaigns/{campaign_id}/effect", summary="What a campaign or trigger did, beside its control group")
async def get_campaign_effect(
    resources: Held, _principal: MayRead, campaign_id: UUID, query: Annotated[EffectQuery, Query()]
) -> EffectAnswer:
    """Buyers, orders and revenue, day by day. Look as often as you like: the bounds hold on all days together."""
    found = await resources.database.run_steps_long(service.measure(campaign_id, query.window_days, query.beside))
    if found is None:
        raise NotFound("There is no campaign with this id.")
    return found


@router.get("/analytics/campaigns", summary="The scorecard of campaigns: what each did, as last measured")
async def get_campaign_scorecard(resources: Held, _principal: MayRead) -> CampaignScorecard:
    """The newest fifty campaigns that had a control group."""
    return await service.scorecard(resources.database)
