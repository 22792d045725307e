"""Whom a filter and rules mean, as SQL over `analytics.user_list`: for lists, counts, audiences and lists of users.

Belongs here: conditions, and what they are about. Does not belong here: the order and the pages of a list (`store`).

Conditions are put as sets of users wherever they can be (`in`, `exists` on a whole subquery), so that Postgres can
compare a million users with them at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from backend.users.rules import Condition, ListColumn, ListCondition, NumberCondition, Rules, SegmentCondition
from backend.users.schemas import UserFilter

_FILTERS = {
    "segment": sql.SQL("segment = %(segment)s"),
    "risk": sql.SQL("churn_risk = %(risk)s"),
    "source": sql.SQL("main_source = %(source)s"),
    "min_purchase_probability": sql.SQL("purchase_probability >= %(min_purchase_probability)s"),
    "max_purchase_probability": sql.SQL("purchase_probability <= %(max_purchase_probability)s"),
    "min_churn_probability": sql.SQL("churn_probability >= %(min_churn_probability)s"),
    "max_churn_probability": sql.SQL("churn_probability <= %(max_churn_probability)s"),
    "min_expected_value": sql.SQL("expected_value >= %(min_expected_value)s"),
    "max_expected_value": sql.SQL("expected_value <= %(max_expected_value)s"),
    "active_since": sql.SQL("last_active_day >= %(active_since)s"),
    "silent_since": sql.SQL("coalesce(last_active_day < %(silent_since)s, true)"),
    "first_seen_from": sql.SQL("first_seen_day >= %(first_seen_from)s"),
    "first_seen_until": sql.SQL("first_seen_day <= %(first_seen_until)s"),
    "search": sql.SQL('user_id collate "C" >= %(search)s and user_id collate "C" < %(search_end)s'),
    "segment_before": sql.SQL(
        "exists (select from ml.scores as earlier where earlier.user_id = user_list.user_id"
        " and earlier.model = 'segmentation' and earlier.segment = %(segment_before)s"
        " and earlier.as_of = coalesce(%(segment_before_on)s, (select max(last.as_of) from ml.scores as last"
        " where last.model = 'segmentation' and last.as_of < user_list.as_of)))"
    ),
    "rfm_cell": sql.SQL(
        "user_id in (select rfm.user_id from analytics.customer_rfm as rfm where rfm.rfm_cell = %(rfm_cell)s)"
    ),
    "recency_score": sql.SQL(
        "user_id in (select rfm.user_id from analytics.customer_rfm as rfm where rfm.recency_score = %(recency_score)s)"
    ),
    "value_score": sql.SQL(
        "user_id in (select rfm.user_id from analytics.customer_rfm as rfm"
        " where floor((rfm.frequency_score + rfm.monetary_score + 1) / 2.0) = %(value_score)s)"
    ),
}
# Under any id of the person, as of the day of the list. The array lets events be found by their index.
_HAS_PROPERTY = sql.SQL(
    """
    exists (
        select from raw.events as events
        where events.user_id = any(array(
            select user_list.user_id
            union
            select one.member_user_id from intermediate.int_identities as one
            where one.user_id = user_list.user_id
                and user_list.as_of >= one.valid_from and user_list.as_of < one.valid_until
        ))
        and events.occurred_at < user_list.as_of::timestamp at time zone 'UTC'
        and events.received_at < user_list.as_of::timestamp at time zone 'UTC'
        and events.properties ->> {} = {}
    )
    """
)
# Members may have been added under any of their ids.
_ON_LIST = sql.SQL(
    """
    user_id in (
        select coalesce(ids.user_id, members.user_id) from app.user_list_members as members
        left join app.current_ids as ids on members.user_id = ids.member_user_id
        where members.list_id = {}
    )
    """
)
# As the reports on funnel and retention count: what was known as of the day of the list, on days of UTC.
_DID = sql.SQL(
    """
    exists (
        select from (
            select coalesce(persons.user_id, daily.user_id) as person
            from intermediate.int_user_daily as daily
            left join intermediate.int_identities as persons
                on daily.user_id = persons.member_user_id
                and persons.valid_from <= (select as_of from analytics.user_list limit 1)
                and persons.valid_until > (select as_of from analytics.user_list limit 1)
            where left(daily.user_id, 1) <> chr(9) and daily.{count} > 0
                and daily.known_day < (select as_of from analytics.user_list limit 1)
                and daily.occurred_day >= coalesce(%(from_day)s::date, '-infinity')
                and daily.occurred_day <= coalesce(%(until_day)s::date, 'infinity')
        ) as did
        where did.person = user_list.user_id
    )
    """
)
_COUNTS = {
    "been_active": sql.Identifier("activity_events"),
    "viewed": sql.Identifier("views"),
    "filled_cart": sql.Identifier("carts"),
    "checked_out": sql.Identifier("checkouts"),
    "bought": sql.Identifier("order_lines"),
}
_LIST = sql.SQL("analytics.user_list")
_LIST_WITH_FEATURES = sql.SQL(
    "analytics.user_list left join (select features.user_id as featured_user_id, {}"
    " from marts.user_features as features where features.as_of = (select as_of from analytics.user_list limit 1))"
    " as featured"
    " on featured.featured_user_id = user_list.user_id"
)
# No valid text sorts after it.
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Selection:
    """What a query selects users from, the conditions that they meet, and the values that these bind."""

    source: sql.Composable
    conditions: list[sql.Composable]
    given: dict[str, Any]

    @property
    def where(self) -> sql.Composable:
        """The conditions as a clause, which is empty where there are none."""
        return sql.SQL("where ") + sql.SQL(" and ").join(self.conditions) if self.conditions else sql.SQL("")


def selection_of(
    wanted: UserFilter, rules: Rules | None = None, properties: Sequence[tuple[str, str]] = (), named: str = ""
) -> Selection:
    """Those who pass a filter and rules, and have an event for each of some properties.

    The names of the values that rules bind begin with `named`, so that several selections fit into one query.
    """
    given = wanted.model_dump(include=set(_FILTERS), exclude_none=True)
    conditions: list[sql.Composable] = [_FILTERS[name] for name in given]
    if wanted.search is not None:
        given["search_end"] = wanted.search + _LAST_CHARACTER
    if wanted.segment_before is not None:
        given["segment_before_on"] = wanted.segment_before_on
    if wanted.list_id is not None:
        conditions.append(on_list("on_list_id"))
        given["on_list_id"] = wanted.list_id
    done = [(wanted.did, sql.SQL("")), (wanted.did_not, sql.SQL("not "))]
    for step, negation in done:
        if step is not None:
            conditions.append(negation + _DID.format(count=_COUNTS[step]))
            given |= {"from_day": wanted.from_day, "until_day": wanted.until_day}
    for number, (name, value) in enumerate(properties):
        conditions.append(_has_property(given, f"property_{number}", name, value))
    if rules is not None:
        ruled = [_condition(each, f"{named}{number}", given) for number, each in enumerate(rules.conditions)]
        joined = sql.SQL(" and " if rules.match == "all" else " or ").join(ruled)
        conditions.append(sql.SQL("({})").format(joined))
    return Selection(_source(rules), conditions, given)


def on_list(placeholder: str) -> sql.Composed:
    """Whether a user is on the list whose id a placeholder of this name binds."""
    return _ON_LIST.format(sql.Placeholder(placeholder))


def _source(rules: Rules | None) -> sql.Composable:
    names = [] if rules is None else rules.features
    if not names:
        return _LIST
    columns = [sql.SQL("{} as {}").format(sql.Identifier(name), _own_name(name)) for name in names]
    return _LIST_WITH_FEATURES.format(sql.SQL(", ").join(columns))


def _own_name(name: str) -> sql.Identifier:
    """A feature's name in the query; the list of users has columns called like features."""
    return sql.Identifier(f"feature {name}"[:63])


def _condition(condition: Condition, number: str, given: dict[str, Any]) -> sql.Composable:
    negation = sql.SQL("")
    if isinstance(condition, NumberCondition):
        column = sql.Identifier(condition.name) if condition.name in set(ListColumn) else _own_name(condition.name)
        least, most = f"least_{number}", f"most_{number}"
        given |= {least: condition.least, most: condition.most}
        return sql.SQL(
            "({column} >= coalesce({least}, '-infinity'::double precision)"
            " and {column} <= coalesce({most}, 'infinity'::double precision))"
        ).format(column=column, least=sql.Placeholder(least), most=sql.Placeholder(most))
    if not condition.is_true:
        negation = sql.SQL("not ")
    if isinstance(condition, SegmentCondition):
        given[f"segments_{number}"] = condition.names
        return sql.SQL("{}coalesce(segment = any({}), false)").format(negation, sql.Placeholder(f"segments_{number}"))
    if isinstance(condition, ListCondition):
        given[f"list_{number}"] = condition.list_id
        return negation + on_list(f"list_{number}")
    return negation + _has_property(given, f"rule_{number}", condition.name, condition.value)


def _has_property(given: dict[str, Any], place: str, name: str, value: str) -> sql.Composed:
    given |= {f"{place}_name": name, f"{place}_value": value}
    return _HAS_PROPERTY.format(sql.Placeholder(f"{place}_name"), sql.Placeholder(f"{place}_value"))
