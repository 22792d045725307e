"""The parts of a propensity model on their own: members, stack, ladder."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from ml.propensity.fitting import thin
from ml.propensity.ladder import choose_rung
from ml.propensity.linear import LinearMember, fit_linear
from ml.propensity.matrix import Floats, Matrix
from ml.propensity.spec import TreeParameters
from ml.propensity.stacking import Stack, cross_fitted_log_odds, fit_stack, settle_level
from ml.propensity.table import RateTable, fit_rate_table, rate_of
from ml.propensity.trees import TreeMember, fit_trees, quantile_matrix

_BOOSTED = TreeParameters(40, 3, 0.1, 5, 0.8, 0.8, 1)
_DEEP = replace(_BOOSTED, depth=5)


def _rows(count: int = 2000, seed: int = 0) -> tuple[Matrix, Floats]:
    """Three features (a count with gaps, a share, a constant) and labels that follow the first two."""
    random = np.random.default_rng(seed)
    counts = random.poisson(4, count).astype(np.float32)
    share = random.random(count).astype(np.float32)
    probability = expit(0.4 * counts - 2 + share)
    counts[random.random(count) < 0.2] = np.nan
    matrix = np.column_stack([counts, share, np.full(count, 3, np.float32)])
    return matrix, (random.random(count) < probability).astype(np.float64)


@pytest.mark.parametrize("parameters", [_BOOSTED, _DEEP])
def test_tree_contributions_add_up_and_the_remainder_is_tiny(parameters: TreeParameters) -> None:
    matrix, labels = _rows()
    member = fit_trees("boosted", quantile_matrix(matrix, labels, np.ones(len(labels))), parameters, seed=0)
    parts = member.contributions(matrix)
    np.testing.assert_allclose(parts.sum(axis=1), member.log_odds(matrix), atol=1e-12)
    assert np.ptp(parts[:, -1]) < 1e-5
    again = TreeMember.from_bytes("boosted", member.to_bytes())
    assert np.array_equal(again.log_odds(matrix), member.log_odds(matrix))


def test_linear_member_agrees_with_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(0)
    matrix = random.normal(0, 1, (3000, 2)).astype(np.float32)
    labels = (random.random(3000) < expit(matrix @ [1.0, -0.5])).astype(np.float64)
    member = fit_linear(matrix, labels, l2=1.0)
    standard = (np.clip(matrix, member.low, member.high) - member.mean) / member.scale
    reference = LogisticRegression(C=1.0, tol=1e-8).fit(standard, labels)
    np.testing.assert_allclose(member.coefficient, reference.coef_[0], atol=2e-3)
    assert member.intercept == pytest.approx(reference.intercept_[0], abs=2e-3)


def test_linear_member_adds_up_survives_json_and_ignores_a_constant() -> None:
    matrix, labels = _rows()
    member = fit_linear(matrix, labels, l2=1.0)
    parts = member.contributions(matrix)
    np.testing.assert_allclose(parts.sum(axis=1), member.log_odds(matrix))
    assert member.coefficient[2] == 0
    assert member.missing_coefficient[0] != 0
    again = LinearMember.from_dict(member.to_dict())
    assert np.array_equal(again.log_odds(matrix), member.log_odds(matrix))


def test_weights_stand_for_rows() -> None:
    matrix, labels = _rows(400)
    doubled = fit_linear(np.vstack([matrix, matrix]), np.concatenate([labels, labels]), l2=1.0)
    weighted = fit_linear(matrix, labels, np.full(400, 2.0), l2=1.0)
    np.testing.assert_allclose(weighted.coefficient, doubled.coefficient, atol=1e-5)


def test_linear_member_does_not_explode_on_separable_rows() -> None:
    matrix = np.arange(40, dtype=np.float32)[:, None]
    member = fit_linear(matrix, (matrix[:, 0] > 20).astype(np.float64), l2=1.0)
    assert np.isfinite(member.log_odds(matrix)).all()
    assert np.abs(member.log_odds(matrix)).max() < 20


@given(st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 400)), st.booleans()), min_size=0, max_size=80))
def test_rate_table_is_monotone_and_always_answers(pairs: list[tuple[int | None, bool]]) -> None:
    matrix = np.array([[np.nan if days is None else days] for days, _ in pairs], np.float32).reshape(-1, 1)
    labels = np.array([float(hit) for _, hit in pairs])
    table = fit_rate_table(matrix, 0, labels)
    steps = np.diff(table.bin_log_odds)
    assert (steps >= -1e-12).all() or (steps <= 1e-12).all()
    asked = np.array([[0], [37], [9999], [np.nan]], np.float32)
    rates = rate_of(table, asked)
    assert ((rates > 0) & (rates < 1)).all()
    np.testing.assert_allclose(table.contributions(asked).sum(axis=1), table.log_odds(asked), atol=1e-12)
    assert RateTable.from_dict(table.to_dict()) == table


def test_rate_table_shrinks_small_bins() -> None:
    matrix = np.array([[1.0], [np.nan]], np.float32)
    table = fit_rate_table(matrix, 0, np.array([1.0, 0.0]))
    assert 0.4 < rate_of(table, matrix).min() < rate_of(table, matrix).max() < 0.6


def test_level_is_a_fading_mean_over_cutoffs() -> None:
    # Each cutoff predicts one half; the shift that fits 3 of 4 positives is log 3, that of 1 of 4 is -log 3.
    flat = np.zeros((40_000, 1))
    often, seldom = (np.repeat([1.0, 0.0], rows) for rows in ([30_000, 10_000], [10_000, 30_000]))
    stack = Stack((1.0,), 0.0)
    settled = settle_level(stack, [(flat, often), (flat, seldom)])
    expected = (np.log(3) - 0.3 * np.log(3)) / 1.3
    assert settled.intercept == pytest.approx(expected, abs=1e-3)
    assert settled.weights == stack.weights
    assert settle_level(stack, []) == stack


def test_level_stays_finite_where_everybody_acted() -> None:
    settled = settle_level(Stack((1.0,), 0.0), [(np.zeros((50, 1)), np.ones(50))])
    shift = settled.intercept
    assert 50 * (1 - expit(shift)) == pytest.approx(10 * shift, abs=1e-6)


@pytest.mark.parametrize(("rows", "positives", "moved"), [(50, 0, -0.05), (100_000, 500, -0.66)])
def test_level_of_a_rare_outcome_follows_evidence_not_chance(rows: int, positives: int, moved: float) -> None:
    # The member says 1 % of everyone, a little more of some: none of 50 says little, 500 of 100,000 halves the odds.
    members = (logit(0.01) + np.linspace(-0.1, 0.1, rows))[:, None]
    labels = np.zeros(rows)
    labels[:: rows // max(positives, 1)][:positives] = 1.0
    shift = fit_stack(members, labels).log_odds(members).mean() - members.mean()
    assert shift == pytest.approx(moved, abs=0.04)


def test_stack_recovers_a_scaled_and_shifted_member() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(-1, 1.5, 20_000)
    labels = (random.random(20_000) < expit(truth)).astype(np.float64)
    members = np.column_stack([2 * truth + 1, random.normal(0, 1, 20_000)])
    stack = fit_stack(members, labels)
    assert stack.weights[0] == pytest.approx(0.5, abs=0.03)
    assert stack.weights[1] == pytest.approx(0.0, abs=0.05)
    assert expit(stack.log_odds(members)).mean() == pytest.approx(labels.mean(), abs=1e-3)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 60), st.floats(0, 1))
def test_stack_weights_are_never_negative(seed: int, rows: int, rate: float) -> None:
    random = np.random.default_rng(seed)
    labels = (random.random(rows) < rate).astype(np.float64)
    stack = fit_stack(random.normal(0, 3, (rows, 3)) - labels[:, None], labels)
    assert min(stack.weights) >= 0
    assert np.isfinite([*stack.weights, stack.intercept]).all()


def test_cross_fitting_never_uses_the_own_fold() -> None:
    random = np.random.default_rng(1)
    members, labels = random.normal(0, 1, (100, 2)), (random.random(100) < 0.5).astype(np.float64)
    fold = np.arange(100) % 5
    flipped = np.where(fold == 2, 1 - labels, labels)
    first, second = (cross_fitted_log_odds(members, each, fold) for each in (labels, flipped))
    assert np.array_equal(first[fold == 2], second[fold == 2])
    assert not np.array_equal(first[fold == 1], second[fold == 1])


def test_ladder_climbs_on_evidence_and_stays_on_noise() -> None:
    random = np.random.default_rng(2)
    truth = random.normal(0, 2, 4000)
    labels = (random.random(4000) < expit(truth)).astype(np.float64)
    rule = np.full(4000, logit(labels.mean()))
    noise = rule + random.normal(0, 0.05, 4000)
    assert choose_rung({"rule": rule, "logistic": truth}, labels).rung == "logistic"
    assert choose_rung({"rule": rule, "logistic": noise}, labels).rung == "rule"
    choice = choose_rung({"rule": rule, "logistic": truth / 2, "ensemble": truth}, labels)
    assert choice.rung == "ensemble"
    assert "rule 0.69" in choice.reason
    assert set(choice.losses) == {"rule", "logistic", "ensemble"}


def test_thinning_keeps_the_rare_outcome_and_the_base_rate() -> None:
    labels = (np.arange(250_000) % 25 == 0).astype(np.float64)
    rows, weights = thin(labels, seed=0)
    assert len(rows) == 100_000
    assert labels[rows].sum() == labels.sum()
    assert weights.sum() == pytest.approx(len(labels))
    assert (weights @ labels[rows]) / weights.sum() == pytest.approx(labels.mean())
    assert np.array_equal(thin(labels[:500], seed=0)[0], np.arange(500))


@pytest.mark.parametrize("value", [3.0, np.nan])
def test_rows_that_are_all_alike_have_the_overall_rate(value: float) -> None:
    matrix = np.full((120, 1), value, np.float32)
    for positives in (0, 7):
        table = fit_rate_table(matrix, 0, np.arange(120) < positives)
        assert rate_of(table, matrix) == pytest.approx((positives + 0.5) / 121)
