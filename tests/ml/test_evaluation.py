import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from ml import evaluation

rows = st.lists(st.tuples(st.booleans(), st.sampled_from([0.1, 0.2, 0.35, 0.5, 0.9])), min_size=4, max_size=60)


@given(rows)
def test_metrics_agree_with_scikit_learn(pairs: list[tuple[bool, float]]) -> None:
    label = np.array([pair[0] for pair in pairs], float)
    score = np.array([pair[1] for pair in pairs])
    assert evaluation.brier(label, score) == pytest.approx(brier_score_loss(label, score))
    assert evaluation.log_loss(label, score) == pytest.approx(log_loss(label, score, labels=[0, 1]))
    if 0 < label.mean() < 1:
        assert evaluation.auc(label, score) == pytest.approx(roc_auc_score(label, score))
        assert evaluation.average_precision(label, score) == pytest.approx(average_precision_score(label, score))
    elif not label.any():
        assert np.isnan(evaluation.auc(label, score))


@given(rows)
def test_lift_does_not_depend_on_the_order_of_rows(pairs: list[tuple[bool, float]]) -> None:
    label, score = (np.array(values, float) for values in zip(*pairs, strict=True))
    if label.any():
        assert evaluation.lift_at(label, score) == pytest.approx(evaluation.lift_at(label[::-1], score[::-1]))


def test_lift_of_a_perfect_score() -> None:
    label = np.array([1] * 10 + [0] * 90)
    assert evaluation.lift_at(label, label) == pytest.approx(10.0)


def test_true_probabilities_show_only_the_noise() -> None:
    random = np.random.default_rng(1)
    probability = random.beta(1, 8, 20_000)
    label = random.random(20_000) < probability
    error = evaluation.calibration_error(label, probability)
    assert error < 0.008
    assert evaluation.calibration_noise(probability) == pytest.approx(error, abs=0.004)
    assert evaluation.calibration_error(label, np.minimum(probability * 2, 1)) > 0.08


def test_reliability_bins_hold_every_row_once() -> None:
    random = np.random.default_rng(2)
    table = evaluation.reliability_table(random.random(1003) < 0.3, random.random(1003))
    assert table["rows"].sum() == 1003
    assert table.height == 4
    assert ((table["low"] <= table["observed"]) & (table["observed"] <= table["high"])).all()


def test_gain_ends_with_everyone_found() -> None:
    table = evaluation.gain_table([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1], steps=4)
    assert table["share_positives"].to_list() == [0.0, 0.5, 0.5, 1.0, 1.0]


def test_labels_and_scores_must_match() -> None:
    with pytest.raises(ValueError, match="2 labels"):
        evaluation.auc([0, 1], [0.5])
