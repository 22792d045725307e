import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml import evaluation
from ml.bootstrap import FIGURES, RANKING_FIGURES, RankedRows, draw_counts, resampled

drawn_rows = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.05, 0.1, 0.35, 0.5, 0.9]), st.integers(0, 5), st.integers(0, 3)),
    min_size=1,
    max_size=50,
)


@given(drawn_rows, st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_weighted_figures_are_those_of_the_rows_repeated(
    rows: list[tuple[bool, float, int, int]], counts: list[int]
) -> None:
    label, score, user = (np.array([row[place] for row in rows]) for place in range(3))
    ranked = RankedRows.of(label.astype(float), score, user)
    times = np.array(counts)[user]
    found = ranked.figures(np.array(counts, np.int32))
    if not times.sum():
        assert set(found) == set(FIGURES)
        assert all(np.isnan(value) for value in found.values())
        return
    label, score = np.repeat(label, times).astype(float), np.repeat(score, times)
    expected = {
        "auc": evaluation.auc(label, score),
        "average_precision": evaluation.average_precision(label, score),
        "lift_at_10": evaluation.lift_at(label, score),
        "brier": evaluation.brier(label, score),
        "log_loss": evaluation.log_loss(label, score),
        "calibration_error": evaluation.calibration_error(label, score, bins=ranked.bins),
        "observed_over_expected": evaluation.observed_over_expected(label, score),
        "top_decile_observed_over_expected": evaluation.top_observed_over_expected(label, score),
    }
    assert found == pytest.approx(expected, nan_ok=True, abs=1e-12)


def test_scores_that_only_rank_have_no_figures_of_probabilities() -> None:
    ranked = RankedRows.of(np.array([0.0, 1.0]), np.array([-9.0, -2.0]), np.array([0, 1]), is_probability=False)
    assert tuple(ranked.figures(np.ones(2, np.int32))) == ("auc", "average_precision", "lift_at_10")
    assert tuple(ranked.figures(np.zeros(2, np.int32))) == RANKING_FIGURES


def test_a_draw_has_as_many_users_and_each_brings_all_rows() -> None:
    counts = list(draw_counts(40, 30, seed=1))
    assert all(count.sum() == 40 for count in counts)
    assert np.mean(counts) == 1.0
    # Every user has a positive at .9 and a negative at .1: whoever is drawn, the resample is perfect and half positive.
    user = np.repeat(np.arange(40), 2)
    ranked = RankedRows.of(np.tile([1.0, 0.0], 40), np.tile([0.9, 0.1], 40), user)
    drawn = resampled({"all": ranked}, 40, draws=30)["all"]
    assert (drawn["auc"] == 1.0).all()
    assert drawn["observed_over_expected"] == pytest.approx(np.ones(30))
    assert drawn["brier"] == pytest.approx(np.full(30, 0.01))


def test_sets_see_the_same_draws() -> None:
    random = np.random.default_rng(2)
    label, score, user = (random.random(300) < 0.3).astype(float), random.random(300), np.arange(300)
    drawn = resampled(
        {"a": RankedRows.of(label, score, user), "b": RankedRows.of(label, score / 2, user)}, 300, draws=20, seed=5
    )
    assert np.array_equal(drawn["a"]["auc"], drawn["b"]["auc"])
    assert np.std(drawn["a"]["auc"]) > 0.01
