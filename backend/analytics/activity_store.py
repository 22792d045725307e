"""What users did in the periods of a time zone: revenue, funnel, retention.

Belongs here: SQL that counts over periods. In UTC it counts from the daily roll-up, which has every day there ever was.
In any other time zone a day has parts of two of its days, so it counts from the events of the range. Either way it
counts what was known as of the report's day and read by the last run: reports then agree with each other, and with
lists. Does not belong here: which moments a period holds (`periods`), or reports that know no periods (`store`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from psycopg import sql

from warehouse.database import Statement, rows

T = TypeVar("T")

# A user's first event counts only if nothing came before it on the same UTC day; so a day more is read.
_BEFORE = timedelta(days=1)

# One row a period and person. A person's ids are those that belonged together on the report's day.
_FROM_DAYS = sql.SQL(
    """
    figures as (
        select
            width_bucket(occurred_day::timestamp at time zone 'UTC', %(bounds)s::timestamptz[]) as place,
            coalesce(persons.user_id, daily.user_id) as person,
            min(occurred_day)::timestamp at time zone 'UTC' as moment,
            sum(activity_events) > 0 as is_active, sum(views) > 0 as has_viewed, sum(carts) > 0 as has_filled_cart,
            sum(checkouts) > 0 as has_checked_out, sum(order_lines) > 0 as has_bought,
            sum(orders) as orders, sum(purchase_units) / 10000 as purchase_amount,
            sum(refunds) as refunds, sum(refund_units) / 10000 as refund_amount
        from intermediate.int_user_daily as daily
        left join persons on persons.member_user_id = daily.user_id
        -- The other keys are those of persons with several ids.
        where left(daily.user_id, 1) <> chr(9)
            and occurred_day >= (%(begin)s::timestamptz at time zone 'UTC')::date
            and occurred_day < (%(end)s::timestamptz at time zone 'UTC')::date
            and known_day < %(as_of)s
        group by place, person
    )
    """
)
_FROM_EVENTS = sql.SQL(
    """
    lines as (
        select
            width_bucket(occurred_at, %(bounds)s::timestamptz[]) as place,
            user_id,
            min(occurred_at) as moment,
            bool_or(is_activity) as is_active, bool_or(category = 'view') as has_viewed,
            bool_or(category = 'cart') as has_filled_cart, bool_or(category = 'checkout') as has_checked_out,
            case when category = 'purchase' then coalesce(order_id, event_id::text) end as one_order,
            sum(amount) filter (where category = 'purchase') as purchase_amount,
            count(*) filter (where category = 'refund') as refunds,
            sum(abs(amount)) filter (where category = 'refund') as refund_amount
        from staging.stg_events
        where occurred_at >= %(begin)s
            and occurred_at < least(%(end)s::timestamptz, %(as_of)s::timestamp at time zone 'UTC')
            and received_at < %(as_of)s::timestamp at time zone 'UTC'
            and ingested_xid < (select xid from raw.watermarks where reader = 'int_user_daily')
        group by place, user_id, one_order
    ),
    figures as (
        select
            place, coalesce(persons.user_id, lines.user_id) as person, min(moment) as moment,
            bool_or(is_active) as is_active, bool_or(has_viewed) as has_viewed,
            bool_or(has_filled_cart) as has_filled_cart, bool_or(has_checked_out) as has_checked_out,
            bool_or(one_order is not null) as has_bought,
            count(one_order) as orders, sum(purchase_amount) as purchase_amount,
            sum(refunds) as refunds, sum(refund_amount) as refund_amount
        from lines
        left join persons on persons.member_user_id = lines.user_id
        group by place, person
    )
    """
)
_QUERY = sql.SQL(
    """
    with persons as (
        select member_user_id, user_id from intermediate.int_identities
        where valid_from <= %(as_of)s and valid_until > %(as_of)s
    ),
    {figures},
    firsts as (
        select person, width_bucket(moment, %(bounds)s::timestamptz[]) as place
        from (select person, min(moment) as moment from figures group by person) as earliest
        inner join analytics.user_list on user_list.user_id = earliest.person
        where user_list.first_seen_day = (earliest.moment at time zone 'UTC')::date
    )
    {answer}
    """
)
_REVENUE = sql.SQL(
    """
    select
        place, count(*) filter (where is_active), coalesce(max(new_users.users), 0), count(*) filter (where has_bought),
        coalesce(sum(orders), 0)::bigint, coalesce(sum(purchase_amount), 0)::double precision,
        coalesce(sum(refunds), 0)::bigint, coalesce(sum(refund_amount), 0)::double precision
    from figures
    left join (select place, count(*) as users from firsts group by place) as new_users using (place)
    where place > 0
    group by place order by place
    """
)
_FUNNEL = sql.SQL(
    """
    select
        place, count(*) filter (where is_active), count(*) filter (where has_viewed),
        count(*) filter (where has_filled_cart), count(*) filter (where has_checked_out),
        count(*) filter (where has_bought)
    from (
        select * from figures
        union all
        select
            0, person, null, bool_or(is_active), bool_or(has_viewed), bool_or(has_filled_cart),
            bool_or(has_checked_out), bool_or(has_bought), null, null, null, null
        from figures where place > 0 group by person
    ) as counted
    where place > 0 or moment is null
    group by place order by place
    """
)
_RETENTION = sql.SQL(
    """
    select firsts.place, figures.place - firsts.place, count(*), count(*) filter (where figures.is_active)
    from firsts inner join figures on figures.person = firsts.person and figures.place >= firsts.place
    where firsts.place > 0
    group by 1, 2 order by 1, 2
    """
)


@dataclass(frozen=True, slots=True)
class Range:
    """What is counted: periods by their bounds, as the run of a day knew them, by days of the marts or by events."""

    bounds: Sequence[datetime]
    as_of: date
    is_utc: bool


@dataclass(frozen=True, slots=True)
class Revenue:
    """What happened in the period at `place`; the first one is 1."""

    place: int
    active_users: int
    new_users: int
    buyers: int
    orders: int
    purchase_amount: float
    refunds: int
    refund_amount: float


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many different users came how far in the period at `place`; 0 is the whole range."""

    place: int
    active_users: int
    viewers: int
    cart_users: int
    checkout_users: int
    buyers: int


@dataclass(frozen=True, slots=True)
class Returned:
    """Users of the cohort at `place` who did anything at all, or were active, some weeks later."""

    place: int
    week: int
    seen_users: int
    active_users: int


def revenue(counted: Range) -> Statement[list[Revenue]]:
    """Periods in which anything happened, in order."""
    return _over(counted, _REVENUE, Revenue)


def funnel(counted: Range) -> Statement[list[Funnel]]:
    """The whole range, and the periods in which anything happened."""
    return _over(counted, _FUNNEL, Funnel)


def retention(counted: Range) -> Statement[list[Returned]]:
    """The cohorts of the range, and the weeks in which somebody came back."""
    return _over(counted, _RETENTION, Returned)


def archived_months(counted: Range) -> Statement[list[str]]:
    """The months of the range (YYYY-MM) whose events are in files."""
    return rows(
        str,
        "select distinct to_char(month, 'YYYY-MM') from raw.archives where restored_at is null"
        " and month::timestamp at time zone 'UTC' < %(end)s"
        " and (month + interval '1 month')::timestamp at time zone 'UTC' > %(begin)s order by 1",
        begin=counted.bounds[0],
        end=counted.bounds[-1],
    )


def _over(counted: Range, answer: sql.SQL, make: Callable[..., T]) -> Statement[list[T]]:
    query = _QUERY.format(figures=_FROM_DAYS if counted.is_utc else _FROM_EVENTS, answer=answer)
    return rows(
        make,
        query,
        bounds=[*counted.bounds],
        begin=counted.bounds[0] - _BEFORE,
        end=counted.bounds[-1],
        as_of=counted.as_of,
    )
