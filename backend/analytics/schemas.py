"""What reports can be asked for, and what they look like. Money is in the base currency."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.analytics.periods import PeriodLength, Weekday
from backend.fields import Day, TimeZone

ReportDay = Annotated[Day, Field(ge=date(1970, 1, 1), le=date(2100, 1, 1))]
Share = Annotated[float | None, Field(description="a share from 0 to 1; null where nobody could be counted")]


class CalendarQuery(BaseModel):
    """Whose days are counted, and which."""

    model_config = ConfigDict(extra="forbid")

    time_zone: TimeZone = "UTC"
    week_starts_on: Weekday = Weekday.MONDAY
    first_day: Annotated[ReportDay | None, Field(description="default: as many periods as fit a page")] = None
    last_day: Annotated[ReportDay | None, Field(description="this day is included; default: the last one known")] = None


class PeriodQuery(CalendarQuery):
    """The same, and in how long periods."""

    period: PeriodLength = PeriodLength.DAY


class SegmentQuery(BaseModel):
    """How far back moves between segments go."""

    model_config = ConfigDict(extra="forbid")

    days: Annotated[int, Field(ge=1, le=60, description="scored days, the newest ones")] = 8


class Report(BaseModel):
    """What every report says of itself. Reports of one `as_of` agree with each other."""

    as_of: Annotated[date | None, Field(description="the last run knew all before this day (UTC); null: no run yet")]


class PeriodReport(Report):
    """A report on periods of a time zone."""

    time_zone: str
    week_starts_on: Weekday
    archived_months: Annotated[
        list[str],
        Field(description="months in the range whose events are archived: counted in UTC, not in other time zones"),
    ]


class PeriodFigures(BaseModel):
    """One period."""

    first_day: date
    last_day: date
    is_running: Annotated[bool, Field(description="not over when this was known: more will come")]


class RevenuePeriod(PeriodFigures):
    """Users, orders and money of one period."""

    active_users: int
    new_users: Annotated[int, Field(description="users whose first event is in the period")]
    buyers: int
    orders: int
    purchase_amount: Annotated[float, Field(description="before refunds")]
    refunds: int
    refund_amount: float
    revenue: Annotated[float, Field(description="purchases less refunds")]
    average_order_amount: Annotated[float | None, Field(description="null: no orders")]


class RevenueReport(PeriodReport):
    """`GET /analytics/revenue`."""

    periods: list[RevenuePeriod]


class FunnelCounts(BaseModel):
    """How many different users came how far."""

    active_users: int
    viewers: int
    cart_users: int
    checkout_users: int
    buyers: int
    carts_per_viewer: Share
    checkouts_per_cart_user: Share
    buyers_per_checkout_user: Share
    buyers_per_active_user: Share


class FunnelPeriod(PeriodFigures, FunnelCounts):
    """The funnel of one period."""


class FunnelReport(PeriodReport):
    """`GET /analytics/funnel`."""

    total: Annotated[FunnelCounts, Field(description="of the whole range; who came in two periods counts once")]
    periods: list[FunnelPeriod]


class RetentionWeek(BaseModel):
    """How many of a cohort were active in one week."""

    week: Annotated[int, Field(description="0 is the cohort's own week")]
    active_users: int
    share: Share
    is_running: bool


class Cohort(BaseModel):
    """The users whose first event is in one week."""

    first_day: date
    users: int
    weeks: list[RetentionWeek]


class RetentionReport(PeriodReport):
    """`GET /analytics/retention`."""

    cohorts: list[Cohort]


class Segment(BaseModel):
    """One segment as of the report's day."""

    segment_id: int | None
    segment: Annotated[str | None, Field(description="null: users that the segmentation has not scored")]
    users: int
    share: Share
    purchase_amount_total: float
    mean_expected_value: float | None
    mean_purchase_probability: float | None
    mean_churn_probability: float | None
    mean_orders: Annotated[float | None, Field(description="orders of a user in all")]
    mean_purchase_amount: Annotated[float | None, Field(description="spent by a user in all, before refunds")]
    mean_days_since_active: Annotated[float | None, Field(description="days from the last activity to the report's")]
    high_risk_share: Annotated[float | None, Field(description="users at high risk of leaving, of all its users")]


class SegmentMove(BaseModel):
    """Users who were in one segment on a scored day, and in another, or the same, on the next."""

    from_as_of: date
    to_as_of: date
    from_segment: Annotated[str, Field(description="`new`: not scored before")]
    to_segment: Annotated[str, Field(description="`gone`: not scored any more")]
    is_other_model: Annotated[bool, Field(description="another model version scored the later day")]
    users: int
    share: Share


class SegmentReport(Report):
    """`GET /analytics/segments`."""

    segments: list[Segment]
    moves: list[SegmentMove]


class RfmCell(BaseModel):
    """Buyers with alike recency, frequency and monetary value."""

    cell: str
    users: int
    mean_recency_days: float
    mean_orders: float
    purchase_amount: float


class RfmGridCell(BaseModel):
    """Buyers with the same two scores of 1 to 5."""

    recency_score: Annotated[int, Field(description="5: bought most recently")]
    value_score: Annotated[int, Field(description="5: most orders and money; the mean of both scores, rounded up")]
    cell: Annotated[str, Field(description="the named cell that it is part of")]
    users: int
    purchase_amount: float


class RfmReport(Report):
    """`GET /analytics/rfm`."""

    cells: list[RfmCell]
    grid: Annotated[list[RfmGridCell], Field(description="the same buyers by their scores; empty places are left out")]


class RiskCount(BaseModel):
    """Users who can leave, by risk; and those who cannot, since they are not active."""

    risk: str | None
    users: int
    expected_value: Annotated[float, Field(description="money expected of them within the horizon, base currency")]


class ModelState(BaseModel):
    """What a model's service says of itself now."""

    model: str
    is_up: bool
    model_version: int | None = None
    loaded_at: datetime | None = None
    warning: Annotated[str | None, Field(description="what to know before relying on it")] = None


class Kpi(BaseModel):
    """One figure of the last 30 days known, beside the 30 days before."""

    name: Annotated[
        str,
        Field(
            description="`active_users`: different users; `conversion`: the share of them that bought;"
            " `revenue_at_risk`: money expected of users at high risk of leaving, as the newest run of these days"
            " saw it, beside the newest run before them"
        ),
    ]
    value: float
    before: Annotated[float, Field(description="0 where it is not known")]
    change: Annotated[float | None, Field(description="as a share of `before`; null where that is 0")]
    series: Annotated[list[float], Field(description="by day; of revenue at risk, by day that had a run")]


class UsualDay(BaseModel):
    """What revenue is usual on a day: that of the same weekday in up to eight weeks before, as known when it began."""

    day: date
    low: Annotated[float, Field(description="the 10th percentile of those weeks")]
    middle: Annotated[float, Field(description="their median")]
    high: Annotated[float, Field(description="their 90th percentile")]
    weeks: Annotated[int, Field(description="how many there were, at least four")]


class Mark(BaseModel):
    """Something that began on a day and may explain its figures."""

    day: date
    kind: Literal["campaign", "deployment"]
    subject: Annotated[str, Field(description="the campaign's name, or the model")]
    link: Annotated[str, Field(description="the campaign's id, or the model's version")]


class Dashboard(PeriodReport):
    """`GET /analytics/dashboard`: what a day begins with."""

    kpis: list[Kpi]
    days: Annotated[list[RevenuePeriod], Field(description="the last 30 days known")]
    usual: Annotated[
        list[UsualDay],
        Field(description="of those days; one with fewer than four such weeks before is left out"),
    ]
    marks: Annotated[
        list[Mark],
        Field(description="in those days, the oldest first; campaigns only for those who may see campaigns"),
    ]
    segments: list[Segment]
    risks: list[RiskCount]
    rfm: list[RfmCell]
    models: list[ModelState]
