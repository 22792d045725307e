"""`/contact-rules`: the rules of contact, and what else is set for the whole shop."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends

from backend.access.guard import requires, requires_proof
from backend.access.origin import Origin, origin_of
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.description import also_refuses
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of
from backend.shop import service
from backend.shop.schemas import ShopChange, ShopSettings

router = APIRouter(prefix="/contact-rules", tags=["subscriptions"], route_class=StrictRoute)

_Resources = Annotated[Resources, Depends(resources_of)]


@router.get("", summary="Caps, quiet hours, time zone and currency of the shop")
async def get_contact_rules(
    resources: _Resources, _principal: Annotated[Principal, Depends(requires(Permission.CAMPAIGNS_READ))]
) -> ShopSettings:
    """Caps and hours hold for users who have chosen nothing of their own."""
    return await service.settings(resources)


@router.patch("", summary="Change settings of the shop", responses=also_refuses(HTTPStatus.CONFLICT))
async def change_contact_rules(
    given: ShopChange,
    resources: _Resources,
    principal: Annotated[Principal, Depends(requires_proof(Permission.SETTINGS_MANAGE))],
    origin: Annotated[Origin, Depends(origin_of)],
) -> ShopSettings:
    """They count within two seconds, without a restart. 409: somebody else has changed them since you looked.

    Another currency changes what pages show, at the newest rate, and nothing else: amounts stay in the base currency,
    as do reports, filters, files, models, and effects of campaigns.
    """
    return await service.change(resources, principal, origin, given)
