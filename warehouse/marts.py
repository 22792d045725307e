"""Frames of finished marts: features of a day, and training frames.

Belongs here: reading `marts.user_features` and `marts.user_labels`. Does not: building them (`dbt_project`), or how a
large training frame is kept within bounds (`warehouse.training_frame`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
from psycopg import sql

from core.settings import TRAINING_ROWS
from warehouse.database import Database, Statement
from warehouse.excluded_users import is_included
from warehouse.training_frame import read_training_frame


def feature_columns() -> Statement[frozenset[str]]:
    """The names of the columns of `marts.user_features`; none where it was never built."""
    return Statement(
        "select column_name from information_schema.columns"
        " where table_schema = 'marts' and table_name = 'user_features'",
        {},
        lambda result: frozenset(str(name) for (name,) in result.rows),
    )


@dataclass(frozen=True)
class Marts:
    """What models learn from and score. `training_rows` bounds training frames, and with them a learner's memory."""

    database: Database
    training_rows: int = TRAINING_ROWS

    def snapshot(self, as_of: date) -> pl.DataFrame:
        """The features of everyone seen before `as_of`, one row a user, ordered by user; not of excluded users."""
        return self.database.frame(
            sql.SQL(
                "select * from marts.user_features where as_of = %(as_of)s and {is_included} order by user_id"
            ).format(is_included=is_included("user_features")),
            as_of=as_of,
        )

    def sample(self, as_of: date, rows: int, *, active_within_days: int) -> pl.DataFrame:
        """The features of about `rows` users who were active within some days before `as_of`, ordered by user.

        They are drawn by a hash of the user's id, so two days give the same users.
        """
        return self.database.frame(
            sql.SQL(
                "with chosen as ("
                " select *, count(*) over () as available from marts.user_features"
                " where as_of = %(as_of)s and days_since_last_activity <= %(active_within_days)s and {is_included}"
                ") select * from chosen"
                " where mod(abs(hashtext(user_id)::bigint), greatest(1, available / %(rows)s)) = 0 order by user_id"
            ).format(is_included=is_included("user_features")),
            as_of=as_of,
            active_within_days=active_within_days,
            rows=rows,
        ).drop("available")

    def training_frame(self, cutoffs: Sequence[date], horizon_days: int) -> pl.DataFrame:
        """Features joined with their labels: one row a user and cutoff, ordered by both.

        Only matured labels exist, so a cutoff whose window is still open brings no rows. A frame of more than
        `training_rows` is cut to a part of the users.
        """
        return read_training_frame(self.database, cutoffs, horizon_days, self.training_rows)
