"""A trained model as the tables that a page draws: reliability, gain and lift, features that count.

Belongs here: plain data from what one out-of-time test found. Does not belong here: drawing (`ml.plots`), backtests
(`ml.backtest_report`).
"""

from typing import Any

import numpy as np
import polars as pl

from ml.artifact import Model
from ml.evaluation import Evaluation, gain_table
from ml.propensity.model import PropensityModel
from ml.segments.evaluation import SegmentationEvaluation

REPORT_TABLES = ("reliability", "gain", "importance")
"""The names of all tables there may be."""

_CONTENDERS = {"probability": "model", "recency": "recency", "rfm_logistic": "rfm_logistic"}
_STEPS = 20
_MOST_ROWS = 2_000
_MOST_FEATURES = 15

Rows = list[dict[str, Any]]


def report_tables(
    model: Model, evaluation: Evaluation | SegmentationEvaluation, test_rows: pl.DataFrame
) -> dict[str, Rows]:
    """The tables of a model by name; none for segments, which nothing foretold proves right.

    `test_rows`: the features of the users of the test, one row each.
    """
    if isinstance(evaluation, SegmentationEvaluation):
        return {}
    tables = {"reliability": evaluation.reliability.to_dicts(), "gain": gain_rows(evaluation.test_predictions)}
    if isinstance(model, PropensityModel):
        tested = test_rows.join(evaluation.test_predictions.select("user_id").unique(), on="user_id", how="semi")
        tables["importance"] = importance_rows(model, tested)
    return tables


def gain_rows(test_predictions: pl.DataFrame) -> Rows:
    """What is found by taking the best-scored users first, of the model and of its baselines on the same users.

    One row a contender and share of users: contender, share_users, share_positives, lift (null at 0).
    """
    label = test_predictions["label"].cast(pl.Float64).to_numpy()
    return [
        {"contender": name} | row
        for column, name in _CONTENDERS.items()
        if column in test_predictions.columns
        for row in gain_table(label, test_predictions[column].to_numpy(), steps=_STEPS).fill_nan(None).to_dicts()
    ]


def importance_rows(model: PropensityModel, rows: pl.DataFrame) -> Rows:
    """The features that move answers most: feature, label, value (mean absolute contribution, in log-odds).

    Of many rows, as many as can be looked at quickly, evenly spread over the order of user ids.
    """
    if rows.is_empty():
        return []
    ordered = rows.sort("user_id")
    sample = ordered.gather_every(-(-ordered.height // _MOST_ROWS))
    strength = np.abs(model.contributions(sample).values).mean(axis=0)
    strongest = [place for place in np.argsort(-strength, kind="stable")[:_MOST_FEATURES] if strength[place] > 0]
    features = list(model.catalogue)
    return [
        {"feature": features[place].name, "label": features[place].label, "value": float(strength[place])}
        for place in strongest
    ]
