"""What the arms of a campaign did after it: sums by day, from the recipients and the raw events.

Belongs here: which users and which events count, as SQL. Does not: what a difference between arms says
(`ml.experiments.effect`).

- Everybody who was assigned to an arm counts in it, whether or not a message arrived (intention to treat). Who was
  found unreachable before arms were drawn is in no arm.
- A user counts from the moment of assignment on, but not before the campaign's first message left. The same rule holds
  for both arms, so that both are watched at the same time. A recipient's own `sent_at` is not used: the control group
  has none, and what users do while they wait would count in one arm only.
- An outcome is a purchase that was made within the window after that moment, or a refund that belongs to no earlier
  order. Each of its lines counts on its own day. An order of which a line came before does not count.
- Covariates are orders and revenue of the days before that moment, as far as they had arrived by then.
- A person with several ids counts once, with the events of all of them. If several of the ids were assigned, the person
  is left out, whatever the arms: those who were drawn twice are not those who were drawn once.

Amounts are in base currency. Days are UTC. Months that are archived are not seen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations_with_replacement, product
from typing import Any
from uuid import UUID

import polars as pl
from psycopg import sql

from warehouse.database import Statement, first_row

COVARIATE_DAYS = 90
GLOBAL_CONTROL = "global_control"
"""The arm of recipients who belong to the global control group, and to no arm of the campaign."""

OUTCOMES = ("buyers", "orders", "revenue")
COVARIATES = ("orders_before", "revenue_before")

Factors = tuple[str, ...]
SUMS: tuple[Factors, ...] = (
    *((name,) for name in (*OUTCOMES, *COVARIATES)),
    *((name, name) for name in OUTCOMES),
    *product(OUTCOMES, COVARIATES),
    *combinations_with_replacement(COVARIATES, 2),
)
"""What is summed over the users of an arm: each outcome and covariate, and products of two of them."""


def sum_name(factors: Factors) -> str:
    """The column with the sum of a product."""
    return " * ".join(factors)


_ASSIGNED = sql.SQL(
    """
    with began as (
        select min(recipients.sent_at) as first_sent_at
        from app.recipients where campaign_id = %(campaign_id)s
    ),

    -- Of a trigger, the first time that it applied to a user.
    assigned as (
        select recipients.user_id, min(arm) as arm, greatest(min(selected_at), min(first_sent_at)) as moment
        from app.recipients
        cross join began
        where campaign_id = %(campaign_id)s and arm <> %(global_control)s and first_sent_at <= %(until)s
            and selected_at <= %(until)s
        group by recipients.user_id
    ),

    named as (
        select coalesce(ids.user_id, assigned.user_id) as person_id, arm, moment
        from assigned
        left join app.current_ids as ids on assigned.user_id = ids.member_user_id
    ),

    repeated as (
        select person_id, count(distinct arm) as arms
        from named
        where person_id in (select user_id from app.current_ids)
        group by person_id
        having count(*) > 1
    )
    """
)

_DAYS = sql.SQL(
    """
    {assigned},

    measured as materialized (
        select person_id, arm, moment, (moment at time zone 'UTC')::date as day
        from named
        where person_id not in (select person_id from repeated)
    ),

    members as (
        select person_id as user_id, person_id, arm, moment from measured
        union all
        select ids.member_user_id, measured.person_id, arm, moment
        from measured
        inner join app.current_ids as ids on measured.person_id = ids.user_id
    ),

    lines as materialized (
        select
            members.person_id,
            members.arm,
            members.moment,
            events.occurred_at,
            events.occurred_at < members.moment as is_before,
            events.occurred_at < members.moment and events.received_at < members.moment as is_known_before,
            events.event_type = 'purchase' as is_purchase,
            events.order_id,
            case events.event_type when 'purchase' then 1 else -1 end
                * abs(coalesce(events.base_amount, events.amount, 0)::double precision) as amount
        from members
        inner join raw.events as events on members.user_id = events.user_id
        where events.event_type in ('purchase', 'refund')
            and events.occurred_at >= %(since)s - make_interval(days => %(covariate_days)s)
            and events.occurred_at < %(until)s
            and events.occurred_at >= members.moment - make_interval(days => %(covariate_days)s)
            and events.occurred_at < members.moment + make_interval(days => %(window_days)s)
    ),

    orders as (
        select person_id, min(arm) as arm, order_id, min(occurred_at) as ordered_at, bool_or(is_before) as is_before,
            bool_or(is_known_before) as is_known_before
        from lines
        where is_purchase and order_id is not null
        group by person_id, order_id
        union all
        select person_id, arm, null, occurred_at, is_before, is_known_before
        from lines
        where is_purchase and order_id is null
    ),

    before as (
        select person_id, sum(orders) as orders_before, sum(amount) as revenue_before
        from (
            select person_id, 1::double precision as orders, 0 as amount from orders where is_known_before
            union all
            select person_id, 0, amount from lines where is_known_before
        ) as known
        group by person_id
    ),

    days as (
        select person_id, arm, day, sum(orders) as orders, sum(amount) as revenue
        from (
            select person_id, arm, (ordered_at at time zone 'UTC')::date as day, 1::float8 as orders, 0 as amount
            from orders
            where not is_before
            union all
            select lines.person_id, lines.arm, (lines.occurred_at at time zone 'UTC')::date, 0, amount
            from lines
            left join orders on lines.person_id = orders.person_id and lines.order_id = orders.order_id
            where not lines.is_before and (lines.order_id is null or not orders.is_before)
        ) as done
        group by person_id, arm, day
    ),

    -- A user's outcomes until the end of a day, and until the end of the day before it on which anything happened.
    running as (
        select person_id, arm, day, sum(orders) over so_far as orders, sum(revenue) over so_far as revenue,
            coalesce(sum(orders) over earlier, 0) as earlier_orders,
            coalesce(sum(revenue) over earlier, 0) as earlier_revenue
        from days
        window so_far as (partition by person_id order by day),
            earlier as (partition by person_id order by day rows between unbounded preceding and 1 preceding)
    ),

    outcomes as (
        select running.arm, running.day, coalesce(orders_before, 0) as orders_before,
            coalesce(revenue_before, 0) as revenue_before,
            least(orders, 1) as buyers, least(earlier_orders, 1) as earlier_buyers,
            orders, earlier_orders, revenue, earlier_revenue
        from running
        left join before using (person_id)
    ),

    -- What each day adds to the sums: of users on the day of their moment, of outcomes on the day that they changed.
    added as (
        select arm, (moment at time zone 'UTC')::date as day, count(*) as assigned_users, 0 as users, {nothing}
        from assigned
        group by arm, day
        union all
        select arm, day, 0, count(*), {users}
        from measured
        left join before using (person_id)
        group by arm, day
        union all
        select arm, day, 0, 0, {changes}
        from outcomes
        group by arm, day
    )

    select arm, day, sum(assigned_users)::bigint, sum(users)::bigint, {sums}
    from added
    group by arm, day
    order by day, arm
    """
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A campaign whose effect is asked for. `variants` and `control_share` say which shares of users its arms have.

    `first_sent_at` is None while no message has left; `sent` counts messages that arrived or may have arrived.
    """

    name: str
    kind: str
    variants: list[dict[str, Any]]
    control_share: float
    has_ended: bool
    first_sent_at: datetime | None
    sent: int
    now: datetime


def measured_campaign(campaign_id: UUID) -> Statement[Measured | None]:
    """The campaign, None where there is none."""
    return first_row(
        Measured,
        "select name, kind, variants, control_share, ended_at is not null, first_sent_at, sent, statement_timestamp()"
        " from app.campaigns cross join lateral (select min(sent_at) as first_sent_at,"
        " count(*) filter (where state in ('sent', 'unknown')) as sent"
        " from app.recipients where recipients.campaign_id = campaigns.campaign_id) as messages"
        " where campaign_id = %(campaign_id)s",
        campaign_id=campaign_id,
    )


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Persons with several assigned ids, who are in no arm: those seen in several arms, and those in one arm twice."""

    in_several_arms: int
    in_one_arm: int


def left_out(campaign_id: UUID, until: datetime) -> Statement[LeftOut]:
    """How many persons are left out of the effect."""
    query = sql.SQL(
        "{} select count(*) filter (where arms > 1), count(*) filter (where arms = 1) from repeated"
    ).format(_ASSIGNED)
    return Statement(query, _bound(campaign_id, until), lambda result: LeftOut(*result.rows[0]))


def sums_by_day(campaign_id: UUID, since: datetime, until: datetime, window_days: int) -> Statement[pl.DataFrame]:
    """What each day adds to each arm: `arm`, `day`, `assigned_users`, `users`, and a column for each of SUMS.

    `since` is when the campaign's first message left. `users` are those who are measured, on the day from which they
    are; `assigned_users` are all ids that were assigned, also those of persons who are left out.
    """
    query = _DAYS.format(
        assigned=_ASSIGNED,
        nothing=_columns(lambda _: sql.SQL("0::double precision")),
        users=_columns(_of_users),
        changes=_columns(_of_changes),
        sums=_columns(lambda factors: sql.Identifier(sum_name(factors))),
    )
    days = {"window_days": window_days, "covariate_days": COVARIATE_DAYS}
    bound = _bound(campaign_id, until) | days | {"since": since}
    return Statement(query, bound, lambda result: pl.DataFrame(result.rows, schema=_SCHEMA, orient="row"))


_SCHEMA = pl.Schema(
    {"arm": pl.String(), "day": pl.Date(), "assigned_users": pl.Int64(), "users": pl.Int64()}
    | {sum_name(factors): pl.Float64() for factors in SUMS}
)


def _bound(campaign_id: UUID, until: datetime) -> dict[str, Any]:
    return {"campaign_id": campaign_id, "until": until, "global_control": GLOBAL_CONTROL}


def _columns(summed: Callable[[Factors], sql.Composable]) -> sql.Composed:
    """A column for each of SUMS."""
    return sql.SQL(", ").join(
        sql.SQL("sum({}) as {}").format(summed(factors), sql.Identifier(sum_name(factors))) for factors in SUMS
    )


def _of_users(factors: Factors) -> sql.Composable:
    """What a user adds by being in the arm: the products of covariates."""
    if not set(factors) <= set(COVARIATES):
        return sql.SQL("0::double precision")
    return sql.SQL(" * ").join(sql.SQL("coalesce({}, 0)").format(sql.Identifier(name)) for name in factors)


def _of_changes(factors: Factors) -> sql.Composable:
    """What a user adds by doing something: products with an outcome are now others than before."""
    if set(factors) <= set(COVARIATES):
        return sql.SQL("0::double precision")
    now = sql.SQL(" * ").join(map(sql.Identifier, factors))
    earlier = sql.SQL(" * ").join(sql.Identifier(f"earlier_{name}" if name in OUTCOMES else name) for name in factors)
    return sql.SQL("{} - {}").format(now, earlier)
