"""Reads training frames through Arrow, cutoff by cutoff, with a limit on the number of rows.

Belongs here: what limits time and memory. Does not belong here: the choice of cutoffs (`ml.cutoffs`), and all other
reads (`warehouse.marts`).
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import polars as pl
from psycopg import sql

from warehouse.database import Database, Query, execute, value, with_literals
from warehouse.excluded_users import is_included

CONNECTIONS = 2
"""How many cutoffs are read at once. Two, because the driver takes as long to decode values as Postgres to encode."""

_PARTS = 10_000
"""Users are divided into this many parts by a hash of their id. If a frame would be too long, it has the first
parts."""

_CUTOFF = sql.SQL("""
select user_features.*, has_activity, has_purchased, purchase_amount, is_churned
from marts.user_features join marts.user_labels using (user_id, as_of)
where user_labels.horizon_days = %(horizon_days)s and as_of = %(day)s
    and mod(abs(hashtext(user_id)::bigint), %(parts)s) <= %(last_part)s
    and {is_included}
""").format(is_included=is_included("user_features"))
_ROWS_BY_PART = sql.SQL("""
select mod(abs(hashtext(user_id)::bigint), %(parts)s)::int as part, count(*) as rows
from marts.user_labels where as_of = any(%(days)s) and horizon_days = %(horizon_days)s
    and {is_included} group by part
""").format(is_included=is_included("user_labels"))
_log = logging.getLogger(__name__)


def read_training_frame(database: Database, cutoffs: Sequence[date], horizon_days: int, max_rows: int) -> pl.DataFrame:
    """Features joined with their labels: one row a user and cutoff, ordered by both, at most `max_rows`.

    If there are more rows, the frame has a part of the users, the same ones at every cutoff, and a warning is logged.
    All cutoffs are read from one snapshot of the database. In addition to the frame, memory holds two cutoffs. Reading
    all cutoffs in one statement would make Postgres build a hash of everyone's features.
    """
    days = sorted(set(cutoffs))
    with database.transaction() as leader, ThreadPoolExecutor(CONNECTIONS) as pool:
        # Other connections can read the same snapshot for as long as this transaction lasts.
        snapshot = execute(leader, value(str, "select pg_export_snapshot()"))
        read = _Reader(database, snapshot, horizon_days)
        last_part = read.last_part(days, max_rows)
        return pl.concat(pool.map(lambda day: read.cutoff(day, last_part), days))


@dataclass(frozen=True)
class _Reader:
    """Reads from one snapshot of the database, by any number of connections."""

    database: Database
    snapshot: str
    horizon_days: int

    def cutoff(self, day: date, last_part: int) -> pl.DataFrame:
        """The rows of one cutoff and of the users up to `last_part`, ordered by user."""
        frame = self._frame(_CUTOFF, day=day, horizon_days=self.horizon_days, parts=_PARTS, last_part=last_part)
        return frame.sort("user_id")

    def last_part(self, days: Sequence[date], max_rows: int) -> int:
        """The last part of the users that fits into `max_rows` with all the parts before it."""
        found = self._frame(_ROWS_BY_PART, days=list(days), horizon_days=self.horizon_days, parts=_PARTS).sort("part")
        fitting = found.filter(pl.col("rows").cum_sum() <= max_rows)
        if fitting.height < found.height:
            _log.warning(
                "The frame has %s of %s rows, those of a part of the users; CUSTOMER_ANALYZER_TRAINING_ROWS allows %s.",
                *(f"{rows:,}" for rows in (fitting["rows"].sum(), found["rows"].sum(), max_rows)),
            )
            return -1 if fitting.is_empty() else int(fitting["part"][-1])
        return _PARTS

    def _frame(self, query: Query, /, **parameters: object) -> pl.DataFrame:
        # Imported here because it imports pyarrow and pandas, which other commands do not need.
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.database.url) as connection:
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read, read only")
                cursor.execute(with_literals("set transaction snapshot %(snapshot)s", {"snapshot": self.snapshot}))
            return pl.read_database(with_literals(query, parameters), connection)
