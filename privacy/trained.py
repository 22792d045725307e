"""Which versions of which model learned from a user.

Belongs here: comparing the days a version learned from with the days a user was known. Does not: asking the
registry (`registered`), which takes seconds to import.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

# A row of a training frame is a user and a cutoff: of everyone known as of the cutoff, or where the model
# asks only about the active of those active in the horizon before it.
_SAW = """
select exists (
    select from {daily} as daily
    cross join unnest(%(cutoffs)s::date[]) as cutoff
    where daily.user_id = %(user_id)s and daily.occurred_day < cutoff and daily.received_day < cutoff
        and (not %(is_active)s or (daily.activity_events > 0 and daily.occurred_day >= cutoff - %(horizon_days)s))
)
"""
_DAILY = sql.SQL("intermediate.int_user_daily")
# Until the next run there is none, where an update dropped it. Any event counts as activity: rather list one more.
_EVENTS = sql.SQL(
    "(select user_id, (occurred_at at time zone 'UTC')::date as occurred_day,"
    " (received_at at time zone 'UTC')::date as received_day, 1 as activity_events from raw.events)"
)


@dataclass(frozen=True)
class TrainedVersion:
    """A version and the days of whose snapshots it learned from: of everyone, or of active users only."""

    model: str
    version: int
    cutoffs: tuple[date, ...]
    horizon_days: int
    is_of_active: bool = False


def versions_that_saw(
    connection: psycopg.Connection[tuple[object, ...]], user_id: str, versions: Iterable[TrainedVersion]
) -> list[TrainedVersion]:
    """Those of `versions` whose training frame held a row of the user, going by the events known now."""
    row = connection.execute("select to_regclass('intermediate.int_user_daily') is not null").fetchone()
    daily = _DAILY if row is not None and row[0] else _EVENTS
    return [version for version in versions if _saw(connection, user_id, version, daily)]


def _saw(
    connection: psycopg.Connection[tuple[object, ...]], user_id: str, version: TrainedVersion, daily: sql.SQL
) -> bool:
    row = connection.execute(
        sql.SQL(_SAW).format(daily=daily),
        {
            "user_id": user_id,
            "cutoffs": list(version.cutoffs),
            "is_active": version.is_of_active,
            "horizon_days": version.horizon_days,
        },
    ).fetchone()
    return row is not None and bool(row[0])


def as_plain(versions: Sequence[TrainedVersion]) -> list[dict[str, str | int]]:
    """Models and versions for JSON."""
    return [{"model": version.model, "version": version.version} for version in versions]
