"""Users who are left out of learning and campaigns, such as test accounts and bots: `ml.excluded_users`.

Belongs here: SQL that says who is left out, changes it, and looks for whom to leave out. Does not: frames of marts,
which only use the condition (`warehouse.marts`), and what is asked and printed (`cli`).

Events, features and answers to single requests stay. A user is in no population from the day on from which the row
counts, so what was learned from earlier days stays as it was.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg import sql

from warehouse.database import Statement, command, rows, value


def is_included(table: str) -> sql.Composed:
    """The condition on a row of a table (or its alias) that its user_id is part of the population as of its as_of."""
    return sql.SQL(
        "not exists (select from ml.excluded_users as excluded"
        " where excluded.user_id = {table}.user_id and excluded.since <= {table}.as_of)"
    ).format(table=sql.Identifier(table))


def excluded_as_of(as_of: date) -> Statement[list[str]]:
    """Who is in no population as of a day."""
    return rows(
        str, "select user_id from ml.excluded_users where since <= %(as_of)s::date order by user_id", as_of=as_of
    )


@dataclass(frozen=True)
class Exclusion:
    """A user who is left out of all populations as of `since` and later, and why."""

    user_id: str
    since: date
    reason: str


@dataclass(frozen=True)
class ExcludedUser:
    """The same as it is stored, with who said so and when."""

    user_id: str
    since: date
    reason: str
    excluded_by: str
    excluded_at: datetime


def exclude(exclusions: Sequence[Exclusion], excluded_by: str) -> Statement[int]:
    """Leaves users out; answers with how many were not left out before. Of two days the earlier one counts."""
    return value(
        int,
        "with added as ("
        " insert into ml.excluded_users (user_id, since, reason, excluded_by)"
        " select user_id, since, reason, %(excluded_by)s"
        " from unnest(%(user_ids)s::text[], %(days)s::date[], %(reasons)s::text[]) as given (user_id, since, reason)"
        " on conflict (user_id) do update"
        " set since = least(excluded_users.since, excluded.since), reason = excluded.reason,"
        " excluded_by = excluded.excluded_by, excluded_at = now()"
        " returning xmax = 0 as is_new"
        ") select count(*) filter (where is_new) from added",
        user_ids=[each.user_id for each in exclusions],
        days=[each.since for each in exclusions],
        reasons=[each.reason for each in exclusions],
        excluded_by=excluded_by,
    )


def include(user_ids: Collection[str]) -> Statement[int]:
    """Takes users back into all populations; answers with how many were left out."""
    return command("delete from ml.excluded_users where user_id = any(%(user_ids)s)", user_ids=list(user_ids))


def excluded_users() -> Statement[list[ExcludedUser]]:
    """Everyone who is left out."""
    return rows(
        ExcludedUser,
        "select user_id, since, reason, excluded_by, excluded_at from ml.excluded_users order by excluded_at, user_id",
    )


def unusual_users(events_a_day: int) -> Statement[list[Exclusion]]:
    """Users whose events say that they are no customers, from the day on as of which that is known.

    They are test accounts, of which an event has `is_test` in its properties, and users with more than `events_a_day`
    events on one day. Archived months are not looked through.
    """
    return rows(
        Exclusion,
        "with busy as ("
        " select user_id, (occurred_at at time zone 'UTC')::date as day, count(*) as events,"
        " max(greatest(occurred_at, received_at)) as known_at"
        " from raw.events group by 1, 2 having count(*) > %(events_a_day)s"
        "), found as ("
        " select user_id, (known_at at time zone 'UTC')::date + 1 as since,"
        " to_char(events, 'FM999,999,999,999') || ' events on ' || day as reason from busy"
        " union all"
        " select user_id, (min(greatest(occurred_at, received_at)) at time zone 'UTC')::date + 1, 'is_test'"
        " from raw.events where lower(properties ->> 'is_test') in ('true', '1', 'yes') group by user_id"
        ") select distinct on (user_id) user_id, since, reason from found order by user_id, since, reason",
        events_a_day=events_a_day,
    )
