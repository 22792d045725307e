"""Drift: fixed effect sizes, a minimum sample, and a verdict that names what moved."""

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from ml.catalogue import Feature, FeatureCatalogue
from ml.drift import DriftReport, ageing_features, compare
from ml.drift_measures import MIN_ROWS, Level, Measure
from ml.errors import FeatureMismatch

ROWS = 1200


def users(seed: int, rows: int = ROWS, amount: float = 40.0, orders: float = 1.0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "amount": rng.gamma(2.0, amount, rows),
            "orders": rng.poisson(orders, rows).clip(max=6).astype(float),
            "tenure": rng.uniform(0.0, 300.0, rows),
            "score": rng.beta(2.0, 8.0, rows),
            "empty": pl.Series([None] * rows, dtype=pl.Float64),
            "constant": np.ones(rows),
        }
    )


COLUMNS = ("amount", "orders", "tenure", "score", "empty", "constant")


def row(report: DriftReport, column: str) -> dict[str, object]:
    return report.columns.row(by_predicate=pl.col("column") == column, named=True)


@pytest.fixture(scope="module")
def stable() -> DriftReport:
    return compare(users(1), users(2), COLUMNS)


@pytest.fixture(scope="module")
def shifted() -> DriftReport:
    return compare(users(1), users(2, amount=80.0, orders=0.4), COLUMNS, share_threshold=0.5)


def test_other_users_of_the_same_kind_are_no_drift(stable: DriftReport) -> None:
    assert not stable.is_drifted
    assert stable.is_conclusive
    assert stable.share_drifted == 0.0
    assert stable.reason == "No drift: 0 of 4 columns drifted (0%, limit 30%)."


def test_a_shift_is_found_and_named_worst_first(shifted: DriftReport) -> None:
    assert shifted.is_drifted
    assert shifted.share_drifted == 0.5
    assert shifted.columns["column"].to_list()[:2] == ["amount", "orders"]
    assert shifted.reason == "Drift: 2 of 4 columns drifted (50%, limit 50%): amount, orders."


def test_columns_are_judged_by_what_they_are(stable: DriftReport) -> None:
    kinds = dict(stable.columns.select("column", "kind").iter_rows())
    assert kinds == {
        "amount": "numeric",
        "orders": "few values",
        "tenure": "numeric",
        "score": "numeric",
        "empty": "empty",
        "constant": "constant",
    }
    assert row(stable, "amount")["method"] == "wasserstein"
    assert row(stable, "orders")["method"] == "jensenshannon"
    assert not row(stable, "empty")["is_judged"]
    assert not row(stable, "constant")["is_judged"]


def test_too_few_users_give_no_verdict() -> None:
    report = compare(users(1), users(2, rows=MIN_ROWS - 1, amount=400.0), ["amount"])
    assert not report.is_conclusive
    assert not report.is_drifted
    assert f"{MIN_ROWS - 1} users on one side are too few" in report.reason


def test_what_grows_with_age_is_shown_but_not_judged() -> None:
    older = users(2).with_columns(pl.col("tenure") + 200.0)
    report = compare(users(1), older, ["tenure", "amount"], ageing=["tenure"])
    assert row(report, "tenure")["is_drifted"]
    assert not report.is_drifted
    assert "0 of 1 columns" in report.reason


def test_one_critical_column_is_enough() -> None:
    moved = users(2).with_columns(pl.col("score") * 3.0)
    report = compare(users(1), moved, ["score", "amount", "orders", "tenure"], critical=["score"])
    assert report.share_drifted == 0.0
    assert report.is_drifted
    assert report.alarms == ("score",)
    assert report.reason == "Drift: score moved; 0 of 3 columns drifted (0%, limit 30%)."


def test_one_measure_made_elsewhere_is_enough_unless_it_could_not_be_made() -> None:
    fallen = Measure("AUC", "performance", "fall", distance=0.1, threshold=0.05, is_drifted=True)
    unknown = Measure("calibration", "too few", is_drifted=False)
    report = compare(users(1), users(2), ["amount"], measures=[unknown, fallen])
    assert report.is_drifted
    assert report.alarms == ("AUC",)
    assert report.columns["column"].to_list() == ["AUC", "calibration", "amount"]
    assert not row(report, "calibration")["is_judged"]
    assert "<td>AUC</td>" in report.to_html()
    assert not compare(users(1), users(2), ["amount"], measures=[unknown]).is_drifted


def test_the_verdict_says_what_was_foretold_and_what_came() -> None:
    moved = Measure("calibration", "performance", "log-odds", distance=0.5, threshold=0.25, is_drifted=True)
    level = replace(moved, level=Level(980.2, 1496, 5777))
    money = Measure("money", "performance", level=Level(49_000, 75_000, 5777))
    report = compare(users(1), users(2), ["amount"], measures=[level, money])
    assert report.reason == (
        "Drift: calibration moved; 0 of 1 columns drifted (0%, limit 30%)."
        " Of the scores that matured last: foretold 980, came 1,496 of 5,777 users;"
        " money foretold 49,000, came 75,000."
    )
    assert compare(users(1), users(2), ["amount"], measures=[level]).reason.endswith("came 1,496 of 5,777 users.")


def test_what_cannot_be_compared_has_drifted() -> None:
    reference = users(1).with_columns(gone=pl.col("amount"), emptied=pl.col("amount"), sparser=pl.col("amount"))
    current = users(2).with_columns(
        emptied=pl.lit(float("nan")),
        sparser=pl.when(pl.int_range(pl.len()) % 3 > 0).then("amount"),
        constant=pl.lit(2.0),
    )
    report = compare(reference, current, ["gone", "emptied", "sparser", "constant"])
    assert report.columns.filter("is_drifted")["column"].sort().to_list() == ["constant", "emptied", "gone", "sparser"]
    assert row(report, "gone")["kind"] == "absent"
    assert row(report, "emptied")["note"] == "is undefined for everyone"
    assert row(report, "sparser")["note"] == "undefined for another share of users"
    assert report.is_drifted


def test_a_column_the_reference_lacks_is_refused() -> None:
    with pytest.raises(FeatureMismatch, match="`shoe_size`"):
        compare(users(1), users(2), ["shoe_size"])


def test_large_frames_are_sampled_the_same_way_each_time() -> None:
    reference, current = users(1, rows=30_000), users(2, rows=30_000)
    first, again = (compare(reference, current, ["amount"]).columns for _ in range(2))
    assert first.equals(again)


def test_the_page_holds_everything_and_loads_nothing(shifted: DriftReport) -> None:
    html = shifted.to_html()
    assert shifted.reason in html
    assert all(f"<td>{name}</td>" in html for name in COLUMNS)
    assert "Drift in column 'amount'" in html
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']https?:", html)


def test_the_page_escapes_names() -> None:
    odd = "<b>amount</b>"
    empty = pl.DataFrame({odd: pl.Series([None] * 10, dtype=pl.Float64)})
    assert odd not in compare(empty, empty, [odd]).to_html()


def test_ageing_features_are_tenure_and_everything_since_the_first_day() -> None:
    catalogue = FeatureCatalogue(
        tuple(
            Feature(name, "Meaning.", name, family, "days", ("churn",))
            for name, family in (("days_known", "tenure"), ("orders_total", "frequency"), ("orders_30d", "frequency"))
        )
    )
    assert ageing_features(catalogue) == ("days_known", "orders_total")
