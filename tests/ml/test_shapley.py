"""Looked-up Shapley values are those that XGBoost works out, row by row."""

import numpy as np
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.propensity.matrix import Matrix
from ml.propensity.shapley import ShapleyTables


def some_rows(count: int, features: int, seed: int) -> Matrix:
    """Few distinct values, so that rows fall on thresholds too, and a fifth of them missing."""
    random = np.random.default_rng(seed)
    rows = random.integers(-3, 4, (count, features)).astype(np.float32)
    rows[random.random(rows.shape) < 0.2] = np.nan
    return rows


def grown(rows: Matrix, depth: int, rounds: int = 20) -> xgb.Booster:
    labels = np.nan_to_num(rows[:, 0]) + np.nan_to_num(rows[:, -1]) ** 2 > 3
    parameters = {"objective": "binary:logistic", "max_depth": depth, "learning_rate": 0.3, "min_child_weight": 1}
    return xgb.train(parameters, xgb.DMatrix(rows, label=labels), num_boost_round=rounds)


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32 - 1), features=st.integers(1, 6), depth=st.integers(1, 3))
def test_tables_agree_with_xgboost(seed: int, features: int, depth: int) -> None:
    rows = some_rows(200, features, seed)
    booster = grown(rows, depth)
    tables = ShapleyTables.of(booster)
    assert tables is not None
    asked = np.concatenate([some_rows(50, features, seed + 1), np.full((1, features), np.nan, np.float32)])
    expected = booster.predict(xgb.DMatrix(asked), pred_contribs=True)
    np.testing.assert_allclose(tables.contributions(asked), expected, atol=2e-5)
    np.testing.assert_allclose(
        tables.log_odds(asked), booster.predict(xgb.DMatrix(asked), output_margin=True), atol=2e-5
    )
    np.testing.assert_allclose(tables.log_odds(asked), tables.contributions(asked).sum(axis=1), atol=1e-12)


def test_two_features_share_what_only_both_can_do() -> None:
    # Half of the rows have each feature, and only both together move the answer by v: each gets half of what the
    # leaf is above the mean it would be without, v x (1 - 1/4) / 2.
    rows = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 100, np.float32)
    data = xgb.DMatrix(rows, label=rows.all(axis=1))
    booster = xgb.train({"max_depth": 2, "learning_rate": 1.0, "reg_lambda": 0, "base_score": 0.5}, data, 1)
    tables = ShapleyTables.of(booster)
    assert tables is not None
    answer = booster.predict(data, output_margin=True)
    low, high = answer.min(), answer.max()
    first, second, bias = tables.contributions(rows[3:4])[0]
    assert first == pytest.approx((high - low) * 0.375, abs=1e-6)
    assert second == pytest.approx((high - low) * 0.375, abs=1e-6)
    assert bias == pytest.approx(low + (high - low) / 4, abs=1e-6)


def test_many_rows_are_answered_like_one() -> None:
    rows = some_rows(3000, 4, 0)
    tables = ShapleyTables.of(grown(rows, 3))
    assert tables is not None
    together = tables.contributions(rows)
    for row in (0, 63, 64, 2999):
        np.testing.assert_array_equal(together[row], tables.contributions(rows[row : row + 1])[0])
    assert tables.contributions(rows[:0]).shape == (0, 5)


def test_deeper_trees_have_no_tables() -> None:
    assert ShapleyTables.of(grown(some_rows(2000, 6, 0), 5)) is None
