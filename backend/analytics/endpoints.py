"""`GET /analytics/...`."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from backend.access.guard import requires
from backend.access.permissions import Permission
from backend.access.principal import Principal
from backend.alerts import service as alerts
from backend.analytics import service, state_service
from backend.analytics.attention import AttentionReport, attention
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
from backend.analytics.state_schemas import DataHealth, ModelsReport
from backend.analytics.usual import happenings
from backend.conditional import NOT_MODIFIED, answered
from backend.imports import service as imports
from backend.quarantine import service as quarantine
from backend.reading import StrictRoute
from backend.resources import Resources, resources_of

router = APIRouter(prefix="/analytics", tags=["analytics"], route_class=StrictRoute, responses=NOT_MODIFIED)

Held = Annotated[Resources, Depends(resources_of)]
MayRead = Annotated[Principal, Depends(requires(Permission.ANALYTICS_READ))]


async def state_of_data(resources: Held) -> str:
    """What reports are made of, by a name that changes with it. Reports are kept until it does."""
    return await service.state_of_data(resources.database)


State = Annotated[str, Depends(state_of_data)]


@router.get(
    "/dashboard",
    summary="What a day begins with: figures, days, segments, risks, models",
    response_model=Dashboard,
)
async def get_dashboard(
    request: Request, resources: Held, principal: MayRead, query: Annotated[CalendarQuery, Query()], state: State
) -> Response:
    """The last 30 days known, beside the 30 before, and what the services said of their models seconds ago."""
    models = await service.models(resources)
    happened = await happenings(resources.database, has_campaigns=Permission.CAMPAIGNS_READ in principal.permissions)
    marks = [(each.moment.isoformat(), each.kind, each.subject, each.link) for each in happened]
    parts = (query.model_dump(mode="json"), [model.model_dump(mode="json") for model in models], marks, state)
    return await answered(
        request, resources.cache, parts, lambda: service.dashboard(resources.reports, query, models, happened)
    )


@router.get(
    "/revenue",
    summary="Users, orders and money by day, week or month of a time zone",
    response_model=RevenueReport,
)
async def get_revenue(
    request: Request, resources: Held, _principal: MayRead, query: Annotated[PeriodQuery, Query()], state: State
) -> Response:
    """Days are those of the time zone, 23 or 25 hours long when its clocks change."""
    parts = (query.model_dump(mode="json"), state)
    return await answered(request, resources.cache, parts, lambda: service.revenue(resources.reports, query))


@router.get("/funnel", summary="How many users came how far, from a view to an order", response_model=FunnelReport)
async def get_funnel(
    request: Request, resources: Held, _principal: MayRead, query: Annotated[PeriodQuery, Query()], state: State
) -> Response:
    """Different users of each period, and of the whole range."""
    parts = (query.model_dump(mode="json"), state)
    return await answered(request, resources.cache, parts, lambda: service.funnel(resources.reports, query))


@router.get("/retention", summary="Who came back, by the week of the first event", response_model=RetentionReport)
async def get_retention(
    request: Request, resources: Held, _principal: MayRead, query: Annotated[CalendarQuery, Query()], state: State
) -> Response:
    """Cohorts of the weeks of the range, each with every week since."""
    parts = (query.model_dump(mode="json"), state)
    return await answered(request, resources.cache, parts, lambda: service.retention(resources.reports, query))


@router.get("/segments", summary="Segments, and who moved between them", response_model=SegmentReport)
async def get_segments(
    request: Request, resources: Held, _principal: MayRead, query: Annotated[SegmentQuery, Query()], state: State
) -> Response:
    """Sizes and means as of the last run; moves on the newest scored days."""
    parts = (query.model_dump(mode="json"), state)
    return await answered(request, resources.cache, parts, lambda: service.segments(resources.reports, query))


@router.get("/rfm", summary="Buyers by recency, frequency and monetary value", response_model=RfmReport)
async def get_rfm(request: Request, resources: Held, _principal: MayRead, state: State) -> Response:
    """The cells of the last run."""
    return await answered(request, resources.cache, (state,), lambda: service.rfm(resources.reports))


@router.get("/attention", summary="What needs a look today, the most urgent first")
async def get_attention(resources: Held, principal: MayRead) -> AttentionReport:
    """Counted now, and not kept."""
    found = await attention(resources.reports, await service.models(resources), datetime.now(UTC))
    if Permission.METRICS_READ in principal.permissions:
        found.alerts = await alerts.firing(resources.database)
    return found


@router.get("/models", summary="Models: versions, changes of champions, scorecard, calibration, drift")
async def get_models(resources: Held, _principal: MayRead) -> ModelsReport:
    """As recorded by the pipeline up to now; `GET /analytics/dashboard` says which services are up."""
    return await state_service.models(resources.reports, resources.models)


@router.get("/data-health", summary="Data: freshness, imports, what was held back and why")
async def get_data_health(resources: Held, principal: MayRead) -> DataHealth:
    """As recorded up to now. Uploads are for whoever has `imports:manage`."""
    health = await state_service.data_health(resources.reports, resources.models)
    health.held = await quarantine.reasons(resources.database)
    if Permission.IMPORTS_MANAGE in principal.permissions:
        health.uploads = await imports.newest(resources)
    return health
