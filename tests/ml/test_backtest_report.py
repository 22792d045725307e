"""Figures of predictions that are small enough to count by hand."""

import json
from datetime import date

import numpy as np
import polars as pl
import pytest

from ml.backtest_report import BacktestReport, backtest_report, contender_names

DAYS = (date(2024, 1, 1), date(2024, 2, 1))
HAND = pl.DataFrame(
    {
        "user_id": ["a", "b", "c", "a", "b", "d"],
        "as_of": [DAYS[0]] * 3 + [DAYS[1]] * 3,
        "label": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        "tenure": ["new", "long known", "new", "new", "long known", "new"],
        "source": ["other"] * 6,
        "value": ["never bought", "low spender", "never bought", "low spender", "low spender", "never bought"],
        "model": [0.8, 0.3, 0.1, 0.4, 0.3, 0.2],
        "recency": [-1.0, -2.0, -9.0, -1.0, -5.0, -5.0],
        "rfm_logistic": [0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
    }
)


def figure(report: BacktestReport, name: str, group: str = "pooled", contender: str = "model") -> dict[str, float]:
    of = (pl.col("figure") == name) & (pl.col("group") == group) & (pl.col("contender") == contender)
    return report.figures.filter(of).row(0, named=True)


@pytest.fixture(scope="module")
def many() -> pl.DataFrame:
    """3,000 rows of 1,000 users whose three labels are one draw, with true probabilities as the model."""
    random = np.random.default_rng(0)
    probability = np.repeat(random.beta(1, 4, 1000), 3)
    label = np.repeat((random.random(1000) < probability[::3]).astype(float), 3)
    return pl.DataFrame(
        {
            "user_id": np.repeat([f"u{user}" for user in range(1000)], 3),
            "as_of": [date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)] * 1000,
            "label": label,
            "tenure": np.where(np.arange(3000) % 2, "new", "long known"),
            "source": "other",
            "value": "low spender",
            "model": probability,
            "recency": -random.random(3000),
            "rfm_logistic": np.clip(probability + random.normal(0, 0.15, 3000), 0, 1),
        }
    )


def test_pooled_figures_by_hand() -> None:
    report = backtest_report(HAND, draws=20)
    # Of 8 pairs the model orders 4 with .8 and, with .3, those above .2 and .1; it shares one tie.
    assert figure(report, "auc")["estimate"] == pytest.approx((4 + 2 + 0.5) / 8)
    assert figure(report, "auc", contender="recency")["estimate"] == pytest.approx((3.5 + 1.5) / 8)
    assert figure(report, "auc", contender="rfm_logistic")["estimate"] == 0.5
    assert figure(report, "brier")["estimate"] == pytest.approx((0.04 + 0.09 + 0.01 + 0.16 + 0.49 + 0.04) / 6)
    assert figure(report, "observed_over_expected")["estimate"] == pytest.approx(2 / 2.1)
    assert figure(report, "top_decile_observed_over_expected")["estimate"] == pytest.approx(1 / 0.8)
    assert figure(report, "lift_at_10")["estimate"] == pytest.approx(3.0)
    assert figure(report, "auc", str(DAYS[0]))["estimate"] == 1.0
    assert figure(report, "auc", str(DAYS[1]))["estimate"] == 0.5
    assert contender_names(HAND) == ("model", "recency", "rfm_logistic")


def test_slices_hold_every_row_once_and_one_group_alone_is_left_out() -> None:
    slices = backtest_report(HAND, draws=5).figures.filter(pl.col("figure") == "auc", pl.col("contender") == "model")
    rows = slices.group_by("scope").agg(pl.col("rows").sum(), pl.col("positives").sum()).sort("scope")
    assert rows.rows() == [("cutoff", 6, 2), ("pooled", 6, 2), ("tenure", 6, 2), ("value", 6, 2)]


def test_a_score_that_only_ranks_has_no_figures_of_probabilities() -> None:
    report = backtest_report(HAND, draws=5)
    recency = report.figures.filter(pl.col("contender") == "recency", pl.col("group") == "pooled")
    assert recency["figure"].to_list() == ["auc", "average_precision", "lift_at_10"]


def test_what_is_undefined_is_null() -> None:
    report = backtest_report(HAND.filter(pl.col("label") == 0), draws=5)
    found = figure(report, "auc")
    assert (found["estimate"], found["low"], found["high"], found["positives"]) == (None, None, None, 0)
    assert figure(report, "brier")["estimate"] is not None


def test_intervals_hold_their_estimate_and_differences_are_paired(many: pl.DataFrame) -> None:
    report = backtest_report(many, draws=100)
    for table in (report.figures, report.differences):
        assert table.filter(pl.col("estimate").is_not_null() & ~pl.col("estimate").is_between("low", "high")).is_empty()
    gain = report.differences.filter(
        pl.col("figure") == "auc", pl.col("group") == "pooled", pl.col("contender") == "rfm_logistic"
    ).row(0, named=True)
    alone, rival = figure(report, "auc"), figure(report, "auc", contender="rfm_logistic")
    assert gain["estimate"] == pytest.approx(alone["estimate"] - rival["estimate"])
    assert gain["low"] > 0
    assert gain["high"] - gain["low"] < alone["high"] - alone["low"]


def test_rows_of_one_user_are_not_taken_for_independent(many: pl.DataFrame) -> None:
    by_row = many.with_columns(user_id=pl.int_range(pl.len()).cast(pl.String))
    user, row = (figure(backtest_report(frame, draws=60), "auc") for frame in (many, by_row))
    assert user["high"] - user["low"] > 1.4 * (row["high"] - row["low"])


def test_a_report_survives_csv_and_is_plain_data(many: pl.DataFrame) -> None:
    report = backtest_report(many, draws=5)
    again = BacktestReport.from_csv(report.to_csv())
    assert again.figures.equals(report.figures)
    assert again.differences.equals(report.differences)
    assert again.reliability.equals(report.reliability)
    assert json.loads(json.dumps(report.to_dict()))["figures"] == report.figures.to_dicts()
