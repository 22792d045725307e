"""`POST /alerts` for Alertmanager, and `GET /alerts` for people."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.access.guard import requires
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.alerts import service
from backend.alerts.schemas import AlertGroup, AlertList, AlertQuery, AlertsRecorded
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(tags=["alerts"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]


@router.get("/alerts", summary="What is wrong with the platform, and lately was")
async def get_alerts(
    resources: Held,
    _principal: Annotated[Principal, Depends(requires(Permission.METRICS_READ))],
    query: Annotated[AlertQuery, Query()],
) -> AlertList:
    """Alerts that fire, then those of the last 30 days. Empty where nothing watches the platform."""
    return await service.shown(resources.database, query.limit)


@router.post("/alerts", summary="Record alerts that fire or are over")
async def post_alerts(
    resources: Held,
    _principal: Annotated[Principal, Depends(requires(Permission.ALERTS_WRITE))],
    group: AlertGroup,
) -> AlertsRecorded:
    """The webhook of Alertmanager, which posts an alert again and again while it fires."""
    return await service.record(resources.database, group)
