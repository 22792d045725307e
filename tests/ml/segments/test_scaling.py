"""Scaling: bounded whatever comes, invertible inside its bounds, silent about what says nothing."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml.catalogue import Feature
from ml.errors import FeatureMismatch
from ml.segments.scaling import Scaling, feature_matrix, fit_scaling


def features(*families: str) -> list[Feature]:
    return [
        Feature(f"f{n}", "Meaning.", f"label {n}", family, "days", ("segmentation",))
        for n, family in enumerate(families)
    ]


def test_empty_and_constant_features_are_left_out() -> None:
    values = np.column_stack([np.arange(100.0), np.full(100, np.nan), np.full(100, 7.0)])
    assert fit_scaling(values, features("recency", "recency", "recency")).names == ("f0",)


def test_a_family_has_one_say_however_many_windows_it_counts() -> None:
    rng = np.random.default_rng(0)
    values = rng.exponential(5.0, (500, 4))
    weights = [c.weight for c in fit_scaling(values, features("recency", "frequency", "frequency", "habits")).columns]
    assert weights == pytest.approx([1.0, 0.5**0.5, 0.5**0.5, 0.5])


def test_a_quantity_that_hardly_varies_counts_little() -> None:
    rng = np.random.default_rng(0)
    values = np.column_stack([500.0 + rng.uniform(-20, 20, 400), rng.exponential(100.0, 400)])
    steady, varied = fit_scaling(values, features("recency", "frequency")).columns
    assert steady.weight < 0.1
    assert varied.weight == 1.0


def test_who_never_did_it_did_it_longest_ago() -> None:
    values = np.array([[1.0], [5.0], [90.0], [np.nan]] * 50)
    scaled = fit_scaling(values, features("recency")).transform(values)
    assert scaled[3, 0] == scaled[2, 0] == scaled.max()


def test_one_wholesaler_does_not_stretch_the_scale() -> None:
    values = np.append(np.random.default_rng(0).exponential(10.0, 999), 1e7)[:, None]
    scaled = fit_scaling(values, features("monetary")).transform(values)
    assert scaled.std() > 0.9
    assert scaled.max() <= 3.0


def test_a_scaling_is_stored_as_plain_data() -> None:
    scaling = fit_scaling(np.random.default_rng(0).exponential(5.0, (100, 2)), features("recency", "gaps"))
    assert Scaling.from_list(scaling.to_list()) == scaling


@given(
    hnp.arrays(np.float64, (40, 2), elements=st.floats(-1e6, 1e6)),
    hnp.arrays(np.float64, (5, 2), elements=st.floats(allow_infinity=False)),
)
def test_every_value_lands_within_bounds(training: np.ndarray, later: np.ndarray) -> None:
    scaling = fit_scaling(training, features("recency", "monetary"))
    positions = [int(name[1:]) for name in scaling.names]
    scaled = scaling.transform(later[:, positions])
    limits = np.array([3.0 * column.weight for column in scaling.columns])
    assert np.isfinite(scaled).all()
    assert (np.abs(scaled) <= limits + 1e-12).all()


@given(hnp.arrays(np.float64, (60, 1), elements=st.floats(0.0, 1e4)))
def test_the_inverse_gives_the_value_back(training: np.ndarray) -> None:
    scaling = fit_scaling(training, features("frequency"))
    if not scaling.names:
        return
    column = scaling.columns[0]
    inside = np.linspace(column.low, column.high, 7)[:, None]
    scaled = scaling.transform(inside)
    free = np.abs(scaled[:, 0]) < 3.0 * column.weight - 1e-9
    assert np.allclose(scaling.inverse(scaled)[free], inside[free], rtol=1e-6, atol=1e-6)


def test_a_matrix_has_nan_for_everything_undefined() -> None:
    frame = pl.DataFrame({"a": [1, None, 3], "b": [float("inf"), float("nan"), 2.0]})
    assert np.array_equal(feature_matrix(frame, ["b", "a"]), [[np.nan, 1], [np.nan, np.nan], [2, 3]], equal_nan=True)
    with pytest.raises(FeatureMismatch, match="`c`"):
        feature_matrix(frame, ["c"])
