"""How a training frame is read: through Arrow, a cutoff at a time, and never more rows than allowed.

Belongs here: what keeps its time and memory bounded. Does not: which cutoffs (`ml.cutoffs`), all other reads
(`warehouse.warehouse`).
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial

import polars as pl
import psycopg

LABEL_COLUMNS = ("has_activity", "has_purchased", "purchase_amount", "is_churned")
CONNECTIONS = 2
"""Cutoffs read at once, each by a connection: the driver takes as long to unpack values as Postgres to pack them."""

Read = Callable[[str], pl.DataFrame]

_PARTS = 10_000
"""Users are divided by a hash of their id into so many parts; a frame that would be too long takes the first ones."""
_PART = f"mod(abs(hashtext(user_id)::bigint), {_PARTS})"
_log = logging.getLogger(__name__)


def read_training_frame(url: str, cutoffs: Sequence[date], horizon_days: int, max_rows: int) -> pl.DataFrame:
    """Features joined with their labels: one row a user and cutoff, ordered by both, at most `max_rows`.

    What would be more is cut to a part of the users, the same ones at every cutoff, and the log says so. All cutoffs
    are read from one snapshot of the database. Beside the frame itself, memory holds two cutoffs, and so does Postgres:
    asked for all at once, it would join by a hash of everyone's features.
    """
    days = sorted(set(cutoffs))
    with psycopg.connect(url) as leader, ThreadPoolExecutor(CONNECTIONS) as pool:
        # What others see too for as long as this transaction lasts.
        (snapshot,) = leader.execute("select pg_export_snapshot()").fetchall()[0]
        read: Read = partial(_read, url, str(snapshot))
        last_part = _last_part(read, days, horizon_days, max_rows)
        labels = ", ".join(f"user_labels.{column}" for column in LABEL_COLUMNS)
        query = (
            f"select user_features.*, {labels}"  # noqa: S608 - our own column names and whole numbers
            " from marts.user_features join marts.user_labels using (user_id, as_of)"
            f" where user_labels.horizon_days = {int(horizon_days)} and {_PART} <= {last_part} and as_of = "
        )
        return pl.concat(pool.map(lambda day: read(query + _literal(day)).sort("user_id"), days))


def _read(url: str, snapshot: str, query: str) -> pl.DataFrame:
    """What a query of our own making finds in a snapshot of the database."""
    # Brings all of pyarrow and pandas, which a command that reads no such frame need not load.
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(url) as connection:
        with connection.cursor() as cursor:
            cursor.execute("set transaction isolation level repeatable read, read only")
            cursor.execute(f"set transaction snapshot '{snapshot}'")
        return pl.read_database(query, connection)


def _last_part(read: Read, days: Sequence[date], horizon_days: int, max_rows: int) -> int:
    """The last part of the users that fits into `max_rows` with all the parts before it."""
    asked = ", ".join(map(_literal, days))
    found = read(
        f"select {_PART}::int as part, count(*) as rows from marts.user_labels"  # noqa: S608 - dates and a whole number
        f" where as_of in ({asked}) and horizon_days = {int(horizon_days)} group by part"
    ).sort("part")
    fitting = found.filter(pl.col("rows").cum_sum() <= max_rows)
    if fitting.height < found.height:
        _log.warning(
            "The frame has %s of %s rows, those of a part of the users; CUSTOMER_ANALYZER_TRAINING_ROWS allows %s.",
            *(f"{rows:,}" for rows in (fitting["rows"].sum(), found["rows"].sum(), max_rows)),
        )
        return -1 if fitting.is_empty() else int(fitting["part"][-1])
    return _PARTS


def _literal(day: date) -> str:
    return f"date '{day.isoformat()}'"
