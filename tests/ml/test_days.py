"""Trees that learn with the day of each row and answer without it."""

import json

import numpy as np
import xgboost as xgb

from ml.propensity.days import as_of_newest_day, with_day


def test_answers_are_those_of_the_newest_day() -> None:
    random = np.random.default_rng(0)
    matrix = random.normal(size=(3000, 4)).astype(np.float32)
    matrix[::7, 1] = np.nan
    cutoff = np.repeat(np.arange(0, 300, 100), 1000)
    chance = 1 / (1 + np.exp(-(matrix[:, 0] * np.where(cutoff == 200, 2, -1) + cutoff / 100 - 1)))
    labels = (random.random(3000) < chance).astype(float)
    told = with_day(matrix, cutoff)
    assert told[[0, -1], -1].tolist() == [-200, 0]
    grown = xgb.train({"objective": "binary:logistic", "max_depth": 3, "seed": 0}, xgb.DMatrix(told, labels), 30)
    assert grown.get_score().get("f4", 0) > 0
    kept = xgb.Booster()
    kept.load_model(bytearray(as_of_newest_day(grown)))
    assert kept.num_features() == 4
    newest = told.copy()
    newest[:, -1] = 0
    expected = grown.inplace_predict(newest, predict_type="margin")
    np.testing.assert_allclose(kept.inplace_predict(matrix, predict_type="margin"), expected, atol=1e-6)
    parts = kept.predict(xgb.DMatrix(matrix), pred_contribs=True)
    np.testing.assert_allclose(parts.sum(axis=1), expected, atol=1e-4)
    again = xgb.Booster()
    again.load_model(bytearray(kept.save_raw(raw_format="json")))
    assert json.loads(again.save_raw(raw_format="json")) == json.loads(kept.save_raw(raw_format="json"))


def test_one_day_alone_changes_nothing() -> None:
    random = np.random.default_rng(1)
    matrix = random.normal(size=(500, 3)).astype(np.float32)
    labels = (matrix[:, 0] > 0).astype(float)
    told = with_day(matrix, np.full(500, 9))
    grown, plain = (
        xgb.train({"objective": "binary:logistic", "max_depth": 3}, xgb.DMatrix(values, labels), 5)
        for values in (told, matrix)
    )
    kept = xgb.Booster()
    kept.load_model(bytearray(as_of_newest_day(grown)))
    answers = [model.inplace_predict(matrix, predict_type="margin") for model in (kept, plain)]
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-6)
