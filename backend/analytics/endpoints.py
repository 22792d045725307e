"""`GET /analytics/...`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.access.guard import requires
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.analytics import service
from backend.analytics.schemas import (
    CalendarQuery,
    Dashboard,
    FunnelReport,
    PeriodQuery,
    RetentionReport,
    RevenueReport,
    RfmReport,
    SegmentQuery,
    SegmentReport,
)
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(prefix="/analytics", tags=["analytics"], route_class=StrictRoute)

Held = Annotated[Resources, Depends(resources_of)]
MayRead = Annotated[Principal, Depends(requires(Permission.ANALYTICS_READ))]


@router.get("/dashboard", summary="What a day begins with: figures, days, segments, risks, models")
async def get_dashboard(resources: Held, _principal: MayRead, query: Annotated[CalendarQuery, Query()]) -> Dashboard:
    """The last 30 days known, beside the 30 before, and what the services say of their models now."""
    return await service.dashboard(resources, query)


@router.get("/revenue", summary="Users, orders and money by day, week or month of a time zone")
async def get_revenue(resources: Held, _principal: MayRead, query: Annotated[PeriodQuery, Query()]) -> RevenueReport:
    """Days are those of the time zone, 23 or 25 hours long when its clocks change."""
    return await service.revenue(resources.database, query)


@router.get("/funnel", summary="How many users came how far, from a view to an order")
async def get_funnel(resources: Held, _principal: MayRead, query: Annotated[PeriodQuery, Query()]) -> FunnelReport:
    """Different users of each period, and of the whole range."""
    return await service.funnel(resources.database, query)


@router.get("/retention", summary="Who came back, by the week of the first event")
async def get_retention(
    resources: Held, _principal: MayRead, query: Annotated[CalendarQuery, Query()]
) -> RetentionReport:
    """Cohorts of the weeks of the range, each with every week since."""
    return await service.retention(resources.database, query)


@router.get("/segments", summary="Segments, and who moved between them")
async def get_segments(resources: Held, _principal: MayRead, query: Annotated[SegmentQuery, Query()]) -> SegmentReport:
    """Sizes and means as of the last run; moves on the newest scored days."""
    return await service.segments(resources.database, query)


@router.get("/rfm", summary="Buyers by recency, frequency and monetary value")
async def get_rfm(resources: Held, _principal: MayRead) -> RfmReport:
    """The cells of the last run."""
    return await service.rfm(resources.database)
