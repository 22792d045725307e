"""What users did with items, as recommendations learn from it.

Belongs here: SQL on events that makes a history, of many users up to a day and of one person up to now. Does not: what
is learned from it (`ml.recommendation`), and the tables of items that come of it (`warehouse.recommender`).
"""

import logging
from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl
from psycopg import sql

from warehouse.database import Database, Row, Statement, rows
from warehouse.excluded_users import is_included

DAYS = 730
"""How far back a history goes. Months in the archive are not read."""
_PARTS = 1_000
"""Users are divided into this many parts by a hash of their id; a history that would be too long has the first ones."""
_MOST_ROWS_OF_USER = 2_000

_KNOWN = sql.SQL("""
    select
        events.user_id, events.item_id, events.category as kind, events.occurred_day as day,
        greatest(events.occurred_day, events.received_day) as known_day, %(as_of)s::date as as_of,
        mod(abs(hashtext(coalesce(persons.user_id, events.user_id))::bigint), %(parts)s) as part
    from staging.stg_events as events
    left join intermediate.int_identities as persons
        on persons.member_user_id = events.user_id
        and persons.valid_from <= %(as_of)s and persons.valid_until > %(as_of)s
    where events.item_id is not null and events.category in ('purchase', 'refund', 'view', 'cart')
        and events.occurred_at >= %(since)s and events.occurred_at < %(as_of)s
        and events.received_at < %(as_of)s
""")
_ROWS_BY_PART = sql.SQL(
    "select part::int as part, count(*) as rows from ({known}) as known where {is_included} group by part order by part"
).format(known=_KNOWN, is_included=is_included("known"))
_HISTORY = sql.SQL(
    "select user_id, item_id, kind, day, known_day, count(*) as times from ({known}) as known"
    " where part <= %(last_part)s and {is_included} group by 1, 2, 3, 4, 5"
).format(known=_KNOWN, is_included=is_included("known"))
_log = logging.getLogger(__name__)


def read_history(database: Database, as_of: date, most_rows: int) -> pl.DataFrame:
    """What was known as of a day, in the columns of `ml.recommendation.history.HISTORY`; not of excluded users.

    At most `most_rows` events are read. If there are more, it is the history of a part of the users, and a warning is
    logged. The ids are those of the events; `read_identities` says who is one person.
    """
    given = {"as_of": as_of, "since": as_of - timedelta(days=DAYS), "parts": _PARTS}
    found = database.frame(_ROWS_BY_PART, **given)
    fitting = found.filter(pl.col("rows").cum_sum() <= most_rows)
    if fitting.height < found.height:
        _log.warning(
            "The history has %s of %s events, those of a part of the users; CUSTOMER_ANALYZER_TRAINING_ROWS allows %s.",
            *(f"{each:,}" for each in (fitting["rows"].sum(), found["rows"].sum(), most_rows)),
        )
    last_part = -1 if fitting.is_empty() else int(fitting["part"][-1])
    return database.frame(_HISTORY, **given, last_part=last_part).sort("user_id", "item_id", "kind", "day", "known_day")


def read_identities(database: Database) -> pl.DataFrame:
    """Ids that belong to one person: member_user_id, user_id, valid_from, valid_until (not included)."""
    return database.frame(
        "select member_user_id, user_id, valid_from, valid_until from intermediate.int_identities order by 1, 3"
    )


def history_of(ids: Sequence[str]) -> Statement[list[Row]]:
    """What the person with these ids did with items until now, in the columns of HISTORY; the newest days first."""
    return rows(
        lambda *row: row,
        "select '' as user_id, item_id, case event_type when 'add_to_cart' then 'cart' else event_type end,"
        " (occurred_at at time zone 'UTC')::date as day, (received_at at time zone 'UTC')::date as known_day,"
        " count(*) as times from raw.events"
        " where user_id = any(%(ids)s) and item_id is not null"
        " and event_type in ('purchase', 'refund', 'view', 'add_to_cart')"
        " group by 2, 3, 4, 5 order by day desc, item_id limit %(most)s",
        ids=[*ids],
        most=_MOST_ROWS_OF_USER,
    )
