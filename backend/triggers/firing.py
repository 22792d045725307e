"""What follows when a trigger's rule fires: recipients now, or a dry run over the last days.

Belongs here: SQL that stores and lists firings. Does not belong here: when a rule fires (`rules`).
"""

from datetime import datetime, timedelta

from psycopg import sql

from backend.campaigns.audiences import GLOBAL_CONTROL, arms_of_campaign, placed_by
from backend.campaigns.schemas import Variant
from backend.triggers.history import Firing
from backend.triggers.rules import firings
from backend.triggers.schemas import Limits
from ml.experiments.assignment import CONTROL
from warehouse.campaigns import Campaign
from warehouse.database import Statement, rows, value
from warehouse.experiments import arm_parameters, in_arm, in_global_control
from warehouse.send_queue import Rules

OVERLAP = timedelta(minutes=5)
"""How far back a trigger looks again: an event is received a moment before it can be seen."""


def store_firings(trigger: Campaign, rules: Rules, since: datetime, until: datetime) -> Statement[int]:
    """Stores whom a trigger reaches after a moment and until another; how many rows.

    Nobody is stored again within the cool-down, and no more are reached on a local day of the shop than it may. Whoever
    may not be written to is stored with the reason, and does not count for that.
    """
    limits = Limits.model_validate(trigger.audience)
    query, given = firings(limits.rule, since, until)
    placed, bound = placed_by(trigger, rules, query, given)
    stored = sql.SQL(
        """
        {} , fresh as (
            select placed.*, row_number() over (partition by state in ('control', 'queued') order by occasion, user_id)
                as place
            from placed
            where not exists (
                select from app.recipients as before
                where before.campaign_id = %(campaign_id)s and before.user_id = placed.user_id
                    and before.occasion > placed.occasion - %(cooldown)s::interval
            )
        ),

        stored as (
            insert into app.recipients (
                campaign_id, user_id, occasion, arm, propensity, left_alone_propensity, state, reason, due_at, is_untold
            )
            select %(campaign_id)s::uuid, user_id, occasion, arm, propensity, left_alone_propensity, state, refusal,
                due_at, state = 'control'
            from fresh
            where state not in ('control', 'queued') or place <= %(most_a_day)s - (
                select count(*) from app.recipients as today
                where today.campaign_id = %(campaign_id)s and today.state not in ('opted_out', 'unreachable')
                    and today.selected_at >= app.day_began(now(), %(shop_time_zone)s, 0)
            )
            on conflict do nothing
            returning 1
        )
        select count(*) from stored
        """
    ).format(placed)
    return value(int, stored, **bound, cooldown=timedelta(limits.cooldown_days), most_a_day=limits.most_a_day)


def past_firings(trigger: Campaign, since: datetime, until: datetime) -> Statement[list[Firing]]:
    """When a trigger's rule would have fired, for whom, and in which arm they are."""
    query, given = firings(Limits.model_validate(trigger.audience).rule, since, until)
    arms = arms_of_campaign([Variant.model_validate(each) for each in trigger.variants], trigger.control_share)
    user_id = sql.SQL("fired.user_id")
    listed = sql.SQL(
        "select user_id, occasion, case when not %(is_transactional)s::boolean and {is_held_out} then"
        " %(global_control)s else {arm} end from ({query}) as fired where not exists ("
        " select from ml.excluded_users as excluded where excluded.user_id = fired.user_id"
        " and excluded.since <= fired.occasion) group by 1, 2"
    ).format(query=query, is_held_out=in_global_control(user_id), arm=in_arm(user_id))
    return rows(
        Firing,
        listed,
        **given,
        **arm_parameters(arms, trigger.salt),
        is_transactional=trigger.is_transactional,
        global_control=GLOBAL_CONTROL,
    )


def is_control(arm: str) -> bool:
    """Whether an arm is held out."""
    return arm in (CONTROL, GLOBAL_CONTROL)
