import numpy as np
import polars as pl

from ml.baselines import fit_baselines
from ml.evaluation import auc


def _users(days: list[float | None]) -> pl.DataFrame:
    return pl.DataFrame({"days_since_last_purchase": days, "orders_total": [1.0] * len(days)})


def test_recency_is_raw_and_points_the_right_way() -> None:
    frame = _users([float(day) for day in range(100)])
    labels = (np.arange(100) < 30).astype(np.float64)
    scores = fit_baselines(frame, labels, "days_since_last_purchase").score(frame)
    assert auc(labels, scores["recency"].to_numpy()) == 1.0
    assert scores["recency"].n_unique() == 100
    gone = fit_baselines(frame, 1 - labels, "days_since_last_purchase").score(frame)
    assert auc(1 - labels, gone["recency"].to_numpy()) == 1.0


def test_users_without_a_purchase_rank_where_their_rate_puts_them() -> None:
    frame = _users([float(day) for day in range(50)] + [None] * 50)
    labels = np.concatenate([np.arange(50) < 40, np.zeros(50)]).astype(np.float64)
    recency = fit_baselines(frame, labels, "days_since_last_purchase").score(frame)["recency"].to_numpy()
    assert recency[50:].max() < recency[:50].min()


def test_one_outcome_leaves_the_rule_in_place_of_the_regression() -> None:
    frame = _users([1.0, 2.0, 3.0])
    scores = fit_baselines(frame, np.zeros(3), "days_since_last_purchase").score(frame)
    assert scores["rfm_logistic"].to_list() == scores["rule"].to_list()
