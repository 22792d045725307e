"""A contender that shares nothing with the models: window features of its own, XGBoost and logistic regression.

Three seeds of XGBoost are averaged with a logistic regression on the logarithms of the same 37 features. It learns
from 20 cutoffs, 14 days apart, whose outcomes were known at the test cutoff. Population and label are those of the
model that it is compared with.

Belongs here: this contender, from raw events to probabilities. Does not belong here: the comparison
(`benchmarks.models`).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import polars as pl
import xgboost as xgb
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from data_contracts.contract import read_contract
from ml.evaluation import Floats
from ml.kinds import ModelKind, Population, outcome_of
from warehouse.database import Database

_WINDOWS = (7, 14, 30, 60, 90, 180, 365)
_CUTOFFS = 20
_SPACING = timedelta(days=14)
_SEEDS = 3
_NEVER = 999.0
"""Days that stand for a missing value in the regression."""
_TREES = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_depth": 4,
    "learning_rate": 0.03,
    "subsample": 0.7,
    "colsample_bytree": 0.5,
    "min_child_weight": 10,
    "reg_lambda": 5,
    "nthread": 1,
    "verbosity": 0,
}
_ROUNDS = 300
_DAYS = """
select
    user_id,
    (occurred_at at time zone 'utc')::date as day,
    count(distinct coalesce(order_id, event_id::text)) filter (where event_type = 'purchase') as orders,
    coalesce(sum(amount) filter (where event_type = 'purchase'), 0)::float8 as amount,
    count(*) filter (where event_type = 'purchase') as items,
    count(*) filter (where event_type = 'refund') as refunds,
    avg(extract(hour from occurred_at at time zone 'utc')) filter (where event_type = 'purchase')::float8 as hour
from raw.events
where event_type = any(%(activities)s)
group by user_id, day
order by user_id, day
"""


class Reference:
    """The contender for the events of one warehouse. `horizon_days` is how far ahead it looks."""

    def __init__(self, database: Database, horizon_days: int) -> None:
        activities = [each.name for each in read_contract().event_types if each.is_activity]
        self._days = database.frame(_DAYS, activities=activities).with_columns(
            pl.col("orders", "items", "refunds").cast(pl.Float64)
        )
        self._first: date = self._days["day"].min()  # type: ignore[assignment]
        self._horizon = timedelta(days=horizon_days)
        self._known = lru_cache(maxsize=None)(self._known_as_of)

    def scores(self, kind: ModelKind, learn: pl.DataFrame, asked: pl.DataFrame) -> Floats:
        """One probability for each row of `asked`. Of `learn` only the kind's population and label are used."""
        test: date = asked["as_of"][0]
        newest = test - self._horizon
        cutoffs = [newest - step * _SPACING for step in range(_CUTOFFS)]
        rows = pl.concat(
            [self._labelled(kind, day) for day in cutoffs if day >= self._first + self._horizon / 2],
            how="vertical",
        )
        features = [name for name in rows.columns if name not in {"user_id", "label"}]
        known = asked.select("user_id").join(self._known(test), on="user_id", how="left", maintain_order="left")
        inputs, outputs, questions = rows.select(features), rows["label"].to_numpy(), known.select(features)
        data, answers = xgb.DMatrix(inputs.to_numpy(), outputs), xgb.DMatrix(questions.to_numpy())
        boosted = [
            xgb.train(_TREES | {"seed": seed}, data, _ROUNDS).predict(answers).astype(np.float64)
            for seed in range(_SEEDS)
        ]
        regression = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
        regression.fit(_logarithms(inputs), outputs)
        linear = regression.predict_proba(_logarithms(questions))[:, 1]
        return np.asarray((np.mean(boosted, axis=0) + linear) / 2, np.float64)

    def _labelled(self, kind: ModelKind, day: date) -> pl.DataFrame:
        """The kind's population as of a day, and whether its label came true within the horizon."""
        within = self._days.filter(pl.col("day").is_between(day, day + self._horizon, closed="left"))
        bought = within.filter(pl.col("orders") > 0)["user_id"].unique().to_list()
        active = within["user_id"].unique().to_list()
        rows = self._known(day)
        if kind.population is Population.ACTIVE:
            rows = rows.filter(pl.col("silence") <= self._horizon.days)
        came = pl.col("user_id").is_in(bought if outcome_of(kind).label == "has_purchased" else active)
        label = came if outcome_of(kind).is_wanted else ~came
        return rows.with_columns(label=label.cast(pl.Float64))

    def _known_as_of(self, day: date) -> pl.DataFrame:
        """The 37 features of every user seen before a day."""
        bought = pl.col("orders") > 0
        ago = (pl.lit(day) - pl.col("day")).dt.total_days()
        gaps = pl.col("day").filter(bought).diff().dt.total_days().drop_nulls()
        windows: Mapping[str, pl.Expr] = {
            f"{name}_{window}": value.filter(pl.col("ago") <= window).sum()
            for window in _WINDOWS
            for name, value in (("orders", pl.col("orders")), ("days", bought), ("amount", pl.col("amount")))
        }
        rows = self._days.filter(pl.col("day") < day).with_columns(ago=ago)
        return (
            rows.group_by("user_id")
            .agg(
                **windows,
                silence=pl.col("ago").min(),
                recency=pl.col("ago").filter(bought).min(),
                tenure=pl.col("ago").max(),
                gap_mean=gaps.mean(),
                gap_median=gaps.median(),
                gap_last=gaps.last(),
                gap_spread=gaps.std(),
                items_a_day=pl.col("items").sum() / bought.sum(),
                hour=pl.col("hour").mean(),
                weekend=(pl.col("day").dt.weekday().filter(bought) > 5).mean(),
                refunds=pl.col("refunds").sum(),
                refund_recency=pl.col("ago").filter(pl.col("refunds") > 0).min(),
                last_year=(bought & pl.col("ago").is_between(330, 366)).sum(),
            )
            .with_columns(
                recency_in_gaps=pl.col("recency") / pl.col("gap_mean").clip(1),
                recency_in_median_gaps=pl.col("recency") / pl.col("gap_median").clip(1),
                month=pl.lit(day.month),
                observed=pl.lit((day - self._first).days),
            )
            .with_columns(pl.exclude("user_id").cast(pl.Float64).fill_nan(None))
            .sort("user_id")
        )


def _logarithms(rows: pl.DataFrame) -> Floats:
    return np.log1p(np.clip(np.nan_to_num(rows.to_numpy().astype(np.float64), nan=_NEVER), 0.0, None))
