"""The stored events: their range and number, imports, archives and quarantine, and the watermarks of readers.

Belongs here: SQL on `raw.events` and the tables about it. Does not belong here: the import (`ingestion`), and marts
made of events (`warehouse.marts`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from psycopg import sql

from core.errors import UserError
from warehouse.database import Database, Statement, command, first_row, rows, value


@dataclass(frozen=True)
class EventRange:
    """The day on which history begins, and the last day on which anything happened (UTC).

    History begins on the first day by which one percent is known of all that is known: a placeholder such as 2000-01-01
    or a wrong clock makes no history. What counts is days of users, so that one busy program weighs little, by the day
    on which they became known, because history that arrives later must not change the plan of an earlier day.
    """

    first: date
    last: date


# A day of a user that the roll-up has read already, whole or in part, counts once.
_DAYS: LiteralString = """
with arrived as (
    select distinct
        user_id,
        (occurred_at at time zone 'UTC')::date as occurred_day,
        (received_at at time zone 'UTC')::date as received_day
    from raw.events where ingested_xid >= %(seen)s
),
days as (
    select greatest(occurred_day, received_day) as known_day, count(*) as user_days, max(occurred_day) as last
    from arrived {unread} group by 1
    union all
    {rolled_up}
),
known as (
    select
        known_day,
        sum(user_days) over (order by known_day rows unbounded preceding) as so_far,
        sum(user_days) over () as altogether
    from days where known_day < coalesce(%(as_of)s::date, 'infinity')
)
select
    coalesce(
        (select min(known_day) from known where so_far * 100 >= altogether),
        (select min(known_day) from days)
    ),
    {last}
"""
# Archived months count, because the roll-up still contains them; without it, all that is known is where they begin.
_WITHOUT_ROLL_UP: dict[str, LiteralString] = {
    "unread": "",
    "rolled_up": "select first_known_day, 1, null from raw.archives where restored_at is null",
    "last": "(select max(last) from days)",
}
# The roll-up is counted by its indexes, so only events that it has not read yet are scanned.
_WITH_ROLL_UP: dict[str, LiteralString] = {
    "unread": """
    where not exists (
        select from intermediate.int_user_daily as daily
        where daily.user_id = arrived.user_id and daily.occurred_day = arrived.occurred_day
            and daily.received_day = arrived.received_day
    )""",
    "rolled_up": """
    select greatest(occurred_day, received_day), count(*), null from intermediate.int_user_daily group by 1""",
    "last": "greatest((select max(last) from days), (select max(occurred_day) from intermediate.int_user_daily))",
}


def event_range(database: Database, as_of: date | None = None) -> EventRange:
    """Where history begins, by what was known as of a day (unless told, by all that is known), and its last day.

    Raises UserError if there are no events.
    """
    if database.run(value(bool, "select to_regclass('intermediate.int_user_daily') is not null")):
        days = database.run(_range(_WITH_ROLL_UP, database.run(watermark("int_user_daily")), as_of))
    else:
        days = database.run(_range(_WITHOUT_ROLL_UP, 0, as_of))
    if days is None:
        raise UserError("There are no events yet; bring some in: customer-analyzer events import FILE")
    return days


def _range(parts: Mapping[str, LiteralString], seen: int, as_of: date | None) -> Statement[EventRange | None]:
    query = sql.SQL(_DAYS).format(**{name: sql.SQL(part) for name, part in parts.items()})
    return first_row(
        lambda first, last: None if last is None else EventRange(first, last), query, seen=seen, as_of=as_of
    )


def estimated_events() -> Statement[int]:
    """The number of events according to the planner's statistics, because counting would read them all."""
    return value(
        int,
        "select coalesce(sum(greatest(reltuples, 0)), 0)::bigint"
        " from pg_partition_tree('raw.events') join pg_class on oid = relid where isleaf",
    )


def archived_months() -> Statement[list[str]]:
    """The months (YYYY-MM) whose events are in files and not in `raw.events`. The marts still contain them."""
    return rows(str, "select distinct to_char(month, 'YYYY-MM') from raw.archives where restored_at is null order by 1")


def archived_months_between(since: datetime, until: datetime) -> Statement[list[str]]:
    """The months (YYYY-MM) between two moments whose events are in files, where they are not counted."""
    return rows(
        str,
        "select distinct to_char(month, 'YYYY-MM') from raw.archives where restored_at is null"
        " and month::timestamp at time zone 'UTC' < %(until)s"
        " and (month + interval '1 month')::timestamp at time zone 'UTC' > %(since)s order by 1",
        since=since,
        until=until,
    )


def quarantined() -> Statement[int]:
    """How many rows are in quarantine."""
    return value(int, "select count(*) from raw.events_quarantine where repaired_at is null")


def imported_files() -> Statement[list[str]]:
    """The names of the files that events were imported from."""
    return rows(str, "select distinct file_name from raw.imports order by file_name")


def oldest_open_transaction() -> Statement[int]:
    """The transaction number below which every transaction has ended, so that no more rows of them can appear."""
    return value(int, "select pg_snapshot_xmin(pg_current_snapshot())::text")


def watermark(reader: str) -> Statement[int]:
    """The transaction number from which `reader` must read; 0 at the beginning.

    After a restore, a watermark may be ahead of this server's transactions. It then counts as 0.
    """
    return value(
        int,
        "select coalesce((select xid from raw.watermarks where reader = %(reader)s"
        " and xid <= pg_snapshot_xmax(pg_current_snapshot())::text::bigint), 0)",
        reader=reader,
    )


def move_watermark(reader: str, xid: int) -> Statement[int]:
    """Records that `reader` has read every transaction below `xid`."""
    return command(
        "insert into raw.watermarks (reader, xid) values (%(reader)s, %(xid)s)"
        " on conflict (reader) do update set xid = excluded.xid, moved_at = now()",
        reader=reader,
        xid=xid,
    )
