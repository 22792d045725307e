"""When a rule fires, as SQL: at which moment for which user, by what was known at that moment.

Belongs here: a query a rule. Does not belong here: whom a firing reaches (`firing`).

A rule is asked in the same way about the last minute and about the last 30 days. An event counts from the moment at
which it was received, so a dry run sees what the rule would have seen, and nothing that came to be known later.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import sql

from backend.triggers.schemas import ChurnRisk, FirstOrder, LeftCart, NoReply, Rule
from ingestion.accepting import events_contract

# An event after which something is missing for a while. It fires when the while is over, or when the event is received
# if that is later. One that is received more than a day late fires nothing.
_MISSING = sql.SQL(
    """
    select candidates.user_id, candidates.fires_at as occasion
    from (
        select coalesce(ids.user_id, events.user_id) as user_id, events.event_type, events.occurred_at,
            greatest(events.occurred_at + %(patience)s::interval, events.received_at) as fires_at
        from raw.events
        left join app.current_ids as ids on events.user_id = ids.member_user_id
        where events.event_type = %(begins)s
            and events.occurred_at > %(since)s::timestamptz - %(patience)s::interval - interval '1 day'
            and events.occurred_at <= %(until)s::timestamptz
    ) as candidates
    where fires_at > %(since)s and fires_at <= %(until)s and not exists (
        select from raw.events as later
        where later.user_id in (select raw.ids_of_person(candidates.user_id))
            and later.occurred_at >= candidates.occurred_at and later.occurred_at <= candidates.fires_at
            and later.received_at <= candidates.fires_at
            and (later.occurred_at > candidates.occurred_at or later.event_type <> candidates.event_type)
            and {ends}
    )
    """
)
_ANY_OF = sql.SQL("later.event_type = any(%(ends)s)")
_ACTIVITY = sql.SQL("later.event_type <> all(%(passive)s)")
_FIRST = sql.SQL(
    """
    select coalesce(ids.user_id, events.user_id) as user_id,
        max(greatest(events.occurred_at, events.received_at)) as occasion
    from raw.events
    left join app.current_ids as ids on events.user_id = ids.member_user_id
    where events.event_type = 'purchase'
        and events.occurred_at > %(since)s::timestamptz - interval '1 day'
        and events.occurred_at <= %(until)s::timestamptz
        and greatest(events.occurred_at, events.received_at) > %(since)s
        and greatest(events.occurred_at, events.received_at) <= %(until)s
        and not exists (
            select from raw.events as earlier
            where earlier.user_id in (select raw.ids_of_person(coalesce(ids.user_id, events.user_id)))
                and earlier.event_type = 'purchase' and earlier.occurred_at < events.occurred_at
                and earlier.received_at <= greatest(events.occurred_at, events.received_at)
        )
    group by 1, events.occurred_at
    """
)
# Scores in hindsight were said of a day that had begun: they are no news.
_CROSSED = sql.SQL(
    """
    select now_said.user_id, now_said.made_at as occasion
    from ml.ledger as now_said
    cross join lateral (
        select before.score from ml.ledger as before
        where before.user_id = now_said.user_id and before.model = 'churn' and before.kind = 'score'
            and before.horizon_days = now_said.horizon_days and before.as_of < now_said.as_of
            and before.made_at < now_said.made_at
        order by before.as_of desc, before.made_at desc limit 1
    ) as before
    where now_said.model = 'churn' and now_said.kind = 'score'
        and now_said.made_at > %(since)s and now_said.made_at <= %(until)s
        and (now_said.made_at at time zone 'UTC')::date <= now_said.as_of
        and now_said.score >= %(above)s and before.score < %(above)s
    """
)


def firings(rule: Rule, since: datetime, until: datetime) -> tuple[sql.Composed, dict[str, Any]]:
    """The query whose rows are user and moment of each firing after `since` and until `until`, and what it binds."""
    query, given = _query(rule)
    return query.format() if isinstance(query, sql.SQL) else query, {**given, "since": since, "until": until}


def _query(rule: Rule) -> tuple[sql.SQL | sql.Composed, Mapping[str, Any]]:
    match rule:
        case LeftCart():
            ends = ["add_to_cart", "checkout", "purchase"]
            patience = f"{rule.after_minutes} minutes"
            return _MISSING.format(ends=_ANY_OF), {"begins": "add_to_cart", "ends": ends, "patience": patience}
        case NoReply():
            passive = [each.name for each in events_contract().event_types if not each.is_activity]
            patience = f"{rule.after_days} days"
            return _MISSING.format(ends=_ACTIVITY), {
                "begins": "notification_sent",
                "passive": passive,
                "patience": patience,
            }
        case FirstOrder():
            return _FIRST, {}
        case ChurnRisk():
            return _CROSSED, {"above": rule.above}
