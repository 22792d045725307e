"""Learners find whom an action changes, survive their JSON, and refuse where nothing can be learned."""

import json

import numpy as np
import pytest

from ml.errors import NotEnoughData
from ml.uplift.calibration import Line, effect_bins, fit_line
from ml.uplift.learners import LEARNERS, EffectModel, LearnerName, fit_learner

RANDOM = np.random.default_rng(3)
ROWS = 8_000
MATRIX = RANDOM.normal(size=(ROWS, 3)).astype(np.float32)
ACTION = RANDOM.integers(0, 3, ROWS)
# Action 1 helps those with a high first feature; action 2 changes nobody.
EFFECT = np.where(MATRIX[:, 0] > 0, 0.3, 0.0)
OUTCOME = (RANDOM.random(ROWS) < 0.2 + EFFECT * (ACTION == 1)).astype(float)
WEIGHTS = np.full(ROWS, 3.0)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_learner_finds_whom_an_action_changes(name: LearnerName) -> None:
    model = fit_learner(name, MATRIX, OUTCOME, ACTION, WEIGHTS, 3)
    effects = model.effects(MATRIX)
    assert effects.shape == (ROWS, 2)
    assert effects[MATRIX[:, 0] > 0.5, 0].mean() == pytest.approx(0.3, abs=0.06)
    assert effects[MATRIX[:, 0] < -0.5, 0].mean() == pytest.approx(0.0, abs=0.06)
    assert effects[:, 1].mean() == pytest.approx(0.0, abs=0.04)
    again = EffectModel.from_dict(json.loads(json.dumps(model.to_dict())))
    assert np.array_equal(again.effects(MATRIX), effects)


def test_values_that_are_missing_are_no_trouble() -> None:
    holes = MATRIX.copy()
    holes[::3, 1] = np.nan
    for name in LEARNERS:
        assert np.isfinite(fit_learner(name, holes, OUTCOME, ACTION, WEIGHTS, 3).effects(holes)).all()


def test_an_action_without_buyers_teaches_nothing() -> None:
    with pytest.raises(NotEnoughData, match="Of the users of action 2, 0 have the outcome"):
        fit_learner("s-logistic", MATRIX, np.where(ACTION == 2, 0.0, OUTCOME), ACTION, WEIGHTS, 3)


def test_calibration_finds_predictions_that_are_twice_as_large() -> None:
    rows = ACTION < 2
    bins = effect_bins(OUTCOME[rows], 2 * EFFECT[rows], ACTION[rows], WEIGHTS[rows])
    line = fit_line(bins)
    assert line.slope == pytest.approx(0.5, abs=0.12)
    assert line.intercept == pytest.approx(0.0, abs=0.03)
    assert sum(each.users for each in bins) == rows.sum()
    assert bins[0].predicted <= bins[-1].predicted


def test_calibration_never_turns_the_order_round() -> None:
    rows = ACTION < 2
    assert fit_line(effect_bins(OUTCOME[rows], -EFFECT[rows], ACTION[rows], WEIGHTS[rows])).slope == 0
    assert fit_line([]) == Line(0.0, 1.0)
