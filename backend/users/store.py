"""What the API reads about users: the list that the pipeline makes, and one user's ids, features, answers and events.

Belongs here: SQL on `analytics.user_list` and on one user's rows. Every page is found by an index, from its place on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from backend.users.fields import Text
from backend.users.schemas import LifetimeValue, PastAnswer, Sort, TimelineEvent, UserSummary
from backend.users.selecting import Selection
from warehouse.database import Statement, first_row, rows

_ID = sql.SQL('user_id collate "C"')
# As in the indexes, which the dbt project makes in index_user_list.
_ORDERS = {
    Sort.EXPECTED_VALUE: sql.SQL("coalesce(expected_value, '-infinity')"),
    Sort.PURCHASE_PROBABILITY: sql.SQL("coalesce(purchase_probability, '-infinity')"),
    Sort.CHURN_PROBABILITY: sql.SQL("coalesce(churn_probability, '-infinity')"),
    Sort.LAST_ACTIVE_DAY: sql.SQL("coalesce(last_active_day, '-infinity')"),
    Sort.PURCHASE_AMOUNT_TOTAL: sql.SQL("coalesce(purchase_amount_total, '-infinity')"),
}
_SUMMARY = sql.SQL(
    "user_id, first_seen_day, last_active_day, orders_total, purchase_amount_total, main_source, segment,"
    " purchase_probability, expected_value, churn_probability, churn_risk"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of users ends: what its last user is ordered by (None: not known, or the id alone), and the id."""

    sort: Sort
    key: float | date | None
    user_id: Text

    @property
    def is_sound(self) -> bool:
        """Whether the key can be compared with what the sort orders by."""
        wanted = date if self.sort is Sort.LAST_ACTIVE_DAY else float
        return self.key is None or isinstance(self.key, wanted)


def list_day() -> Statement[date | None]:
    """The day as of which the list of users is."""
    return first_row(lambda as_of: as_of, "select as_of from analytics.user_list limit 1")


def segment_names() -> Statement[list[str]]:
    """The segments in which anybody is. A loose scan of the index: it takes no longer for more users."""
    return rows(
        str,
        "with recursive found as ("
        "(select segment from analytics.user_list order by segment limit 1)"
        " union all select (select segment from analytics.user_list as list where list.segment > found.segment"
        " order by segment limit 1) from found where found.segment is not null)"
        " select segment from found where segment is not null",
    )


def users_page(
    selection: Selection, sort: Sort, after: Place | None, limit: int, *, is_descending: bool
) -> Statement[list[UserSummary]]:
    """Up to `limit` users of a selection, from a place on."""
    conditions, given = [*selection.conditions], {**selection.given}
    keys = [_ORDERS[sort], _ID] if sort in _ORDERS else [_ID]
    if after is not None:
        kind = sql.SQL("date" if sort is Sort.LAST_ACTIVE_DAY else "double precision")
        least = sql.SQL("coalesce(%(key)s::{kind}, '-infinity')").format(kind=kind)
        places = [least, sql.SQL("%(user_id)s")] if sort in _ORDERS else [sql.SQL("%(user_id)s")]
        comparison = sql.SQL("({}) {} ({})").format(
            sql.SQL(", ").join(keys), sql.SQL("<" if is_descending else ">"), sql.SQL(", ").join(places)
        )
        conditions.append(comparison)
        given |= {"key": after.key, "user_id": after.user_id} if sort in _ORDERS else {"user_id": after.user_id}
    direction = sql.SQL(" desc" if is_descending else "")
    query = sql.SQL("select {summary} from {source} {where} order by {keys} limit {limit}").format(
        summary=_SUMMARY,
        source=selection.source,
        where=sql.SQL("where ") + sql.SQL(" and ").join(conditions) if conditions else sql.SQL(""),
        keys=sql.SQL(", ").join([key + direction for key in keys]),
        # The planner has to know that few are wanted, also once the statement is prepared.
        limit=sql.Literal(limit),
    )
    return rows(_summary, query, **given)


def ids_of_person(user_id: str) -> Statement[list[str]]:
    """The ids that belong to the same person now, the given one among them."""
    return rows(str, "select raw.ids_of_person(%(user_id)s)", user_id=user_id)


def summary_of(ids: Sequence[str]) -> Statement[tuple[date, UserSummary] | None]:
    """The row of the list that is about one of these ids, and its day."""
    query = sql.SQL(
        'select as_of, {} from analytics.user_list where user_id collate "C" = any(%(ids)s) order by as_of limit 1'
    ).format(_SUMMARY)
    return first_row(lambda as_of, *row: (as_of, _summary(*row)), query, ids=[*ids])


def lifetime_value_of(user_id: str, as_of: date) -> Statement[LifetimeValue | None]:
    """What was last said of the money that a user will spend over longer than a horizon."""
    return first_row(
        lambda quarter, year: LifetimeValue(days_90=quarter, days_365=year),
        "select lifetime_value_90d, lifetime_value_365d from ml.scores"
        " where model = 'purchase' and as_of = %(as_of)s and user_id = %(user_id)s"
        " and lifetime_value_90d is not null and lifetime_value_365d is not null"
        " order by scored_at desc, horizon_days limit 1",
        as_of=as_of,
        user_id=user_id,
    )


def features_of(user_id: str, as_of: date) -> Statement[dict[str, Any] | None]:
    """The features of one user and day, by name."""
    return first_row(
        lambda features: features,
        "select to_jsonb(features) from marts.user_features as features"
        " where as_of = %(as_of)s and user_id = %(user_id)s",
        as_of=as_of,
        user_id=user_id,
    )


def live_features_of(user_id: str) -> Statement[dict[str, Any] | None]:
    """The features of a user from everything that has arrived until now, by name."""
    return first_row(
        lambda features: features,
        "select to_jsonb(features) from marts.live_user_features("
        " array[%(user_id)s]::text[], (statement_timestamp() at time zone 'UTC')::date + 1) as features",
        user_id=user_id,
    )


def events_page(ids: Sequence[str], before: tuple[datetime, UUID] | None, limit: int) -> Statement[list[TimelineEvent]]:
    """Up to `limit` events of these ids, newest first, from before a place on."""
    earlier = (
        sql.SQL("and (occurred_at, event_id) < (%(occurred_at)s, %(event_id)s)") if before is not None else sql.SQL("")
    )
    # Each id is read from the end of its own index, so the length of a history does not count.
    query = sql.SQL(
        """
        select found.* from unnest(%(ids)s::text[]) as one (id)
        cross join lateral (
            select event_id, user_id, event_type, occurred_at, received_at, source, order_id, item_id,
                amount::double precision, currency, quantity::double precision, properties
            from raw.events where user_id = one.id {earlier}
            order by occurred_at desc, event_id desc limit {limit}
        ) as found
        order by occurred_at desc, event_id desc limit {limit}
        """
    ).format(earlier=earlier, limit=sql.Literal(limit))
    place = {} if before is None else {"occurred_at": before[0], "event_id": before[1]}
    return rows(_event, query, ids=[*ids], **place)


def answers_page(
    ids: Sequence[str], model: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> Statement[list[tuple[UUID, PastAnswer]]]:
    """Up to `limit` answers about these ids, newest first, from before a place on, each with its id."""
    conditions = [sql.SQL("ledger.user_id = any(%(ids)s)")]
    given: dict[str, object] = {"ids": [*ids]}
    if model is not None:
        conditions.append(sql.SQL("ledger.model = %(model)s"))
        given["model"] = model
    if before is not None:
        conditions.append(sql.SQL("(ledger.made_at, ledger.prediction_id) < (%(made_at)s, %(prediction_id)s)"))
        given |= {"made_at": before[0], "prediction_id": before[1]}
    query = sql.SQL(
        """
        select prediction_id, made_at, kind, model, model_version, ledger.as_of, nullif(ledger.horizon_days, 0),
            score, segment, basis, outcomes.has_purchased, outcomes.is_churned
        from ml.ledger as ledger
        left join ml.outcomes as outcomes
            on outcomes.as_of = ledger.as_of and outcomes.horizon_days = ledger.horizon_days
            and outcomes.user_id = ledger.user_id
        where {conditions}
        order by made_at desc, prediction_id desc limit {limit}
        """
    ).format(conditions=sql.SQL(" and ").join(conditions), limit=sql.Literal(limit))
    return rows(lambda identity, *row: (identity, _answer(*row)), query, **given)


def _summary(*row: Any) -> UserSummary:
    return UserSummary.model_construct(**dict(zip(UserSummary.model_fields, row, strict=True)))


def _answer(*row: Any) -> PastAnswer:
    fields = dict(zip(PastAnswer.model_fields, row, strict=True))
    # Of a segment the score says how surely a user belongs to it, which is no probability of an outcome.
    return PastAnswer(**fields | {"probability": None if fields["segment"] else fields["probability"]})


def _event(event_id: UUID, *row: Any) -> TimelineEvent:
    return TimelineEvent(**dict(zip(TimelineEvent.model_fields, (str(event_id), *row), strict=True)))
