"""Which versions of which model learned from a user.

Belongs here: comparing the days a version learned from with the days a user was known. Does not: asking the
registry (`registered`), which takes seconds to import.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import psycopg

# A row of a training frame is a user and a cutoff: of everyone known as of the cutoff, and for churn only of those
# active in the horizon before it.
_SAW = """
select exists (
    select from intermediate.int_user_daily as daily
    cross join unnest(%(cutoffs)s::date[]) as cutoff
    where daily.user_id = %(user_id)s and daily.occurred_day < cutoff and daily.received_day < cutoff
        and (not %(is_active)s or (daily.activity_events > 0 and daily.occurred_day >= cutoff - %(horizon_days)s))
)
"""


@dataclass(frozen=True)
class TrainedVersion:
    """A version and the days of whose snapshots it was fitted, calibrated and tested on."""

    model: str
    version: int
    cutoffs: tuple[date, ...]
    horizon_days: int


def versions_that_saw(
    connection: psycopg.Connection[tuple[object, ...]], user_id: str, versions: Iterable[TrainedVersion]
) -> list[TrainedVersion]:
    """Those of `versions` whose training frame held a row of the user, going by the events known now."""
    row = connection.execute("select to_regclass('intermediate.int_user_daily') is not null").fetchone()
    if row is None or not row[0]:
        return []
    return [version for version in versions if _saw(connection, user_id, version)]


def _saw(connection: psycopg.Connection[tuple[object, ...]], user_id: str, version: TrainedVersion) -> bool:
    row = connection.execute(
        _SAW,
        {
            "user_id": user_id,
            "cutoffs": list(version.cutoffs),
            "is_active": version.model == "churn",
            "horizon_days": version.horizon_days,
        },
    ).fetchone()
    return row is not None and bool(row[0])


def as_plain(versions: Sequence[TrainedVersion]) -> list[dict[str, str | int]]:
    """Models and versions for JSON."""
    return [{"model": version.model, "version": version.version} for version in versions]
