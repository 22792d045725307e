"""The stored events: their range and number, imports, archives and quarantine, and the watermarks of readers.

Belongs here: SQL on `raw.events` and the tables about it. Does not belong here: the import (`ingestion`), and marts
made of events (`warehouse.marts`).
"""

from dataclasses import dataclass
from datetime import date
from typing import LiteralString

from psycopg import sql

from core.errors import UserError
from warehouse.database import Database, Statement, command, first_row, rows, value


@dataclass(frozen=True)
class EventRange:
    """The first day on which anything was known, and the last day on which anything happened (UTC).

    `first` is by arrival, because history that arrives later must not change the plan of an earlier day. Archived
    months count, because the marts still contain them.
    """

    first: date
    last: date


_UNREAD_EVENTS: LiteralString = """
select min(greatest(occurred_at, received_at) at time zone 'UTC')::date as first,
    max(occurred_at at time zone 'UTC')::date as last
from raw.events where ingested_xid >= %(seen)s
union all
select min(first_known_day), null from raw.archives
"""
# The days of the daily roll-up come from its indexes, so only events that it has not read yet are scanned.
_ROLLED_UP_EVENTS: LiteralString = """
union all
select min(known_day), max(occurred_day) from intermediate.int_user_daily
"""


def event_range(database: Database) -> EventRange:
    """The first and last day with events. Raises UserError if there are none."""
    if database.run(value(bool, "select to_regclass('intermediate.int_user_daily') is not null")):
        days = database.run(_range(_UNREAD_EVENTS + _ROLLED_UP_EVENTS, database.run(watermark("int_user_daily"))))
    else:
        days = database.run(_range(_UNREAD_EVENTS, 0))
    if days is None:
        raise UserError("There are no events yet; bring some in: customer-analyzer events import FILE")
    return days


def _range(days: LiteralString, seen: int) -> Statement[EventRange | None]:
    query = sql.SQL("select min(first), max(last) from ({}) as days").format(sql.SQL(days))
    return first_row(lambda first, last: None if last is None else EventRange(first, last), query, seen=seen)


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


def quarantined() -> Statement[int]:
    """How many rows are in quarantine."""
    return value(int, "select count(*) from raw.events_quarantine")


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
