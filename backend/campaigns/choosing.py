"""Choosing users by a policy, as SQL over all users of a campaign at once, with the probability of each choice.

Belongs here: which of those who could be written to are chosen, and how likely that was. Does not belong here: who
could be written to, and the arms (`audiences`).

A chooser ranks users and takes the best ones, as far as its budget goes. A share of the users explores: they are
chosen by chance, as likely as a user is on average, whatever their rank. So there are always some to learn from whom
the policy would not have chosen, and some whom it would. A user is chosen with the probability

    e * d / m + (1 - e) * top

where e is the share that explores (1 where chance alone chooses), d of the m users who explore are drawn, and `top` is
1 for users who are among the best of those who do not explore, or would be if they did not. It is computed for users
of other arms too, so that the probability of being left alone is known over all arms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from backend.campaigns.policy_schemas import ChosenBy, Whom
from backend.campaigns.schemas import AudienceFilter, Variant
from backend.users.selecting import selection_of
from ml.experiments.assignment import CONTROL, Arm
from warehouse.campaigns import Campaign

_SCORES = {
    ChosenBy.EFFECT: sql.SQL(
        "select user_id, worth as score from ml.user_effects where policy_id = (select policy_id from ml.policy_in_use)"
    ),
    ChosenBy.EXPECTED_VALUE: sql.SQL("select user_id, expected_value as score from analytics.user_list"),
    ChosenBy.CHURN_PROBABILITY: sql.SQL("select user_id, churn_probability as score from analytics.user_list"),
    ChosenBy.CHANCE: sql.SQL("select null::text as user_id, null::double precision as score where false"),
}
_NO_POLICY = sql.SQL("not exists (select from ml.policy_in_use)")
_EXPLORATION = sql.SQL("%(exploration_share)s::double precision")
# `draw` is between 0 and 1 and depends on the salt and the user alone. To users who do not fit, the policy expects a
# message to bring less than it costs.
_CHOICE = sql.SQL(
    """
    {choice} as (
        with candidates as (
            select armed.user_id, {explores} as explores, scored.score, {is_own} as is_own,
                ('x' || left(md5(%(draw_salt)s || chr(9) || armed.user_id), 15))::bit(60)::bigint / 2::float8 ^ 60
                    as draw
            from armed
            left join ({scores}) as scored on armed.user_id = scored.user_id
            where arm is not null and arm <> %(global_control)s and {may}
        ),

        fitting as (
            select *, {fits} as fits, draw < explores as is_exploring from candidates
        ),

        counted as (
            select *,
                count(*) filter (where is_own) over () as users,
                count(*) filter (where is_own and fits) over () as fit,
                count(*) filter (where is_own and is_exploring) over () as exploring,
                count(*) filter (where is_own and is_exploring) over (order by draw) as place,
                count(*) filter (where is_own and fits and not is_exploring) over (
                    order by score desc nulls last, draw rows between unbounded preceding and 1 preceding
                ) as better
            from fitting
        ),

        limited as (
            select *, least({most}, fit) as most from counted
        ),

        divided as (
            select *, coalesce((exploring * most + users - 1) / nullif(users, 0), 0) as drawn from limited
        ),

        ranked as (
            select *, fits and better < most - drawn as is_top from divided
        )

        select user_id,
            case when is_exploring then place <= drawn else is_top end as is_chosen,
            explores * coalesce(drawn / nullif(exploring, 0)::double precision, 0) + (1 - explores) * is_top::integer
                as chance
        from ranked
    ),
    """
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """SQL that goes into the query of an audience, after `armed`.

    `choices` are CTEs, `joins` joins them to `armed`. `is_chosen`, `message_propensity` (to be in the user's own arm,
    and chosen there) and `left_alone_propensity` are expressions; `given` is what all of it binds.
    """

    choices: sql.Composable
    joins: sql.Composable
    is_chosen: sql.Composable
    message_propensity: sql.Composable
    left_alone_propensity: sql.Composable
    given: dict[str, Any]


def choose(campaign: Campaign, variants: Sequence[Variant], arms: Sequence[Arm]) -> Chosen:
    """How a campaign chooses: before arms are drawn (`most_by_effect`), in each arm by its variant, or not at all."""
    given: dict[str, Any] = {"draw_salt": f"{campaign.salt} draw", "exploration_share": campaign.exploration_share}
    choices: dict[str, sql.Composable] = {}
    if campaign.most_by_effect is not None:
        given["most_by_effect"] = campaign.most_by_effect
        everybody = _choice(Whom(by=ChosenBy.EFFECT), "choice", None, sql.SQL("%(most_by_effect)s::bigint"), given, 0)
        choices["choice"] = everybody
    names: dict[str, str] = {}
    for number, variant in enumerate(variants):
        if campaign.most_by_effect is not None:
            names[variant.name] = "choice"
        elif variant.whom is not None:
            name = names[variant.name] = f"choice_{number}"
            most = sql.SQL("floor({} * users + 1e-9)::bigint").format(sql.Literal(variant.whom.share))
            choices[name] = _choice(variant.whom, name, variant.name, most, given, number)
    written = [(arm, names.get(arm.name)) for arm in arms if arm.name != CONTROL]
    control = sum(arm.share for arm in arms if arm.name == CONTROL)
    return Chosen(
        choices=sql.SQL("").join(choices.values()),
        joins=sql.SQL(" ").join(
            sql.SQL("left join {0} on armed.user_id = {0}.user_id").format(sql.Identifier(name)) for name in choices
        ),
        is_chosen=_is_chosen(campaign, written),
        message_propensity=sql.SQL("case arm {} end").format(
            sql.SQL(" ").join(
                sql.SQL("when {} then {} * {}").format(sql.Literal(arm.name), sql.Literal(arm.share), _chance(name))
                for arm, name in written
            )
        ),
        left_alone_propensity=sql.SQL(" + ").join(
            [
                sql.Literal(float(control)),
                *(
                    sql.SQL("{} * (1 - {})").format(sql.Literal(arm.share), _chance(name))
                    for arm, name in written
                    if name is not None
                ),
            ]
        ),
        given=given,
    )


def _is_chosen(campaign: Campaign, written: Sequence[tuple[Arm, str | None]]) -> sql.Composable:
    if campaign.most_by_effect is not None:
        return sql.SQL("coalesce(choice.is_chosen, false)")
    own = [
        sql.SQL("when {} then coalesce({}.is_chosen, false)").format(sql.Literal(arm.name), sql.Identifier(name))
        for arm, name in written
        if name is not None
    ]
    return sql.SQL("case arm {} else true end").format(sql.SQL(" ").join(own)) if own else sql.SQL("true")


def _chance(choice: str | None) -> sql.Composable:
    if choice is None:
        return sql.SQL("1.0::double precision")
    return sql.SQL("coalesce({}.chance, 0)").format(sql.Identifier(choice))


def _choice(
    whom: Whom, name: str, arm: str | None, most: sql.Composable, given: dict[str, Any], number: int
) -> sql.Composed:
    """The CTE of one chooser, which chooses among the users of an arm, or among all. Adds to what is bound."""
    explores: sql.Composable = sql.SQL("1.0::double precision")
    fits: sql.Composable = sql.SQL("true")
    if whom.by is ChosenBy.EFFECT:
        explores = sql.SQL("case when {} then 1.0 else {} end").format(_NO_POLICY, _EXPLORATION)
        fits = sql.SQL("({} or coalesce(score > 0, false))").format(_NO_POLICY)
    elif whom.by is not ChosenBy.CHANCE:
        explores = _EXPLORATION
    may: sql.Composable = sql.SQL("true")
    if whom.rules is not None:
        selected = selection_of(AudienceFilter(), whom.rules, named=f"of_{number}_")
        may = sql.SQL("armed.user_id in (select user_list.user_id from {} {})").format(selected.source, selected.where)
        given |= selected.given
    return _CHOICE.format(
        choice=sql.Identifier(name),
        explores=explores,
        scores=_SCORES[whom.by],
        is_own=sql.SQL("true") if arm is None else sql.SQL("arm = {}").format(sql.Literal(arm)),
        may=may,
        fits=fits,
        most=most,
    )
