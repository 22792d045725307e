"""Past decisions with what was known then and what came of them, as one frame: what policies are learned from.

Belongs here: which rows count, as SQL. Does not: learning (`ml.policies`).

- A decision is a user to whom a campaign could have written: what was done, with its probability. Nothing was done to
  the control group and to those whom a policy did not choose. Everybody else counts as written to, whether or not a
  message arrived. What was certain is left out, and so is the global control group, which belongs to no campaign.
- Campaigns of another system count if their events say who was treated (`notification_sent`) and who was held out
  (`notification_withheld`), with the property `campaign`. The probability is then the share that was treated.
- Features are those of the newest snapshot as of the day of the decision or a day before it, at most STALE_DAYS: only
  what was known when that day began.
- The outcome is a purchase within the window after the decision, but not before the campaign's first message left. An
  order of which a line came before does not count. A decision whose window is still open is left out.
- A person with several ids counts with the events of all of them, and is left out if several of them were drawn.
"""

from collections.abc import Collection
from datetime import datetime

import polars as pl

from ml.experiments.assignment import CONTROL
from warehouse.database import Database, Statement, rows
from warehouse.effects import GLOBAL_CONTROL

STALE_DAYS = 45

_DECISIONS = """
with began as (
    select campaign_id, min(sent_at) as first_sent_at
    from app.recipients
    group by campaign_id
),

told as (
    select
        properties ->> 'campaign' as campaign,
        user_id,
        min(case event_type when 'notification_withheld' then 'control' else 'message' end) as arm,
        min(occurred_at) as moment
    from raw.events
    where event_type in ('notification_sent', 'notification_withheld') and properties ? 'campaign'
        and not properties ? 'campaign_id'
    group by 1, 2
),

drawn as (
    -- Of a trigger, the first time that it applied to a user.
    select
        recipients.campaign_id::text as campaign,
        recipients.user_id,
        min(case when recipients.state = 'left_alone' then %(control)s else arm end) as arm,
        min(propensity) as propensity,
        min(coalesce(left_alone_propensity, control_share)) as left_alone_propensity,
        min(selected_at) as decided_at,
        greatest(min(selected_at), min(first_sent_at)) as moment
    from app.recipients
    inner join app.campaigns using (campaign_id)
    inner join began using (campaign_id)
    where (arm <> %(global_control)s or recipients.state = 'left_alone') and propensity < 1
        and first_sent_at is not null
    group by 1, 2
    union all
    select
        campaign,
        user_id,
        arm,
        (count(*) over (partition by campaign, arm))::double precision / count(*) over (partition by campaign),
        (count(*) filter (where arm = %(control)s) over (partition by campaign))::double precision
        / count(*) over (partition by campaign),
        moment,
        moment
    from told
),

named as (
    select drawn.*, coalesce(ids.user_id, drawn.user_id) as person_id
    from drawn
    left join app.current_ids as ids on drawn.user_id = ids.member_user_id
    where propensity < 1 and moment + make_interval(days => %(window_days)s) <= %(until)s
        and (%(campaigns)s::text[] is null or campaign = any(%(campaigns)s::text[]))
),

counted as materialized (
    select *
    from (select *, count(*) over (partition by campaign, person_id) as times from named) as each
    where times = 1
),

members as (
    select campaign, person_id, person_id as user_id, moment from counted
    union all
    select campaign, person_id, ids.member_user_id, moment
    from counted
    inner join app.current_ids as ids on counted.person_id = ids.user_id and ids.member_user_id <> ids.user_id
),

buyers as (
    select distinct members.campaign, members.person_id
    from members
    inner join raw.events as events on members.user_id = events.user_id
    where events.event_type = 'purchase' and events.occurred_at >= members.moment
        and events.occurred_at < members.moment + make_interval(days => %(window_days)s)
        and not exists (
            select from raw.events as earlier
            where earlier.user_id = events.user_id and earlier.order_id = events.order_id
                and earlier.event_type = 'purchase' and earlier.occurred_at < members.moment
        )
),

days as (
    select decided_on, max(snapshots.as_of) as as_of
    from (select distinct (decided_at at time zone 'UTC')::date as decided_on from counted) as decided
    inner join raw.snapshots on mart = 'user_features' and snapshots.as_of <= decided_on
        and snapshots.as_of > decided_on - %(stale_days)s::integer
    group by decided_on
)

select
    counted.campaign,
    counted.arm,
    counted.propensity,
    counted.left_alone_propensity,
    days.decided_on,
    buyers.person_id is not null as bought,
    features.*
from counted
inner join days on (counted.decided_at at time zone 'UTC')::date = days.decided_on
inner join marts.user_features as features
    on counted.user_id = features.user_id and features.as_of = days.as_of
left join buyers on counted.campaign = buyers.campaign and counted.person_id = buyers.person_id
where not exists (
    select from ml.excluded_users as excluded
    where excluded.user_id = features.user_id and excluded.since <= features.as_of
)
order by days.decided_on, counted.campaign, counted.user_id
"""


def read_decisions(
    database: Database, until: datetime, window_days: int, campaigns: Collection[str] | None = None
) -> pl.DataFrame:
    """Decisions whose windows closed before `until`: campaign, arm, day, outcome, chances, and all features.

    `propensity` is that of what was done, `left_alone_propensity` that of no message at all.
    `campaigns` are ids, or names of another system's; None: all.
    """
    return database.frame(
        _DECISIONS,
        until=until,
        window_days=window_days,
        campaigns=None if campaigns is None else list(campaigns),
        control=CONTROL,
        global_control=GLOBAL_CONTROL,
        stale_days=STALE_DAYS,
    )


def newest_event() -> Statement[list[datetime]]:
    """When the newest event was received; nothing where there is none."""
    return rows(lambda moment: moment, "select received_at from raw.events order by received_at desc limit 1")
