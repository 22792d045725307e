"""Scores of a day: `ml.scores`, written by the pipeline and read by whoever acts on them.

Belongs here: SQL on `ml.scores`. Does not: what was said of a user over time (`warehouse.ledger`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl
from psycopg import sql

from ml.kinds import Answer, model_kind
from warehouse.database import Database, Statement, execute, rows, value
from warehouse.excluded_users import is_included
from warehouse.ledger import record_scores

SCORE_COLUMNS = (
    "user_id",
    "score",
    "expected_value",
    "lifetime_value_90d",
    "lifetime_value_365d",
    "segment_id",
    "segment",
    "basis",
)


def write_scores(
    database: Database,
    model: str,
    as_of: date,
    horizon_days: int,
    model_version: int,
    scores: pl.DataFrame | Iterable[pl.DataFrame],
    *,
    feature_hash: str,
) -> int:
    """Replaces the scores of one model, day and horizon and enters them into the ledger, in one transaction.

    `scores` has user_id, score, basis, and those others of SCORE_COLUMNS that the model answers; one frame, or many
    that are taken one after another. Returns how many there are.
    """
    key, count = (model, as_of, horizon_days), 0
    with database.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("delete from ml.scores where model = %s and as_of = %s and horizon_days = %s", key)
        for frame in [scores] if isinstance(scores, pl.DataFrame) else scores:
            columns = [name for name in SCORE_COLUMNS if name in frame.columns]
            copy = sql.SQL("copy ml.scores (model, as_of, horizon_days, model_version, {}) from stdin").format(
                sql.SQL(", ").join(map(sql.Identifier, columns))
            )
            with cursor.copy(copy) as written:
                for row in frame.select(columns).iter_rows():
                    written.write_row((*key, model_version, *row))
            count += frame.height
        execute(connection, record_scores(model, as_of, horizon_days, feature_hash))
    return count


def figures_of_scores(model: str, as_of: date, horizon_days: int) -> Statement[dict[str, float | int]]:
    """What scores look like as numbers: of a segmentation the share of each segment, else their mean and the likely."""
    key = {"model": model, "as_of": as_of, "horizon_days": horizon_days}
    of_day = "from ml.scores where model = %(model)s and as_of = %(as_of)s and horizon_days = %(horizon_days)s"
    if model_kind(model).answer is Answer.SEGMENT:
        query = sql.SQL(
            "select segment, (count(*) / sum(count(*)) over ())::float8 {} group by segment order by 2 desc, 1"
        ).format(sql.SQL(of_day))
        return Statement(query, key, lambda result: {f"share of {name}": share for name, share in result.rows})
    query = sql.SQL("select avg(score), count(*) filter (where score > 0.5) {}").format(sql.SQL(of_day))
    return Statement(
        query, key, lambda result: dict(zip(("mean_score", "users_above_half"), result.rows[0], strict=True))
    )


def read_scores(database: Database, model: str, as_of: date) -> pl.DataFrame:
    """The stored scores of one model and day, ordered by user; empty where there are none.

    Columns: user_id, as_of, horizon_days, model_version, and `score` or, for the segmentation, segment_id and segment.
    """
    frame = database.frame(
        "select user_id, as_of, horizon_days, segment_id, segment, score, model_version from ml.scores"
        " where model = %(model)s and as_of = %(as_of)s order by user_id",
        model=model,
        as_of=as_of,
    )
    is_segment = model_kind(model).answer is Answer.SEGMENT
    return frame.drop(["score"] if is_segment else ["segment_id", "segment"])


def matured_scores(database: Database, model: str, label: str, horizon_days: int, as_of: date) -> pl.DataFrame:
    """The newest scores whose horizon closed in the week before `as_of`.

    Columns: user_id, score, expected_value, model_version, `label`, and purchase_amount, which is what the user spent.

    `label` is a column of `marts.user_labels`. Users whom the label does not ask about are left out; the frame is
    empty where nothing has matured.
    """
    newest = as_of - timedelta(days=horizon_days)
    query = sql.SQL("""
        with labelled as (
            select user_id, as_of, purchase_amount, {label} as label from marts.user_labels
            where horizon_days = %(horizon_days)s and as_of between %(oldest)s and %(newest)s
        ),
        matured as (
            select
                scores.user_id, scores.as_of, scores.score, scores.expected_value, scores.model_version,
                labelled.purchase_amount::float8 as purchase_amount, labelled.label
            from ml.scores as scores join labelled using (user_id, as_of)
            where scores.model = %(model)s and scores.horizon_days = %(horizon_days)s and labelled.label is not null
        )
        select user_id, score, expected_value, model_version, label, purchase_amount from matured
        where as_of = (select max(as_of) from matured) order by user_id
    """).format(label=sql.Identifier(label))
    return database.frame(
        query, model=model, horizon_days=horizon_days, oldest=newest - timedelta(days=6), newest=newest
    )


def scored_days(model: str) -> Statement[list[date]]:
    """The days that have scores of this model, oldest first."""
    return rows(
        lambda as_of: as_of, "select distinct as_of from ml.scores where model = %(model)s order by as_of", model=model
    )


def newest_scored_day(model: str) -> Statement[date | None]:
    """The newest day that has scores of this model."""
    return value(lambda as_of: as_of, "select max(as_of) from ml.scores where model = %(model)s", model=model)


def example_users(database: Database, model: str) -> list[str]:
    """Two users to show a model with: the one with the highest newest score, and the one in the middle."""
    users = database.run(
        rows(
            str,
            "select user_id from ml.scores where model = %(model)s"
            " and as_of = (select max(as_of) from ml.scores where model = %(model)s)"
            " order by basis, score desc, user_id",
            model=model,
        )
    )
    return [users[0], users[len(users) // 2]] if users else []


@dataclass(frozen=True, slots=True)
class RankedUser:
    """A user worth a contact, with the score that says so; `expected_value` is None where money is not known."""

    user_id: str
    probability: float
    expected_value: float | None
    basis: str
    model_version: int


def day_of_scores(model: str, as_of: date | None) -> Statement[date | None]:
    """The day asked for, or the newest one, if it has scores of this model."""
    return value(
        lambda day: day,
        "select max(as_of) from ml.scores"
        " where model = %(model)s and (%(as_of)s::date is null or as_of = %(as_of)s::date)",
        model=model,
        as_of=as_of,
    )


def best_buyers(as_of: date, cost_per_contact: float, most: int) -> Statement[list[RankedUser]]:
    """Up to `most` users from whom most money is expected, best first.

    Left out are excluded users and who is expected to bring less than a contact costs, and, unless a contact costs
    nothing, who is expected to bring nobody knows what.
    """
    return rows(
        RankedUser,
        sql.SQL(
            "select user_id, score, expected_value, basis, model_version from ml.scores as scores"
            " where model = 'purchase' and as_of = %(as_of)s and {is_included}"
            " and coalesce(expected_value >= %(cost)s::double precision, %(cost)s::double precision = 0)"
            " order by expected_value desc nulls last, score desc, user_id limit %(most)s"
        ).format(is_included=is_included("scores")),
        as_of=as_of,
        cost=cost_per_contact,
        most=most,
    )


def likeliest_leavers(
    as_of: date, cost_per_contact: float, most: int, value_of_user: float | None
) -> Statement[list[RankedUser]]:
    """Up to `most` users most likely to leave, the likeliest first.

    Only users active until now are asked about: who has long been silent cannot be lost again. With a `value_of_user`,
    left out is who would be worth less than a contact costs.
    """
    return rows(
        RankedUser,
        sql.SQL(
            "select scores.user_id, scores.score, scores.score * %(value)s::double precision, scores.basis,"
            " scores.model_version"
            " from ml.scores as scores"
            " inner join marts.user_features as features"
            " on features.user_id = scores.user_id and features.as_of = scores.as_of"
            " where scores.model = 'churn' and scores.as_of = %(as_of)s and {is_included}"
            " and features.days_since_last_activity <= scores.horizon_days"
            " and coalesce(scores.score * %(value)s::double precision >= %(cost)s::double precision, true)"
            " order by scores.score desc, scores.user_id limit %(most)s"
        ).format(is_included=is_included("scores")),
        as_of=as_of,
        cost=cost_per_contact,
        most=most,
        value=value_of_user,
    )
