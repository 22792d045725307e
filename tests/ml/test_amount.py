"""The amount that a buyer is expected to spend."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.propensity.amount import AMOUNT_INTERVAL, AmountModel, amount_inputs, fit_amounts
from ml.propensity.earlier_amounts import CappedAmounts
from ml.propensity.matrix import feature_matrix

DAY = date(2024, 1, 1)


def orders(average: list[float | None], number: list[int], spent: list[float], day: date = DAY) -> pl.DataFrame:
    return pl.DataFrame(
        {"average_order_amount": average, "orders_total": number, "purchase_amount": spent},
        schema_overrides={"average_order_amount": pl.Float64, "purchase_amount": pl.Float64},
    ).with_columns(has_purchased=pl.col("purchase_amount") > 0, as_of=pl.lit(day))


def shop(rows: int, seed: int = 0, *, unit: float = 1.0, tail: float = 2.5) -> pl.DataFrame:
    """Buyers whose amounts have a heavy tail around 1.5 times their own average."""
    random = np.random.default_rng(seed)
    own = random.lognormal(4, 1, rows)
    spent = own * 1.5 * (random.pareto(tail, rows) + 1) * (tail - 1) / tail
    return orders((own * unit).tolist(), random.integers(1, 9, rows).tolist(), (spent * unit).tolist())


def expected(model: AmountModel, rows: pl.DataFrame) -> np.ndarray:
    return model.predict(feature_matrix(rows, model.inputs))


def test_amounts_follow_the_own_average() -> None:
    small, usual, large = expected(fit_amounts(shop(3000)), orders([20, 60, 400], [3, 3, 3], [0, 0, 0]))
    assert small < usual < large
    assert large == pytest.approx(600, rel=0.25)


def test_large_orders_count_in_full() -> None:
    """The total of another month with as many large orders is foretold, which a cap at any percentile would miss."""
    learned, asked = shop(20_000, tail=1.7), shop(20_000, seed=1, tail=1.7)
    total = expected(fit_amounts(learned), asked).sum()
    assert total == pytest.approx(asked["purchase_amount"].sum(), rel=0.1)
    capped = np.minimum(learned["purchase_amount"], learned["purchase_amount"].quantile(0.995))
    assert capped.sum() < 0.95 * learned["purchase_amount"].sum()


def test_most_amounts_lie_within_the_range() -> None:
    model, asked = fit_amounts(shop(5000)), shop(5000, seed=1)
    amount = expected(model, asked)
    inside = asked["purchase_amount"].is_between(pl.Series(amount * model.low), pl.Series(amount * model.high))
    assert inside.mean() == pytest.approx(AMOUNT_INTERVAL, abs=0.03)


def test_the_level_is_that_of_the_newest_cutoffs() -> None:
    old, new = shop(2000), shop(2000).with_columns(pl.col("purchase_amount") * 2, as_of=DAY + timedelta(days=30))
    before, after = expected(fit_amounts(old), old).sum(), expected(fit_amounts(pl.concat([old, new])), old).sum()
    # A cutoff counts half of the next one: (2 + .5) / 1.5.
    assert after / before == pytest.approx(5 / 3, rel=0.01)


@settings(max_examples=20, deadline=None)
@given(unit=st.floats(0.001, 10_000))
def test_the_unit_of_money_changes_nothing_else(unit: float) -> None:
    pounds, other = fit_amounts(shop(400)), fit_amounts(shop(400, unit=unit))
    inputs = shop(50, seed=1), shop(50, seed=1, unit=unit)
    np.testing.assert_allclose(expected(other, inputs[1]), unit * expected(pounds, inputs[0]), rtol=1e-4)


def test_whoever_never_bought_has_an_amount() -> None:
    rows = pl.concat([shop(500), orders([None] * 200, [0] * 200, [10.0] * 200)])
    never, usual = expected(fit_amounts(rows), orders([None, 60], [0, 3], [0, 0]))
    assert 5 < never < usual


def test_few_buyers_all_have_the_average() -> None:
    rows = shop(50)
    model = fit_amounts(rows)
    assert expected(model, rows) == pytest.approx([rows["purchase_amount"].mean()] * 50)
    assert model.overall == pytest.approx(rows["purchase_amount"].mean())


def test_no_buyer_at_all_gives_an_amount_of_zero() -> None:
    nobody = orders([None, None], [0, 0], [0, 0])
    assert expected(fit_amounts(nobody), orders([None, 20], [0, 1], [0, 0])).tolist() == [0, 0]


def test_no_amount_is_beyond_those_learned_from() -> None:
    rows = shop(500)
    model = fit_amounts(rows)
    assert expected(model, orders([1e12], [1_000_000], [0]))[0] <= expected(model, rows).max() * (1 + 1e-9)


def test_a_model_reads_what_it_wrote() -> None:
    model = fit_amounts(shop(300))
    assert AmountModel.from_dict(model.to_dict()) == model
    earlier = CappedAmounts(20.0, 1.0, 2.0, 0.9, 100.0, 1.1)
    assert CappedAmounts.from_dict(earlier.to_dict()) == earlier
    assert earlier.predict(np.array([[np.nan, np.nan], [1e9, 5]])).tolist() == pytest.approx([22.0, 88.0])


def test_inputs_are_those_that_the_features_have() -> None:
    assert amount_inputs(["orders_total", "other", "average_order_amount"]) == ("average_order_amount", "orders_total")
    rows = shop(300).with_columns(average_order_amount_90d=pl.lit(None, pl.Float64))
    assert expected(fit_amounts(rows), rows) == pytest.approx(expected(fit_amounts(shop(300)), rows), rel=0.05)
