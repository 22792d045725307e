"""Who a campaign is for, as SQL over all users at once: counted, judged, sampled, and stored as recipients.

Belongs here: the query that an audience comes to, and its division into arms. Does not belong here: whether somebody
may be written to when the message leaves (`warehouse.send_queue` judges again).

Everybody is taken once, under the id that the person is shown as now. Who may not be written to is in no arm, so that
the arms differ in nothing but the message.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from backend.campaigns.choosing import choose
from backend.campaigns.policy_schemas import When
from backend.campaigns.schemas import Audience, AudienceFilter, TargetOrder, Variant
from backend.users.selecting import Selection, on_list, selection_of
from ml.experiments.assignment import CONTROL, Arm, arms_of
from warehouse.campaigns import Campaign
from warehouse.database import Statement, rows, value
from warehouse.experiments import arm_parameters, in_arm, in_global_control
from warehouse.send_queue import QUIET_UNTIL, REFUSAL, Rules

GLOBAL_CONTROL = "global_control"

_ORDERS = {
    TargetOrder.EXPECTED_VALUE: sql.SQL("expected_value desc nulls last"),
    TargetOrder.CHURN_PROBABILITY: sql.SQL("churn_probability desc nulls last"),
}
# Everybody, once, with why they may not be written to, their arm, whether they are chosen, and when a message is due.
_PLACED = sql.SQL(
    """
    with campaigns as (
        select %(campaign_id)s::uuid as campaign_id, %(topic)s::text as topic,
            %(is_transactional)s::boolean as is_transactional
    ),

    wanted as materialized (
        select coalesce(ids.user_id, audience.user_id) as user_id, max(audience.occasion) as occasion
        from ({audience}) as audience
        left join app.current_ids as ids on audience.user_id = ids.member_user_id
        where not exists (
            select from ml.excluded_users as excluded
            where excluded.user_id = audience.user_id and excluded.since <= current_date
        ) and not exists (
            select from ml.excluded_users as excluded
            where excluded.user_id = ids.user_id and excluded.since <= current_date
        )
        group by 1
    ),

    judged as (
        select wanted.user_id, wanted.occasion, chats.language, {refusal} as refusal, {quiet_until} as quiet_until,
            coalesce(chats.time_zone, %(shop_time_zone)s) as time_zone
        from wanted
        cross join campaigns
        left join app.current_subscriptions as chats on chats.person_id = wanted.user_id
        left join (
            select distinct coalesce(ids.user_id, prohibited.user_id) as user_id
            from app.do_not_contact as prohibited
            left join app.current_ids as ids on prohibited.user_id = ids.member_user_id
        ) as forbidden on forbidden.user_id = wanted.user_id
    ),

    armed as (
        select *, case
            when refusal is not null then null
            -- What a user needs to know is held back from nobody.
            when not %(is_transactional)s::boolean and {is_held_out} then %(global_control)s
            else {arm}
        end as arm
        from judged
    ),

    {choices}

    chosen as (
        select armed.*, {is_chosen} as is_chosen, {message_propensity} as message_propensity,
            {left_alone_propensity} as left_alone_propensity
        from armed {joins}
    ),

    settled as (
        select *, case
            when refusal in ('no_chat', 'blocked') then 'unreachable'
            when refusal is not null then 'opted_out'
            when arm = %(global_control)s then 'control'
            when not is_chosen then 'left_alone'
            when arm = %(control)s then 'control'
            else 'queued'
        end as state
        from chosen
    ),

    placed as (
        select user_id, occasion, language, refusal, state,
            -- Whom a campaign does not choose before arms are drawn is in no arm.
            case when state <> 'left_alone' or not %(chooses_before_arms)s::boolean then arm end as arm,
            case
                when arm = %(global_control)s then null
                when state in ('control', 'left_alone') then left_alone_propensity
                else message_propensity
            end as propensity,
            case when arm <> %(global_control)s then left_alone_propensity end as left_alone_propensity,
            greatest(coalesce(quiet_until, now()), {due_at}) as due_at
        from settled
    )
    """
)


def query_of(audience: Audience) -> tuple[sql.Composed, dict[str, Any]]:
    """The query whose rows are the user ids of an audience, and the values that it binds."""
    selected = selection_of(audience.filter or AudienceFilter(), audience.rules)
    conditions, given = [*selected.conditions], {**selected.given}
    targets = audience.targets
    if targets is not None and targets.by is TargetOrder.EXPECTED_VALUE:
        # As in the services' target lists: who is expected to bring less than a contact costs is left out.
        conditions.append(sql.SQL("expected_value >= %(cost_per_contact)s"))
        given["cost_per_contact"] = targets.cost_per_contact
    if audience.list_id is not None:
        given["list_id"] = audience.list_id
        if not conditions and targets is None:
            # Also members whom the last run has not seen.
            return sql.SQL("select user_id from app.user_list_members where list_id = %(list_id)s").format(), given
        conditions.append(on_list("list_id"))
    limit: sql.Composable = sql.SQL("")
    if targets is not None:
        limit = sql.SQL("order by {}, user_id limit %(most_users)s").format(_ORDERS[targets.by])
        given["most_users"] = targets.most_users
    where = Selection(selected.source, conditions, given).where
    return sql.SQL("select user_id from {} {} {}").format(selected.source, where, limit), given


def arms_of_campaign(variants: Sequence[Variant], control_share: float) -> tuple[Arm, ...]:
    """The arms: the control group from bucket 0 on, then each variant, whose shares are of those who are not held out.

    Raises ValueError where an arm would have less than one bucket.
    """
    total = sum(variant.share for variant in variants)
    shares = {CONTROL: control_share} if control_share > 0 else {}
    # The last arm takes what rounding leaves.
    shares |= {variant.name: (1 - control_share) * variant.share / total for variant in variants}
    return arms_of(shares)


def count(audience: Audience) -> Statement[int]:
    """How many users an audience has: those of the last run, or of its list."""
    query, given = query_of(audience)
    return value(int, sql.SQL("select count(*) from ({}) as audience").format(query), **given)


@dataclass(frozen=True, slots=True)
class Share:
    """How many users of an audience are in a state, for a reason, in an arm."""

    state: str
    reason: str | None
    arm: str | None
    users: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One user of an audience who would be written to."""

    user_id: str
    arm: str
    language: str


def preview(campaign: Campaign, rules: Rules) -> Statement[list[Share]]:
    """How the audience is divided, as it would be now."""
    placed, given = _placed(campaign, rules)
    query = sql.SQL("{} select state, refusal, arm, count(*) from placed group by 1, 2, 3 order by 1, 2, 3")
    return rows(Share, query.format(placed), **given)


def samples(campaign: Campaign, rules: Rules, number: int) -> Statement[list[Sample]]:
    """Some users who would be written to, always the same while the audience is."""
    placed, given = _placed(campaign, rules)
    query = sql.SQL(
        "{} select user_id, arm, language from placed where state = 'queued'"
        " order by app.bucket_of(%(salt)s, user_id), user_id limit %(number)s"
    )
    return rows(Sample, query.format(placed), **given, salt=f"{campaign.salt} samples", number=number)


def select(campaign: Campaign, rules: Rules) -> Statement[int]:
    """Stores the recipients of a campaign with their arms; how many. Who is stored already stays as they are."""
    placed, given = _placed(campaign, rules)
    query = sql.SQL(
        """
        {} , stored as (
            insert into app.recipients (
                campaign_id, user_id, arm, propensity, left_alone_propensity, state, reason, due_at, is_untold
            )
            select %(campaign_id)s::uuid, user_id, arm, propensity, left_alone_propensity, state, refusal, due_at,
                state = 'control'
            from placed
            -- In the order of the indexes, which then grow at their ends.
            order by state, user_id
            on conflict do nothing
            returning 1
        )
        select count(*) from stored
        """
    )
    return value(int, query.format(placed), **given)


def placed_by(
    campaign: Campaign, rules: Rules, audience: sql.Composable, given: Mapping[str, Any]
) -> tuple[sql.Composed, dict[str, Any]]:
    """The query `placed` for rows of `user_id` and `occasion`: everybody, with state and arm; and what it binds."""
    variants = [Variant.model_validate(each) for each in campaign.variants]
    user_id = sql.SQL("judged.user_id")
    arms = arms_of_campaign(variants, campaign.control_share)
    chosen = choose(campaign, variants, arms)
    placed = _PLACED.format(
        audience=audience,
        refusal=REFUSAL,
        quiet_until=QUIET_UNTIL,
        is_held_out=in_global_control(user_id),
        arm=in_arm(user_id),
        choices=chosen.choices,
        joins=chosen.joins,
        is_chosen=chosen.is_chosen,
        message_propensity=chosen.message_propensity,
        left_alone_propensity=chosen.left_alone_propensity,
        due_at=_due_at(variants),
    )
    return placed, {
        **given,
        **chosen.given,
        **arm_parameters(arms, campaign.salt),
        **rules.bound(),
        "campaign_id": campaign.campaign_id,
        "topic": campaign.topic,
        "is_transactional": campaign.is_transactional,
        "control": CONTROL,
        "global_control": GLOBAL_CONTROL,
        "chooses_before_arms": campaign.most_by_effect is not None,
    }


def _due_at(variants: Sequence[Variant]) -> sql.Composable:
    """When the message of the column `arm` is to leave: now, or as its variant says."""
    timed = [
        sql.SQL("when {} then {}").format(sql.Literal(variant.name), _moment(variant.when))
        for variant in variants
        if variant.when is not None
    ]
    return sql.SQL("case arm {} else now() end").format(sql.SQL(" ").join(timed)) if timed else sql.SQL("now()")


def _moment(when: When) -> sql.Composable:
    begins = sql.SQL("now() + make_interval(hours => {})").format(sql.Literal(when.after_hours))
    if when.at_hour is None:
        return begins
    return sql.SQL("app.next_hour({}, time_zone, {})").format(begins, sql.Literal(when.at_hour))


def _placed(campaign: Campaign, rules: Rules) -> tuple[sql.Composed, dict[str, Any]]:
    audience, given = query_of(Audience.model_validate(campaign.audience))
    once = sql.SQL("select user_id, timestamptz 'epoch' as occasion from ({}) as audience").format(audience)
    return placed_by(campaign, rules, once, given)
