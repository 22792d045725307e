"""`GET /contact-rules`."""

from typing import Annotated

from fastapi import APIRouter, Depends

from backend.access.guard import requires
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from backend.subscriptions.rules import Topic
from backend.subscriptions.schemas import QuietHours, ShopRules
from warehouse.exchange_rates import base_currency

router = APIRouter(tags=["subscriptions"], route_class=StrictRoute)


@router.get("/contact-rules", summary="What holds for users who have chosen nothing of their own")
async def get_contact_rules(
    resources: Annotated[Resources, Depends(resources_of)],
    _principal: Annotated[Principal, Depends(requires(Permission.CAMPAIGNS_READ))],
) -> ShopRules:
    """Read from the environment when the API starts, as in `CONTACT_MOST_A_DAY`; senders read the same."""
    rules = resources.contact_rules
    return ShopRules(
        topics=[*Topic],
        most_a_day=rules.most_a_day,
        most_a_week=rules.most_a_week,
        quiet_hours=QuietHours(start=rules.quiet_from, end=rules.quiet_until),
        time_zone=rules.time_zone,
        currency=await resources.database.run(base_currency()),
    )
