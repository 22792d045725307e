"""What reports say: the range that is meant, the periods in it, and what is put beside what.

Does not belong here: SQL (the stores), or where a period begins (`periods`).
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from backend.analytics import activity_store, store
from backend.analytics.activity_store import Range
from backend.analytics.kpis import at_risk, people, sums
from backend.analytics.periods import Calendar, Period, PeriodLength, bounds_of, periods, span
from backend.analytics.schemas import (
    CalendarQuery,
    Cohort,
    Dashboard,
    FunnelCounts,
    FunnelPeriod,
    FunnelReport,
    ModelState,
    PeriodQuery,
    RetentionReport,
    RetentionWeek,
    RevenuePeriod,
    RevenueReport,
    RfmReport,
    SegmentQuery,
    SegmentReport,
)
from backend.analytics.usual import marks, usual_days
from backend.analytics.usual_store import Happened
from backend.database import DatabasePool
from backend.errors import Invalid
from backend.resources import Resources
from backend.users.store import list_day
from core.problems import FieldError
from serving.client import AsyncPredictionClient
from serving.errors import ServingError
from warehouse.revenue_at_risk import revenue_at_risk

MOST_PERIODS = 400
MOST_COHORTS = 60
_FEWEST_DAYS = {PeriodLength.DAY: 1, PeriodLength.WEEK: 7, PeriodLength.MONTH: 30}
_USUAL_DAYS = {PeriodLength.DAY: 30, PeriodLength.WEEK: 12 * 7, PeriodLength.MONTH: 365}
_DASHBOARD_DAYS = 30
_MODELS_SECONDS = 5
_MODEL_STATES = TypeAdapter(list[ModelState])
_NOTHING = activity_store.Revenue(0, 0, 0, 0, 0, 0.0, 0, 0.0)


async def revenue(database: DatabasePool, query: PeriodQuery) -> RevenueReport:
    """Users, orders and money by period. Raises Invalid for a range that is empty or too long."""
    as_of = await database.run_if_built(list_day())
    if as_of is None:
        return RevenueReport(as_of=None, periods=[], **_asked(query, []))
    found = _periods(query, query.period, as_of)
    archived, by_place = await _counted(database, query, found, as_of, activity_store.revenue)
    counts = {each.place: each for each in by_place}
    shown = [_revenue(period, counts.get(place, _NOTHING), as_of) for place, period in enumerate(found, 1)]
    return RevenueReport(as_of=as_of, periods=shown, **_asked(query, archived))


async def funnel(database: DatabasePool, query: PeriodQuery) -> FunnelReport:
    """How many different users came how far, by period and over all. Raises Invalid as `revenue` does."""
    as_of = await database.run_if_built(list_day())
    if as_of is None:
        return FunnelReport(as_of=None, total=FunnelCounts(**_funnel(None)), periods=[], **_asked(query, []))
    found = _periods(query, query.period, as_of)
    archived, by_place = await _counted(database, query, found, as_of, activity_store.funnel)
    counts = {each.place: each for each in by_place}
    return FunnelReport(
        as_of=as_of,
        total=FunnelCounts(**_funnel(counts.get(0))),
        periods=[
            FunnelPeriod(**_figures(period, as_of), **_funnel(counts.get(place)))
            for place, period in enumerate(found, 1)
        ],
        **_asked(query, archived),
    )


async def retention(database: DatabasePool, query: CalendarQuery) -> RetentionReport:
    """Who came back, by the week of the first event. Raises Invalid as `revenue` does."""
    as_of = await database.run_if_built(list_day())
    if as_of is None:
        return RetentionReport(as_of=None, cohorts=[], **_asked(query, []))
    weeks = _periods(query, PeriodLength.WEEK, as_of, MOST_COHORTS)
    archived, returned = await _counted(database, query, weeks, as_of, activity_store.retention)
    return RetentionReport(as_of=as_of, cohorts=cohorts(weeks, returned, midnight(as_of)), **_asked(query, archived))


async def segments(database: DatabasePool, query: SegmentQuery) -> SegmentReport:
    """The segments now, and who moved between them on the newest scored days."""
    return SegmentReport(
        as_of=await database.run_if_built(list_day()),
        segments=await database.run_if_built(store.segments()) or [],
        moves=await database.run_if_built(store.segment_moves(query.days)) or [],
    )


async def rfm(database: DatabasePool) -> RfmReport:
    """Buyers by recency, frequency and monetary value."""
    as_of = await database.run_if_built(list_day())
    cells = await database.run_if_built(store.rfm_cells()) or []
    return RfmReport(as_of=as_of, cells=cells, grid=await database.run_if_built(store.rfm_grid()) or [])


async def state_of_data(database: DatabasePool) -> str:
    """What reports are made of, by a name that changes with it."""
    return await database.run(store.state_of_data())


async def models(resources: Resources) -> list[ModelState]:
    """What each service says of its model, or said some seconds ago."""

    async def asked() -> bytes:
        said = await asyncio.gather(*(_model(name, client) for name, client in resources.models.items()))
        return _MODEL_STATES.dump_json(said)

    moment = int(time.time() // _MODELS_SECONDS)
    return _MODEL_STATES.validate_json(await resources.cache.answer(f"models {moment}", asked))


async def dashboard(
    database: DatabasePool, query: CalendarQuery, models: list[ModelState], happened: Sequence[Happened]
) -> Dashboard:
    """What a day begins with: what the warehouse knows, beside what services say. Raises Invalid as `revenue` does."""
    as_of = await database.run_if_built(list_day())
    if as_of is None:
        return Dashboard(
            as_of=None,
            kpis=[],
            days=[],
            usual=[],
            marks=[],
            segments=[],
            risks=[],
            rfm=[],
            models=models,
            **_asked(query, []),
        )
    last = query.last_day or _calendar(query).day_of(midnight(as_of) - timedelta(microseconds=1))
    # Of a range that begins before the first day that can be asked for, too.
    days = query.model_copy(update={"first_day": last - timedelta(days=2 * _DASHBOARD_DAYS - 1), "last_day": last})
    report = await revenue(database, PeriodQuery.model_construct(**days.model_dump()))
    now, before = report.periods[-_DASHBOARD_DAYS:], report.periods[:-_DASHBOARD_DAYS]
    shown = [period.first_day for period in now]
    # The list of a day knows what happened before it.
    runs = revenue_at_risk(shown[0] + timedelta(days=1), last + timedelta(days=1))
    return Dashboard(
        as_of=as_of,
        kpis=[
            *sums(now, before),
            *people(now, *await _both_halves(database, query, report, as_of)),
            *at_risk(await database.run(runs), shown),
        ],
        days=now,
        usual=await usual_days(database, _calendar(query), shown, as_of),
        marks=marks(happened, shown, _calendar(query)),
        segments=await database.run_if_built(store.segments()) or [],
        risks=await database.run_if_built(store.risks()) or [],
        rfm=await database.run_if_built(store.rfm_cells()) or [],
        models=models,
        **_asked(query, report.archived_months),
    )


async def _both_halves(
    database: DatabasePool, query: CalendarQuery, report: RevenueReport, as_of: date
) -> tuple[activity_store.Funnel, activity_store.Funnel]:
    """How many different users did what in the last days of a report, and in as many days before."""
    first, middle = (report.periods[place].first_day for place in (0, -_DASHBOARD_DAYS))
    end = report.periods[-1].last_day + timedelta(days=1)
    halves = [span(_calendar(query), *each) for each in ((first, middle), (middle, end))]
    _, found = await _counted(database, query, halves, as_of, activity_store.funnel)
    counts = {each.place: each for each in found}
    nobody = activity_store.Funnel(0, 0, 0, 0, 0, 0)
    return counts.get(2, nobody), counts.get(1, nobody)


def midnight(as_of: date) -> datetime:
    """The moment until which a run of a day knows what happened."""
    return datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC)


def cohorts(
    weeks: Sequence[Period], returned: Sequence[activity_store.Returned], known_until: datetime
) -> list[Cohort]:
    """A row for each week that began before `known_until`, with every week since: nobody is 0, and no gap."""
    found = {(each.place, each.week): each for each in returned}
    begun = [week for week in weeks if week.begin < known_until]
    shown = []
    for place, week in enumerate(begun, 1):
        # All of a cohort have an event in its first week.
        users = found[place, 0].seen_users if (place, 0) in found else 0
        since = []
        for number, later in enumerate(begun[place - 1 :]):
            active = found[place, number].active_users if (place, number) in found else 0
            since.append(
                RetentionWeek(
                    week=number,
                    active_users=active,
                    share=_share(active, users),
                    is_running=later.is_running(known_until),
                )
            )
        shown.append(Cohort(first_day=week.first_day, users=users, weeks=since))
    return shown


def _calendar(query: CalendarQuery) -> Calendar:
    return Calendar(ZoneInfo(query.time_zone), query.week_starts_on)


def _periods(query: CalendarQuery, length: PeriodLength, as_of: date, most: int = MOST_PERIODS) -> list[Period]:
    calendar = _calendar(query)
    last = query.last_day or calendar.day_of(midnight(as_of) - timedelta(microseconds=1))
    first = query.first_day or last - timedelta(days=_USUAL_DAYS[length] - 1)
    if first > last:
        raise Invalid("The range is empty.", [FieldError("first_day", f"must not be after {last}")])
    if (last - first).days >= most * _FEWEST_DAYS[length]:
        raise Invalid(
            f"The range is longer than {most} periods; ask for less, or for longer periods.",
            [FieldError("first_day", f"is more than {most} periods before {last}")],
        )
    return periods(calendar, length, first, last)


async def _counted(
    database: DatabasePool, query: CalendarQuery, found: Sequence[Period], as_of: date, statement: Any
) -> tuple[list[str], list[Any]]:
    counted = Range(bounds_of(found), as_of, _calendar(query).is_utc)
    archived = await database.run(activity_store.archived_months(counted))
    return archived, await database.run_long(statement(counted))


def _asked(query: CalendarQuery, archived: list[str]) -> dict[str, Any]:
    return {"time_zone": query.time_zone, "week_starts_on": query.week_starts_on, "archived_months": archived}


def _figures(period: Period, as_of: date) -> dict[str, Any]:
    is_running = period.is_running(midnight(as_of))
    return {"first_day": period.first_day, "last_day": period.last_day, "is_running": is_running}


def _revenue(period: Period, counts: activity_store.Revenue, as_of: date) -> RevenuePeriod:
    return RevenuePeriod(
        **_figures(period, as_of),
        active_users=counts.active_users,
        new_users=counts.new_users,
        buyers=counts.buyers,
        orders=counts.orders,
        purchase_amount=counts.purchase_amount,
        refunds=counts.refunds,
        refund_amount=counts.refund_amount,
        revenue=counts.purchase_amount - counts.refund_amount,
        average_order_amount=_share(counts.purchase_amount, counts.orders),
    )


def _funnel(counts: activity_store.Funnel | None) -> dict[str, Any]:
    users = counts or activity_store.Funnel(0, 0, 0, 0, 0, 0)
    return {
        "active_users": users.active_users,
        "viewers": users.viewers,
        "cart_users": users.cart_users,
        "checkout_users": users.checkout_users,
        "buyers": users.buyers,
        "carts_per_viewer": _share(users.cart_users, users.viewers),
        "checkouts_per_cart_user": _share(users.checkout_users, users.cart_users),
        "buyers_per_checkout_user": _share(users.buyers, users.checkout_users),
        "buyers_per_active_user": _share(users.buyers, users.active_users),
    }


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


async def _model(name: str, client: AsyncPredictionClient) -> ModelState:
    try:
        said = await client.model()
    except ServingError:
        return ModelState(model=name, is_up=False)
    return ModelState(
        model=name,
        is_up=True,
        model_version=said.model_version,
        loaded_at=said.loaded_at,
        warning=getattr(said, "warning", None),
    )
