"""What is usual on a day, and what happened on days that may explain what is not: SQL.

Belongs here: revenue of the same weekday of weeks before, as it was known when each day began; campaigns, deployments.
Does not belong here: revenue itself (`activity_store`), and which days are shown (`service`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg import sql

from warehouse.database import Statement, rows

WEEKS = 8
FEWEST_WEEKS = 4
_MOST_MARKS = 100

# One row a day that something happened on and day that it became known, both of the zone.
_FROM_DAYS = sql.SQL(
    """
    select
        occurred_day as day, known_day, sum(purchase_units - refund_units) / 10000 as revenue
    from intermediate.int_user_daily
    -- The other keys are those of persons with several ids.
    where left(user_id, 1) <> chr(9)
        and occurred_day >= %(first)s - 7 * %(weeks)s and occurred_day < %(last)s and known_day < %(as_of)s
    group by 1, 2
    """
)
_FROM_EVENTS = sql.SQL(
    """
    select
        (occurred_at at time zone %(zone)s)::date as day,
        (greatest(occurred_at, received_at) at time zone %(zone)s)::date as known_day,
        sum(case category when 'purchase' then amount when 'refund' then -abs(amount) end) as revenue
    from staging.stg_events
    where category in ('purchase', 'refund')
        and occurred_at >= (%(first)s - 7 * %(weeks)s)::timestamp at time zone %(zone)s
        and occurred_at < %(last)s::timestamp at time zone %(zone)s
        and greatest(occurred_at, received_at) < %(as_of)s::timestamp at time zone 'UTC'
        and ingested_xid < (select xid from raw.watermarks where reader = 'int_user_daily')
    group by 1, 2
    """
)
_USUAL = sql.SQL(
    """
    with by_day as ({by_day}),
    same_weekday as (
        select
            shown.day, coalesce(sum(by_day.revenue), 0)::double precision as revenue
        from unnest(%(days)s::date[]) as shown (day)
        cross join generate_series(1, %(weeks)s) as week
        left join by_day on by_day.day = shown.day - 7 * week and by_day.known_day < shown.day
        where shown.day - 7 * week >= (select min(first_seen_day) from analytics.user_list)
        group by shown.day, week
    )
    select
        day, percentile_cont(0.1) within group (order by revenue), percentile_cont(0.5) within group (order by revenue),
        percentile_cont(0.9) within group (order by revenue), count(*)
    from same_weekday group by day having count(*) >= %(fewest)s order by day
    """
)


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual on a day: the 10th, 50th and 90th percentile of revenue, of so many weeks."""

    day: date
    low: float
    middle: float
    high: float
    weeks: int


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that may explain a figure, by the moment it began."""

    moment: datetime
    kind: str
    subject: str
    link: str


def usual_revenue(days: Sequence[date], as_of: date, zone: str, *, is_utc: bool) -> Statement[list[Usual]]:
    """Days for which enough weeks came before, in order. Of each past day counts what was known when `day` began."""
    return rows(
        Usual,
        _USUAL.format(by_day=_FROM_DAYS if is_utc else _FROM_EVENTS),
        days=[*days],
        first=days[0],
        last=days[-1],
        as_of=as_of,
        zone=zone,
        weeks=WEEKS,
        fewest=FEWEST_WEEKS,
    )


def deployments() -> Statement[list[Happened]]:
    """The newest deployments of models."""
    return rows(
        Happened,
        "select deployed_at, 'deployment', model, model_version::text from ml.deployments"
        " order by deployment_id desc limit %(most)s",
        most=_MOST_MARKS,
    )


def campaigns() -> Statement[list[Happened]]:
    """The newest campaigns that began, without triggers, which send every day."""
    return rows(
        Happened,
        "select started_at, 'campaign', name, campaign_id::text from app.campaigns"
        " where kind = 'campaign' and started_at is not null order by started_at desc limit %(most)s",
        most=_MOST_MARKS,
    )
